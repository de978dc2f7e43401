"""Support hours: slices that were begun count whole, and what was taken back does not count."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from migrate.ledger.events import Event
from migrate.rollout.history import fold
from migrate.rollout.hours import TAKEN_BACK, USED, account, counted, detail_of, hours_text, left_in_hours
from plans.model import Support


@pytest.mark.parametrize(
    ("minutes", "slice_", "count"), [(1, 30, 30), (30, 30, 30), (31, 30, 60), (45, 0, 45), (61, 60, 120)]
)
def test_a_slice_that_was_begun_counts_whole(minutes: int, slice_: int, count: int) -> None:
    assert counted(minutes, timedelta(minutes=slice_) if slice_ else None) == count


def _used(minutes: int) -> Event:
    detail = detail_of(date(2026, 11, 22), minutes, minutes, None)
    return Event("organisation", "organisation", USED, "Fabien", 0.0, note="help", detail=detail)


def test_what_was_taken_back_stays_on_the_record_and_does_not_count() -> None:
    back = Event("organisation", "organisation", TAKEN_BACK, "Karim", 1.0, note="twice", detail={"number": 1})
    uses = fold([_used(90), _used(60), back]).hours
    assert [(one.number, one.taken_back) for one in uses] == [(1, "twice"), (2, None)]
    told = account(Support(1.5, None, None), uses)
    assert (told.bought, told.used, told.left) == (90, 60, 30)
    assert left_in_hours(None, uses) is None


def test_more_may_be_used_than_was_agreed_on() -> None:
    told = account(Support(1, None, None), fold([_used(150)]).hours)
    assert hours_text(told.left) == "-1 h 30"


@pytest.mark.parametrize(
    ("minutes", "text"), [(0, "0 h"), (30, "30 min"), (60, "1 h"), (450, "7 h 30"), (65, "1 h 05")]
)
def test_hours_are_told_as_people_say_them(minutes: int, text: str) -> None:
    assert hours_text(minutes) == text
