"""A mail body full of IMAP commands stays a mail body, whatever APPEND argument goes wrong before it.

The danger: a server that rejects an argument before a non-synchronising literal reads the body as commands.
"""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta, timezone
from itertools import count
from pathlib import Path
from threading import Event

import pytest

from connectors.body import ByteBudget, MemoryBody
from connectors.contract import Account, ConnectorError, Folder, Outgoing, Resources
from connectors.imap.connector import ImapConnector
from connectors.imap.settings import ImapSettings
from connectors.wire import digest_bytes
from tests.conftest import DovecotFactory, _entered
from tests.servers.certificates import Certificates
from tests.servers.courier import running_courier
from tests.servers.cyrus import running_cyrus
from tests.servers.dovecot import running_dovecot
from tests.servers.mail import Mail, Stored, _Names, holdings, seed
from tests.servers.mail import Path as Path_
from tests.servers.server import ImapServer

_numbers = count(1)

_HARM = "CREATE pwned", "DELETE INBOX", "CREATE INBOX.pwned", "DELETE Work", "DELETE INBOX.Work", "SELECT INBOX", \
    "STORE 1:* +FLAGS (\\Deleted)", "EXPUNGE", "CLOSE", "APPEND INBOX {3}\r\na:b", "APPEND INBOX {3+}\r\na:b", \
    "RENAME Work pwned", "RENAME INBOX.Work INBOX.pwned", "SUBSCRIBE pwned"  # fmt: skip


def harmful(*, message_id: bool = True) -> bytes:
    """Valid as a message, and as a list of commands from its first body line on."""
    head = "From: a@example.org\r\n" + ("Message-ID: <harm@example.org>\r\n" if message_id else "") + "\r\n"
    lines = [f"x{number} {command}" for number, command in enumerate(_HARM)]
    # As if the folder's, the flags' or the date's argument had ended with the header.
    return (head + "\r\n".join([*lines, '")', *lines, "() {0+}", "", *lines]) + "\r\n").encode()


def bare_commands() -> bytes:
    """From the very first byte."""
    return "".join(f"y{number} {command}\r\n" for number, command in enumerate(_HARM)).encode()


BODIES = {"harmful": harmful(), "nameless": harmful(message_id=False), "bare": bare_commands()}

FLAGS = {
    "a parenthesis closes the list": {'x) "01-Jan-2020 00:00:00 +0000" {0+}'},
    "parentheses": {"(a)", ")", "("},
    "a line end": {"\\Seen)\r\nx9 CREATE pwned\r\n"},
    "a line feed": {"a\nx9 CREATE pwned"},
    "NUL": {"a\0b"},
    "not ASCII": {"Wichtig-\xe9", "重要"},
    "recent": {"\\Recent"},
    "unknown system flags": {"\\Important", "\\*", "\\"},
    "too long": {"k" * 5000, "k" * 100_000},
    "quotes and literals": {'"quoted"', "{5}", "{5+}", "a{3+}\r\n"},
    "atom specials": {"a b", "%", "*", "a]", "", " ", "a\\b"},
    "many": {f"key{number}" for number in range(400)},
}

DATES = {
    "the first year": datetime(1, 1, 1, tzinfo=UTC),
    "the last year": datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC),
    "before 1970": datetime(1965, 6, 1, tzinfo=UTC),
    "after 2038": datetime(2051, 1, 1, tzinfo=UTC),
    "without a zone": datetime(2020, 1, 1),  # noqa: DTZ001  # the mistake under test
    "an odd zone": datetime(2020, 1, 1, tzinfo=timezone(timedelta(hours=-23, minutes=-59))),
    "a zone with seconds": datetime(2020, 1, 1, tzinfo=timezone(timedelta(hours=1, seconds=17))),
    "the first year, east": datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=14))),
}

