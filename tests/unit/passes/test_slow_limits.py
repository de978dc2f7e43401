"""However slow the plan wants it, what is sent when its turn has come arrives in time: no intent grows too old."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from threading import Event

import pytest

from connectors.contract import Target
from connectors.wrappers import LimitedTarget, RateLimit, Timekeeper
from tests.unit.passes.world import ACCOUNT, Sides, mail, when

INBOX = ("INBOX",)


@pytest.fixture
def sides(tmp_path: Path) -> Iterator[Sides]:
    made = Sides(tmp_path)
    made.source.create(INBOX)
    yield made
    made.close()


def keeper(sides: Sides) -> Timekeeper:
    return Timekeeper(lambda: sides.clock().timestamp(), lambda seconds: sides.clock.advance(seconds))


def copied_under(sides: Sides, limit: RateLimit) -> int:
    def open_target(stop: Event) -> Target:
        return LimitedTarget(sides.connectors[1].open_target(ACCOUNT, stop), limit, stop)

    result = sides.run(open_target=open_target)
    assert result.errors == ()
    assert result.complete
    assert sides.on_target() == sides.on_source()
    assert Counter(sides.worlds[1].faults.met)["write"] == 1, "nothing was sent in vain"
    return result.copied


def test_others_that_go_first_make_no_intent_old(sides: Sides) -> None:
    limit = RateLimit(messages_per_second=1, timekeeper=keeper(sides))
    limit.take_messages(600, lambda: False)  # what other mailboxes are about to send
    for number in range(3):
        sides.source.deliver(mail(number), INBOX, received=when(number))
    assert copied_under(sides, limit) == 3


def test_a_batch_that_takes_an_hour_at_the_plans_rate_arrives(sides: Sides) -> None:
    for number in range(2):
        sides.source.deliver(mail(number, "x" * 360_000), INBOX, received=when(number))
    assert copied_under(sides, RateLimit(bytes_per_second=100, timekeeper=keeper(sides))) == 2
