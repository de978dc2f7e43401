"""Microsoft 365 beside the plain IMAP target: a pass onto the same Dovecot over the same line, in turns.

Both write to a Dovecot that takes one message a command, as Exchange does, at a round trip of 50 ms and with two
connections a mailbox.  Between Microsoft's connector and the Dovecot stands the stand-in of Exchange with its manners;
the plain target is measured without it, and with it, so that both the connector and the stand-in can be seen.  A tenth
of the messages are flagged and a tenth have keywords.  Prints ratios within a turn and fails when Microsoft's path is
slower than docs/performance.md says.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from statistics import median
from threading import Event

from benchmarks.nothing_new import OnlyNew
from benchmarks.pop3 import _mail as _plain_mail
from connectors.body import ByteBudget
from connectors.contract import Account, Connector, Resources, Target
from connectors.imap.connector import ImapConnector
from connectors.imap.settings import ImapSettings
from connectors.microsoft365.access import access_of
from connectors.microsoft365.connector import Microsoft365Connector
from migrate.copy.halt import Halt
from migrate.copy.job import Job
from migrate.copy.run import run_pass
from migrate.ledger.store import Ledger
from tests.servers.certificates import make_certificates
from tests.servers.dovecot import running_dovecot
from tests.servers.exchange import Exchange, running_exchange
from tests.servers.mail import Mail
from tests.servers.maildir_seed import seed_maildir
from tests.servers.proxy import running_proxy
from tests.servers.server import PASSWORD, ImapServer

#: What Microsoft's path must reach of the plain target's rate.
_REACH = 0.85
#: Seconds each way: a round trip of 50 ms.
_DELAY = 0.025
_SESSIONS = 2
#: As Exchange: no MULTIAPPEND.
_CAPABILITY = "IMAP4rev1 LITERAL+ UIDPLUS MOVE UNSELECT NAMESPACE SPECIAL-USE CHILDREN"
_users = count(1)


@dataclass(frozen=True)
class _Way:
    """One way to write, onto a new mailbox."""

    name: str
    open_target: Callable[[Event], Target]


def main() -> int:
    parser = argparse.ArgumentParser(description="A pass to Microsoft 365 beside one to a plain IMAP target.")
    parser.add_argument("--messages", type=int, default=600, help="messages of 10 kB (default 600)")
    parser.add_argument("--turns", type=int, default=3, help="the median of so many turns (default 3)")
    options = parser.parse_args()
    print(f"{os.cpu_count()} CPUs, load {os.getloadavg()[0]:.1f} at the start", flush=True)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bascule-")))
        certificates = make_certificates(folder)
        source = stack.enter_context(running_dovecot(certificates))
        seed_maildir(source, "ann", [_mail(number) for number in range(options.messages)])
        exchange = stack.enter_context(running_exchange(certificates, capability=_CAPABILITY))
        plain_line = stack.enter_context(running_proxy(exchange.server.port, delay=_DELAY)).port
        front_line = stack.enter_context(running_proxy(exchange.stand_in.imap_port, delay=_DELAY)).port
        resources = Resources(ByteBudget(), folder)
        turns = []
        for turn in range(options.turns):
            ways = (
                _plain(plain_line, resources),
                _plain_on_front(exchange, front_line, resources),
                _microsoft(exchange, front_line, resources),
            )
            rates = [_rate(source, way, folder, options.messages, resources) for way in ways]
            turns.append(rates)
            told = ", ".join(f"{way.name} {rate:.1f}/s" for way, rate in zip(ways, rates, strict=True))
            print(f"turn {turn + 1}: {told}", flush=True)
    return _judged(turns)


def _judged(turns: Sequence[Sequence[float]]) -> int:
    ratios = [microsoft / plain for plain, _front, microsoft in turns]
    of_front = [microsoft / front for _plain, front, microsoft in turns]
    print(f"microsoft365 / plain IMAP on the same Dovecot: {median(ratios):.2f} (to reach: {_REACH})")
    print(f"microsoft365 / plain IMAP through the same stand-in: {median(of_front):.2f}")
    return 0 if median(ratios) >= _REACH else 1


def _plain(port: int, resources: Resources) -> _Way:
    settings = ImapSettings(host="127.0.0.1", port=port, tls="plain", sessions=_SESSIONS)
    account = Account(f"plain{next(_users)}", PASSWORD)
    return _way("plain IMAP", ImapConnector(settings, resources), account)


def _plain_on_front(exchange: Exchange, port: int, resources: Resources) -> _Way:
    """The IMAP connector with an access token in the place of a password."""
    settings = exchange.settings(endpoints=exchange.endpoints(port)).imap
    address = exchange.person(f"front{next(_users)}")
    account = Account(address, access_of(exchange.settings()).mail("").token())
    return _way("through the stand-in", ImapConnector(settings, resources), account)


def _microsoft(exchange: Exchange, port: int, resources: Resources) -> _Way:
    settings = exchange.settings(endpoints=exchange.endpoints(port))
    return _way(
        "microsoft365", Microsoft365Connector(settings, resources), Account(exchange.person(f"new{next(_users)}"))
    )


def _way(name: str, connector: Connector, account: Account) -> _Way:
    return _Way(name, lambda stop: connector.open_target(account, stop))


def _rate(source: ImapServer, way: _Way, folder: Path, messages: int, resources: Resources) -> float:
    """Messages a second of a whole pass."""
    settings = ImapSettings(host="127.0.0.1", port=source.port, tls="plain", sessions=_SESSIONS)
    reading = ImapConnector(settings, resources)
    with tempfile.TemporaryDirectory(dir=folder) as place:
        ledger = Ledger(Path(place) / "ledger.sqlite")
        try:
            job = Job(
                mailbox="ann@example.org",
                site="bench",
                source="old",
                open_source=lambda stop: reading.open_source(Account("ann", PASSWORD), stop),
                open_target=way.open_target,
                rules=OnlyNew(),
                resources=resources,
            )
            start = time.perf_counter()
            result = run_pass([job], ledger, Halt())
            took = time.perf_counter() - start
        finally:
            ledger.close()
    if not result.complete or result.copied != messages:
        raise SystemExit(f"the pass is not complete: {result.errors}")
    return messages / took


def _mail(number: int) -> Mail:
    flags = {0: frozenset({"\\Seen", "\\Flagged"}), 1: frozenset({"\\Seen", "$Work"})}
    return replace(_plain_mail(number), flags=flags.get(number % 10, frozenset({"\\Seen"})))


if __name__ == "__main__":
    sys.exit(main())
