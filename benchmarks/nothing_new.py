"""A pass with nothing new, and one with a little: seconds, CPU and round trips to the source.

A Dovecot of its own in a temporary folder is the source, a mailbox in memory the target, so that what is measured is
asking the source and comparing.  Prints one line a case and fails when one takes longer than docs/performance.md says.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event
from unittest.mock import patch

from connectors.body import ByteBudget
from connectors.contract import Account, Entry, Folder, Reason, Resources, Source, Target
from connectors.imap.connector import ImapConnector
from connectors.imap.settings import ImapSettings
from connectors.memory import MemoryConnector, MemorySettings, MemoryWorld
from connectors.net.transport import Transport
from migrate.copy.halt import Halt
from migrate.copy.job import Job
from migrate.copy.placement import Placement
from migrate.copy.run import run_pass
from migrate.ledger.store import Ledger
from tests.servers.certificates import make_certificates
from tests.servers.dovecot import running_dovecot
from tests.servers.mail import Mail
from tests.servers.maildir_seed import seed_maildir
from tests.servers.proxy import running_proxy
from tests.servers.server import ImapServer

_WITHOUT_CONDSTORE = "IMAP4rev1 LITERAL+ NAMESPACE UNSELECT"
_WITHOUT_LIST_STATUS = f"{_WITHOUT_CONDSTORE} CONDSTORE"
_DATE = datetime(2020, 1, 1, tzinfo=UTC)
#: Messages that come later are of this year.
_NEW = 2024


@dataclass(frozen=True)
class Case:
    """What is measured, and how long it may take (seconds)."""

    name: str
    capability: str | None
    folders: int
    #: Seconds each way.
    delay: float = 0.0
    limit: float | None = None
    change: Callable[[ImapServer, str], None] | None = None


class OnlyNew:
    """Rules that leave out what was there from the beginning, so that a first pass only fills the ledger."""

    def place(self, folder: Folder) -> Placement | None:
        return Placement(folder.path, folder.role)

    def why_left_out(self, folder: Folder) -> Reason:
        raise AssertionError("everything travels")

    def leaves_out(self, entry: Entry) -> Reason | None:
        return Reason.RULE_DATE if entry.received is not None and entry.received.year < _NEW else None

    def digest(self) -> str:
        return "only new"


def main() -> int:
    parser = argparse.ArgumentParser(description="Times passes with nothing new, or little, from a private Dovecot.")
    parser.add_argument("--messages", type=int, default=50_000, help="messages of the mailbox (default 50,000)")
    parser.add_argument("--only", default="", help="only cases with this in their name")
    options = parser.parse_args()
    print(f"{os.cpu_count()} CPUs, load {os.getloadavg()[0]:.1f} at the start", flush=True)
    slow = [case for case in CASES if options.only in case.name and not _run(case, options.messages)]
    for case in slow:
        print(f"too slow: {case.name} (to stay under {case.limit:.1f} s)", file=sys.stderr)
    return 1 if slow else 0


def _flags_and_new_mail(server: ImapServer, user: str) -> None:
    with server.login(user) as connection:
        connection.select("INBOX")
        connection.store("1:5", "+FLAGS", "(\\Flagged)")
        for _ in range(5):
            connection.append("INBOX", "", '"01-Feb-2024 10:00:00 +0000"', b"Subject: new\r\n\r\nnew\r\n")


def _expunge(server: ImapServer, user: str) -> None:
    with server.login(user) as connection:
        connection.select("INBOX")
        connection.store("1:5", "+FLAGS", "(\\Deleted)")
        connection.expunge()


CASES = [
    Case("CONDSTORE, nothing new", None, 1, limit=1.0),
    Case("CONDSTORE, 5 flags and 5 new messages", None, 1, change=_flags_and_new_mail),
    Case("QRESYNC, 5 messages gone", None, 1, change=_expunge),
    Case("CONDSTORE alone, 5 flags and 5 new messages", _WITHOUT_LIST_STATUS, 1, change=_flags_and_new_mail),
    Case("CONDSTORE alone, 5 messages gone", _WITHOUT_LIST_STATUS, 1, change=_expunge),
    Case("no CONDSTORE, nothing new", _WITHOUT_CONDSTORE, 1, limit=3.0),
    Case("LIST-STATUS, 200 folders at 100 ms", None, 200, delay=0.05, limit=3.0),
    Case("STATUS, 200 folders at 100 ms", _WITHOUT_LIST_STATUS, 200, delay=0.05, limit=3.0),
]


def _run(case: Case, messages: int) -> bool:
    with tempfile.TemporaryDirectory(prefix="bascule-") as name:
        folder = Path(name)
        with running_dovecot(make_certificates(folder), capability=case.capability) as server:
            paths = [("INBOX",) if number == 0 else (f"Folder {number}",) for number in range(case.folders)]
            mails = (_mail(paths[number % case.folders], number) for number in range(messages))
            seed_maildir(server, "ann", mails, paths)
            with _ledger(folder) as ledger:
                _pass(server.port, folder, ledger)
                if case.change is not None:
                    case.change(server, "ann")
                with running_proxy(server.port, delay=case.delay) as proxy:
                    port = proxy.port if case.delay else server.port
                    wall, cpu, trips = _pass(port, folder, ledger)
    told = f" (to stay under {case.limit:.1f})" if case.limit else ""
    print(f"{case.name}: {wall:.2f} s{told}, {cpu:.2f} s of CPU, {trips} round trips", flush=True)
    return case.limit is None or wall < case.limit


def _mail(path: tuple[str, ...], number: int) -> Mail:
    return Mail(
        path,
        f"Message-ID: <{number}@example.org>\r\n\r\n{number}\r\n".encode(),
        frozenset({"\\Seen"}),
        _DATE + timedelta(minutes=number),
    )


@contextmanager
def _ledger(folder: Path) -> Iterator[Ledger]:
    """A new ledger, and a target in memory."""
    ledger, world = Ledger(folder / "ledger.sqlite"), MemoryWorld.named("bench")
    world.add_user("ann", "x")
    try:
        yield ledger
    finally:
        ledger.close()
        MemoryWorld.forget("bench")


class _Watch:
    """Counts round trips, and looks at the clock when the first command after signing in leaves."""

    def __init__(self) -> None:
        self.trips = 0
        self.began = self.began_cpu = 0.0
        self._sending = False

    @contextmanager
    def looking(self) -> Iterator[None]:
        send, readline = Transport.send, Transport.readline

        def watched_send(transport: Transport, data: bytes, *more: object) -> None:
            if not self.began and b" LIST " in bytes(data):
                self.began, self.began_cpu = time.perf_counter(), time.process_time()
            self._sending = bool(self.began)
            send(transport, data, *more)  # type: ignore[arg-type]  # passed on as it is

        def watched_readline(transport: Transport, *more: int) -> bytes:
            self.trips += self._sending
            self._sending = False
            return readline(transport, *more)

        with patch.object(Transport, "send", watched_send), patch.object(Transport, "readline", watched_readline):
            yield


def _pass(port: int, folder: Path, ledger: Ledger) -> tuple[float, float, int]:
    """One pass; seconds and CPU from the first question to its end, and round trips."""
    resources = Resources(ByteBudget(), folder)
    source = ImapConnector(ImapSettings(host="127.0.0.1", port=port, tls="plain"), resources)
    target = MemoryConnector(MemorySettings(world="bench"), resources)
    watch = _Watch()

    def open_source(stop: Event) -> Source:
        return source.open_source(Account("ann", "correct-horse"), stop)

    def open_target(stop: Event) -> Target:
        return target.open_target(Account("ann", "x"), stop)

    job = Job("ann", "bench", "old", open_source, open_target, OnlyNew(), resources, pairs=1)
    with watch.looking():
        result = run_pass([job], ledger, Halt())
        wall, cpu = time.perf_counter() - watch.began, time.process_time() - watch.began_cpu
    if not result.complete:
        raise SystemExit(f"the pass is not complete: {result.errors}")
    return wall, cpu, watch.trips


if __name__ == "__main__":
    sys.exit(main())
