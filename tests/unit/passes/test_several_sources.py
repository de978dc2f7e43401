"""One mailbox from several sources: what they share is copied once; what only looks alike is not left behind."""

from __future__ import annotations

import os
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from connectors.contract import AuthFailed, Reason
from connectors.memory import Cut
from migrate.ledger import counts, identity
from migrate.ledger.schema import Direction, Outcome, content, message
from tests.unit.passes.world import FurtherSide, Sides, mail, new_sides, when

WORK = ("Work",)


@pytest.fixture
def older(sides: Sides) -> FurtherSide:
    return sides.further()


def relayed(data: bytes, hop: str) -> bytes:
    """The same message as another server keeps it."""
    return f"Received: from {hop} by mx.{hop}; Mon, 05 Jan 2026 08:00:09 +0000\r\n".encode() + data


def on_target(sides: Sides) -> Counter[bytes]:
    """What is there, by what makes the message."""
    found: Counter[bytes] = Counter()
    for (_folder, data), number in sides.on_target().items():
        found[data.split(b"From: b@", 1)[1]] += number
    return found


def expected(*numbers: int) -> Counter[bytes]:
    return Counter(mail(number).split(b"From: b@", 1)[1] for number in numbers)


def reasons(sides: Sides) -> Counter[str]:
    with sides.ledger.read() as connection:
        return counts.tally(connection, [1], Direction.FORTH)[1].reasons


def test_what_two_sources_share_is_copied_once(sides: Sides, older: FurtherSide) -> None:
    for number in range(4):
        sides.source.deliver(relayed(mail(number), "new.example"), received=when(number))
    older.mailbox.create(WORK)
    for number in (2, 3, 4, 5):
        older.mailbox.deliver(relayed(mail(number), "old.example"), WORK, received=when(number + 100))
    result = sides.run(older)
    assert result.complete
    assert on_target(sides) == expected(0, 1, 2, 3, 4, 5)
    assert (result.copied, result.tally.seen) == (6, 8)
    assert result.tally.outcomes[Outcome.ALREADY_THERE] == 2
    assert result.tally.reasons[Reason.IN_ANOTHER_SOURCE] == 2
    again = sides.run(older)
    assert (again.copied, again.adopted, again.complete) == (0, 0, True)
    assert on_target(sides) == expected(0, 1, 2, 3, 4, 5)


def test_the_inboxes_of_two_sources_become_one(sides: Sides, older: FurtherSide) -> None:
    sides.source.deliver(mail(1), received=when(1))
    older.mailbox.deliver(mail(2), received=when(2))
    sides.run(older)
    assert {path for path, _data in sides.on_target()} == {("INBOX",)}


def test_pairs_are_one_to_one_and_never_within_one_source(sides: Sides, older: FurtherSide) -> None:
    for _ in range(2):
        sides.source.deliver(mail(1), received=when(1))
    for _ in range(3):
        older.mailbox.deliver(mail(1), received=when(1))
    result = sides.run(older)
    assert on_target(sides) == expected(1, 1, 1)
    assert result.tally.reasons[Reason.IN_ANOTHER_SOURCE] == 2
    youngest = sides.further("youngest")
    for _ in range(4):
        youngest.mailbox.deliver(mail(1), received=when(1))
    sides.run(older, youngest)
    assert on_target(sides) == expected(1, 1, 1, 1)


def test_another_body_is_another_message(sides: Sides, older: FurtherSide) -> None:
    sides.source.deliver(mail(1, "first"), received=when(1))
    older.mailbox.deliver(mail(1, "second"), received=when(1))
    assert sides.run(older).copied == 2


def test_mail_that_comes_to_both_sources_later_is_copied_once(sides: Sides, older: FurtherSide) -> None:
    sides.source.deliver(mail(1), received=when(1))
    older.mailbox.deliver(mail(2), received=when(2))
    sides.run(older)
    # Copied from the further source first: the site's own one has it later.
    older.mailbox.deliver(mail(3), received=when(3))
    sides.run(older)
    sides.source.deliver(relayed(mail(3), "late.example"), received=when(9))
    result = sides.run(older)
    assert (result.copied, result.complete) == (0, True)
    assert on_target(sides) == expected(1, 2, 3)


def test_a_copy_stands_for_its_twin_wherever_it_is_moved(sides: Sides, older: FurtherSide) -> None:
    sides.source.create(WORK)
    key = sides.source.deliver(mail(1), received=when(1))
    older.mailbox.deliver(mail(1), received=when(1))
    sides.run(older)
    sides.source.move(("INBOX",), WORK, key)
    moved = sides.run(older)
    assert (moved.moved, moved.copied) == (1, 0)
    assert sides.on_target() == sides.on_source()
    with sides.ledger.read() as connection:
        twin = connection.execute(select(message.c.same_as).where(message.c.same_as.is_not(None))).scalar_one()
        owner = connection.execute(select(message.c.target_key, message.c.successor).where(message.c.id == twin)).one()
    assert owner.target_key is not None
    assert owner.successor is None


def test_a_twin_that_moves_in_its_own_source_stays_a_twin(sides: Sides, older: FurtherSide) -> None:
    sides.source.deliver(mail(1), received=when(1))
    older.mailbox.create(WORK)
    key = older.mailbox.deliver(mail(1), received=when(1))
    sides.run(older)
    older.mailbox.move(("INBOX",), WORK, key)
    result = sides.run(older)
    assert (result.copied, result.moved) == (0, 0)
    assert result.tally.reasons[Reason.IN_ANOTHER_SOURCE] == 1
    assert on_target(sides) == expected(1)


