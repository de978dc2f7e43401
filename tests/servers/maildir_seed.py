"""Mail written straight into the storage of a Dovecot, which takes thousands of messages a second that way.

The mailbox must be one that nobody has signed in to before.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from tests.servers.mail import Mail, _encoded
from tests.servers.mail import Path as FolderPath
from tests.servers.server import ImapServer

_LETTERS = {"\\Draft": "D", "\\Flagged": "F", "\\Answered": "R", "\\Seen": "S", "\\Deleted": "T"}


def seed_maildir(server: ImapServer, user: str, mails: Iterable[Mail], folders: Iterable[FolderPath] = ()) -> None:
    """Put mails into a mailbox of ``server``, whose storage is Maildir; ``folders`` are made even if they stay empty.

    Parents are folders too.  A folder's name holds no dot.
    """
    home = server.folder / "mail" / user
    root = home / "maildir"
    owner = server.folder.stat()
    by_folder: dict[FolderPath, list[Mail]] = {("INBOX",): []}
    for path in folders:
        by_folder.setdefault(path, [])
    for mail in mails:
        by_folder.setdefault(mail.folder, []).append(mail)
    for parent in [path[:depth] for path in by_folder for depth in range(1, len(path))]:
        by_folder.setdefault(parent, [])
    for path, held in by_folder.items():
        _write_folder(root if path == ("INBOX",) else root / ("." + ".".join(map(_encoded, path))), held)
    for path in (server.folder / "mail", home, *home.rglob("*")):
        os.chown(path, owner.st_uid, owner.st_gid)


def _write_folder(folder: Path, mails: Sequence[Mail]) -> None:
    for part in ("cur", "new", "tmp"):
        (folder / part).mkdir(parents=True)
    keywords = sorted({flag for mail in mails for flag in mail.flags if flag not in _LETTERS})
    assert len(keywords) <= 26, "a Maildir has letters for no more"
    (folder / "dovecot-keywords").write_text("".join(f"{at} {keyword}\n" for at, keyword in enumerate(keywords)))
    letters = _LETTERS | {keyword: chr(ord("a") + at) for at, keyword in enumerate(keywords)}
    for number, mail in enumerate(mails):
        data = mail.data.replace(b"\r\n", b"\n")
        flags = "".join(sorted(letters[flag] for flag in mail.flags))
        file = folder / "cur" / f"1500000000.M{number:07}.seed,S={len(data)},W={len(mail.data)}:2,{flags}"
        file.write_bytes(data)
        received = mail.received.timestamp()
        os.utime(file, (received, received))
