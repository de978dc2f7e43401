"""The way back where mail moves meanwhile, and where two servers number alike."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pytest

from connectors.contract import Reason
from connectors.memory.faults import Moment
from migrate.copy.halt import Halt
from migrate.copy.run import run_pass
from migrate.ledger import mailboxes
from tests.unit.passes.test_way_back import INBOX, PROJECTS, back, forth, jobs
from tests.unit.passes.world import Sides, mail, new_sides, when


@pytest.fixture
def sides() -> Iterator[Sides]:
    one = new_sides()
    yield one
    one.close()


def test_a_copy_whose_original_moved_stands_for_no_other_message(sides: Sides) -> None:
    """The same message by a list: one Message-ID, another body."""
    sides.source.create(PROJECTS)
    key = sides.source.deliver(mail(1), received=when(1))
    forth(sides)
    back(sides)
    with sides.ledger.write() as connection:
        mailboxes.go_live(connection, [1], sides.clock().timestamp())
    sides.source.move(INBOX, PROJECTS, key)
    forth(sides)
    sides.target.deliver(mail(1, "with the footer of a list"), received=when(20))
    assert back(sides).copied == 1
    assert back(sides).copied == 0
    assert sum(sides.on_source().values()) == 2


def test_a_copy_of_ours_that_moves_while_it_is_listed_stays_ours(sides: Sides) -> None:
    sides.source.create(PROJECTS)
    sides.source.deliver(mail(1), received=when(1))
    sides.source.deliver(mail(2), PROJECTS, received=when(2))
    forth(sides)
    (copy,) = sides.target.messages(INBOX)

    def into_the_next(moment: Moment) -> None:
        if moment.folder == PROJECTS:
            sides.target.move(INBOX, PROJECTS, copy.key)

    # The inbox was listed before.
    sides.worlds[1].faults.at("entries", into_the_next, skip=1)
    result = back(sides)
    assert result.copied == 0
    assert sides.on_source() == Counter([(INBOX, mail(1)), (PROJECTS, mail(2))])
    assert back(sides).copied == 0


def test_a_message_of_a_further_source_with_the_same_number_is_copied(sides: Sides) -> None:
    sides.target.deliver(mail(1), received=when(1))
    assert back(sides).copied == 1
    older = sides.further()
    older.mailbox.deliver(mail(2), received=when(2))
    (theirs,), (ours,) = older.mailbox.messages(INBOX), sides.source.messages(INBOX)
    assert theirs.key == ours.key
    result = run_pass([jobs(sides)[0], older.job()], sides.ledger, Halt())
    assert (result.copied, result.tally.reasons[Reason.CAME_FROM_THERE]) == (1, 1)


def test_a_moved_copy_is_known_by_its_content_before_another_is_by_its_header(sides: Sides) -> None:
    """A message that came by a list lies in the folder that is looked into first."""
    sides.source.deliver(mail(1), received=when(1))
    forth(sides)
    (copy,) = sides.target.messages(INBOX)
    sides.target.create(PROJECTS)
    sides.target.move(INBOX, PROJECTS, copy.key)
    by_list = mail(1, "with the footer of a list")
    sides.target.deliver(by_list, received=when(20))
    assert back(sides).copied == 1
    assert sides.on_source() == Counter([(INBOX, mail(1)), (INBOX, by_list)])