def test_what_left_one_source_and_is_in_the_other_is_not_taken_for_moved(sides: Sides, older: FurtherSide) -> None:
    key = sides.source.deliver(mail(1), received=when(1))
    sides.run(older)
    sides.source.delete(("INBOX",), key)
    older.mailbox.create(WORK)
    older.mailbox.deliver(mail(1), WORK, received=when(1))
    result = sides.run(older)
    assert (result.copied, result.moved) == (0, 0)
    assert sides.on_target() == Counter({(("INBOX",), mail(1)): 1})


def test_after_the_ledger_was_lost_nothing_is_sent_again(sides: Sides, older: FurtherSide) -> None:
    for number in range(3):
        sides.source.deliver(relayed(mail(number), "new.example"), received=when(number))
    for number in (1, 2, 3):
        older.mailbox.deliver(relayed(mail(number), "old.example"), received=when(number + 50))
    sides.run(older)
    before = sides.on_target()
    sides.lose_ledger()
    sides.adopt(older)
    result = sides.run(older)
    assert (result.copied, result.complete) == (0, True)
    assert sides.on_target() == before
    assert result.tally.reasons[Reason.IN_ANOTHER_SOURCE] == 2
    assert result.tally.reasons[Reason.ADOPTED] == 4


def test_a_message_in_flight_from_one_source_is_not_sent_from_the_other(sides: Sides, older: FurtherSide) -> None:
    sides.source.deliver(mail(1), received=when(1))
    older.mailbox.deliver(mail(1), received=when(1))
    # It is stored, and the answer never comes.
    sides.worlds[1].faults.at("stored", Cut())
    result = sides.run(older)
    assert on_target(sides) == expected(1)
    assert result.tally.reasons[Reason.IN_ANOTHER_SOURCE] == 1
    assert result.complete


EXAMPLES = os.environ.get("BASCULE_EXAMPLES")
_STEPS = st.one_of(
    st.tuples(st.just("own"), st.integers(1, 3)),
    st.tuples(st.just("further"), st.integers(1, 3)),
    st.tuples(st.just("pass"), st.integers(0, 6)),
    st.tuples(st.just("lose the ledger"), st.just(0)),
)


@given(steps=st.lists(_STEPS, max_size=12), pairs=st.integers(1, 3))
@settings(max_examples=int(EXAMPLES or 30), deadline=None, derandomize=EXAMPLES is None)
def test_each_message_arrives_as_often_as_the_source_that_has_most_of_it(
    steps: list[tuple[str, int]], pairs: int
) -> None:
    sides = new_sides(pairs=pairs)
    older = sides.further()
    delivered: dict[str, Counter[int]] = {"own": Counter(), "further": Counter()}
    for step, number in steps:
        if step == "pass":
            if number:
                sides.worlds[1].faults.at(("commit", "stored", "sent", "message")[number % 4], Cut(), skip=number // 2)
            sides.run(older)
            sides.worlds[1].faults.clear()
        elif step == "lose the ledger":
            # What was in flight is settled first: without a ledger nobody could.
            sides.run(older)
            sides.lose_ledger()
        else:
            delivered[step][number] += 1
            hop = f"{step}{sum(delivered[step].values())}.example"
            mailbox = sides.source if step == "own" else older.mailbox
            mailbox.deliver(relayed(mail(number), hop), received=when(number))
    for _ in range(2):
        last = sides.run(older)
    try:
        assert last.complete
        assert on_target(sides) == expected(*(delivered["own"] | delivered["further"]).elements())
        assert last.tally.seen == sum(delivered["own"].values()) + sum(delivered["further"].values())
    finally:
        sides.close()


def test_a_source_that_cannot_be_read_keeps_nobody_from_the_others(sides: Sides, older: FurtherSide) -> None:
    sides.source.deliver(mail(1), received=when(1))
    older.mailbox.deliver(mail(2), received=when(2))
    sides.worlds[0].faults.at("folders", AuthFailed("no"), times=None)
    result = sides.run(older)
    assert not result.complete
    assert [type(error) for error in result.errors] == [AuthFailed]
    assert on_target(sides) == expected(2)


def test_what_a_copy_stands_for_can_be_copied_for_itself(sides: Sides, older: FurtherSide) -> None:
    sides.source.deliver(mail(1), received=when(1))
    older.mailbox.deliver(mail(1), received=when(1))
    sides.run(older)
    with sides.ledger.write() as connection:
        assert identity.separate(connection, 1, Direction.FORTH) == 1
    result = sides.run(older)
    assert (result.copied, result.complete) == (1, True)
    assert on_target(sides) == expected(1, 1)
    assert sides.run(older).copied == 0
    assert not reasons(sides)[Reason.IN_ANOTHER_SOURCE]


def test_one_source_alone_pays_nothing_for_this(sides: Sides) -> None:
    for number in range(5):
        sides.source.deliver(mail(number), received=when(number))
    sides.run()
    sides.run()
    with sides.ledger.read() as connection:
        assert connection.execute(select(content)).all() == []


def test_no_source_is_touched(sides: Sides, older: FurtherSide) -> None:
    sides.source.deliver(mail(1), received=when(1))
    older.mailbox.deliver(mail(1), received=when(1))
    sides.run(older)
    assert older.world.touched_by_sessions("anna@example.org") == []
    assert sides.worlds[0].touched_by_sessions("anna@example.org") == []
