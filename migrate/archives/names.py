"""Names of files and folders that every file system holds: those of Windows, of a stick, of a Mac.  Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from hashlib import sha256

from connectors.archives.contract import ArchiveFolder, Item
from connectors.folder_names import FolderPath, NameRules
from migrate.copy.naming import Wanted, propose
from migrate.copy.placement import Placement

#: Devices of Windows, whatever stands behind a dot.
_DEVICES = frozenset(
    {"con", "prn", "aux", "nul"} | {f"{port}{digit}" for port in ("com", "lpt") for digit in "0123456789"}
)
_DEVICE = re.compile(rf"({'|'.join(sorted(_DEVICES))})(?=\.)", re.IGNORECASE)
#: Ends that say what a file is for: a folder that is called so would be taken for one.
_OUR_ENDS = re.compile(r"\.(eml|ics|vcf|sbd|msf|mbox)$", re.IGNORECASE)

_TOP = "x"

#: What every file system holds.  Windows counts 260 characters for a path, the way to the export included.
ANYWHERE = NameRules(
    forbidden='<>:"/\\|?*',
    forbidden_start=".",
    forbidden_end=" .",
    longest_name=80,
    longest_path=140,
    folds_case=True,
    normal_form="NFC",
    reserved_anywhere=_DEVICES,
)


def places_of(
    folders: Iterable[ArchiveFolder], rules: NameRules, recorded: Mapping[FolderPath, FolderPath]
) -> dict[FolderPath, FolderPath]:
    """By an archive folder's path, the names of the folders that hold it on disk; ``recorded`` places stay.

    Two folders with one path have one place: the names of their files keep them apart.
    """
    # Below a folder of any name: at the top, mail systems know an inbox however it is written, and a disk does not.
    wanted = [
        Wanted(
            path, Placement((_TOP, *map(_plain, path))), recorded=(_TOP, *recorded[path]) if path in recorded else None
        )
        for path in dict.fromkeys(folder.path for folder in folders if folder.path)
    ]
    return {path: one.path[1:] for path, one in propose(wanted, rules).items()}


def stem_of(folder: ArchiveFolder, item: Item) -> str:
    """A file's name without its end: sorts by date, and is the same whenever the same item is written again."""
    received = utc_of(item)
    when = "undated" if received is None else f"{received:%Y-%m-%d-%H%M%S}"
    return f"{when}-{digest_of(folder, item).hex()[:16]}"


def utc_of(item: Item) -> datetime | None:
    """When it was received, in UTC; None when that is not known, or is no day that there is in UTC."""
    try:
        return item.received and item.received.astimezone(UTC)
    except OverflowError:
        return None


def digest_of(folder: ArchiveFolder, item: Item) -> bytes:
    """16 bytes that name an item within its archive."""
    return sha256(f"{folder.key}\0{item.key}".encode("utf-8", "surrogatepass")).digest()[:16]


def spelt(name: str) -> str:
    """A name by itself, as every file system holds it."""
    # Half a character, as UTF-16 can hold it, and a byte that is no text are in no name of a file.
    return ANYWHERE.spelt(name.encode("utf-8", "replace").decode(), at_top=True)


def _plain(name: str) -> str:
    name = name.encode("utf-8", "replace").decode()
    return _OUR_ENDS.sub(r"_\1", _DEVICE.sub(r"\1_", name, count=1) if _DEVICE.match(name) else name) or "_"
