"""kill -9 of the installed command, anywhere: the next run finishes the work, nothing is lost and nothing doubled.

What is on the servers is counted there, by content, flags and date.  Every run is continued without any delay.
The random points follow from the number of their series alone, which is in the test's name, and are printed.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import pytest

from tests.acceptance.conftest import Standing, TrapFactory
from tests.acceptance.journey import Journey, Sent, journey, sent
from tests.acceptance.letters import letters
from tests.acceptance.trap import Moment, Snap, Trap
from tests.servers.server import ImapServer

#: Messages a batch: so few that there are many batches.
BATCH = 20
FEW, MANY = 130, 450
#: From any of the three servers to any other, and to another mailbox on itself.
WAYS = list(product(("dovecot", "courier", "cyrus"), repeat=2))
#: The kills of one copy before it may end: each at a random point of so large a share of all bytes.  Together they are
#: less than all, so that every one of them hits a run that still has work.
SHARES = (0.3, 0.2, 0.15, 0.15, 0.1)
#: Such copies: by day from each server to another one, by night every way and enough for 200 points.
SERIES = 50
BY_DAY = [WAYS.index(way) for way in (("dovecot", "courier"), ("courier", "cyrus"), ("cyrus", "dovecot"))]


@pytest.fixture(scope="module")
def source_on(standing: Standing) -> Callable[[str, int], Sent]:
    """A mailbox of so many letters on a server of this kind."""
    made: dict[tuple[str, int], Sent] = {}

    def source(kind: str, count: int) -> Sent:
        if (kind, count) not in made:
            made[kind, count] = sent(standing(kind), f"source{count}", letters(count))
        return made[kind, count]

    return source


@dataclass(frozen=True)
class Trapped(Journey):
    """With traps before both servers."""

    before_old: Trap
    before_new: Trap


@pytest.fixture
def trapped(place: Path, trap: TrapFactory, user: str) -> Callable[[Sent, ImapServer, int], Trapped]:
    """Makes a journey from a mailbox to a server with so many pairs at most."""

    def start(source: Sent, new: ImapServer, pairs: int) -> Trapped:
        before_old, before_new = trap(source.server.port), trap(new.port)
        one = journey(
            place,
            source,
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
def one(
    request: pytest.FixtureRequest,
    new: ImapServer,
    source_on: Callable[[str, int], Sent],
    trapped: Callable[[Sent, ImapServer, int], Trapped],
) -> Trapped:
    # A Courier target is written by one session, however many pairs the plan allows.
    single = request.param == "one pair" or "courier" in str(new.folder)
    return trapped(source_on("dovecot", FEW), new, 1) if single else trapped(source_on("dovecot", MANY), new, 3)


every_target = pytest.mark.parametrize("new", ["dovecot", "courier", "cyrus"], indirect=True)


@every_target
def test_killed_before_an_intent(one: Trapped) -> None:
    assert one.killed(one.before_old, Snap(Moment.BODY_READ))
    assert (one.intents, one.there) == (0, 0)
    one.ends_exactly()


@every_target
def test_killed_after_an_intent(one: Trapped) -> None:
    assert one.killed(one.before_new, Snap(Moment.APPEND_BEGINS))
    assert one.intents > 0
    one.ends_exactly()


@every_target
@pytest.mark.parametrize("moment", [Moment.IN_LITERAL, Moment.LAST_LITERAL_BYTE])
def test_killed_in_the_middle_of_an_append(one: Trapped, moment: Moment) -> None:
    assert one.killed(one.before_new, Snap(moment, nth=BATCH + 1))
    assert one.intents > 0
    one.ends_exactly()


@every_target
def test_killed_after_the_last_byte(one: Trapped) -> None:
    assert one.killed(one.before_new, Snap(Moment.LAST_BYTE, nth=2))
    assert one.intents > 0
    one.ends_exactly()


@every_target
def test_killed_while_the_last_byte_is_on_its_way(one: Trapped) -> None:
    """It arrives when the next run is looking already, within the time that the target may take to settle."""
    assert one.killed(one.before_new, Snap(Moment.LAST_LITERAL_BYTE, nth=BATCH, late=1.2))
    one.ends_exactly()


@every_target
def test_killed_between_the_append_and_its_receipt(one: Trapped) -> None:
    assert one.killed(one.before_new, Snap(Moment.ANSWERED, nth=2))
    assert one.intents > 0
    assert one.there > one.receipts
    one.ends_exactly()


@every_target
def test_killed_with_the_answer_just_heard(one: Trapped) -> None:
    assert one.killed(one.before_new, Snap(Moment.ANSWER_GIVEN, nth=2))
    one.ends_exactly()


@every_target
def test_killed_after_a_receipt(one: Trapped) -> None:
    # So many that every pair has more batches behind it than it may have under way; Courier takes them one by one.
    appends = 3 * BATCH + 4 if "courier" in str(one.new.folder) else len(one.sent.mails) // 22
    assert one.killed(one.before_new, Snap(Moment.APPEND_BEGINS, nth=appends))
    assert one.receipts > 0
    one.ends_exactly()


@pytest.mark.parametrize(
    "series",
    [pytest.param(number, marks=() if number in BY_DAY else pytest.mark.nightly) for number in range(SERIES)],
)
def test_killed_at_random_points_again_and_again(
    standing: Standing,
    source_on: Callable[[str, int], Sent],
    trapped: Callable[[Sent, ImapServer, int], Trapped],
    series: int,
) -> None:
    chance = random.Random(series)
    old, new = WAYS[series % len(WAYS)]
    one = trapped(source_on(old, MANY), standing(new), chance.choice([1, 3]))
    for share in SHARES:
        snap = Snap(size=chance.randrange(1, int(one.sent.size * share)), late=chance.choice([None, 0.0, 0.3]))
        assert one.killed(one.before_new, snap)
        there = one.there
        print(f"series {series}, {old} to {new}: killed at byte {snap.size}, rest late by {snap.late}: {there} there")
        assert there <= len(one.sent.mails)
    one.ends_exactly()
