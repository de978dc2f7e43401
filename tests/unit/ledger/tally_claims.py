"""What holds of the tallies on every database that a ledger can be in."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

import pytest
from sqlalchemy import Connection, delete, update

from connectors.contract import Entry, Folder, Reason
from migrate.ledger import copies, counts, folders, mailboxes, messages
from migrate.ledger.schema import Direction, Outcome, message
from tests.unit.ledger.recount import assert_tallies_hold

FORTH = Direction.FORTH
NOW = 1_800_000_000.0


class Ledgers(Protocol):
    """What a ledger's transactions begin with, whatever its database."""

    def read(self) -> AbstractContextManager[Connection]: ...
    def write(self) -> AbstractContextManager[Connection]: ...


@dataclass
class Box:
    """A mailbox with one folder and six messages, numbered from 1: one left out, the others pending."""

    ledger: Ledgers
    id: int
    folder: int
    target: int

    def tally(self) -> counts.Tally:
        with self.ledger.read() as connection:
            assert_tallies_hold(connection)
            return counts.tally(connection, [self.id], FORTH)[self.id]


def filled(ledger: Ledgers, connection: Connection) -> Box:
    """A box in an empty ledger."""
    mailbox = mailboxes.get_or_create(connection, "anna@example.org", "paris")
    inbox = Folder(("INBOX",), None, "1", None)
    source = folders.create(connection, mailbox.id, FORTH, "old", inbox)
    target = folders.target(connection, mailbox.id, FORTH, inbox)
    entries = [
        (Entry(str(key), 100 * key, datetime(2020, 1, key, tzinfo=UTC), frozenset(), frozenset(), None), reason)
        for key, reason in enumerate([None, None, None, None, None, Reason.RULE_DATE], start=1)
    ]
    messages.add(connection, mailbox.id, FORTH, source.id, "1", entries, NOW)
    return Box(ledger, mailbox.id, source.id, target.id)


def _store(box: Box, connection: Connection, *rows: int) -> None:
    copies.record_stored(
        connection, [copies.stored(row, box.target, f"k{row}", NOW, synced="", ours="") for row in rows]
    )


#: Every way of the ledger's to change what a message counts as.
CHANGES: list[Callable[[Box, Connection], object]] = [
    lambda box, connection: _store(box, connection, 1, 2),
    lambda box, connection: messages.decide(connection, [(1, Outcome.REFUSED, Reason.TOO_LARGE)], NOW),
    lambda box, connection: messages.decide(connection, [(6, Outcome.PENDING, None)], NOW),
    lambda box, connection: messages.mark_gone(connection, [1, 6], NOW),
    lambda box, connection: messages.apply_limit(connection, box.id, FORTH, 250, NOW),
    lambda box, connection: messages.see(connection, [(1, frozenset({"\\Seen"}))]),
    lambda box, connection: connection.execute(delete(message).where(message.c.id == 3)),
    lambda box, connection: connection.execute(update(message).values(direction=Direction.BACK)),
]


class TallyClaims:
    """The suite; a subclass brings the fixture ``box``."""

    def test_what_is_seen_is_counted(self, box: Box) -> None:
        found = box.tally()
        assert found.outcomes == Counter({Outcome.PENDING: 5, Outcome.LEFT_OUT: 1})
        assert found.reasons == Counter({Reason.RULE_DATE: 1})
        assert found.seen == 6

    @pytest.mark.parametrize("change", CHANGES)
    def test_whatever_changes_is_counted(self, box: Box, change: Callable[[Box, Connection], object]) -> None:
        with box.ledger.write() as connection:
            change(box, connection)
        box.tally()

    def test_a_message_that_left_and_came_back(self, box: Box) -> None:
        with box.ledger.write() as connection:
            _store(box, connection, 1, 2)
            messages.mark_gone(connection, [1, 2], NOW)
        assert box.tally().gone == 2
        with box.ledger.write() as connection:
            messages.see(connection, [(1, frozenset())])
        assert box.tally().gone == 1

    def test_a_limit_that_grows_opens_what_it_refused(self, box: Box) -> None:
        with box.ledger.write() as connection:
            messages.apply_limit(connection, box.id, FORTH, 250, NOW)
        assert box.tally().reasons[Reason.TOO_LARGE] == 3
        with box.ledger.write() as connection:
            messages.apply_limit(connection, box.id, FORTH, 450, NOW)
            messages.open_again(connection, box.id, FORTH, Reason.TOO_LARGE, NOW)
        assert box.tally().outcomes[Outcome.PENDING] == 5

    def test_a_message_seen_under_a_new_key_is_counted_once(self, box: Box) -> None:
        with box.ledger.write() as connection:
            _store(box, connection, 1)
            messages.mark_gone(connection, [1], NOW)
            copies.hand_over(connection, 1, 2, box.target, "k1", NOW)
        found = box.tally()
        assert found.outcomes == Counter({Outcome.STORED: 1, Outcome.PENDING: 3, Outcome.LEFT_OUT: 1})
        assert found.gone == 0

    def test_what_is_undone_is_not_counted(self, box: Box) -> None:
        before = box.tally()

        def fail() -> None:
            with box.ledger.write() as connection:
                _store(box, connection, 1, 2)
                raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            fail()
        assert box.tally() == before

    @pytest.mark.parametrize("seed", range(5))
    def test_changes_in_any_order_are_counted(self, box: Box, seed: int) -> None:
        chosen = random.Random(seed)
        for _step in range(30):
            with box.ledger.write() as connection:
                chosen.choice(CHANGES)(box, connection)
            box.tally()
