"""What one cell of a people file can hold beside a text: several texts, yes or no, a further source."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import BeforeValidator, PlainValidator, WithJsonSchema

from connectors.language import _
from plans.model import FurtherSource
from plans.problems import Worded

_YES = ("yes", "y", "oui", "o", "true", "vrai", "1", "x")
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


def _further_source(value: object) -> FurtherSource:
    system, colon, user = value.partition(":") if isinstance(value, str) else ("", "", "")
    if not colon or not system.strip() or not user.strip():
        message = _("must name a system and the user there.")
        raise Worded(message, _("Write it as system:user, such as old-archive:anna."))
    return FurtherSource(system.strip(), user.strip())


#: Before a tuple: a list as YAML has it, or a cell that holds several.
Several = BeforeValidator(_several)
YesNo = Annotated[bool, PlainValidator(_yes_or_no), WithJsonSchema({"type": ["boolean", "string"]})]
FurtherSourceField = Annotated[FurtherSource, PlainValidator(_further_source), WithJsonSchema({"type": "string"})]
