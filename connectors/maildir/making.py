"""Making folders of a target, and what a Maildir keeps about them."""

from __future__ import annotations

import errno
import os
import time
from contextlib import suppress
from pathlib import Path

from connectors.maildir.epoch import settle_epoch
from connectors.maildir.filename import stamp_of
from connectors.maildir.layout import DEEPEST, FolderPath, Folders, is_folder
from connectors.maildir.owner import Owner
from connectors.maildir.storing import sync_folder
from connectors.quiet import names_in, read_quietly

#: What lies in ``tmp`` for so long (seconds) was left there by a process that died: the rule of all Maildir programs.
_ABANDONED = 36 * 3600
_SUBSCRIPTIONS = "subscriptions"
_HEAD = "V\t2\n\n"


def make_folder(folders: Folders, path: FolderPath, owner: Owner, *, subscribed: bool = True) -> Path:
    """The folder of this path, made, and ``subscribed`` to, when it is not there.  Raises OSError."""
    if folders.shape.layout == "directories" and len(path) > DEEPEST:
        raise OSError(errno.ENAMETOOLONG, "too many levels")
    directory = folders.directory(path)
    if not is_folder(directory):
        # It may be there in another spelling.
        directory = folders.there().get(folders.path_of(directory), directory)
    new = not is_folder(directory)
    for part in ("tmp", "new", "cur"):
        owner.make(directory / part)
    if directory != folders.root:
        marker = directory / "maildirfolder"
        if not marker.exists():
            marker.touch(mode=0o600)
            owner.take(marker)
    settle_epoch(directory, owner)
    if new:
        if directory != folders.root and subscribed:
            _subscribe(folders, directory, owner)
        sync_folder(directory)
        sync_folder(directory.parent)
    else:
        _clear_abandoned(directory / "tmp")
    return directory


def _clear_abandoned(part: Path) -> None:
    """Remove files of ours that were never finished."""
    for name in names_in(part):
        if stamp_of(name) is not None:
            with suppress(FileNotFoundError):
                if time.time() - (part / name).stat().st_ctime > _ABANDONED:
                    (part / name).unlink()


def _subscribe(folders: Folders, directory: Path, owner: Owner) -> None:
    """Add a folder to Dovecot's list of those that mail programs show, in the form that the list has."""
    file = folders.root / _SUBSCRIPTIONS
    if folders.shape.layout == "maildir++":
        parts, separator = directory.name[1:].split("."), "."
    else:
        parts, separator = list(directory.relative_to(folders.root).parts), "/"
    if not file.exists():
        _append(file, _HEAD)
        owner.take(file)
    if read_quietly(file).startswith(_HEAD.encode()):
        separator = "\t"
    _append(file, separator.join(parts) + "\n")


def _append(file: Path, text: str) -> None:
    descriptor = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    with os.fdopen(descriptor, "ab") as out:
        out.write(os.fsencode(text))
