"""Epochs of folders: what says that a folder is still the one whose keys we know.

Base names keep their meaning for as long as the folder lives, so the epoch has to change only when it was made anew.
"""

from __future__ import annotations

import os
import re
import secrets
from contextlib import suppress
from pathlib import Path

from connectors.maildir.owner import Owner
from connectors.quiet import open_quietly, read_quietly

#: Written once into each folder of a target.
FILE = "bascule-epoch"
#: ``3 V1275660208 N25022 G…``: the folder's UIDVALIDITY in the first line of Dovecot's list.
_UIDLIST = "dovecot-uidlist"
_UIDVALIDITY = re.compile(rb"\d+ (?:.*\s)?V(\d+)")
_OLD_UIDLIST = re.compile(rb"1 (\d+) \d+")


def epoch_of(folder: Path) -> str:
    """Ours, else Dovecot's UIDVALIDITY, else the folder's identity on this disk.  Raises OSError: it is gone."""
    identity = folder.stat()
    with suppress(FileNotFoundError, NotADirectoryError):
        if ours := read_quietly(folder / FILE).strip():
            return ours.decode("ascii", "replace")
    with suppress(FileNotFoundError, NotADirectoryError), open_quietly(folder / _UIDLIST) as reader:
        head = reader.readline(1000)
        if found := _UIDVALIDITY.match(head) or _OLD_UIDLIST.match(head):
            return f"v{int(found[1])}"
    return f"i{identity.st_ino}"


def settle_epoch(folder: Path, owner: Owner) -> None:
    """Give a target's folder an epoch of its own, unless it has one."""
    file = folder / FILE
    if file.exists():
        return
    draft = folder / f"{FILE}.{secrets.token_hex(4)}"
    draft.write_text(f"b{secrets.token_hex(8)}\n", encoding="ascii")
    draft.chmod(0o600)
    owner.take(draft)
    try:
        with suppress(FileExistsError):  # another session was first, and its word counts
            os.link(draft, file)
    except OSError:  # no links on this file system
        draft.replace(file)
    draft.unlink(missing_ok=True)
