"""What the sessions of one process share on this machine: memory for bodies, and a folder for large ones."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from errno import errorcode
from pathlib import Path
from shutil import rmtree
from uuid import uuid4

from filelock import FileLock, Timeout

from connectors.body import ByteBudget
from connectors.contract import Resources
from connectors.errors import SpoolError
from connectors.language import _


def new_resources(spool: Path) -> Resources:
    return Resources(ByteBudget(), spool)


@contextmanager
def spool_folder(state: Path) -> Iterator[Path]:
    """A private folder for large messages.  What a killed process left behind is removed first: it holds mail."""
    parent = state / "spool"
    try:
        parent.mkdir(mode=0o700, exist_ok=True)
        for old in parent.iterdir():
            if old.is_dir():
                _remove_if_abandoned(old)
        folder = parent / f"{os.getpid()}-{uuid4().hex}"
        # Before the folder is there: one without a lock is taken for abandoned.
        lock = FileLock(folder.with_suffix(".lock"), blocking=False)
        lock.acquire()
        folder.mkdir(mode=0o700)
    except OSError as error:
        what = _("no folder for large messages can be made on this machine's disk")
        raise SpoolError(what, system=str(parent), detail=errorcode.get(error.errno or 0, "")) from error
    try:
        yield folder
    finally:
        rmtree(folder, ignore_errors=True)
        lock.release()
    folder.with_suffix(".lock").unlink(missing_ok=True)


def _remove_if_abandoned(folder: Path) -> None:
    path = folder.with_suffix(".lock")
    try:
        with FileLock(path, blocking=False):
            rmtree(folder, ignore_errors=True)
    except Timeout:
        return
    path.unlink(missing_ok=True)
