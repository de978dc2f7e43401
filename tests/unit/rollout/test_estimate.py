"""How long a copy takes: no less than its largest mailbox, no more a day than is granted, in the right hours alone."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from math import inf
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from migrate.engine.remembered import Remembered
from migrate.rollout.copying_time import Hours, Work, finish, opens, spells
from migrate.rollout.documented import documented
from migrate.rollout.estimate import Limits, Load, Measured, Pace, Rate, fitted, forecast
from migrate.rollout.outlook import outlook
from plans import load
from plans.quantities import HoursOfDay

PARIS = ZoneInfo("Europe/Paris")
ALWAYS = Hours(PARIS)
NIGHT = Hours(PARIS, HoursOfDay(time(19), time(7)))
BEGIN = datetime(2027, 1, 12, 12, 0, tzinfo=PARIS)
PACE = Pace(Rate(20, 1e6), Rate(7, 3.5e5))

loads = st.builds(Load, st.integers(0, 10**5), st.integers(0, 10**10), st.floats(0, 600))
many = st.lists(loads, min_size=1, max_size=5)
limits = st.builds(
    Limits,
    st.integers(1, 8),
    st.builds(Rate, st.floats(1, 1000), st.floats(1e5, 1e9)),
    st.none() | st.integers(10**8, 10**10),
    st.none() | st.integers(10**9, 10**11),
)
hours = st.sampled_from(
    [ALWAYS, NIGHT, Hours(PARIS, NIGHT.window, 250_000), Hours(PARIS, HoursOfDay(time(1), time(2)))]
)


def seconds(end: datetime | None) -> float:
    return inf if end is None else (end - BEGIN).total_seconds()


@settings(max_examples=40, deadline=None)
@given(many, limits, hours)
def test_the_middle_of_cases_is_no_later_than_the_worst_tenth(each: list[Load], given: Limits, when: Hours) -> None:
    told = forecast(each, PACE, given, when, BEGIN)
    assert 0 <= seconds(told.typical) <= seconds(told.slow)


@settings(max_examples=40, deadline=None)
@given(many, loads, limits, hours, st.floats(1, 3))
def test_more_mail_takes_no_less_time(each: list[Load], more: Load, given: Limits, when: Hours, by: float) -> None:
    before = forecast(each, PACE, given, when, BEGIN)
    larger = [Load(int(one.messages * by), int(one.size * by), one.listing * by) for one in each]
    for now in (larger, [*each, more]):
        after = forecast(now, PACE, given, when, BEGIN)
        # One more mailbox may be copied beside the others, and then the listing of all goes on beside it too.
        if now is larger or len(each) >= given.at_once:
            assert seconds(after.typical) >= seconds(before.typical) * (1 - 1e-9)


@settings(max_examples=40, deadline=None)
@given(many, limits, hours)
def test_a_site_takes_no_less_than_its_largest_mailbox(each: list[Load], given: Limits, when: Hours) -> None:
    whole = forecast(each, PACE, given, when, BEGIN)
    for one in each:
        alone = seconds(forecast([one], PACE, given, when, BEGIN).typical) * (1 - 1e-9)
        # Beside another mailbox half of its listing counts towards what all may do together in a day.
        assert seconds(whole.typical) >= alone - 2 * one.listing


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 10**10), st.integers(10**8, 10**10), hours)
def test_a_days_allowance_is_kept_to_the_day(size: int, a_day: int, when: Hours) -> None:
    end = finish(Work(0, size, 0.0, Rate(inf, 1e9), 1.0, a_day), when, BEGIN)
    whole_days = -(-size // a_day) - 1
    assert seconds(end) >= whole_days * 86400 - 1


def test_what_is_over_a_days_allowance_goes_on_the_next_day_at_the_same_hour() -> None:
    told = forecast([Load(1, 1_200_000_000)], PACE, Limits(each_a_day=500_000_000), ALWAYS, BEGIN)
    assert told.typical is not None
    days, rest = divmod(seconds(told.typical), 86400)
    assert days == 2
    assert rest == pytest.approx(200_000_000 / 1e6 / 0.95)


@settings(max_examples=40, deadline=None)
@given(many, limits)
def test_a_copy_in_the_night_ends_in_the_night(each: list[Load], given: Limits) -> None:
    end = forecast(each, PACE, given, NIGHT, BEGIN).typical
    if end is not None and seconds(end) > 0:
        shown = end.astimezone(PARIS).time()
        assert shown >= time(19) or shown <= time(7)


def test_a_copy_that_takes_a_night_and_a_half_ends_in_the_second_night() -> None:
    work = Work(18 * 3600, 0, 0.0, Rate(1, inf), 1.0)
    assert finish(work, NIGHT, BEGIN) == datetime(2027, 1, 14, 1, 0, tzinfo=PARIS)


def test_by_day_it_goes_on_at_the_rate_that_the_plan_grants() -> None:
    work = Work(0, 10_000_000_000, 0.0, Rate(inf, 1e6), 1.0)
    half = Hours(PARIS, HoursOfDay(time(19), time(7)), 500_000)
    # Seven hours by day at half the rate, then the night: 3.5 h of 2.78 h are enough by day alone.
    assert finish(work, half, BEGIN) == BEGIN + timedelta(seconds=20_000)


def test_the_nights_of_the_change_of_clocks_are_an_hour_longer_and_shorter() -> None:
    for day, length in ((datetime(2027, 3, 27, 12, tzinfo=PARIS), 11), (datetime(2027, 10, 30, 12, tzinfo=PARIS), 13)):
        night = next(spells(NIGHT, day.astimezone(UTC)))
        assert night.end - night.begin == timedelta(hours=length)


def test_the_hours_open_at_once_or_when_they_begin() -> None:
    assert opens(NIGHT, BEGIN) == datetime(2027, 1, 12, 19, tzinfo=PARIS)
    late = datetime(2027, 1, 12, 23, tzinfo=PARIS)
    assert opens(NIGHT, late) == late


def test_mailboxes_side_by_side_share_what_the_plan_grants_together() -> None:
    each = [Load(100, 10_000_000)] * 4
    told = forecast(each, PACE, Limits(4, Rate(1, 250_000)), ALWAYS, BEGIN)
    assert seconds(told.typical) == pytest.approx(400 / 0.95)


def test_nothing_to_copy_takes_no_time_and_what_takes_for_ever_is_said_to() -> None:
    assert forecast([], PACE, Limits(), ALWAYS, BEGIN).slow == BEGIN
    assert forecast([Load(10**12, 0)], PACE, Limits(), NIGHT, BEGIN).typical is None


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.tuples(st.integers(1, 10**5), st.integers(1, 10**10)), min_size=1, max_size=30), st.floats(0.01, 100)
)
def test_passes_that_were_all_so_much_faster_make_the_estimate_so_much_faster(
    passes: list[tuple[int, int]], factor: float
) -> None:
    measured = [Measured(m, size, PACE.typical.seconds(m, size) / factor) for m, size in passes]
    found = fitted(measured, PACE)
    assert found.typical.messages_per_second == pytest.approx(20 * factor)
    assert found.typical.bytes_per_second == pytest.approx(1e6 * factor)
    assert found.slow.messages_per_second < found.typical.messages_per_second
    assert found.passes == len(passes)


def test_long_passes_count_more_than_short_ones() -> None:
    short = [Measured(1, 1, 5.0)] * 50
    found = fitted([*short, Measured(20_000, 0, 1000.0)], PACE)
    assert found.typical.messages_per_second == pytest.approx(20)


def test_without_a_measurement_the_slower_of_both_systems_is_taken_as_documented() -> None:
    assert fitted([], PACE) == PACE
    known = documented("imap", "google_workspace")
    assert known.pace.typical.messages_per_second == 10
    assert known.pace.typical.bytes_per_second < 1e6
    assert "Google" in known.source_text


@pytest.mark.parametrize(("units", "messages"), [(6000, 4), (15_000, 10)])
def test_a_quota_in_units_bounds_what_is_expected(tmp_path: Path, units: int, messages: float) -> None:
    (tmp_path / "sites").mkdir()
    google = f"{{connector: google_workspace, admin: a@x.example, key: 'env:KEY', user_units_per_minute: {units}}}"
    (tmp_path / "organisation.yaml").write_text(
        "name: Try\nlanguage: en\ntime_zone: Europe/Paris\n"
        f"systems:\n  old: {{connector: imap, host: h.example, max_sessions: 40}}\n  new: {google}\n"
    )
    (tmp_path / "sites" / "paris.yaml").write_text("site: paris\nsource: old\ntarget: new\npeople: [a@x.example]\n")
    organisation = load(tmp_path)
    known = outlook(organisation, organisation.sites["paris"], Remembered())
    assert known.pace.typical.messages_per_second == messages
    assert known.limits.together.messages_per_second == 800
