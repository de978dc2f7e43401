"""What a listing from a cursor tells, applied to what its caller had, is what a whole listing tells.

On a real Dovecot whose mail is changed at random between listings, with and without QRESYNC.
"""

from __future__ import annotations

import imaplib
import random
from collections.abc import Iterator
from pathlib import Path
from threading import Event

import pytest

from connectors.body import ByteBudget
from connectors.contract import Account, Entry, Folder, Resources, Source
from connectors.imap.connector import ImapConnector
from connectors.imap.settings import ImapSettings
from connectors.suite.samples import folder_at
from tests.servers.certificates import Certificates
from tests.servers.dovecot import running_dovecot
from tests.servers.server import ImapServer

_PLAIN = "IMAP4rev1 LITERAL+ UIDPLUS MULTIAPPEND MOVE UNSELECT NAMESPACE ENABLE ESEARCH"
#: What is announced, how mail is stored, and whether every change can be told without listing all.
MANNERS = {
    "QRESYNC, Maildir": (None, "maildir", True),
    "QRESYNC, mdbox": (None, "mdbox", True),
    "CONDSTORE alone, sdbox": (f"{_PLAIN} CONDSTORE", "sdbox", False),
}
_FLAGS = ("\\Seen", "\\Flagged", "\\Answered", "work", "$Forwarded")


@pytest.fixture(params=MANNERS, ids=lambda name: name.replace(" ", "-"))
def server(request: pytest.FixtureRequest, certificates: Certificates) -> Iterator[tuple[ImapServer, bool]]:
    capability, storage, resyncs = MANNERS[request.param]
    with running_dovecot(certificates, capability=capability, storage=storage) as running:  # type: ignore[arg-type]
        yield running, resyncs


class Owner:
    """Changes a folder at random, from behind the connector."""

    def __init__(self, connection: imaplib.IMAP4, chance: random.Random) -> None:
        self._connection = connection
        self._chance = chance
        self._number = 0
        connection.create("Work")
        connection.create("Elsewhere")

    def deliver(self, count: int) -> None:
        for _ in range(count):
            self._number += 1
            flags = " ".join(self._chance.sample(_FLAGS, self._chance.randint(0, 2)))
            data = f"Message-ID: <{self._number}@x>\r\n\r\n{'x' * self._chance.randint(0, 50)}\r\n".encode()
            _done(self._connection.append("Work", f"({flags})", '"01-Feb-2024 10:00:00 +0000"', data))

    def change(self) -> str:
        """One random thing that happens to a folder; what it was."""
        what = self._chance.choice(["deliver", "flags", "flags", "expunge", "move away", "move back", "nothing"])
        if what == "deliver":
            self.deliver(self._chance.randint(1, 4))
        elif what != "nothing":
            self._change_some(what)
        return what

    def _change_some(self, what: str) -> None:
        folder = "Elsewhere" if what == "move back" else "Work"
        status, [count] = self._connection.select(folder)
        assert status == "OK"
        assert count is not None
        there = range(1, int(count) + 1)
        chosen = ",".join(map(str, self._chance.sample(there, min(len(there), self._chance.randint(1, 4)))))
        if chosen:
            flag = self._chance.choice(_FLAGS)
            if what == "flags":
                _done(self._connection.store(chosen, self._chance.choice(["+FLAGS", "-FLAGS"]), f"({flag})"))
            elif what == "expunge":
                _done(self._connection.store(chosen, "+FLAGS", "(\\Deleted)"))
                _done(self._connection.expunge())
            else:
                to = "Work" if what == "move back" else "Elsewhere"
                _done(self._connection._simple_command("MOVE", chosen, to))
        self._connection.unselect()


def _done(answer: tuple[str, object]) -> None:
    assert answer[0] == "OK", answer


class Caller:
    """Keeps what listings told, as a ledger does."""

    def __init__(self) -> None:
        self.known: dict[str, Entry] = {}
        self.cursor: str | None = None

    def list(self, source: Source, folder: Folder) -> bool:
        """Bring it up to date; whether all was listed for that."""
        windows = list(source.entries(folder, self.cursor))
        complete = windows[0].complete
        if complete:
            self.known = {}
        self.known.update({entry.key: entry for window in windows for entry in window.entries})
        for window in windows:
            for key in window.gone:
                self.known.pop(key, None)
        self.cursor = windows[-1].cursor
        return complete


@pytest.mark.parametrize("seed", range(3))
def test_a_listing_from_a_cursor_equals_a_whole_one(server: tuple[ImapServer, bool], seed: int, tmp_path: Path) -> None:
    running, resyncs = server
    chance = random.Random(seed)
    account = Account(f"ann{seed}", running.password)
    settings = ImapSettings(host="127.0.0.1", port=running.port, tls="plain")
    connector = ImapConnector(settings, Resources(ByteBudget(), tmp_path))
    caller = Caller()
    from_cursor = whole = whole_though_nothing_went = 0
    with running.login(account.user) as connection:
        owner = Owner(connection, chance)
        owner.deliver(30)
        source = connector.open_source(account, Event())
        caller.list(source, folder_at(source, ("Work",)))
        for _ in range(40):
            done = [owner.change() for _ in range(chance.randint(1, 3))]
            if chance.random() < 0.2:
                source.close()
                source = connector.open_source(account, Event())
            folder = folder_at(source, ("Work",))
            empty = not caller.known
            complete = caller.list(source, folder)
            whole += complete
            from_cursor += not complete
            whole_though_nothing_went += complete and not empty and not {"expunge", "move away"} & set(done)
            everything = Caller()
            assert everything.list(source, folder)
            assert caller.known == everything.known, done
        source.close()
    assert from_cursor > 5, "the test must have tried what it is about"
    assert not whole_though_nothing_went
    assert not (resyncs and whole), "QRESYNC tells what vanished"
