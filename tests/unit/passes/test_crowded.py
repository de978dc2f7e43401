"""A target that grants fewer sessions than a mailbox would use."""

from __future__ import annotations

from threading import Event
from time import sleep

import pytest

from connectors.contract import TooManySessions, Transient
from connectors.memory import MemorySettings
from connectors.memory.faults import Moment
from migrate.copy.job import Quiet
from migrate.engine.admission import Admission
from migrate.ledger.schema import Outcome
from tests.unit.passes.world import mail, new_sides, when


@pytest.mark.parametrize("later", [False, True], ids=["first pass", "later pass"])
def test_a_further_pair_that_is_not_let_in_leaves_what_it_read_ahead_to_the_same_pass(later: bool) -> None:
    sides = new_sides(pairs=3, target=MemorySettings(batch=2))
    sides.source.deliver(mail(99), received=when(99))
    if later:
        assert sides.run().complete
    for number in range(40):
        sides.source.deliver(mail(number), received=when(number))
    came: list[str] = []

    def refuse_further(moment: Moment) -> None:
        came.append(moment.end)
        if len(came) > 1:
            sleep(0.05)  # so that its reader has something in hand
            raise TooManySessions("takes no further session")

    sides.worlds[1].faults.at("connect", refuse_further, times=None)
    result = sides.run()
    assert len(came) > 1
    assert result.complete, result
    assert sides.on_target() == sides.on_source()
    sides.close()


def test_a_long_pause_that_a_write_meets_ends_the_pass_and_a_short_one_is_waited_for_and_told() -> None:
    sides = new_sides(target=MemorySettings(batch=2))
    for number in range(6):
        sides.source.deliver(mail(number), received=when(number))
    told: list[tuple[float, str]] = []

    class Told(Quiet):
        def pausing(self, mailbox: str, seconds: float, error: Transient) -> None:
            told.append((seconds, str(error)))

    sides.worlds[1].faults.at("write", Transient("asks to be left alone", retry_after=200))
    sides.worlds[1].faults.at(
        "write", Transient("asks to be left alone for long", retry_after=4000), skip=2, times=None
    )
    began = sides.clock()
    result = sides.run(progress=Told())
    assert (200, "asks to be left alone") in told
    assert not any(seconds == 4000 for seconds, _ in told)
    assert [str(error) for error in result.errors] == ["asks to be left alone for long"]
    assert 0 < result.tally.outcomes[Outcome.STORED] < 6
    assert (sides.clock() - began).total_seconds() < 4000
    sides.worlds[1].faults.clear()
    assert sides.run().complete
    assert sides.on_target() == sides.on_source()
    sides.close()


def test_a_pair_joins_when_another_mailbox_has_left_its_sessions() -> None:
    sides = new_sides(pairs=2, target=MemorySettings(batch=2))
    for number in range(40):
        sides.source.deliver(mail(number), received=when(number))
    admission = Admission({"new": 2})
    other = admission.enter(("new",), Event(), wait=True)
    other_left, joined, in_time = Event(), Event(), list[bool]()

    def signed_in(_moment: Moment) -> None:
        if other_left.is_set():
            joined.set()

    def stored(_moment: Moment) -> None:
        if not other_left.is_set():
            other_left.set()
            other.release()
            in_time.append(joined.wait(timeout=30))

    sides.worlds[1].faults.at("connect", signed_in, times=None)
    sides.worlds[1].faults.at("stored", stored, times=None)
    result = sides.run(admit=lambda stop, wait: admission.enter(("new",), stop, wait=wait))
    assert result.complete, result
    assert in_time == [True]
    assert sides.on_target() == sides.on_source()
    admission.enter(("new", "new"), Event(), wait=False)  # all was given back
    sides.close()
