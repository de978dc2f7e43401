"""A pass is killed after a message was stored and before it was known: what its person does until the next pass."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from connectors.memory import Moment
from tests.unit.passes.ledgers import open_ledger
from tests.unit.passes.test_exactly_once import Killed, MortalLedger
from tests.unit.passes.world import Sides, mail, new_sides, when

INBOX, KEPT = ("INBOX",), ("Kept",)


@pytest.fixture
def sides() -> Iterator[Sides]:
    """One message is on the target, and no ledger says so."""
    one = new_sides()
    one.target.create(KEPT)
    one.source.deliver(mail(1), received=when(1))
    one.ledger.close()
    mortal = open_ledger(one.folder / "ledger.sqlite", MortalLedger)
    one.ledger = mortal

    def kill(_moment: Moment) -> None:
        mortal.dead = True
        raise Killed

    one.worlds[1].faults.at("stored", kill)
    with pytest.raises(Killed):
        one.run()
    mortal.close()
    one.ledger = open_ledger(one.folder / "ledger.sqlite", MortalLedger)
    assert [message.data for message in one.target.messages(INBOX)] == [mail(1)]
    yield one
    one.close()


def test_where_it_was_put_it_is_found(sides: Sides) -> None:
    assert sides.run().complete
    assert sides.on_target() == sides.on_source()


def test_a_copy_that_was_moved_away_is_not_known_again_and_another_comes(sides: Sides) -> None:
    sides.target.move(INBOX, KEPT, sides.target.messages(INBOX)[0].key)
    assert sides.run().complete
    assert [len(sides.target.messages(path)) for path in (INBOX, KEPT)] == [1, 1]
    assert sides.run().copied == 0


def test_a_copy_that_was_deleted_comes_again(sides: Sides) -> None:
    sides.target.delete(INBOX, sides.target.messages(INBOX)[0].key)
    assert sides.run().complete
    assert sides.on_target() == sides.on_source()
