"""Reading without leaving a mark: the time of last access stays where the system lets us ask for that."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

#: Linux, and only for files of our own or as root; elsewhere the mount decides.
_NOATIME = getattr(os, "O_NOATIME", 0)
#: Not on Windows.
_PREAD: Callable[[int, int, int], bytes] | None = getattr(os, "pread", None)
_READ = os.O_RDONLY | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)


def open_quietly(path: Path) -> BinaryIO:
    """A reader at byte 0.  Raises OSError."""
    return os.fdopen(_descriptor(path, _READ), "rb")


def open_regular(path: Path) -> BinaryIO:
    """As :func:`open_quietly`, for files alone: a pipe or a device is not waited for.  Raises OSError."""
    if not stat.S_ISREG(path.stat().st_mode):
        raise OSError(errno.EINVAL, os.strerror(errno.EINVAL), str(path))
    # It may have become a pipe since, and opening that would wait for ever.
    descriptor = _descriptor(path, _READ | getattr(os, "O_NONBLOCK", 0))
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(errno.EINVAL, os.strerror(errno.EINVAL), str(path))
    return os.fdopen(descriptor, "rb")


def read_at(descriptor: int, size: int, offset: int) -> bytes:
    """Up to ``size`` bytes of a file from ``offset`` on, fewer where it ends.  Raises OSError."""
    if _PREAD is not None:
        return _PREAD(descriptor, size, offset)
    os.lseek(descriptor, offset, os.SEEK_SET)
    return os.read(descriptor, size)


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
