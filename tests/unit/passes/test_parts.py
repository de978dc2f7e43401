"""The parts of a pass that need no mail: comparing, cutting batches, channels, holds."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from threading import Thread

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.body import SPOOL_OVER
from connectors.contract import Entry, Reason
from migrate.copy.batches import BATCH_BYTES, cut, listed_size
from migrate.copy.channel import Channel, Closed
from migrate.copy.compare import compare
from migrate.copy.halt import Halt
from migrate.copy.hold import HoldLost, MailboxBusy, hold
from migrate.ledger import mailboxes
from migrate.ledger.messages import Known, PendingRow
from migrate.ledger.schema import Outcome
from migrate.ledger.store import Ledger

NOW = datetime(2026, 1, 5, tzinfo=UTC)
SEEN = frozenset({"\\Seen"})


def entry(key: str, flags: frozenset[str] | None = SEEN) -> Entry:
    return Entry(key, 10, NOW, flags)


def known(outcome: Outcome, reason: Reason | None = None, *, gone: bool = False) -> dict[str, Known]:
    return {"1": Known(7, SEEN, outcome, reason, gone)}


def nothing_left_out(_entry: Entry) -> None:
    return None


def test_an_unknown_entry_is_new_and_a_repeated_one_is_one() -> None:
    changes = compare([entry("1"), entry("1")], {}, nothing_left_out)
    assert changes.new == [(entry("1"), None)]


def test_a_known_entry_with_the_same_flags_changes_nothing() -> None:
    changes = compare([entry("1")], known(Outcome.STORED), nothing_left_out)
    assert (changes.new, changes.seen, changes.decided, changes.named) == ([], [], [], [7])


def test_changed_flags_and_returned_messages_are_seen() -> None:
    assert compare([entry("1", frozenset())], known(Outcome.STORED), nothing_left_out).seen == [(7, frozenset())]
    assert compare([entry("1")], known(Outcome.STORED, gone=True), nothing_left_out).seen == [(7, SEEN)]


def test_a_source_that_tells_no_flags_changes_none() -> None:
    assert compare([entry("1", None)], known(Outcome.STORED), nothing_left_out).seen == []


@pytest.mark.parametrize(
    ("outcome", "reason", "rule", "decision"),
    [
        (Outcome.PENDING, None, Reason.RULE_DATE, (Outcome.LEFT_OUT, Reason.RULE_DATE)),
        (Outcome.LEFT_OUT, Reason.RULE_DATE, None, (Outcome.PENDING, None)),
        (Outcome.LEFT_OUT, Reason.RULE_DATE, Reason.RULE_SIZE, (Outcome.LEFT_OUT, Reason.RULE_SIZE)),
        (Outcome.LEFT_OUT, Reason.RULE_DATE, Reason.RULE_DATE, None),
        (Outcome.REFUSED, Reason.GONE, None, (Outcome.PENDING, None)),
        (Outcome.REFUSED, Reason.UNREADABLE, None, (Outcome.PENDING, None)),
        (Outcome.REFUSED, Reason.TOO_LARGE, None, None),
        (Outcome.UNCERTAIN, Reason.UNANSWERED, None, None),
        (Outcome.STORED, None, Reason.RULE_DATE, None),
    ],
)
def test_rules_and_days_change_what_was_decided(
    outcome: Outcome, reason: Reason | None, rule: Reason | None, decision: tuple[Outcome, Reason | None] | None
) -> None:
    changes = compare([entry("1")], known(outcome, reason), lambda _entry: rule)
    assert changes.decided == ([] if decision is None else [(7, *decision)])


sizes = st.lists(st.none() | st.integers(0, 2 * SPOOL_OVER), max_size=60)


@given(sizes, st.integers(1, 20))
def test_batches_hold_every_row_once_in_order_and_keep_their_bounds(given_sizes: list[int | None], most: int) -> None:
    rows = [PendingRow(number, str(number), size, None) for number, size in enumerate(given_sizes)]
    batches = list(cut(rows, most, listed_size))
    assert [row for batch in batches for row in batch] == rows
    for batch in batches:
        assert 1 <= len(batch) <= most
        assert len(batch) == 1 or sum(row.size or 0 for row in batch) <= BATCH_BYTES


def test_a_channel_hands_over_in_order_and_ends() -> None:
    channel: Channel[int] = Channel(2)
    giver = Thread(target=lambda: [channel.put(number) for number in range(50)] and channel.end())
    giver.start()
    assert [channel.get(10) for _ in range(50)] == list(range(50))
    giver.join(timeout=10)
    with pytest.raises(Closed):
        channel.get(10)


def test_cutting_a_channel_wakes_the_giver_and_returns_what_was_left() -> None:
    channel: Channel[int] = Channel(1)
    channel.put(1)
    outcome: list[type[Exception]] = []

    def give() -> None:
        try:
            channel.put(2)
        except Closed:
            outcome.append(Closed)

    giver = Thread(target=give)
    giver.start()
    assert channel.cut() == [1]
    giver.join(timeout=10)
    assert outcome == [Closed]


def test_an_abort_cuts_what_is_there_and_what_comes_later() -> None:
    halt, cuts = Halt(), list[str]()
    with halt.cutting(lambda: cuts.append("early")):
        halt.abort()
    with halt.cutting(lambda: cuts.append("late")):
        pass
    assert cuts == ["early", "late"]
    assert halt.stop.is_set()


def test_a_mailbox_is_held_by_one_process_at_a_time_and_freed_by_its_death(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger.sqlite")
    code = (
        "import sys, time; from pathlib import Path; from migrate.copy.hold import hold;"
        "from migrate.ledger.store import Ledger;"
        f"context = hold(Ledger(Path({str(tmp_path / 'ledger.sqlite')!r})), 'anna@example.org', 'paris', 0);"
        "context.__enter__(); print('held', flush=True); time.sleep(60)"
    )
    other = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert other.stdout is not None
    assert other.stdout.readline() == "held\n"
    with (
        pytest.raises(MailboxBusy, match="another copy works on this mailbox"),
        hold(ledger, "anna@example.org", "paris", 0),
    ):
        pass
    other.kill()
    other.wait()
    other.stdout.close()
    with hold(ledger, "anna@example.org", "paris", 0):
        pass
    ledger.close()


def test_a_hold_that_was_passed_over_lets_nothing_be_committed(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger.sqlite")
    with hold(ledger, "anna@example.org", "paris", 0) as held:
        held.check()
        with ledger.write() as connection:
            mailboxes.take(connection, held.mailbox.id, "another worker")
        with pytest.raises(HoldLost):
            held.check()
    ledger.close()
