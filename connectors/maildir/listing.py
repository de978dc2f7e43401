"""What lies in one folder: files of ``new`` and ``cur`` by key.

A mail server may rename files while we look: a flag is set, a new message is moved to ``cur``.  Then a listing may miss
a file or show it twice, so a folder that moves is listed until it holds still.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from connectors.maildir.filename import FileName, order
from connectors.quiet import names_in

#: A change this long ago (nanoseconds) shows in the folder's time, however coarse its clock.
_SETTLED = 100_000_000
_LOOKS = 6


@dataclass(frozen=True, slots=True)
class Item:
    """One message's file.  ``key`` is the base name, in characters that any database holds."""

    key: str
    part: Literal["cur", "new"]
    file: str
    name: FileName

    def path(self, folder: Path) -> Path:
        return folder / self.part / self.file


Listing = dict[str, Item]


def list_folder(folder: Path) -> Listing:
    """Items by key, in the order of their base names.  Raises OSError when the folder is gone."""
    folder.stat()
    found = _look(folder)
    for _ in range(_LOOKS):
        if _is_still(folder):
            break
        again = _look(folder)
        if set(again) == set(found):
            break
        # What only the first look showed may have been renamed under the second.
        unseen = {seen for seen in found if seen not in again and (folder / seen[0] / seen[1]).exists()}
        found = [*again, *unseen]
    return _by_key(found)


_Seen = tuple[Literal["cur", "new"], str]


def _look(folder: Path) -> list[_Seen]:
    # ``new`` first: what is moved to ``cur`` meanwhile is seen at least once.
    new: list[_Seen] = [("new", name) for name in _names(folder / "new")]
    cur: list[_Seen] = [("cur", name) for name in _names(folder / "cur")]
    return new + cur


def _names(part: Path) -> list[str]:
    try:
        return [name for name in names_in(part) if not name.startswith(".")]
    except FileNotFoundError:
        return []


def _is_still(folder: Path) -> bool:
    """Nothing came, went or was renamed for a while."""
    now = time.time_ns()
    return all(now - changed > _SETTLED for changed in map(_changed, (folder / "new", folder / "cur")))


def _changed(part: Path) -> int:
    try:
        return part.stat().st_mtime_ns
    except FileNotFoundError:
        return 0


def _by_key(seen: Iterable[_Seen]) -> Listing:
    items = [(FileName.parse(name), part, name) for part, name in seen]
    # A file that is in both was moved to ``cur``; the rest of the order is the same at every look.
    items.sort(key=lambda item: (order(item[0].base), item[1] == "new", item[2]))
    found: Listing = {}
    for name, part, file in items:
        key = _text(name.base)
        if key in found:
            if part == "new" or file == found[key].file:
                continue
            # Two files of one base name, as a careless copy leaves them: both are mail.
            key = _text(file)
        found[key] = Item(key, part, file, name)
    return found


def _text(name: str) -> str:
    return os.fsencode(name).decode("utf-8", "backslashreplace")
