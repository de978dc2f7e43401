"""Beginning anew in a folder that this process has to itself."""

from __future__ import annotations

from pathlib import Path
from shutil import rmtree


def empty(folder: Path, *, but: str) -> None:
    """Take away all that is in ``folder`` except one file, its lock.  Links are taken away, not followed.

    Raises OSError when something stays.
    """
    for path in folder.iterdir():
        if path.is_dir() and not path.is_symlink():
            rmtree(path)
        elif path.name != but:
            path.unlink(missing_ok=True)
