"""The inbox of a test server seen on its disk, and changed there: what a POP3 session sees, without any session."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Collection
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

from connectors.suite import Mail
from tests.servers.server import ImapServer

_LETTERS = {"\\Draft": "D", "\\Flagged": "F", "\\Answered": "R", "\\Seen": "S", "\\Deleted": "T"}
_numbers = count(1)


class MaildropOnDisk:
    """The inbox of ``user`` on a server whose storage is Maildir: a Dovecot, or a Courier."""

    def __init__(self, server: ImapServer, user: str) -> None:
        home = server.folder / "mail" / user
        self._owner = server.folder.stat()
        self.root = home / ("Maildir" if "courier" in server.folder.name else "maildir")
        for part in ("cur", "new", "tmp"):
            (self.root / part).mkdir(parents=True, exist_ok=True)
        for path in (server.folder / "mail", home, *home.rglob("*")):
            os.chown(path, self._owner.st_uid, self._owner.st_gid)

    def put(self, *mails: Mail) -> None:
        for mail in mails:
            data = mail.data.replace(b"\r\n", b"\n")
            letters = "".join(sorted(_LETTERS[flag] for flag in mail.flags))
            file = self.root / "cur" / f"{1500000000 + next(_numbers)}.M1P1.suite:2,{letters}"
            file.write_bytes(data)
            os.chown(file, self._owner.st_uid, self._owner.st_gid)
            received = mail.received.timestamp()
            os.utime(file, (received, received))

    def look(self) -> list[Mail]:
        """In the order in which they were put."""
        return [
            Mail(
                file.read_bytes().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n"),
                datetime.fromtimestamp(file.stat().st_mtime, UTC),
                frozenset(flag for flag, letter in _LETTERS.items() if letter in file.name.partition(":2,")[2]),
            )
            for file in self._files()
        ]

    def digest(self) -> str:
        """Of every file's name, which holds its flags, its date and its bytes."""
        found = hashlib.sha256()
        for file in self._files():
            found.update(f"{file.parent.name}/{file.name} {file.stat().st_mtime_ns}\n".encode() + file.read_bytes())
        return found.hexdigest()

    def set_flags(self, index: int, flags: Collection[str]) -> None:
        file = self._files()[index]
        letters = "".join(sorted(_LETTERS[flag] for flag in flags))
        file.rename(file.with_name(f"{file.name.partition(':2,')[0]}:2,{letters}"))

    def delete(self, index: int) -> None:
        self._files()[index].unlink()

    def _files(self) -> list[Path]:
        files = [file for part in ("cur", "new") for file in (self.root / part).iterdir()]
        return sorted(files, key=lambda file: int(file.name.partition(".")[0]))
