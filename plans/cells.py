"""What one cell of a people file can hold beside a text: several texts, yes or no, a further source, an archive."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import BeforeValidator, PlainValidator, WithJsonSchema

from connectors.language import _
from plans.folder_patterns import checked_path
from plans.model import FurtherSource, NamedArchive
from plans.problems import Worded

#: In the place of a target folder: what is put there goes into the mailbox's own folders.
MAILBOX = "."
_YES = ("yes", "y", "oui", "o", "true", "vrai", "1", "x")
_LANGUAGES = {
    "fr": "fr", "français": "fr", "francais": "fr", "french": "fr",
    "en": "en", "anglais": "en", "english": "en",
}  # fmt: skip
_NO = ("no", "n", "non", "false", "faux", "0", "-")


def split(text: str) -> list[str]:
    """The texts of a cell: separated by ``|``, or else by commas, semicolons or line ends."""
    return [part for one in re.split(r"\|" if "|" in text else r"[,;\r\n]", text) if (part := one.strip())]


def _several(value: object) -> object:
    return split(value) if isinstance(value, str) else value


def _yes_or_no(value: object) -> bool:
    word = str(value).strip().lower()
    if word in _YES or word in _NO:
        return word in _YES
    raise Worded(_("must be yes or no."), _("Write yes or no, oui or non."))


def _language(value: object) -> str | None:
    word = str(value or "").strip().lower()
    if word and word not in _LANGUAGES:
        raise Worded(_("must be fr or en."), _("Write what the person reads, fr or en, or leave it empty."))
    return _LANGUAGES[word] if word else None


def _further_source(value: object) -> FurtherSource:
    system, colon, user = value.partition(":") if isinstance(value, str) else ("", "", "")
    if not colon or not system.strip() or not user.strip():
        message = _("must name a system and the user there.")
        raise Worded(message, _("Write it as system:user, such as old-archive:anna."))
    return FurtherSource(system.strip(), user.strip())


def _archive(value: object) -> NamedArchive:
    path, arrow, folder = value.partition("=>") if isinstance(value, str) else ("", "", "")
    path, folder = path.strip(), folder.strip()
    if not path or "\0" in path or (arrow and not folder):
        message = _("must name an archive file.")
        raise Worded(message, _("Write it as anna/old.pst, or as anna/old.pst => Archive/2012 with a target folder."))
    return NamedArchive(path, checked_put_under(folder) if arrow else None)


def checked_put_under(folder: str) -> str:
    """A target folder, or ``.`` for the mailbox itself.  Raises :class:`Worded`."""
    return folder if folder == MAILBOX else checked_path(folder)


#: Before a tuple: a list as YAML has it, or a cell that holds several.
Several = BeforeValidator(_several)
SpokenLanguage = Annotated[
    Literal["fr", "en"] | None, PlainValidator(_language), WithJsonSchema({"enum": ["fr", "en", None]})
]
YesNo = Annotated[bool, PlainValidator(_yes_or_no), WithJsonSchema({"type": ["boolean", "string"]})]
ArchiveField = Annotated[NamedArchive, PlainValidator(_archive), WithJsonSchema({"type": "string"})]
FurtherSourceField = Annotated[FurtherSource, PlainValidator(_further_source), WithJsonSchema({"type": "string"})]
