"""Every fault of a line at every phase of a FETCH and of an APPEND: nothing is lost, nothing is doubled.

The engine's own passes run through a proxy that does the harm; what arrived is counted on the servers, by content.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import pytest

import plans
from connectors.contract import AuthFailed, ConnectorError, Transient
from connectors.wrappers import RetryPolicy
from migrate.copy.halt import Halt
from migrate.copy.job import Quiet
from migrate.copy.run import PassResult, run_pass
from migrate.engine.site import SiteRun, new_resources, spool_folder
from migrate.ledger.store import Ledger
from tests.acceptance.letters import footprint, letters
from tests.acceptance.organisation import SITE, imap, organisation
from tests.servers.faults import Effect, Fault, FaultyProxy, running_faulty
from tests.servers.mail import Mail, expected, holdings, seed
from tests.servers.phases import Phase
from tests.servers.server import ImapServer

MESSAGES, BATCH = 60, 10
#: Seconds: a server that says nothing for so long is given up; what a cut connection left settles within a second.
TIMEOUT, SETTLE = 1.5, 1
#: Later passes that a fault may need.
PASSES = 2
RETRY = RetryPolicy(tries=3, first=0.05, longest=0.2)

_numbers = count(1)

ON_FETCH = (
    Phase.FETCH, Phase.BODY_LINE, Phase.BODY_BEGINS, Phase.IN_BODY, Phase.LAST_BYTE_OF_BODY, Phase.BEHIND_BODY,
    Phase.FETCHED, Phase.FETCH_OVER,
)  # fmt: skip
ON_APPEND = (
    Phase.APPEND, Phase.APPEND_LINE, Phase.LITERAL_BEGINS, Phase.IN_LITERAL, Phase.LAST_BYTE, Phase.APPEND_ENDS,
    Phase.STORED, Phase.APPEND_OVER,
)  # fmt: skip


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

    def run(self) -> PassResult:
        plan = plans.load(self.folder)
        site = plan.sites[SITE]
        state = self.folder / ".bascule"
        state.mkdir(exist_ok=True)
        with spool_folder(state) as spool, closing(Ledger(state / "ledger.sqlite")) as ledger:
            run = SiteRun(plan, site, new_resources(spool), Quiet(), RETRY)
            return run_pass(run.job(site.people[0]), ledger, Halt())

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


@pytest.fixture
def copying(tmp_path: Path, standing_dovecot: ImapServer) -> Iterator[Callable[..., Copy]]:
    with ExitStack() as running:

        def start(*, new: ImapServer = standing_dovecot, old: ImapServer = standing_dovecot) -> Copy:
            number = next(_numbers)
            mails = letters(MESSAGES)
            seed(old, f"faults-from-{number}", mails)
            before_old = running.enter_context(running_faulty(old.port))
            before_new = running.enter_context(running_faulty(new.port))
            organisation(
                tmp_path,
                imap(before_old.port, timeout=TIMEOUT),
                imap(before_new.port, timeout=TIMEOUT, batch=BATCH, settle=SETTLE),
                source_user=f"faults-from-{number}",
                target_user=f"faults-to-{number}",
            )
            return Copy(mails, old, new, f"faults-to-{number}", tmp_path, before_old, before_new)

        yield start


def struck(copy: Copy, *faults: Fault) -> PassResult:
    """A pass with these faults; the source looks afterwards as before."""
    side = copy.before_old if faults[0].phase in ON_FETCH else copy.before_new
    source = copy.user.replace("-to-", "-from-")
    marks = footprint(copy.old, source)
    side.faults = list(faults)
    result = copy.run()
    assert faults[0].struck, "the fault must have happened"
    assert all(isinstance(error, ConnectorError) for error in result.errors), result.errors
    assert footprint(copy.old, source) == marks
    return result


@pytest.mark.parametrize("effect", [Effect.CUT, Effect.SILENCE, Effect.BYE], ids=lambda effect: effect.name)
@pytest.mark.parametrize("phase", [*ON_FETCH, *ON_APPEND], ids=lambda phase: phase.name)
def test_a_line_that_ends(copying: Callable[..., Copy], phase: Phase, effect: Effect) -> None:
    copy = copying()
    copy.arrives(struck(copy, Fault(phase, effect, nth=3)))


@pytest.mark.parametrize("phase", [Phase.BODY_LINE, Phase.IN_BODY, Phase.FETCHED, Phase.LITERAL_BEGINS, Phase.STORED])
def test_garbage_on_the_line(copying: Callable[..., Copy], phase: Phase) -> None:
    """In the middle of a body it is part of the body for all that anybody can tell, so it goes between lines."""
    copy = copying()
    copy.arrives(struck(copy, Fault(phase, Effect.GARBAGE, nth=2)))


@pytest.mark.parametrize("phase", [Phase.FETCH, Phase.IN_BODY, Phase.IN_LITERAL, Phase.LAST_BYTE, Phase.STORED])
@pytest.mark.parametrize("seconds", [TIMEOUT / 2, 2 * TIMEOUT], ids=["within the timeout", "beyond it"])
def test_a_line_that_stalls(copying: Callable[..., Copy], phase: Phase, seconds: float) -> None:
    copy = copying()
    result = struck(copy, Fault(phase, Effect.STALL, nth=2, seconds=seconds))
    assert seconds > TIMEOUT or result.complete
    copy.arrives(result)


@pytest.mark.parametrize("phase", [Phase.BODY_LINE, Phase.IN_BODY, Phase.FETCHED, Phase.APPEND, Phase.STORED])
def test_a_byte_now_and_then(copying: Callable[..., Copy], phase: Phase) -> None:
    copy = copying()
    copy.arrives(struck(copy, Fault(phase, Effect.DRIP, seconds=0.3)))


@pytest.mark.parametrize("phase", [Phase.FETCH, Phase.APPEND, Phase.LOGIN])
@pytest.mark.parametrize(
    "words",
    ["[LIMIT] slow down", "[UNAVAILABLE] not now", "[THROTTLED] slow down", "[INUSE] wait"],
)
def test_a_server_that_throttles(copying: Callable[..., Copy], phase: Phase, words: str) -> None:
    copy = copying()
    copy.arrives(struck(copy, Fault(phase, Effect.REFUSE, times=2, words=words)))


@pytest.mark.parametrize("phase", [Phase.IN_LITERAL, Phase.LAST_BYTE, Phase.STORED])
@pytest.mark.parametrize("words", ["[AUTHENTICATIONFAILED] expired", "[EXPIRED] the token has expired"])
def test_a_sign_in_that_expires_in_an_append(copying: Callable[..., Copy], phase: Phase, words: str) -> None:
    """The session is ended in the middle, and nobody is let in again until a person has done something."""
    copy = copying()
    ends = Fault(phase, Effect.BYE, nth=12, words=words)
    result = struck(copy, ends, Fault(Phase.LOGIN, Effect.REFUSE, times=10**6, words=words, after=ends))
    assert not result.complete
    assert any(isinstance(error, AuthFailed) for error in result.errors), result.errors
    copy.has_no_double()
    copy.before_new.faults = []
    copy.arrives(copy.run())


def test_a_line_that_breaks_again_and_again_ends_the_pass_and_no_more(copying: Callable[..., Copy]) -> None:
    copy = copying()
    result = struck(copy, Fault(Phase.STORED, Effect.CUT, times=10**6))
    assert any(isinstance(error, Transient) for error in result.errors)
    copy.before_new.faults = []
    copy.arrives(copy.run())


@pytest.mark.parametrize("phase", ON_APPEND, ids=lambda phase: phase.name)
def test_a_line_to_courier_that_ends(copying: Callable[..., Copy], phase: Phase, standing_courier: ImapServer) -> None:
    copy = copying(new=standing_courier)
    copy.arrives(struck(copy, Fault(phase, Effect.CUT, nth=3)))


@pytest.mark.parametrize("phase", ON_FETCH, ids=lambda phase: phase.name)
def test_a_line_from_courier_that_ends(
    copying: Callable[..., Copy], phase: Phase, standing_courier: ImapServer
) -> None:
    copy = copying(old=standing_courier)
    copy.arrives(struck(copy, Fault(phase, Effect.CUT, nth=3)))
