"""What is counted as it happens is what a recount would find, whatever is written, and whenever it is cut off."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Connection, create_engine, delete, event, text, update

from connectors.contract import Entry, Folder, Reason
from migrate.ledger import copies, counts, folders, mailboxes, messages
from migrate.ledger.schema import Direction, Outcome, message
from migrate.ledger.store import Ledger
from tests.unit.ledger.recount import assert_tallies_hold
from tests.unit.ledger.versions import upgrade

FORTH = Direction.FORTH
NOW = 1_800_000_000.0


@dataclass
class Box:
    """A mailbox with one folder and six messages, numbered from 1: one left out, the others pending."""

    ledger: Ledger
    id: int
    folder: int
    target: int

    def tally(self) -> counts.Tally:
        with self.ledger.read() as connection:
            assert_tallies_hold(connection)
            return counts.tally(connection, [self.id], FORTH)[self.id]


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Box]:
    ledger = Ledger(tmp_path / "ledger.sqlite")
    with ledger.write() as connection:
        made = _filled(ledger, connection)
    yield made
    ledger.close()


def _filled(ledger: Ledger, connection: Connection) -> Box:
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


def test_what_is_seen_is_counted(box: Box) -> None:
    found = box.tally()
    assert found.outcomes == Counter({Outcome.PENDING: 5, Outcome.LEFT_OUT: 1})
    assert found.reasons == Counter({Reason.RULE_DATE: 1})
    assert found.seen == 6


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


@pytest.mark.parametrize("change", CHANGES)
def test_whatever_changes_is_counted(box: Box, change: Callable[[Box, Connection], object]) -> None:
    with box.ledger.write() as connection:
        change(box, connection)
    box.tally()


def test_a_message_that_left_and_came_back(box: Box) -> None:
    with box.ledger.write() as connection:
        _store(box, connection, 1, 2)
        messages.mark_gone(connection, [1, 2], NOW)
    assert box.tally().gone == 2
    with box.ledger.write() as connection:
        messages.see(connection, [(1, frozenset())])
    assert box.tally().gone == 1


def test_a_limit_that_grows_opens_what_it_refused(box: Box) -> None:
    with box.ledger.write() as connection:
        messages.apply_limit(connection, box.id, FORTH, 250, NOW)
    assert box.tally().reasons[Reason.TOO_LARGE] == 3
    with box.ledger.write() as connection:
        messages.apply_limit(connection, box.id, FORTH, 450, NOW)
        messages.open_again(connection, box.id, FORTH, Reason.TOO_LARGE, NOW)
    assert box.tally().outcomes[Outcome.PENDING] == 5


def test_a_message_seen_under_a_new_key_is_counted_once(box: Box) -> None:
    with box.ledger.write() as connection:
        _store(box, connection, 1)
        messages.mark_gone(connection, [1], NOW)
        copies.hand_over(connection, 1, 2, box.target, "k1", NOW)
    found = box.tally()
    assert found.outcomes == Counter({Outcome.STORED: 1, Outcome.PENDING: 3, Outcome.LEFT_OUT: 1})
    assert found.gone == 0


def test_what_is_undone_is_not_counted(box: Box) -> None:
    before = box.tally()

    def fail() -> None:
        with box.ledger.write() as connection:
            _store(box, connection, 1, 2)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert box.tally() == before


def test_counting_does_not_look_at_messages(box: Box) -> None:
    statements: list[str] = []
    event.listen(box.ledger._engine, "before_cursor_execute", lambda *seen: statements.append(seen[2]))
    with box.ledger.read() as connection:
        counts.tally(connection, [box.id], FORTH)
    assert [statement for statement in statements if "message" in statement.replace("messages", "")] == []
    assert statements


_KILLED = """
import os, sys
from pathlib import Path
from migrate.ledger.store import Ledger
from migrate.ledger import messages
from migrate.ledger.schema import Outcome
ledger = Ledger(Path(sys.argv[1]))
with ledger.write() as connection:
    messages.decide(connection, [(1, Outcome.STORED, None)], 1.0)
with ledger.write() as connection:
    messages.decide(connection, [(2, Outcome.STORED, None)], 1.0)
    os.kill(os.getpid(), 9)
"""


def test_a_kill_leaves_messages_and_tallies_at_one_moment(box: Box) -> None:
    killed = subprocess.run([sys.executable, "-c", _KILLED, str(box.ledger.path)], check=False, cwd=Path.cwd())
    assert killed.returncode == -signal.SIGKILL
    assert box.tally().outcomes[Outcome.STORED] == 1


def test_a_ledger_of_the_first_version_is_counted_when_it_is_opened(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    _make_first_version(path)
    ledger = Ledger(path)
    with ledger.read() as connection:
        assert_tallies_hold(connection)
        (found,) = counts.tally(connection, [1], FORTH).values()
        (back,) = counts.tally(connection, [1], Direction.BACK).values()
    with ledger.write() as connection:
        messages.decide(connection, [(1, Outcome.REFUSED, Reason.TOO_LARGE)], NOW)
        assert_tallies_hold(connection)
    ledger.close()
    assert found.outcomes == Counter({Outcome.STORED: 2, Outcome.REFUSED: 1, Outcome.PENDING: 1})
    assert found.reasons == Counter({"gone": 1})
    assert found.gone == 1
    assert back.outcomes == Counter({Outcome.STORED: 1})


def _make_first_version(path: Path) -> None:
    """A ledger as version 0001 made it, with six messages of which one has a successor and one travels back."""
    engine = create_engine(f"sqlite:///{path}")
    with engine.begin() as connection:
        upgrade(connection, "0001")
        connection.execute(
            text("INSERT INTO mailbox (id, name, site, state, lock_token) VALUES (1, 'anna', 'paris', 'copied', 0)")
        )
        connection.execute(
            text(
                "INSERT INTO folder (id, mailbox_id, direction, source, path, epoch)"
                " VALUES (1, 1, 'forth', 'old', '[\"INBOX\"]', '1')"
            )
        )
        rows = [
            ("forth", "stored", None, None, None),
            ("forth", "stored", None, 1.0, None),
            ("forth", "stored", None, 1.0, 4),
            ("forth", "pending", None, None, None),
            ("forth", "refused", "gone", 1.0, None),
            ("back", "stored", None, None, None),
        ]
        for key, (direction, outcome, reason, gone_at, successor) in enumerate(rows):
            connection.execute(
                text(
                    "INSERT INTO message (mailbox_id, direction, folder_id, epoch, key, flags_seen, flags_synced,"
                    " flags_ours, flags_theirs, outcome, reason, gone_at, successor)"
                    " VALUES (1, :direction, 1, '1', :key, '', '', '', '', :outcome, :reason, :gone_at, :successor)"
                ),
                {
                    "direction": direction,
                    "key": str(key),
                    "outcome": outcome,
                    "reason": reason,
                    "gone_at": gone_at,
                    "successor": successor,
                },
            )
    engine.dispose()
