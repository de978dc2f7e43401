"""What dual delivery brought is never brought again, whatever its person did with it; what never arrived is brought."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule
from sqlalchemy import select

from connectors.contract import Reason
from connectors.memory import MemorySettings
from connectors.memory.faults import Moment, Point
from connectors.memory.store import Stored
from migrate.copy.actions import Copy, Recognise
from migrate.copy.halt import Halt
from migrate.copy.plan import plan_pass
from migrate.ledger import deliveries, mailboxes, not_copied
from migrate.ledger.schema import Direction, Outcome, delivery_event, message
from tests.unit.passes.test_exactly_once import EXAMPLES, Company, Path_, is_ours, token
from tests.unit.passes.world import ACCOUNT, Sides, mail, new_sides, when

INBOX, TRASH, KEPT = ("INBOX",), ("Trash",), ("Kept",)
DAY = timedelta(days=1)


def switch(sides: Sides, what: deliveries.What, at: datetime) -> None:
    with sides.ledger.write() as connection:
        box = mailboxes.get_or_create(connection, ACCOUNT.user, "paris").id
        deliveries.switch(connection, box, what, at.timestamp(), at.timestamp(), "karim")


def evidence(sides: Sides) -> list[str]:
    """How each message was known that dual delivery had brought."""
    with sides.ledger.read() as connection:
        brought = select(message.c.evidence).where(message.c.reason == Reason.DUAL_DELIVERED)
        return list(connection.execute(brought).scalars())


def relayed(data: bytes) -> bytes:
    """The same message as it arrives by the other road."""
    return b"Received: from old.example by mx.new.example; Mon, 05 Jan 2026 08:00:09 +0000\r\n" + data


def on_target(sides: Sides) -> Counter[tuple[Path_, bytes]]:
    """What is there, without what was added on the way."""
    found: Counter[tuple[Path_, bytes]] = Counter()
    for (path, data), number in sides.on_target().items():
        found[path, data[data.index(b"From: ") :]] += number
    return found


def at(path: Path_, *numbers: int) -> Counter[tuple[Path_, bytes]]:
    return Counter((path, mail(number)) for number in numbers)


def both(sides: Sides, number: int) -> str:
    """A message that is delivered on both sides; its key on the target."""
    now = sides.clock()
    sides.source.deliver(mail(number), received=now)
    return sides.target.deliver(relayed(mail(number)), received=later(sides))


def later(sides: Sides) -> datetime:
    """When the other copy comes: by its own road, and seldom in the same second."""
    return sides.clock() + timedelta(seconds=2)


def test_three_days_of_dual_delivery_double_nothing_and_lose_nothing(sides: Sides) -> None:
    sides.target.create(TRASH)
    sides.target.create(KEPT)
    sides.source.deliver(mail(1), received=sides.clock() - 30 * DAY)
    assert sides.run().copied == 1
    switch(sides, "on", sides.clock())
    number, written = 10, 0
    for _day in range(3):
        read, moved, trashed, deleted = (both(sides, number + n) for n in range(4))
        # The copy of this one failed in silence.
        sides.source.deliver(mail(number + 4), received=sides.clock())
        sides.clock.advance(DAY / timedelta(seconds=1) / 2)
        sides.target.set_flags(INBOX, read, {"\\Seen"})
        sides.target.move(INBOX, KEPT, moved)
        sides.target.move(INBOX, TRASH, trashed)
        result = sides.run()
        assert (result.copied, result.delivered, result.complete) == (1, 4, True)
        written += result.copied
        # Emptied after the pass has seen it.
        sides.target.delete(INBOX, deleted)
        for thrown in sides.target.messages(TRASH):
            sides.target.delete(TRASH, thrown.key)
        again = sides.run()
        assert (again.copied, again.delivered) == (0, 0)
        sides.clock.advance(DAY / timedelta(seconds=1) / 2)
        number += 10
    assert written == 3
    assert on_target(sides) == at(INBOX, 1, 10, 14, 20, 24, 30, 34) + at(KEPT, 11, 21, 31)
    result = sides.run()
    assert result.tally.reasons[Reason.DUAL_DELIVERED] == 12
    assert result.tally.seen == 16 == sum(result.tally.outcomes.values())
    assert not sides.worlds[0].touched_by_sessions(ACCOUNT.user)


def test_what_was_deleted_for_good_before_any_pass_saw_it_is_brought(sides: Sides) -> None:
    """Nobody can know that it had arrived: better once more than never."""
    switch(sides, "on", sides.clock())
    sides.target.delete(INBOX, both(sides, 1))
    sides.clock.advance(3600)
    assert sides.run().copied == 1


def test_of_two_equal_messages_two_must_have_arrived(sides: Sides) -> None:
    switch(sides, "on", sides.clock())
    both(sides, 1)
    sides.source.deliver(mail(1), received=sides.clock())
    sides.clock.advance(3600)
    result = sides.run()
    assert (result.copied, result.delivered) == (1, 1)
    assert on_target(sides) == at(INBOX, 1, 1)


def test_a_message_that_just_came_waits_for_its_other_copy(sides: Sides) -> None:
    switch(sides, "on", sides.clock())
    sides.clock.advance(3600)
    sides.source.deliver(mail(1), received=sides.clock())
    sides.source.deliver(mail(2), received=sides.clock())
    early = sides.run()
    assert (early.copied, early.awaited, early.complete) == (0, 2, False)
    sides.target.deliver(relayed(mail(1)), received=sides.clock())
    sides.clock.advance(3600)
    late = sides.run()
    assert (late.copied, late.delivered, late.awaited, late.complete) == (1, 1, 0, True)
    assert on_target(sides) == at(INBOX, 1, 2)


def test_after_it_was_switched_off_nothing_waits_and_nothing_new_is_expected(sides: Sides) -> None:
    switch(sides, "on", sides.clock())
    both(sides, 1)
    sides.clock.advance(DAY.total_seconds())
    switch(sides, "off", sides.clock())
    sides.clock.advance(DAY.total_seconds())
    sides.source.deliver(mail(2), received=sides.clock())
    result = sides.run()
    assert (result.copied, result.delivered, result.complete) == (1, 1, True)


def test_before_it_was_on_alike_is_no_reason_to_leave_a_message(sides: Sides) -> None:
    switch(sides, "on", sides.clock())
    sides.source.deliver(mail(1), received=sides.clock() - 2 * DAY)
    sides.target.deliver(relayed(mail(1)), received=sides.clock())
    sides.clock.advance(3600)
    result = sides.run()
    assert (result.copied, result.delivered) == (1, 0)


def reencoded(number: int, text: str, *, attached: bytes = b"JVBERg==") -> bytes:
    return (
        mail(number, "")[: -len(" \r\n")].rstrip()
        + b"\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
        + f"--b\r\nContent-Type: text/plain\r\n\r\n{text}\r\n".encode()
        + b"--b\r\nContent-Type: application/pdf; name=a.pdf\r\nContent-Transfer-Encoding: base64\r\n\r\n"
        + attached
        + b"\r\n--b--\r\n"
    )


def test_a_body_that_was_written_anew_on_the_way_is_known_by_what_is_attached(sides: Sides) -> None:
    switch(sides, "on", sides.clock())
    sides.source.deliver(reencoded(1, "as it was sent"), received=sides.clock())
    sides.target.deliver(relayed(reencoded(1, "as it was sent\r\n-- \r\na footer")), received=later(sides))
    # Here another file is attached: it is not the same message.
    sides.source.deliver(reencoded(2, "text"), received=sides.clock())
    sides.target.deliver(relayed(reencoded(2, "text", attached=b"AAAA")), received=later(sides))
    sides.clock.advance(3600)
    result = sides.run()
    assert (result.copied, result.delivered) == (1, 1)
    assert evidence(sides) == ["likeness"]


def test_without_a_message_id_only_the_content_counts(sides: Sides) -> None:
    switch(sides, "on", sides.clock())
    for number, text in ((1, "hello"), (2, "hello with a footer")):
        sides.source.deliver(mail(number, message_id=False), received=sides.clock())
        sides.target.deliver(relayed(mail(number, text, message_id=False)), received=later(sides))
    sides.clock.advance(3600)
    result = sides.run()
    assert (result.copied, result.delivered) == (1, 1)


def test_a_message_id_that_exchange_replaced_is_followed(sides: Sides) -> None:
    switch(sides, "on", sides.clock())
    sides.source.deliver(mail(1), received=sides.clock())
    other = mail(1).replace(b"<1@example.org>", b"<new@exchange.example>")
    parent = b"X-MS-Exchange-Parent-Message-Id:\r\n <1@example.org>\r\n"
    sides.target.deliver(relayed(parent + other), received=sides.clock())
    sides.clock.advance(3600)
    result = sides.run()
    assert (result.copied, result.delivered) == (0, 1)
    assert evidence(sides) == ["parent"]


def test_a_copy_of_ours_that_its_person_moved_is_no_arrival(sides: Sides) -> None:
    switch(sides, "on", sides.clock())
    sides.target.create(KEPT)
    sides.source.deliver(mail(1), received=sides.clock())
    sides.clock.advance(3600)
    assert sides.run().copied == 1
    sides.target.move(INBOX, KEPT, sides.target.messages(INBOX)[0].key)
    # Its twin never arrived.
    sides.source.deliver(mail(1), received=sides.clock() - timedelta(seconds=900))
    assert sides.run().copied == 1
    assert on_target(sides) == at(KEPT, 1) + at(INBOX, 1)


def test_what_arrived_is_its_persons_and_is_never_moved(sides: Sides) -> None:
    switch(sides, "on", sides.clock())
    sides.source.create(KEPT)
    both(sides, 1)
    sides.clock.advance(3600)
    sides.run()
    sides.source.move(INBOX, KEPT, sides.source.messages(INBOX)[0].key)
    result = sides.run()
    assert (result.copied, result.moved, result.complete) == (0, 0, True)
    assert result.tally.reasons[Reason.DUAL_DELIVERED] == 1
    assert on_target(sides) == at(INBOX, 1)
    # It is still known when its person deletes it, and when the source gives it yet another place.
    sides.target.delete(INBOX, sides.target.messages(INBOX)[0].key)
    sides.source.move(KEPT, INBOX, sides.source.messages(KEPT)[0].key)
    assert sides.run().copied == 0


def test_what_arrived_in_the_very_second_is_not_taken_for_ours(sides: Sides) -> None:
    switch(sides, "on", sides.clock())
    sides.source.create(KEPT)
    sides.source.deliver(mail(1), received=sides.clock())
    sides.target.deliver(relayed(mail(1)), received=sides.clock())
    sides.clock.advance(3600)
    assert sides.run().delivered == 1
    sides.source.move(INBOX, KEPT, sides.source.messages(INBOX)[0].key)
    assert sides.run().moved == 0
    assert on_target(sides) == at(INBOX, 1)


def test_a_folder_that_is_renamed_while_it_is_looked_into_hides_nothing(sides: Sides) -> None:
    switch(sides, "on", sides.clock())
    sides.target.create(KEPT)
    sides.target.move(INBOX, KEPT, both(sides, 1))
    sides.clock.advance(3600)
    renamed = ("Renamed",)

    def rename(moment: Moment) -> None:
        if moment.folder == KEPT:
            sides.target.rename_folder(KEPT, renamed)

    for skip in range(3):
        sides.worlds[1].faults.at("window", rename, skip=skip)
    result = sides.run()
    assert (result.copied, result.delivered) == (0, 1)


@pytest.mark.parametrize(("live", "flags"), [(False, {"\\Seen"}), (True, set())])
def test_what_was_read_on_the_source_is_read_on_the_target_until_the_switch(
    sides: Sides, live: bool, flags: set[str]
) -> None:
    switch(sides, "on", sides.clock())
    both(sides, 1)
    sides.source.set_flags(INBOX, sides.source.messages(INBOX)[0].key, {"\\Seen"})
    sides.clock.advance(3600)
    if live:
        with sides.ledger.write() as connection:
            mailboxes.go_live(connection, [1], sides.clock().timestamp())
    sides.run()
    assert sides.target.messages(INBOX)[0].flags == flags


def test_a_source_that_comes_later_finds_what_arrived_taken_into_account(sides: Sides) -> None:
    switch(sides, "on", sides.clock())
    both(sides, 1)
    older = sides.further()
    older.mailbox.deliver(mail(1), received=sides.clock())
    older.mailbox.deliver(mail(2), received=sides.clock())
    sides.target.deliver(relayed(mail(2)), received=later(sides))
    sides.clock.advance(3600)
    result = sides.run(older)
    assert (result.copied, result.delivered) == (0, 2)
    assert result.tally.reasons[Reason.IN_ANOTHER_SOURCE] == 1


def test_each_is_listed_with_its_evidence_and_can_be_brought_all_the_same(sides: Sides) -> None:
    switch(sides, "on", sides.clock())
    both(sides, 1)
    sides.clock.advance(3600)
    sides.run()
    assert evidence(sides) == ["core"]
    with sides.ledger.write() as connection:
        listed = not_copied.page(connection, 1, Direction.FORTH, Outcome.ALREADY_THERE, 0, 9)
        assert [row.reason for row in listed] == [Reason.DUAL_DELIVERED]
        assert deliveries.bring_anyway(connection, 1, Direction.FORTH) == 1
    result = sides.run()
    assert (result.copied, result.delivered, result.complete) == (1, 0, True)
    assert sides.run().copied == 0


def test_a_dry_run_tells_what_was_brought(sides: Sides) -> None:
    switch(sides, "on", sides.clock())
    both(sides, 1)
    sides.source.deliver(mail(2), received=sides.clock())
    sides.clock.advance(3600)
    actions = plan_pass(sides.job(), sides.ledger, Halt())
    assert [one for one in actions if isinstance(one, Recognise)] == [Recognise(1)]
    assert [one.messages for one in actions if isinstance(one, Copy)] == [1]


def test_who_said_it_and_when_is_kept_and_the_earlier_time_counts(sides: Sides) -> None:
    for what, number in (("on", 5), ("on", 7), ("off", 9), ("on", 8)):
        switch(sides, what, when(number))  # type: ignore[arg-type]  # both are words of the ledger
    with sides.ledger.read() as connection:
        said = connection.execute(select(delivery_event.c.what, delivery_event.c.told_by).order_by(delivery_event.c.id))
        assert [tuple(one) for one in said] == [(what, "karim") for what in ("on", "on", "off", "on")]
        row = mailboxes.get(connection, ACCOUNT.user)
    assert row is not None
    assert (row.dual_delivery_since, row.dual_delivery_until) == (when(5).timestamp(), None)


def test_folders_that_have_not_changed_are_not_listed_again() -> None:
    sides = new_sides(target=MemorySettings(flag_tokens=True))
    try:
        switch(sides, "on", sides.clock())
        both(sides, 1)
        sides.clock.advance(3600)
        sides.run()
        windows: list[object] = []
        sides.worlds[1].faults.at("window", windows.append)
        sides.run()
        assert windows == []
    finally:
        sides.close()


class DualDelivered(Company):
    """The same company while its mail is delivered on both sides."""

    def __init__(self) -> None:
        super().__init__()
        #: Copies that arrived by themselves since the last pass that looked at all of them.
        self.unlooked: set[str] = set()

    # Another road's copy would be one that arrived: here the roads are known.
    pass_with_a_delivery = None  # type: ignore[assignment]  # the rule is taken out

    @rule(
        path=st.sampled_from([("INBOX",), ("Sent",)]),
        named=st.booleans(),
        twins=st.sampled_from([1, 1, 2]),
        arrived=st.integers(0, 2),
    )
    def arrive_on_both(self, path: Path_, named: bool, twins: int, arrived: int) -> None:
        """``arrived`` of the copies for the other side did not fail in silence."""
        switch(self.sides, "on", when(0))
        self.number += 1
        named = named or self.how["find_by"] == "message_id"
        data = mail(self.number, f"token-{self.number}-", message_id=named)
        self.sides.source.create(path)
        for road in range(twins):
            self.sides.source.deliver(data, path, received=when(self.number))
            self.delivered[str(self.number)] += 1
            if road < arrived:
                key = self.sides.target.deliver(relayed(data), received=when(self.number) + timedelta(seconds=3))
                message = self.sides.target.message(INBOX, key)
                assert message is not None
                self.unlooked.add(message.object_id)

    @precondition(lambda self: self.delivered)
    @rule(
        to=st.sampled_from([KEPT, INBOX]),
        point=st.sampled_from(["folders", "entries", "window", "read", "states"]),
        skip=st.integers(0, 6),
        seed=st.integers(0, 1000),
    )
    def pass_while_its_person_moves_mail(self, to: Path_, point: Point, skip: int, seed: int) -> None:
        """While the target is looked into."""

        def move(_moment: Moment) -> None:
            there = [(path, one) for path, one in self._target_messages() if is_ours(one) and path != to]
            if there:
                path, message = there[seed % len(there)]
                self.sides.target.move(path, to, message.key)
                self._taken_by_its_person(message)

        self.sides.target.create(to)
        self.sides.worlds[1].faults.at(point, move, skip=skip)
        self._check(self._run())

    def _changed_place(self, message: Stored) -> None:
        super()._changed_place(message)
        if message.object_id in self.unlooked and message.object_id not in {
            m.object_id for _, m in self._target_messages()
        }:
            # Gone before anybody could know that it had arrived.
            self.forgotten[token(message)] += 1

    def _check(self, result: object) -> None:
        super()._check(result)  # type: ignore[arg-type]  # a PassResult
        if not self.unsettled:
            self.unlooked.clear()

    def lose_the_ledger(self) -> None:
        """Not here: what arrived is known to the ledger alone."""


DualDelivered.TestCase.settings = settings(
    max_examples=int(EXAMPLES or 15),
    stateful_step_count=25,
    deadline=None,
    derandomize=EXAMPLES is None,
    print_blob=False,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
)
TestDualDelivered = DualDelivered.TestCase
