"""Folders that people keep for themselves, recognised by their names.  Pure.

In France a folder named "personnel" or "privé" is its person's own, and an employer may not open it unheard; people
elsewhere name theirs alike.  A name is a sign and no proof: what is recognised wrongly is named in ``not_private``.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from typing import Literal

from connectors.reasons import Reason
from connectors.role_names import plain
from plans.folder_patterns import fits, fold

Mode = Literal["ask", "leave_out", "copy"]

#: Words that mark a folder as private, by language.
WORDS = {
    "en": ("private", "personal"),
    "fr": ("privé", "privée", "privés", "privées", "perso", "persos",
           "personnel", "personnelle", "personnels", "personnelles"),
    "de": ("privat", "private", "privates", "privater", "persönlich", "persönliche", "persönliches"),
    "es": ("privado", "privada", "privados", "privadas", "personal", "personales"),
    "it": ("privato", "privata", "privati", "private", "personale", "personali"),
    "nl": ("privé", "persoonlijk", "persoonlijke"),
    "pt": ("privado", "privada", "privados", "privadas", "particular", "particulares", "pessoal", "pessoais"),
}  # fmt: skip
_WORDS = frozenset(plain(word) for words in WORDS.values() for word in words)
#: After these words "personnel", "personal" and "personale" are the staff: a folder of the office.
_STAFF = frozenset({"du", "le", "au", "de", "del", "el", "il", "al", "do", "o"})


def is_private(path: tuple[str, ...]) -> bool:
    """Whether the folder's name, or that of a folder it lies under, says that it is private."""
    return any(_says_private(name) for name in path)


def _says_private(name: str) -> bool:
    words = re.findall(r"\w+", plain(name))
    return any(
        word in _WORDS and not (before in _STAFF and word.startswith("person"))
        for before, word in zip(["", *words], words, strict=False)
    )


@dataclass(frozen=True, slots=True)
class PrivateFolders:
    """What a site does with private folders.  ``not_private`` are patterns of folders that are not, whatever their
    names.
    """

    mode: Mode = "copy"
    not_private: tuple[str, ...] = ()

    def left_out(self, path: tuple[str, ...]) -> Reason | None:
        """Why this folder is left out, None when it travels."""
        if self.mode == "copy" or not is_private(path) or fits(self.not_private, path):
            return None
        return Reason.RULE_PRIVATE if self.mode == "leave_out" else Reason.PRIVATE_UNDECIDED

    def digest(self) -> str:
        """A sha256 in hex that changes when, and only when, the rules do."""
        rules = [self.mode, sorted({fold(pattern) for pattern in self.not_private})]
        return hashlib.sha256(json.dumps(rules).encode("ascii")).hexdigest()
