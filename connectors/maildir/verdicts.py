"""What the operating system says, mapped to the verdicts of :mod:`connectors.errors`."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from connectors.errors import ConnectorError, Fatal, FolderMissing, OverQuota, Transient
from connectors.language import _, mark

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_DENIED = frozenset({errno.EACCES, errno.EPERM, errno.EROFS})
_MISSING = frozenset({errno.ENOENT, errno.ENOTDIR})
_WORDS = {
    "full": mark("the disk is full, or the allowance on it used up"),
    "denied": mark("this user may not read or write there"),
    "missing": mark("the folder is gone"),
    "passing": mark("the disk does not answer as it should"),
}


def verdict(error: OSError, system: str) -> ConnectorError:
    """The verdict on an error; ``system`` is the Maildir's path."""
    detail = errno.errorcode.get(error.errno or 0, "")
    if error.errno in _FULL:
        return OverQuota(_(_WORDS["full"]), system=system, detail=detail)
    if error.errno in _DENIED:
        return Fatal(_(_WORDS["denied"]), system=system, detail=detail)
    if error.errno in _MISSING:
        return FolderMissing(_(_WORDS["missing"]), system=system, detail=detail)
    return Transient(_(_WORDS["passing"]), system=system, detail=detail)


@contextmanager
def judged(root: Path) -> Iterator[None]:
    """OSErrors of the block as verdicts."""
    try:
        yield
    except OSError as error:
        raise verdict(error, str(root)) from error
