"""Every day whose mail exists on one PC alone is shown."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.archives.source import ArchiveSource
from connectors.body import ByteBudget
from connectors.contract import Entry, Folder, Headers, Resources, Role, Window
from migrate.archives.coverage import WAYS, Gap, Holding, Written, as_json, complete_on, mark_of, uncovered, weeks
from migrate.archives.days import Days, count_source
from tests.unit.archives.memory_archive import HeldFolder, MemoryArchive, event

_FIRST = date(2026, 3, 2)  # a Monday


def _day(number: int) -> date:
    return _FIRST + timedelta(days=number)


def _holding(archive: list[int], server: list[int]) -> Holding:
    return Holding({_day(one): 1 for one in archive}, {_day(one): 1 for one in server})


def _gap(first: int, last: int) -> Gap:
    return Gap(_day(first), _day(last))


@pytest.mark.parametrize("way", WAYS)
def test_days_between_the_archive_and_the_server_are_uncovered(way: Literal["received", "sent"]) -> None:
    assert uncovered(way, _holding([0, 1, 2], [6, 7]), None, _day(8)) == _gap(3, 5)


def test_an_empty_server_leaves_every_day_since_the_archive_uncovered() -> None:
    assert uncovered("received", _holding([0, 2], []), None, _day(5)) == _gap(3, 5)


def test_a_server_that_still_has_the_archives_last_day_leaves_no_day_between() -> None:
    assert uncovered("received", _holding([0, 2], [2, 9]), None, _day(12)) is None


def test_mail_that_never_left_the_server_is_no_beginning_of_what_it_holds() -> None:
    assert uncovered("received", _holding([4, 5], [0, 9]), None, _day(10)) == _gap(6, 8)


def test_an_archive_that_was_copied_today_misses_nothing() -> None:
    for way in WAYS:
        assert uncovered(way, _holding([0], []), _day(9), _day(9)) is None


def test_what_was_sent_up_to_the_day_of_the_copy_is_in_it() -> None:
    assert uncovered("sent", _holding([0], []), _day(4), _day(6)) == _gap(5, 6)


def test_what_was_received_may_have_lain_on_the_server_when_the_archive_was_copied() -> None:
    assert uncovered("received", _holding([0], [5]), _day(4), _day(6)) == _gap(1, 4)


def test_a_copy_made_after_the_servers_oldest_mail_came_lacks_nothing_before_it() -> None:
    assert uncovered("received", _holding([0], [3]), _day(4), _day(6)) is None
    assert uncovered("received", _holding([0], [4]), _day(4), _day(6)) == _gap(1, 3)


def test_only_the_file_that_outlook_writes_to_says_until_when_the_archive_is_complete() -> None:
    """An old one beside it, touched when it was copied to the drive, does not."""
    june, july = date(2026, 6, 5), date(2026, 7, 9)
    live, old = Written(date(2026, 6, 1), june), Written(date(2012, 3, 4), july)
    assert complete_on([live, old]) == complete_on([old, live]) == complete_on([live, Written(None, july)]) == june
    assert complete_on([live, Written(live.newest, july)]) == july  # a later copy of the same
    assert complete_on([live, Written(None, None)]) is complete_on([]) is None


def test_without_an_archive_there_is_nothing_to_measure_from() -> None:
    assert uncovered("received", _holding([], [5]), None, _day(6)) is None
    assert uncovered("sent", _holding([], [5]), None, _day(6)) is None


def test_a_wrong_date_in_the_future_covers_nothing() -> None:
    assert uncovered("received", _holding([0, 400], [5, 500]), None, _day(6)) == _gap(1, 4)
    assert uncovered("received", _holding([0, 5], []), _day(3), _day(6)) == _gap(1, 6)


_DAYS = st.lists(st.integers(0, 30), max_size=12)


@given(_DAYS, _DAYS, st.none() | st.integers(0, 30), st.integers(0, 30), st.sampled_from(WAYS))
def test_a_gap_is_days_that_neither_side_has_and_ends_today_or_where_the_server_begins(
    archive: list[int], server: list[int], collected: int | None, today: int, way: Literal["received", "sent"]
) -> None:
    holding, copied = _holding(archive, server), None if collected is None else _day(collected)
    gap = uncovered(way, holding, copied, _day(today))
    if gap is None:
        return
    held = holding.believed(copied, _day(today))
    days = set(gap)
    assert len(days) == len(gap) > 0
    assert not days & (set(held.archive) | set(held.server))
    assert max(days) <= _day(today)
    assert all(day < gap.first for day in held.archive)
    assert gap.last == _day(today) or gap.last + timedelta(days=1) in held.server
    assert [mark_of(day, holding, gap) for day in gap] == ["uncovered"] * len(gap)
    shown = [mark for _monday, marks in weeks(held, gap, _day(today)) for mark in marks]
    assert shown.count("uncovered") == len(gap)


@given(_DAYS, _DAYS, st.integers(0, 30), st.integers(0, 30), st.integers(0, 30), st.sampled_from(WAYS))
def test_collecting_the_same_archive_later_never_uncovers_a_day(
    archive: list[int], server: list[int], collected: int, later: int, today: int, way: Literal["received", "sent"]
) -> None:
    first, second = sorted((collected, later))
    # What a person sent lies on a server by accident: nothing about the archive follows from it.
    holding = _holding([one for one in archive if one <= first], server if way == "received" else [])
    before = uncovered(way, holding, _day(first), _day(today))
    after = uncovered(way, holding, _day(second), _day(today))
    assert set(after or ()) <= set(before or ())


@dataclass
class _World:
    """A PC that empties its server by POP3, moment by moment."""

    server: list[date] = field(default_factory=list)
    pc: list[date] = field(default_factory=list)
    pc_sent: list[date] = field(default_factory=list)
    copy: list[date] = field(default_factory=list)
    copy_sent: list[date] = field(default_factory=list)
    copied: date | None = None

    def act(self, what: str, day: date) -> None:
        if what == "arrives":
            self.server.append(day)
        elif what == "fetches":
            self.pc += self.server
            self.server = []
        elif what == "sends":
            self.pc_sent.append(day)
        elif what == "collected":
            self.copy, self.copy_sent, self.copied = list(self.pc), list(self.pc_sent), day


_MOMENTS = st.lists(
    st.tuples(st.integers(0, 2), st.sampled_from(["arrives", "arrives", "fetches", "sends", "collected"])), max_size=40
)


@given(_MOMENTS, st.booleans())
def test_mail_that_only_the_pc_has_lies_on_a_day_that_is_shown(moments: list[tuple[int, str]], known: bool) -> None:
    """Or on the day of the archive's last mail, of its copy, or of the server's first: days that both count as had.

    Outlook is not opened again on the day of the copy, as people are told.
    """
    world, day = _World(), _FIRST
    world.act("arrives", day)
    world.act("fetches", day)
    world.act("sends", day)
    world.act("collected", day)
    for step, what in moments:
        day += timedelta(days=step)
        if what not in ("fetches", "sends") or world.copied != day:
            world.act(what, day)
    collected = world.copied if known else None
    for way, archive, pc, server in (
        ("received", world.copy, world.pc, world.server),
        ("sent", world.copy_sent, world.pc_sent, []),
    ):
        holding = Holding(Counter(archive), Counter(server))
        gap = uncovered(way, holding, collected, day)  # type: ignore[arg-type]
        alone = set((Counter(pc) - Counter(archive)).elements())
        edges = {max(archive), world.copied, *([min(server)] if server else [])}
        assert alone - edges <= set(gap or ())


def test_the_weeks_around_a_gap_begin_on_a_monday_before_it() -> None:
    holding = _holding([0, 1, 8], [12, 13])
    found = weeks(holding, _gap(9, 11), _day(13))
    assert [monday.weekday() for monday, _marks in found] == [0, 0]
    assert found[0] == (_FIRST, ["archive", "archive", *["none"] * 5])
    assert found[1][1] == ["none", "archive", "uncovered", "uncovered", "uncovered", "server", "server"]


def test_json_names_every_uncovered_day() -> None:
    told = as_json(_holding([0, 1], [4]), _gap(2, 3))
    assert told["uncovered"] == {"first": "2026-03-04", "last": "2026-03-05", "days": 2}
    assert [(one["day"], one["uncovered"]) for one in told["days"]] == [
        ("2026-03-02", False), ("2026-03-03", False), ("2026-03-04", True), ("2026-03-05", True), ("2026-03-06", False),
    ]  # fmt: skip
    assert told["archive"] == {"first": "2026-03-02", "last": "2026-03-03", "messages": 2}
    assert as_json(Holding(), None) == {"archive": None, "server": None, "uncovered": None, "days": []}


def test_an_archives_mail_is_counted_by_the_day_of_the_sites_clocks_and_by_its_way() -> None:
    evening = datetime(2026, 3, 2, 23, 30, tzinfo=UTC)
    inbox, sent = HeldFolder(("Inbox",), role=Role.INBOX), HeldFolder(("Sent",), role=Role.SENT)
    drafts = HeldFolder(("Drafts",), role=Role.DRAFTS)
    for folder in (inbox, sent, drafts):
        folder.mail(1, received=evening)
    sent.mail(2, received=None)
    inbox.other(3, event(3))
    days = Days(ZoneInfo("Europe/Paris"))
    archive = MemoryArchive(inbox, sent, drafts)
    count_source(ArchiveSource(archive, Path("a.pst"), Resources(ByteBudget(), Path())), days)
    # The second message that was sent has the date of its header.
    assert days.ways == {"received": {date(2026, 3, 3): 1}, "sent": {date(2026, 3, 3): 1, date(2019, 3, 4): 1}}
    assert days.undated == 0


class _Server:
    """A source whose listing has dates in one folder and none in the other, as POP3 has none."""

    def folders(self) -> list[Folder]:
        return [Folder(("INBOX",), Role.INBOX, "1", None), Folder(("Sent",), Role.SENT, "1", None)]

    def entries(self, folder: Folder, _cursor: str | None) -> list[Window]:
        if folder.role is Role.SENT:
            east = timezone(timedelta(hours=9))
            return [Window([Entry("9", 1, datetime(2026, 3, 3, 7, tzinfo=east), None)])]
        return [Window([Entry(str(number), 1, None, None) for number in range(4)])]

    def headers(self, _folder: Folder, keys: list[str]) -> list[Headers]:
        dates = {
            "0": b"Date: Tue, 3 Mar 2026 23:30:00 +0000\r\n",
            "1": b"Date: Tue, 3 Mar 2026 12:00:00 -0000\r\n",
            "2": b"Date: yesterday\r\n",
        }
        return [Headers(key, b"From: a@example.org\r\n" + dates.get(key, b"")) for key in keys]


def test_a_servers_mail_without_a_date_in_the_listing_is_counted_by_its_header() -> None:
    days = Days(ZoneInfo("Europe/Paris"))
    count_source(_Server(), days)  # type: ignore[arg-type]
    assert days.ways == {"received": {date(2026, 3, 4): 1, date(2026, 3, 3): 1}, "sent": {date(2026, 3, 2): 1}}
    assert days.undated == 2
