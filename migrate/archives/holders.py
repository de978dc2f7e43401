"""Whether a program still has an archive open: then its last mail may not be in the file yet."""

from __future__ import annotations

import errno
import os
from contextlib import suppress
from pathlib import Path
from typing import Literal

from connectors.quiet import open_quietly

if os.name != "nt":
    import fcntl

#: ``locked``: nobody else may read it now.  ``open``: it looks as if a program had it open.
Held = Literal["locked", "open"]

#: Windows: a sharing violation, a part that is locked.
_WINDOWS_LOCKED = frozenset({32, 33})
#: The same on a share of Windows, as Linux sees it.
_LOCKED = frozenset({errno.EBUSY, errno.ETXTBSY, errno.EAGAIN})
#: Folders above an archive in which a mail program may keep the sign that it runs: Mail/Local Folders of a profile.
_ABOVE = 3


def is_locked(error: OSError) -> bool:
    """Whether a file could not be opened because a program holds it."""
    return getattr(error, "winerror", None) in _WINDOWS_LOCKED or error.errno in _LOCKED


def holder_of(path: Path) -> Held | None:
    """What can be seen without writing anything; None when nothing tells of a holder.  Never raises."""
    if path.is_file() and _is_locked(path):
        return "locked"
    beside = (f"~{path.name}.tmp", f"{path.name}.tmp", f"{path.name}.lock")
    if any((path.parent / name).exists() for name in beside):
        return "open"
    profile = [path, *path.parents][: _ABOVE + 1]
    return "open" if any(_runs_in(folder) for folder in profile) else None


def _is_locked(path: Path) -> bool:
    """Ask for a shared lock, and give it back at once."""
    try:
        with open_quietly(path) as reader:
            if os.name == "nt":
                return False  # what is locked there cannot be opened
            for lock in (fcntl.flock, fcntl.lockf):
                try:
                    lock(reader, fcntl.LOCK_SH | fcntl.LOCK_NB)
                except OSError as error:
                    if error.errno in (errno.EACCES, errno.EAGAIN):
                        return True
                else:
                    with suppress(OSError):
                        lock(reader, fcntl.LOCK_UN)
            return False
    except OSError as error:
        return is_locked(error)


def _runs_in(folder: Path) -> bool:
    """Whether a Thunderbird runs with this profile: a link on Unix, a file that nobody else may open on Windows."""
    try:
        if (folder / "lock").is_symlink():
            return True
        sign = folder / "parent.lock"
        if os.name == "nt" and sign.exists():
            with sign.open("rb"):
                return False
    except PermissionError as error:
        return is_locked(error)
    except OSError:
        return False
    return False
