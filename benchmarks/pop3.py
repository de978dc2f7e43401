"""Reading a POP3 server over a long line: messages a second where it lets commands be sent ahead.

A Dovecot of its own in a temporary folder is the source, a mailbox in memory the target: what is measured is reading.
Prints one line a case and fails when one is slower than docs/performance.md says.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from threading import Event

from benchmarks.nothing_new import OnlyNew, _ledger
from connectors.body import ByteBudget
from connectors.contract import Account, Message, Resources
from connectors.memory import MemoryConnector, MemorySettings
from connectors.pop3.connector import Pop3Connector
from connectors.pop3.settings import Pop3Settings
from migrate.copy.halt import Halt
from migrate.copy.job import Job
from migrate.copy.run import run_pass
from tests.servers.certificates import make_certificates
from tests.servers.dovecot import running_dovecot
from tests.servers.mail import Mail
from tests.servers.maildir_seed import seed_maildir
from tests.servers.proxy import running_proxy
from tests.servers.server import PASSWORD, ImapServer

#: Seconds each way: a round trip of 20 ms.
_DELAY = 0.01
#: Messages a second to reach.
_REACH = 800
#: Keys asked for at a time, as a pass does.
_BATCH = 100
_SIZE = 10_000


def main() -> int:
    parser = argparse.ArgumentParser(description="Reads a private Dovecot by POP3 at a round trip of 20 ms.")
    parser.add_argument("--messages", type=int, default=5000, help="messages of 10 kB (default 5,000)")
    parser.add_argument("--turns", type=int, default=3, help="the median of so many turns (default 3)")
    options = parser.parse_args()
    print(f"{os.cpu_count()} CPUs, load {os.getloadavg()[0]:.1f} at the start", flush=True)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bascule-")))
        server = stack.enter_context(running_dovecot(make_certificates(folder), pop3=True))
        mails = [_mail(number) for number in range(options.messages)]
        seed_maildir(server, "ann", mails)
        assert server.pop3_port is not None
        port = stack.enter_context(running_proxy(server.pop3_port, delay=_DELAY)).port
        _warm(server)
        turns = [_turn(port, folder, options.messages) for _ in range(options.turns)]
    slow = False
    for name, rates in zip(("listed with dates", "read", "a whole pass"), zip(*turns, strict=True), strict=True):
        rate = sorted(rates)[len(rates) // 2]
        slow = slow or rate < _REACH
        told = " ".join(f"{one:.0f}" for one in rates)
        print(f"{name}: {rate:.0f} messages/s (turns: {told}; to reach: {_REACH})", flush=True)
    return 1 if slow else 0


def _mail(number: int) -> Mail:
    head = (
        f"Received: by bench.example; Wed, 01 Jan 2025 00:00:{number % 60:02} +0000\r\n"
        f"From: a@example.org\r\nMessage-ID: <{number}@example.org>\r\nSubject: {number}\r\n\r\n"
    ).encode()
    lines = (_SIZE - len(head)) // 66
    return Mail(("INBOX",), head + (f"{number:064}\r\n".encode() * lines), received=datetime(2025, 1, 1, tzinfo=UTC))


def _warm(server: ImapServer) -> None:
    """The server makes its index when a mailbox is first opened; that is not what is measured."""
    with server.login("ann") as connection:
        connection.select("INBOX", readonly=True)


def _turn(port: int, folder: Path, messages: int) -> tuple[float, float, float]:
    """Rates of listing, of reading, and of a whole pass into memory."""
    resources = Resources(ByteBudget(), folder)
    settings = Pop3Settings(host="127.0.0.1", port=port, tls="plain")
    session = Pop3Connector(settings, resources).open_source(Account("ann", PASSWORD), Event())
    (inbox,) = session.folders()
    began = time.perf_counter()
    keys = [entry.key for window in session.entries(inbox, None) for entry in window.entries]
    listed = time.perf_counter()
    count = 0
    for some in _batches(keys):
        for answer in session.read(inbox, some):
            assert isinstance(answer, Message)
            answer.body.release()
            count += 1
    read = time.perf_counter()
    session.close()
    assert count == messages
    with tempfile.TemporaryDirectory(dir=folder) as place, _ledger(Path(place)) as ledger:
        target = MemoryConnector(MemorySettings(world="bench"), resources)
        job = Job(
            mailbox="ann@example.org",
            site="bench",
            source="old",
            open_source=lambda stop: Pop3Connector(settings, resources).open_source(Account("ann", PASSWORD), stop),
            open_target=lambda stop: target.open_target(Account("ann", "x"), stop),
            rules=OnlyNew(),
            resources=resources,
        )
        start = time.perf_counter()
        result = run_pass([job], ledger, Halt())
        whole = time.perf_counter() - start
        if not result.complete or result.copied != messages:
            raise SystemExit(f"the pass is not complete: {result.errors}")
    return messages / (listed - began), messages / (read - listed), messages / whole


def _batches(keys: list[str]) -> Iterator[list[str]]:
    for start in range(0, len(keys), _BATCH):
        yield keys[start : start + _BATCH]


if __name__ == "__main__":
    sys.exit(main())
