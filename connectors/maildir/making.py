"""Making folders of a target, and what a Maildir keeps about them."""

from __future__ import annotations

import time
from contextlib import suppress
from pathlib import Path

from connectors.maildir.epoch import settle_epoch
from connectors.maildir.filename import stamp_of
from connectors.maildir.layout import FolderPath, Folders, is_folder
from connectors.maildir.owner import Owner
from connectors.maildir.quiet import names_in, read_quietly
from connectors.maildir.storing import sync_folder

#: What lies in ``tmp`` for so long (seconds) was left there by a process that died: the rule of all Maildir programs.
_ABANDONED = 36 * 3600
_SUBSCRIPTIONS = "subscriptions"
_HEAD = "V\t2\n\n"


def make_folder(folders: Folders, path: FolderPath, owner: Owner) -> Path:
    """The folder of this path, made and subscribed when it is not there.  Raises OSError."""
    directory = folders.there().get(path) or folders.directory(path)
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
        if directory != folders.root:
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
    """Add a folder to Dovecot's list of those that mail programs show."""
    file = folders.root / _SUBSCRIPTIONS
    if folders.shape.layout == "maildir++":
        parts = directory.name[1:].split(".")
    else:
        parts = list(directory.relative_to(folders.root).parts)
    new = not file.exists()
    old_form = not new and not read_quietly(file).startswith(_HEAD.encode())
    separator = ("." if folders.shape.layout == "maildir++" else "/") if old_form else "\t"
    # Dovecot keeps the names in UTF-8 in none of the forms that we write: as they are spelt on disk.
    with file.open("a", encoding="utf-8", errors="surrogateescape") as out:
        out.write((_HEAD if new else "") + separator.join(parts) + "\n")
    if new:
        owner.take(file)
