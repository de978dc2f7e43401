"""Files that are whole or not there at all, readable by their owner alone."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO

_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
_SYNCS_FOLDERS = os.name != "nt"


class Draft:
    """A file that appears under its name, in the place of what was there, once it is committed.  Raises OSError."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._draft = path.with_name(f".{path.name}.part")
        self.out = open_new(self._draft)

    def commit(self) -> None:
        """Have its bytes, then its name, on the disk."""
        try:
            with self.out:
                self.out.flush()
                os.fsync(self.out.fileno())
            self._draft.replace(self._path)
        except BaseException:
            self.discard()
            raise
        sync_folder(self._path.parent)

    def discard(self) -> None:
        with suppress(OSError):  # what could not be written can often not be flushed either
            self.out.close()
        self._draft.unlink(missing_ok=True)


@contextmanager
def new_file(path: Path) -> Iterator[BinaryIO]:
    """A file under this name once the block ends; nothing when the block raises.  Raises OSError."""
    draft = Draft(path)
    try:
        yield draft.out
    except BaseException:
        draft.discard()
        raise
    draft.commit()


def open_new(path: Path) -> BinaryIO:
    """An empty file to write to; one that an earlier run left under the name is removed.  Raises OSError."""
    path.unlink(missing_ok=True)
    return os.fdopen(os.open(path, _NEW, 0o600), "wb")


def write_whole(path: Path, data: bytes) -> None:
    """Write a small file.  Raises OSError."""
    with new_file(path) as out:
        out.write(data)


def as_json_text(told: Any) -> str:
    """JSON for people and programs; half characters, and bytes of names that are no text, are escaped."""
    text = json.dumps(told, ensure_ascii=False, indent=2)
    return text.encode("utf-8", "backslashreplace").decode()


def make_private(folder: Path) -> None:
    """The folder, and those it lies in, made for this user alone where they are not there.  Raises OSError."""
    if folder.is_dir():
        return
    make_private(folder.parent)
    folder.mkdir(mode=0o700, exist_ok=True)


def sync_folder(folder: Path) -> None:
    """Have the names in a folder on the disk; where the system has no such call, it does so by itself."""
    if not _SYNCS_FOLDERS:
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
