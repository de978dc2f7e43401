"""Mailboxes for the acceptance tests, and the marks that reading them must not leave."""

from __future__ import annotations

import hashlib
import pathlib
import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from tests.servers.mail import Mail, Path, _Names
from tests.servers.server import ImapServer

FOLDERS: Sequence[Path] = (("INBOX",), ("Projets", "R&D été"), ("Sent",))
_FLAGS = (frozenset[str](), frozenset({"\\Seen"}), frozenset({"\\Seen", "\\Answered", "$Forwarded"}))


def letter(number: int, *, size: int = 1200, folder: Path | None = None) -> Mail:
    """A message of about ``size`` bytes; each number another, with a folder, flags and a date of its own."""
    place = FOLDERS[number % len(FOLDERS)] if folder is None else folder
    head = (
        f"From: Ben <ben{number}@example.org>\r\nTo: anna@example.org\r\n"
        f"Date: Mon, 05 Jan 2026 08:00:{number % 60:02} +0000\r\nSubject: letter {number}\r\n"
        f"Message-ID: <{number}.acceptance@example.org>\r\n\r\n"
    ).encode()
    lines = [hashlib.sha256(f"{number} {line}".encode()).hexdigest().encode() for line in range(size // 66 + 1)]
    received = datetime(2019, 5, 6, 7, 8, 9, tzinfo=UTC) + timedelta(hours=number)
    return Mail(place, head + b"\r\n".join(lines) + b"\r\n", _FLAGS[number % 7 % len(_FLAGS)], received)


def letters(count: int, *, size: int = 1200) -> list[Mail]:
    """Folder by folder.  One in fifty is there twice, the same to the last byte."""
    made = [letter(number, size=size) for number in range(count)]
    for number in range(47, count, 50):
        made[number] = made[number - len(FOLDERS)]
    return sorted(made, key=lambda mail: FOLDERS.index(mail.folder))


def write_mbox(path: pathlib.Path, mails: Sequence[Mail]) -> None:
    """As a mail program keeps them."""
    with path.open("wb") as out:
        for mail in mails:
            line = f"From ben {mail.received:%a %b %d %H:%M:%S %Y}\n".encode()
            out.write(line + mail.data.replace(b"\r\n", b"\n") + b"\n")


#: UIDVALIDITY, UIDNEXT, messages and unseen; and a line for each message: UID, flags, date, sha256 of the bytes.
Footprint = dict[Path, tuple[bytes, list[bytes]]]


def footprint(server: ImapServer, user: str) -> Footprint:
    """Everything a reader could have changed in a mailbox.  ``\\Recent`` belongs to the server and is left out."""
    found: Footprint = {}
    with server.login(user) as connection:
        names = _Names(connection)
        for path in names.paths():
            connection.select(names.quoted(path), readonly=True)
            messages: list[bytes] = []
            for answer in connection.uid("FETCH", "1:*", "(FLAGS INTERNALDATE BODY.PEEK[])")[1]:
                if isinstance(answer, tuple):
                    head = re.sub(rb"\\Recent ?", b"", answer[0])
                    messages.append(head + hashlib.sha256(answer[1]).digest())
            _, [counts] = connection.status(names.quoted(path), "(UIDVALIDITY UIDNEXT MESSAGES UNSEEN)")
            assert isinstance(counts, bytes)
            # Of an empty folder that was never opened, Courier says another UIDVALIDITY each second.
            found[path] = counts if messages else b"empty", messages
    return found
