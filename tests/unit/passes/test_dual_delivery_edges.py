"""Dual delivery where two things happen at once, or are said one after the other."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from connectors.memory import MemorySettings
from connectors.memory.faults import Moment
from tests.unit.passes.test_dual_delivery import INBOX, KEPT, both, relayed, switch
from tests.unit.passes.world import Sides, mail, new_sides

DAY = timedelta(days=1)


@pytest.fixture(params=[False, True], ids=["whole listings", "listings of changes"])
def sides(request: pytest.FixtureRequest) -> Iterator[Sides]:
    one = new_sides(target=MemorySettings(incremental=request.param))
    yield one
    one.close()


def test_an_earlier_time_that_is_said_later_has_all_folders_looked_into_again(sides: Sides) -> None:
    began = sides.clock()
    sides.target.create(KEPT)
    sides.target.deliver(relayed(mail(1)), KEPT, received=began)
    sides.clock.advance(DAY.total_seconds())
    switch(sides, "on", sides.clock())
    sides.run()
    switch(sides, "on", began)
    sides.source.deliver(mail(1), received=began)
    result = sides.run()
    assert (result.copied, result.delivered) == (0, 1)


def test_what_its_person_moves_to_a_folder_that_was_looked_into_already_is_found(sides: Sides) -> None:
    switch(sides, "on", sides.clock())
    sides.target.create(KEPT)
    key = both(sides, 1)
    sides.target.move(INBOX, KEPT, key)
    (there,) = sides.target.messages(KEPT)
    sides.clock.advance(3600)

    def back_to_the_inbox(moment: Moment) -> None:
        if moment.folder == KEPT:
            sides.target.move(KEPT, INBOX, there.key)

    # The inbox was listed before.
    sides.worlds[1].faults.at("entries", back_to_the_inbox, skip=1)
    result = sides.run()
    assert (result.copied, result.delivered) == (0, 1)


def test_switched_on_while_a_copy_is_under_way_it_counts_for_what_is_copied_from_then_on(sides: Sides) -> None:
    sides.clock.advance(DAY.total_seconds())

    def switched_on(_moment: Moment) -> None:
        switch(sides, "on", sides.clock())
        both(sides, 1)
        sides.clock.advance(3600)

    sides.worlds[0].faults.at("folders", switched_on)
    result = sides.run()
    assert (result.copied, result.delivered) == (0, 1)


def test_what_its_person_moves_while_it_is_about_to_be_read_is_found(sides: Sides) -> None:
    switch(sides, "on", sides.clock())
    sides.target.create(KEPT)
    keys = [both(sides, number) for number in (1, 2)]
    sides.clock.advance(3600)
    # While the first is being read.
    sides.worlds[1].faults.at("read", lambda _moment: sides.target.move(INBOX, KEPT, keys[1]))
    result = sides.run()
    assert (result.copied, result.delivered) == (0, 2)


def test_what_is_moved_after_it_was_read_is_one_message(sides: Sides) -> None:
    switch(sides, "on", sides.clock())
    sides.target.create(KEPT)
    key = both(sides, 1)
    # Its twin never arrived.
    sides.source.deliver(mail(1), received=sides.clock())
    sides.clock.advance(3600)

    def into_the_other(moment: Moment) -> None:
        if moment.folder == KEPT:
            sides.target.move(INBOX, KEPT, key)

    sides.worlds[1].faults.at("entries", into_the_other, skip=1)
    result = sides.run()
    assert (result.copied, result.delivered) == (1, 1)


def test_what_is_deleted_for_good_after_it_was_read_is_remembered(sides: Sides) -> None:
    switch(sides, "on", sides.clock())
    sides.target.create(KEPT)
    key = both(sides, 1)
    sides.clock.advance(3600)

    def deleted(moment: Moment) -> None:
        if moment.folder == KEPT:
            sides.target.delete(INBOX, key)

    sides.worlds[1].faults.at("entries", deleted, skip=1)
    assert (sides.run().copied, sides.run().copied) == (0, 0)
    assert not sides.on_target()


def test_switched_on_while_a_first_copy_lists_the_source_nothing_is_copied_ahead(sides: Sides) -> None:
    sides.pairs = 2
    sides.source.create(KEPT)
    for number in (1, 2):
        sides.source.deliver(mail(number), KEPT, received=sides.clock() - 30 * DAY)

    def switched_on(moment: Moment) -> None:
        if moment.folder == KEPT:
            switch(sides, "on", sides.clock())
            sides.source.deliver(mail(3), KEPT, received=sides.clock())

    for skip in range(2):
        sides.worlds[0].faults.at("entries", switched_on, skip=skip)
    result = sides.run()
    assert (result.copied, result.awaited) == (2, 1)
