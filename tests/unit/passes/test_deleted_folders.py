"""A folder that its person deleted on the target is not made again because something changes on the source."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.unit.passes.test_dual_delivery import INBOX, KEPT
from tests.unit.passes.world import Sides, mail, new_sides, when


@pytest.fixture
def sides() -> Iterator[Sides]:
    one = new_sides()
    yield one
    one.close()


def read_it(sides: Sides) -> None:
    sides.source.set_flags(KEPT, sides.source.messages(KEPT)[0].key, {"\\Seen"})


def move_it(sides: Sides) -> None:
    sides.source.move(KEPT, INBOX, sides.source.messages(KEPT)[0].key)


def have_it_in_another_source(sides: Sides) -> None:
    """A copy that was there before us is read when another source has the same."""
    older = sides.further()
    older.mailbox.deliver(mail(1), received=when(1))
    sides.run(older)


@pytest.mark.parametrize("what", [read_it, move_it, have_it_in_another_source])
def test_it_stays_deleted(sides: Sides, what: Callable[[Sides], None]) -> None:
    sides.source.create(KEPT)
    sides.source.deliver(mail(1), KEPT, received=when(1))
    sides.target.create(KEPT)
    sides.target.deliver(mail(1), KEPT, received=when(1))
    assert sides.run().adopted == 1
    sides.target.delete_folder(KEPT)
    what(sides)
    result = sides.run()
    assert not result.errors
    assert [state.path for state in sides.target.folders()] == [INBOX]
