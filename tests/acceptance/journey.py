"""A mailbox on its way from one server to another, and what must be true when it has arrived."""

from __future__ import annotations

import sqlite3
import subprocess
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from tests.acceptance.letters import Footprint, footprint
from tests.acceptance.organisation import LIMIT, SITE, Ended, Organisation, imap, organisation, running
from tests.acceptance.trap import Snap, Trap
from tests.servers.mail import Mail, expected, holdings, seed
from tests.servers.server import ImapServer


@dataclass(frozen=True)
class Sent:
    """A seeded mailbox on the source.  Many tests share one: none of them may change it."""

    server: ImapServer
    user: str
    mails: Sequence[Mail]
    marks: Footprint

    @property
    def size(self) -> int:
        """Bytes of all its messages."""
        return sum(len(mail.data) for mail in self.mails)


def sent(server: ImapServer, user: str, mails: Sequence[Mail]) -> Sent:
    """Seed a mailbox and remember how it looks."""
    seed(server, user, mails)
    return Sent(server, user, mails, footprint(server, user))


@dataclass(frozen=True)
class Journey:
    """A copy from a seeded mailbox to an empty one."""

    sent: Sent
    new: ImapServer
    user: str
    plan: Organisation

    def start(self) -> subprocess.Popen[str]:
        return self.plan.start("copy", SITE, "--json")

    def killed(self, trap: Trap, snap: Snap) -> bool:
        """Run until the trap kills it; whether it did before the run ended by itself."""
        with running(self.start()) as process:
            trap.set(snap, process.kill)
            process.communicate(timeout=LIMIT)
        return trap.snapped.is_set()

    def ends_exactly(self) -> Ended:
        """Run to the end; then everything is on the target once, and the source is as it was."""
        ended = self.plan.run_installed("copy", SITE, "--json")
        assert ended.code == 0, ended.err + ended.out
        self.has_arrived()
        outcomes = ended.mailbox["outcomes"]
        assert ended.mailbox["seen"] == sum(outcomes.values()) == len(self.sent.mails)
        assert outcomes["stored"] == len(self.sent.mails)
        assert ended.mailbox["in_flight"] == 0
        return ended

    def has_arrived(self) -> None:
        assert holdings(self.new, self.user) == expected(self.sent.mails)
        assert footprint(self.sent.server, self.sent.user) == self.sent.marks

    @property
    def intents(self) -> int:
        """Attempts in the ledger, as it was left behind."""
        return self._count("attempt")

    @property
    def receipts(self) -> int:
        """Messages that the ledger knows to be stored."""
        return self._count("message WHERE outcome = 'stored'")

    @property
    def there(self) -> int:
        """Messages on the target."""
        return sum(Counter(stored).total() for stored in holdings(self.new, self.user).values())

    def _count(self, rows: str) -> int:
        with closing(sqlite3.connect(f"file:{self.plan.ledger}?mode=ro", uri=True)) as ledger:
            (count,) = ledger.execute(f"SELECT count(*) FROM {rows}").fetchone()
        return int(count)


def journey(
    place: Path, sent: Sent, new: ImapServer, user: str, *, source_port: int, target_port: int, **target: object
) -> Journey:
    """``target`` is added to the target's settings."""
    plan = organisation(place, imap(source_port), imap(target_port, **target), source_user=sent.user, target_user=user)
    return Journey(sent, new, user, plan)