FOLDERS = {
    "missing": ("no such folder",),
    "quotes": ('a "quoted" \\ name',),
    "a quote that closes": ('Work" {0+}',),
    "line ends": ("Work\r\nx9 CREATE pwned\r\n",),
    "control characters": ("a\x01\x07\x7fb",),
    "NUL": ("a\0b",),
    "a literal": ("{5+}\r\n",),
    "wildcards": ("*", "%"),
    "an empty name": ("",),
    "dots": ("..", "etc", "passwd"),
    "separators": ("a/b.c",),
    "not ASCII": ("&", "é&-", "\N{PACKAGE}"),
    "very long": ("n" * 3000,),
}

SERVERS: Mapping[str, Callable[[Certificates], AbstractContextManager[ImapServer]]] = {
    "Dovecot": running_dovecot,
    "Dovecot with LITERAL-": lambda certificates: running_dovecot(
        certificates, capability="IMAP4rev1 LITERAL- UIDPLUS MULTIAPPEND NAMESPACE UNSELECT"
    ),
    "Dovecot, IMAP4rev1 alone": lambda certificates: running_dovecot(certificates, capability="IMAP4rev1"),
    "Courier": lambda _: running_courier(sessions=100),
    "Cyrus": lambda _: running_cyrus(),
}


@dataclass(frozen=True)
class Holdings:
    """Everything a command in a body could have changed."""

    folders: frozenset[Path_]
    subscribed: frozenset[bytes]
    content: Mapping[Path_, Counter[Stored]]


class Ward:
    """A mailbox with some mail, and a target session on it; what it held before is remembered."""

    def __init__(self, server: ImapServer, spool: Path) -> None:
        self.server = server
        self.user = f"ward{next(_numbers)}"
        #: Messages that the connector says are stored.
        self.stored = 0
        mails = [Mail(path, b"Subject: %d\r\n\r\nkept\r\n" % n) for path in (("INBOX",), ("Work",)) for n in range(3)]
        seed(server, self.user, mails)
        settings = ImapSettings(host="127.0.0.1", port=server.port, tls="plain", settle=1)
        connector = ImapConnector(settings, Resources(ByteBudget(), spool))
        self.target = connector.open_target(Account(self.user, server.password), Event())
        self.work = self.target.ensure(("Work",), None)
        self._before = self._holdings()

    def write(self, folder: Folder, messages: list[Outgoing]) -> None:
        """Write them; a call that fails as it may is no matter, and the next one signs in anew."""
        with contextlib.suppress(ConnectorError):
            receipts = list(self.target.write(folder, messages, lambda: None))
            self.stored += sum(receipt.outcome == "stored" for receipt in receipts)

    def delete_work(self) -> None:
        with self.server.login(self.user) as connection:
            status, _ = connection.delete(_Names(connection).quoted(("Work",)))
            assert status == "OK"
        self._before = self._holdings()

    def is_unharmed(self, *, beside: bool = False) -> None:
        """Nothing has changed but what was stored in Work, or (``beside``) in a folder that was asked for."""
        self.target.close()
        before, now = self._before, self._holdings()
        assert before.folders <= now.folders
        assert not [path for path in now.folders if "pwned" in path]
        assert beside or (now.folders, now.subscribed) == (before.folders, before.subscribed)
        for path, stored in before.content.items():
            assert stored <= now.content[path]
        assert beside or set(now.content) == set(before.content)
        assert sum(map(Counter.total, now.content.values())) == self.stored + sum(
            map(Counter.total, before.content.values())
        )

    def _holdings(self) -> Holdings:
        with self.server.login(self.user) as connection:
            folders = frozenset(_Names(connection).paths())
            subscribed = frozenset(line for line in connection.lsub()[1] if isinstance(line, bytes))
        return Holdings(folders, subscribed, holdings(self.server, self.user))


