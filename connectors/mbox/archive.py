"""A single mbox file as an archive of one folder."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from connectors.archives import names
from connectors.archives.contract import ArchiveFolder, NotAnArchive, Reading
from connectors.archives.stores import Found, Shelf, StoredArchive
from connectors.language import _
from connectors.mbox.boundary import LOOK, is_boundary
from connectors.mbox.file import MboxFile
from connectors.quiet import open_regular

#: An archive of one folder has nobody to tell it from.
_KEY = "mbox"
_SUFFIX = ".mbox"
#: Empty lines that a file may begin with.
_LEADING = 1024


class MboxArchive(StoredArchive):
    kind: ClassVar[str] = "mbox"


def is_mbox(path: Path) -> bool:
    """Whether a file begins as an mbox does.  False for what cannot be read, and for an empty file."""
    try:
        with open_regular(path) as reader:
            return begins_mbox(reader.read(LOOK + _LEADING))
    except OSError:
        return False


def begins_mbox(head: bytes) -> bool:
    """The same for the first 3 kB of a file."""
    return is_boundary(head.lstrip(b"\r\n"), 0, first=True)


def open_mbox(path: Path, reading: Reading) -> MboxArchive:
    """Raises NotAnArchive, OSError."""
    check_mbox(path)
    # Apple's bundles call the file so, and the bundle by the folder's name.
    named = path.parent.name if path.name == "mbox" and path.parent.name.endswith(_SUFFIX) else path.name
    name = names.shown(named, reading.encoding)
    name = name[: -len(_SUFFIX)] if name.lower().endswith(_SUFFIX) and len(name) > len(_SUFFIX) else name
    folder = ArchiveFolder((name,), names.roles([(name,)]).get((name,)), _KEY)
    found = Found([Shelf(folder, MboxFile(path))])
    return MboxArchive(lambda: found)


def check_mbox(path: Path) -> None:
    """Raises NotAnArchive when the file is no mbox and not empty, OSError."""
    if not path.is_file():
        path.stat()
        raise NotAnArchive(path, _("{path} is no file").format(path=path))
    if path.stat().st_size and not is_mbox(path):
        with open_regular(path):  # what the disk says comes first
            pass
        raise NotAnArchive(
            path, _("{path} is no mbox file: it does not begin with the line that starts a message").format(path=path)
        )
