"""Passes of the engine in this process, through proxies that do harm, and what must have arrived."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import plans
from connectors.contract import ConnectorError
from connectors.wrappers import RetryPolicy
from migrate.copy.halt import Halt
from migrate.copy.job import Quiet
from migrate.copy.run import PassResult, run_pass
from migrate.engine.site import SiteRun
from migrate.engine.spool import new_resources, spool_folder
from migrate.ledger.store import Ledger
from tests.acceptance.box import Box
from tests.acceptance.organisation import SITE
from tests.servers.faults import Fault, FaultyProxy
from tests.servers.mail import Mail, expected, holdings
from tests.servers.phases import ON_FETCH
from tests.servers.server import ImapServer

MESSAGES, BATCH = 60, 10
#: Seconds: a server that says nothing for so long is given up; what a cut connection left settles within a second.
TIMEOUT, SETTLE = 1.5, 1
#: Later passes that a fault may need.
PASSES = 2
RETRY = RetryPolicy(tries=3, first=0.05, longest=0.2)


@dataclass(frozen=True)
class Copy:
    """A seeded mailbox, and passes of it through two proxies."""

    mails: Sequence[Mail]
    old: ImapServer
    new: ImapServer
    user: str
    folder: Path
    before_old: FaultyProxy
    before_new: FaultyProxy

    @property
    def source(self) -> Box:
        return Box(self.old, self.user.replace("-to-", "-from-"))

    @property
    def target(self) -> Box:
        return Box(self.new, self.user)

    def run(self) -> PassResult:
        plan = plans.load(self.folder)
        site = plan.sites[SITE]
        state = self.folder / ".bascule"
        state.mkdir(exist_ok=True)
        with spool_folder(state) as spool, closing(Ledger(state / "ledger.sqlite")) as ledger:
            run = SiteRun(plan, site, new_resources(spool), Quiet(), RETRY)
            return run_pass(run.jobs(site.people[0]), ledger, Halt())

    def arrives(self, first: PassResult) -> None:
        """Whatever the first pass came to, what is there is ours once; and a later pass has the rest."""
        self.has_no_double()
        result = first
        for _ in range(PASSES):
            if result.complete:
                break
            result = self.run()
        assert result.complete, result.errors
        assert holdings(self.new, self.user) == expected(self.mails)
        assert result.tally.seen == sum(result.tally.outcomes.values()) == len(self.mails)
        assert result.in_flight == 0

    def has_no_double(self) -> None:
        there, wanted = holdings(self.new, self.user), expected(self.mails)
        assert all(stored <= wanted[path] for path, stored in there.items())


def struck(copy: Copy, *faults: Fault) -> PassResult:
    """A pass with these faults; the source looks afterwards as before."""
    side = copy.before_old if faults[0].phase in ON_FETCH else copy.before_new
    marks = copy.source.marks()
    side.faults = list(faults)
    result = copy.run()
    assert faults[0].struck, "the fault must have happened"
    assert all(isinstance(error, ConnectorError) for error in result.errors), result.errors
    assert faults[0].do is not None or copy.source.marks() == marks
    return result
