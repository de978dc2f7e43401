"""A mailbox on a test server, and what its owner does to it."""

from __future__ import annotations

import imaplib
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from tests.acceptance.letters import Footprint, footprint
from tests.servers.mail import Mail, Path, Stored, _capabilities, _Names, content_of, holdings, seed
from tests.servers.server import ImapServer


class Box:
    """Messages are found by their Message-ID; one that is there twice is taken the first time."""

    def __init__(self, server: ImapServer, user: str) -> None:
        self.server = server
        self.user = user

    def add(self, *mails: Mail) -> None:
        seed(self.server, self.user, mails)

    def flag(self, mail: Mail, change: str, *flags: str) -> None:
        """``change``: ``+FLAGS``, ``-FLAGS`` or ``FLAGS``."""
        with self._found(mail) as (connection, uid):
            _done(connection.uid("STORE", uid, f"{change}.SILENT", f"({' '.join(flags)})"))

    def delete(self, mail: Mail) -> None:
        with self._found(mail) as (connection, uid):
            _done(connection.uid("STORE", uid, "+FLAGS.SILENT", "(\\Deleted)"))
            _done(connection.expunge())

    def move(self, mail: Mail, to: Path) -> None:
        with self._found(mail) as (connection, uid):
            there = _Names(connection).quoted(to)
            if "MOVE" in _capabilities(connection):
                _done(connection.uid("MOVE", uid, there))
            else:
                _done(connection.uid("COPY", uid, there))
                _done(connection.uid("STORE", uid, "+FLAGS.SILENT", "(\\Deleted)"))
                _done(connection.expunge())

    def create(self, path: Path) -> None:
        with self.server.login(self.user) as connection:
            _done(connection.create(_Names(connection).quoted(path)))

    def rename(self, path: Path, to: Path) -> None:
        with self.server.login(self.user) as connection:
            names = _Names(connection)
            _done(connection.rename(names.quoted(path), names.quoted(to)))

    def folders(self) -> set[Path]:
        with self.server.login(self.user) as connection:
            return set(_Names(connection).paths())

    def subscribed(self) -> set[Path]:
        with self.server.login(self.user) as connection:
            return set(_Names(connection).paths(subscribed=True))

    def holds(self) -> dict[Path, Counter[Stored]]:
        return holdings(self.server, self.user)

    def marks(self) -> Footprint:
        return footprint(self.server, self.user)

    def flags_of(self, mail: Mail) -> list[frozenset[str]]:
        """Of every copy of this mail, wherever it is."""
        content = content_of(mail.data)
        return [one.flags for folder in self.holds().values() for one in folder.elements() if one.content == content]

    def places_of(self, mail: Mail) -> list[Path]:
        """The folders of every copy of this mail."""
        (places,) = self.places([mail])
        return places

    def places(self, mails: Sequence[Mail]) -> list[list[Path]]:
        """As ``places_of`` for each of many, in one look at the mailbox."""
        found: dict[object, list[Path]] = defaultdict(list)
        for path, folder in self.holds().items():
            for stored in folder.elements():
                found[stored.content].append(path)
        return [found[content_of(mail.data)] for mail in mails]

    @contextmanager
    def _found(self, mail: Mail) -> Iterator[tuple[imaplib.IMAP4, str]]:
        identity = re.search(rb"Message-ID: (<[^>]+>)", mail.data)
        assert identity is not None
        (path, *_) = self.places_of(mail)
        with self.server.login(self.user) as connection:
            _done(connection.select(_Names(connection).quoted(path)))
            _, [uids] = connection.uid("SEARCH", "HEADER", "Message-ID", identity[1].decode())
            yield connection, uids.split()[0].decode()


def _done(answer: tuple[str, object]) -> None:
    assert answer[0] == "OK", answer
