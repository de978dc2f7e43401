"""Which folders travel, and under which name.  Pure."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from plans.folder_patterns import FolderPath, Pattern, fits, fold, with_parents

_INBOX = "INBOX"


class FolderRules(BaseModel):
    """Folder rules of a site.

    Patterns are compared with the folder's path joined by ``/``, whatever the case: ``*`` stands for any characters
    (also ``/``), ``?`` for one; brackets are ordinary, for folders such as ``[Gmail]``.  A pattern that fits a folder
    fits all that lies under it.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True, coerce_numbers_to_str=True)

    exclude: tuple[Pattern, ...] = Field(default=(), description="patterns of folders that stay behind")
    include: tuple[Pattern, ...] = Field(
        default=(),
        description=(
            "patterns of the only folders that travel; without it every folder does. `exclude` wins over `include`"
        ),
    )
    map: dict[FolderPath, FolderPath] = Field(
        default_factory=dict,
        description=(
            "a folder, and with it what lies below it, gets another path; the longest path that fits decides. "
            "Several folders may go into one. Of two lines that differ only by case, the one in the folder's own "
            "spelling decides"
        ),
    )
    put_under: FolderPath | None = Field(
        default=None,
        description=(
            "everything goes below this folder of the target, the inbox too; paths of `map` are then below it as well"
        ),
    )
    inbox_children: Literal["keep", "lift"] = Field(
        default="keep",
        description=(
            "folders below the inbox stay there (`keep`, unless given) or go beside it (`lift`): for an old server "
            "that keeps every folder below INBOX"
        ),
    )

    def decide(self, path: tuple[str, ...]) -> tuple[str, ...] | None:
        """The path on the target, or None when the folder is left out.  Takes any path and never raises."""
        if (self.include and not fits(self.include, path)) or fits(self.exclude, path):
            return None
        prefix = self.under
        mapped = self._mapped(path)
        if mapped is not None:
            return (*prefix, *mapped)
        if self.inbox_children == "lift" and len(path) > 1 and path[0] == _INBOX:
            path = path[1:]
        return (*prefix, *path)

    @property
    def under(self) -> tuple[str, ...]:
        """The path that everything goes below; empty when the plan says none."""
        return tuple(self.put_under.split("/")) if self.put_under else ()

    def maps(self, path: tuple[str, ...]) -> bool:
        """Whether ``map`` says where this folder goes: just there, also where another one goes."""
        return self._mapped(path) is not None

    def keeps_roles(self, path: tuple[str, ...]) -> bool:
        """Whether the folder's role may decide where it goes: no rule says another place."""
        return self.put_under is None and not self.maps(path)

    def _mapped(self, path: tuple[str, ...]) -> tuple[str, ...] | None:
        renamed = {fold(old): new for old, new in reversed(self.map.items())}
        for index, parent in enumerate(with_parents(path) if renamed else ()):
            if parent in renamed:
                new = self.map.get("/".join(path[: len(path) - index]), renamed[parent])
                return (*new.split("/"), *path[len(path) - index :])
        return None

    def digest(self) -> str:
        """A sha256 in hex that changes when, and only when, the rules do; order and case do not count."""
        rules: dict[str, object] = {
            "exclude": sorted({fold(pattern) for pattern in self.exclude}),
            "include": sorted({fold(pattern) for pattern in self.include}),
            "map": self._told_apart(),
        }
        # Only where they say something, so that a ledger of an earlier version holds.
        if self.put_under is not None:
            rules["put_under"] = self.put_under
        if self.inbox_children != "keep":
            rules["inbox_children"] = self.inbox_children
        return hashlib.sha256(json.dumps(rules, sort_keys=True).encode("ascii")).hexdigest()

    def _told_apart(self) -> dict[str, str]:
        """`map` whatever its spelling, save where two lines differ by nothing else."""
        alike = Counter(fold(old) for old in self.map)
        return {old if alike[fold(old)] > 1 else fold(old): new for old, new in self.map.items()}