def outgoing(ordinal: int, data: bytes, **changes: object) -> Outgoing:
    digests = digest_bytes(data)
    values: dict[str, object] = {
        "ordinal": ordinal,
        "body": MemoryBody(data),
        "received": datetime(2020, 1, 1, tzinfo=UTC),
        "flags": frozenset[str](),
        "wire_digest": digests.wire,
        "header_digest": digests.header,
        "message_id": digests.message_id,
    }
    return Outgoing(**values | changes)  # type: ignore[arg-type]  # a test's own changes


@pytest.fixture(scope="module", params=SERVERS)
def server(request: pytest.FixtureRequest, certificates: Certificates) -> Iterator[ImapServer]:
    with ExitStack() as running:
        yield _entered(running, SERVERS[request.param](certificates))


@pytest.fixture
def ward(server: ImapServer, tmp_path: Path) -> Iterator[Ward]:
    ward = Ward(server, tmp_path)
    yield ward
    ward.target.close()


def test_the_danger_is_real(dovecot: DovecotFactory) -> None:
    """What a careless client sends: the date is rejected, the literal was not asked for, the body runs."""
    with dovecot().login("ward") as connection:
        data = harmful()
        connection.send(b'z1 APPEND INBOX "31-Feb-0000" {%d+}\r\n%s\r\nz2 NOOP\r\n' % (len(data), data))
        while not (line := connection.readline()).startswith(b"z2 "):
            assert line
        assert any(b"pwned" in name for name in connection.list()[1] if isinstance(name, bytes))


@pytest.mark.parametrize("flags", FLAGS)
def test_no_flag_lets_a_body_out(ward: Ward, flags: str) -> None:
    for data in BODIES.values():
        ward.write(ward.work, [outgoing(0, b"From: b\r\n\r\nbefore\r\n")])
        ward.write(ward.work, [outgoing(0, data, flags=frozenset(FLAGS[flags]))])
    ward.is_unharmed()


@pytest.mark.parametrize("flags", FLAGS)
def test_no_flag_in_a_batch_lets_a_body_out(ward: Ward, flags: str) -> None:
    ward.write(
        ward.work,
        [outgoing(n, data, flags=frozenset(FLAGS[flags] if n % 2 else ())) for n, data in enumerate(BODIES.values())],
    )
    ward.is_unharmed()


@pytest.mark.parametrize("date", DATES)
def test_no_date_lets_a_body_out(ward: Ward, date: str) -> None:
    for data in BODIES.values():
        ward.write(ward.work, [outgoing(0, data, received=DATES[date])])
    ward.is_unharmed()


@pytest.mark.parametrize("date", DATES)
def test_no_date_in_a_batch_lets_a_body_out(ward: Ward, date: str) -> None:
    messages = [outgoing(n, data) for n, data in enumerate(BODIES.values())]
    ward.write(ward.work, [messages[0], replace(messages[1], received=DATES[date]), *messages[2:]])
    ward.is_unharmed()


@pytest.mark.parametrize("folder", FOLDERS)
def test_no_name_of_a_missing_folder_lets_a_body_out(ward: Ward, folder: str) -> None:
    gone = Folder(FOLDERS[folder], None, ward.work.epoch)
    for data in BODIES.values():
        ward.write(gone, [outgoing(0, data)])
    assert ward.stored == 0
    ward.is_unharmed()


@pytest.mark.parametrize("folder", FOLDERS)
def test_a_folder_of_any_name_is_made_or_refused(ward: Ward, folder: str) -> None:
    with contextlib.suppress(ConnectorError):
        made = ward.target.ensure(FOLDERS[folder], None)
        for data in BODIES.values():
            ward.write(made, [outgoing(0, data)])
    ward.is_unharmed(beside=True)


def test_a_folder_that_is_deleted_meanwhile_lets_no_body_out(ward: Ward) -> None:
    ward.delete_work()
    ward.write(ward.work, [outgoing(n, data) for n, data in enumerate(BODIES.values())])
    assert ward.stored == 0
    ward.is_unharmed()
