"""kill -9 of the installed command, anywhere: the next run finishes the work, nothing is lost and nothing doubled.

What is on the servers is counted there, by content, flags and date.  Every run is continued without any delay.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.acceptance.conftest import TrapFactory
from tests.acceptance.journey import Journey, Sent, journey, sent
from tests.acceptance.letters import letters
from tests.acceptance.trap import Moment, Snap, Trap
from tests.servers.server import ImapServer

#: Messages a batch: so few that there are many batches.
BATCH = 20
FEW, MANY = 130, 450
#: Kills of one copy, at random points, before it may end; and such copies to each target, and more by night.
IN_A_ROW, SERIES, BY_NIGHT = 5, 4, 40


@pytest.fixture(scope="module")
def sources(old: ImapServer) -> dict[int, Sent]:
    return {count: sent(old, f"source{count}", letters(count)) for count in (FEW, MANY)}


@dataclass(frozen=True)
class Trapped(Journey):
    """With traps before both servers."""

    before_old: Trap
    before_new: Trap


@pytest.fixture
def trapped(
    place: Path, trap: TrapFactory, new: ImapServer, user: str, sources: dict[int, Sent]
) -> Callable[[int, int], Trapped]:
    """Makes a journey of so many messages with so many pairs at most."""

    def start(count: int, pairs: int) -> Trapped:
        before_old, before_new = trap(sources[count].server.port), trap(new.port)
        one = journey(
            place,
            sources[count],
            new,
            user,
            source_port=before_old.port,
            target_port=before_new.port,
            batch=BATCH,
            sessions=pairs,
        )
        return Trapped(one.sent, one.new, one.user, one.plan, before_old, before_new)

    return start


@pytest.fixture(params=["one pair", "three pairs"])
def one(request: pytest.FixtureRequest, new: ImapServer, trapped: Callable[[int, int], Trapped]) -> Trapped:
    # A Courier target is written by one session, however many pairs the plan allows.
    single = request.param == "one pair" or "courier" in str(new.folder)
    return trapped(FEW, 1) if single else trapped(MANY, 3)


both_targets = pytest.mark.parametrize("new", ["dovecot", "courier"], indirect=True)


@both_targets
def test_killed_before_an_intent(one: Trapped) -> None:
    assert one.killed(one.before_old, Snap(Moment.BODY_READ))
    assert (one.intents, one.there) == (0, 0)
    one.ends_exactly()


@both_targets
def test_killed_after_an_intent(one: Trapped) -> None:
    assert one.killed(one.before_new, Snap(Moment.APPEND_BEGINS))
    assert one.intents > 0
    one.ends_exactly()


@both_targets
@pytest.mark.parametrize("moment", [Moment.IN_LITERAL, Moment.LAST_LITERAL_BYTE])
def test_killed_in_the_middle_of_an_append(one: Trapped, moment: Moment) -> None:
    assert one.killed(one.before_new, Snap(moment, nth=BATCH + 1))
    assert one.intents > 0
    one.ends_exactly()


@both_targets
def test_killed_after_the_last_byte(one: Trapped) -> None:
    assert one.killed(one.before_new, Snap(Moment.LAST_BYTE, nth=2))
    assert one.intents > 0
    one.ends_exactly()


@both_targets
def test_killed_while_the_last_byte_is_on_its_way(one: Trapped) -> None:
    """It arrives when the next run is looking already, within the time that the target may take to settle."""
    assert one.killed(one.before_new, Snap(Moment.LAST_LITERAL_BYTE, nth=BATCH, late=1.2))
    one.ends_exactly()


@both_targets
def test_killed_between_the_append_and_its_receipt(one: Trapped) -> None:
    assert one.killed(one.before_new, Snap(Moment.ANSWERED, nth=2))
    assert one.intents > 0
    assert one.there > one.receipts
    one.ends_exactly()


@both_targets
def test_killed_with_the_answer_just_heard(one: Trapped) -> None:
    assert one.killed(one.before_new, Snap(Moment.ANSWER_GIVEN, nth=2))
    one.ends_exactly()


@both_targets
def test_killed_after_a_receipt(one: Trapped) -> None:
    # So many that every pair has more batches behind it than it may have under way; Courier takes them one by one.
    appends = 3 * BATCH + 4 if "courier" in str(one.new.folder) else len(one.sent.mails) // 22
    assert one.killed(one.before_new, Snap(Moment.APPEND_BEGINS, nth=appends))
    assert one.receipts > 0
    one.ends_exactly()


@both_targets
@pytest.mark.parametrize(
    "series", [*range(SERIES), *(pytest.param(number, marks=pytest.mark.nightly) for number in range(SERIES, BY_NIGHT))]
)
def test_killed_at_random_points_again_and_again(trapped: Callable[[int, int], Trapped], series: int) -> None:
    chance = random.Random(series)
    one = trapped(MANY, chance.choice([1, 3]))
    for _ in range(IN_A_ROW):
        snap = Snap(size=chance.randrange(1, one.sent.size // 3), late=chance.choice([None, 0.0, 0.3]))
        one.killed(one.before_new, snap)
    one.ends_exactly()
