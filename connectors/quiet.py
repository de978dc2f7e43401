"""Reading without leaving a mark: the time of last access stays where the system lets us ask for that."""

from __future__ import annotations

import os
from pathlib import Path
from typing import BinaryIO

#: Linux, and only for files of our own or as root; elsewhere the mount decides.
_NOATIME = getattr(os, "O_NOATIME", 0)
_READ = os.O_RDONLY | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)


def open_quietly(path: Path) -> BinaryIO:
    """A reader at byte 0.  Raises OSError."""
    return os.fdopen(_descriptor(path, _READ), "rb")


def read_quietly(path: Path) -> bytes:
    """The whole of a small file.  Raises OSError."""
    with open_quietly(path) as reader:
        return reader.read()


def names_in(folder: Path) -> list[str]:
    """Names in a folder, hidden ones too, in no order.  Raises OSError."""
    if os.listdir not in os.supports_fd:
        return os.listdir(folder)  # noqa: PTH208  # names, not paths
    descriptor = _descriptor(folder, _READ | os.O_DIRECTORY)
    try:
        return os.listdir(descriptor)  # noqa: PTH208  # pathlib takes no descriptors
    finally:
        os.close(descriptor)


def _descriptor(path: Path, flags: int) -> int:
    try:
        return os.open(path, flags | _NOATIME)
    except PermissionError:
        return os.open(path, flags)
