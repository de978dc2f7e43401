"""Rates and times left, as progress and status show them."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from rich.console import Console

from connectors.contract import Unavailable
from migrate.cli.pace import Pace
from migrate.cli.progress import RunProgress
from migrate.cli.watch import Look, Watch
from migrate.figures import moment_text, rate_text, size_text, time_text
from migrate.ledger.counts import Tally
from migrate.ledger.mailboxes import MailboxRow
from migrate.ledger.schema import MailboxState, Outcome


def test_a_rate_is_what_was_done_a_second() -> None:
    pace = Pace(0)
    pace.note(10, 100, 5_000)
    assert pace.rates(10) == (10, 500)
    assert pace.left(10, 50, 0) == 5


def test_the_slower_of_messages_and_bytes_says_what_is_left() -> None:
    pace = Pace(0)
    pace.note(10, 100, 5_000)
    assert pace.left(10, 10, 50_000) == 100


def test_an_old_rate_is_forgotten() -> None:
    pace = Pace(0)
    for second in range(1, 101):
        pace.note(second, min(second, 50) * 100)
    assert pace.rates(100) == (0, 0)
    assert pace.left(100, 1000) is None


def test_a_stop_slows_the_rate_down_at_once() -> None:
    pace = Pace(0)
    pace.note(10, 100)
    assert pace.rates(20)[0] == 5


def test_what_was_done_before_the_first_look_is_no_rate() -> None:
    pace = Pace(0, 1_000_000)
    pace.note(10, 1_000_050)
    assert pace.rates(10)[0] == 5


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0 s"), (59, "59 s"), (61, "1 min 1 s"), (3000, "50 min"), (3700, "1 h 2 min"), (90_000, "1 day 1 h"),
     (200_000, "2 days 8 h")],
)  # fmt: skip
def test_times_are_told_in_two_units(seconds: float, text: str) -> None:
    assert time_text(seconds) == text


@pytest.mark.parametrize(
    ("size", "text"),
    [(0, "0.0 kB"), (1_500, "1.5 kB"), (15_000, "15 kB"), (1_500_000, "1.5 MB"), (150_000_000, "150 MB"),
     (12_300_000_000, "12.3 GB")],
)  # fmt: skip
def test_sizes_are_told_in_units_of_a_thousand(size: int, text: str) -> None:
    assert size_text(size) == text


def test_rates_are_told_with_and_without_bytes() -> None:
    assert rate_text(4.25) == "4.2 messages/s"
    assert rate_text(1234.5, 2_000_000) == "1,234 messages/s, 2.0 MB/s"


def row(number: int, state: MailboxState) -> MailboxRow:
    return MailboxRow(number, f"{number}@example.org", "paris", state, None, None, None)


def look(stored: int, pending: int, state: MailboxState = MailboxState.COPYING) -> Look:
    outcomes = Counter({Outcome.STORED: stored, Outcome.PENDING: pending})
    return Look("paris", 2, [row(1, state)], {1: Tally(outcomes, Counter(), 0)})


def test_a_watch_shows_rate_and_time_left_between_looks() -> None:
    watch = Watch()
    watch.line(look(1000, 9000), 0)
    line = watch.line(look(1500, 8500), 10)
    assert line == ("paris: 1 of 2 mailboxes begun, 1,500 of 10,000 messages done, 50 messages/s, 2 min 50 s left")


def test_a_watch_says_that_nothing_moves() -> None:
    watch = Watch()
    assert watch.line(look(10, 5), 0).endswith("measuring the rate")
    assert "nothing was copied in the last half minute" in watch.line(look(10, 5), 40)
    assert watch.line(look(10, 5, MailboxState.INCOMPLETE), 41).endswith("no copy is running")
    assert watch.line(look(15, 0, MailboxState.COPIED), 90).endswith("nothing to do")


def test_progress_without_a_terminal_is_a_plain_line_now_and_then(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [0.0]
    monkeypatch.setattr("migrate.cli.progress.time.monotonic", lambda: now[0])
    progress = RunProgress(Console())
    with progress.shown():
        progress.scanned("anna", ("INBOX",), 100)
        now[0] = 11
        progress.scanned("anna", ("Sent",), 50)
        progress.to_copy("anna", 150, 3_000_000)
        now[0] = 22
        progress.copied("anna", 50, 1_000_000)
        progress.copied("anna", 1, 10)
    assert capsys.readouterr().out.splitlines() == [
        "listing: 150 messages so far",
        "50 of 150 messages, 1.0 MB of 3.0 MB, 2.3 messages/s, 45 kB/s, 44 s left",
    ]


def test_what_waits_is_said_at_once_with_its_reason(capsys: pytest.CaptureFixture[str]) -> None:
    progress = RunProgress(Console())
    progress.pausing("anna@example.org", 4.2, Unavailable("cannot be reached", system="mail.old.example"))
    progress.waiting("anna@example.org", 58, 3)
    assert capsys.readouterr().out.splitlines() == [
        "anna@example.org: mail.old.example: cannot be reached; trying again in 4 s",
        (
            "anna@example.org: the connection was cut while 3 messages were on their way; looking again in 58 s"
            " whether they arrived"
        ),
    ]


def test_progress_fits_a_terminal_of_80_columns() -> None:
    console = Console(force_terminal=True, width=80, record=True)
    progress = RunProgress(console)
    with progress.shown():
        progress.to_copy("anna", 123_456, 98_765_000_000)
        progress.copied("anna", 98_765, 45_678_000_000)
    shown = console.export_text()
    assert "98,765 of 123,456 messages, 45.7 GB of 98.8 GB" in shown
    assert "left" in shown
    assert "…" not in shown, "nothing is cut off"


def test_a_terminal_says_what_is_waited_for_and_until_when() -> None:
    console = Console(force_terminal=True, width=80, record=True)
    progress = RunProgress(console)
    opens = datetime.now(ZoneInfo("Europe/Paris")).replace(hour=19, minute=0, second=0, microsecond=0)
    with progress.shown():
        progress.outside_hours(opens + timedelta(days=1))
    shown = " ".join(console.export_text().split())
    assert "the copy goes on tomorrow at 19:00 (Europe/Paris)." in shown
    assert "waiting for the plan's hours for copying" in shown


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        ("2026-11-22T19:00:00", "at 19:00 (Europe/Paris)"),
        ("2026-11-22T18:59:00.5", "at 19:00 (Europe/Paris)"),
        ("2026-11-22T23:59:30", "tomorrow at 00:00 (Europe/Paris)"),
        ("2026-11-23T07:00:00", "tomorrow at 07:00 (Europe/Paris)"),
        ("2026-12-01T07:00:00", "on 2026-12-01 at 07:00 (Europe/Paris)"),
    ],
)
def test_a_moment_is_told_by_the_clocks_of_its_place(moment: str, text: str) -> None:
    paris = ZoneInfo("Europe/Paris")
    # In Paris it is one hour later, and Sunday already.
    now = datetime(2026, 11, 21, 23, 30, tzinfo=UTC)
    assert moment_text(datetime.fromisoformat(moment).replace(tzinfo=paris), now) == text


def test_a_server_that_is_left_alone_is_told_once_however_many_sessions_wait(
    capsys: pytest.CaptureFixture[str],
) -> None:
    progress = RunProgress(Console())
    until = datetime.now(UTC).replace(hour=23, minute=59, second=0, microsecond=0)
    for _ in range(3):
        progress.resting("mail.old.example:993", until, "asked")
    progress.resting("imap.gmail.com:993", until, "allowance")
    assert capsys.readouterr().out.splitlines() == [
        "mail.old.example:993: the server asked to be left alone for a while; it goes on at 23:59 (UTC)",
        "imap.gmail.com:993: what a mailbox may move in a day is used up; it goes on at 23:59 (UTC)",
    ]
