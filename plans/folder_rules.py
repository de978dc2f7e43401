"""Which folders travel, and under which name.  Pure."""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata
from functools import lru_cache
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, field_validator

from plans.problems import Worded


def _fold(text: str) -> str:
    """Names that people hold for the same: case and the way accents are encoded do not count."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold())


def _path(text: str) -> str:
    if not text or any(not name.strip() for name in text.split("/")):
        raise Worded(f'"{text}" is not a folder path.', 'Write the names with one / between them, such as "A/B".')
    return text


FolderPath = Annotated[str, AfterValidator(_path)]
Pattern = Annotated[str, AfterValidator(_path)]


@lru_cache(maxsize=1024)
def _expression(pattern: str) -> re.Pattern[str]:
    pieces = (".*" if part.startswith("*") else "." if part == "?" else re.escape(part)
              for part in re.split(r"(\*+|\?)", _fold(pattern)))  # fmt: skip
    return re.compile("".join(pieces), re.DOTALL)


class FolderRules(BaseModel):
    """Folder rules of a site.

    Patterns are compared with the folder's path joined by ``/``, whatever the case: ``*`` stands for any characters
    (also ``/``), ``?`` for one; brackets are ordinary, for folders such as ``[Gmail]``.  A pattern that fits a folder
    fits all that lies under it.  ``exclude`` wins over ``include``; without ``include`` every folder travels.  ``map``
    gives a folder, and with it what lies under it, another path; the longest path that fits decides.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True, coerce_numbers_to_str=True)

    exclude: tuple[Pattern, ...] = ()
    include: tuple[Pattern, ...] = ()
    map: dict[FolderPath, FolderPath] = Field(default_factory=dict)

    @field_validator("map")
    @classmethod
    def _maps_a_folder_once(cls, value: dict[str, str]) -> dict[str, str]:
        seen: dict[str, str] = {}
        for old in value:
            if (other := seen.setdefault(_fold(old), old)) != old:
                raise Worded(f'"{other}" and "{old}" are the same folder here.', "Keep one of the two lines.")
        return value

    def decide(self, path: tuple[str, ...]) -> tuple[str, ...] | None:
        """The path on the target, or None when the folder is left out.  Takes any path and never raises."""
        parents = ["/".join(path[:depth]) for depth in range(len(path), 0, -1)] or [""]
        folded = [_fold(parent) for parent in parents]
        if self.include and not _fits(self.include, folded):
            return None
        if _fits(self.exclude, folded):
            return None
        renamed = {_fold(old): new for old, new in self.map.items()}
        for index, parent in enumerate(folded):
            if parent in renamed:
                return (*renamed[parent].split("/"), *path[len(path) - index :])
        return path

    def digest(self) -> str:
        """A sha256 in hex that changes when, and only when, the rules do; order and case do not count."""
        rules = {
            "exclude": sorted({_fold(pattern) for pattern in self.exclude}),
            "include": sorted({_fold(pattern) for pattern in self.include}),
            "map": {_fold(old): new for old, new in self.map.items()},
        }
        return hashlib.sha256(json.dumps(rules, sort_keys=True).encode("ascii")).hexdigest()


def _fits(patterns: tuple[str, ...], paths: list[str]) -> bool:
    return any(_expression(pattern).fullmatch(path) for pattern in patterns for path in paths)
