"""A target that grants fewer sessions than a mailbox would use."""

from __future__ import annotations

from time import sleep

import pytest

from connectors.contract import TooManySessions
from connectors.memory import MemorySettings
from connectors.memory.faults import Moment
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
