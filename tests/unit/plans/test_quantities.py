"""Sizes, speeds and days as people write them."""

from __future__ import annotations

from datetime import date, time, timedelta

import pytest

from plans.problems import Worded
from plans.quantities import parse_date, parse_duration, parse_size, parse_speed, parse_window


@pytest.mark.parametrize(
    ("written", "size"),
    [
        ("25 MB", 25_000_000),
        ("25Mo", 25_000_000),
        ("1,5 Go", 1_500_000_000),
        ("25 MiB", 26_214_400),
        ("10 kB", 10_000),
        ("500 o", 500),
    ],
)
def test_a_size_is_in_bytes(written: str, size: int) -> None:
    assert parse_size(written) == size


@pytest.mark.parametrize(
    ("written", "speed"),
    [
        ("2Mbit/s", 250_000),
        ("2 Mbit/s", 250_000),
        ("500 kB/s", 500_000),
        ("1,5 Mo/s", 1_500_000),
        ("1Gbit/s", 125_000_000),
    ],
)
def test_a_speed_is_in_bytes_a_second(written: str, speed: int) -> None:
    assert parse_speed(written) == speed


@pytest.mark.parametrize("written", ["25", 25, "25 Mb", "-1 MB", "MB", "", None, ["25 MB"], "1e3 MB", "٣ MB!"])
def test_what_is_not_a_size_is_refused(written: object) -> None:
    with pytest.raises(Worded, match="is not a size"):
        parse_size(written)


@pytest.mark.parametrize("written", ["2 Mb/s", "2Mbit", "fast", 2, None, "-1 kB/s"])
def test_what_is_not_a_speed_is_refused(written: object) -> None:
    with pytest.raises(Worded, match="is not a speed"):
        parse_speed(written)


def test_a_speed_of_nothing_is_refused() -> None:
    with pytest.raises(Worded, match="would let nothing through"):
        parse_speed("0 Mbit/s")


def test_a_day_is_written_year_first() -> None:
    assert parse_date("2027-02-09") == date(2027, 2, 9)


@pytest.mark.parametrize("written", ["09/02/2027", "2027-13-01", "20270209", "2027-02-09T10:00", 2027, None])
def test_what_is_not_a_day_is_refused(written: object) -> None:
    with pytest.raises(Worded, match="is not a date"):
        parse_date(written)


@pytest.mark.parametrize(
    ("written", "minutes"), [("30min", 30), ("30 min", 30), ("2h", 120), ("1h30", 90), ("1 h 05 min", 65), ("90mn", 90)]
)
def test_a_length_of_time_is_read_as_people_write_it(written: str, minutes: int) -> None:
    assert parse_duration(written) == timedelta(minutes=minutes)


@pytest.mark.parametrize("written", ["", "30", "h", "half an hour", "-5min", "0min", 30, None, "1.5h"])
def test_what_is_no_length_of_time_is_refused(written: object) -> None:
    with pytest.raises(Worded, match="is not a length of time"):
        parse_duration(written)


@pytest.mark.parametrize(
    ("written", "inside", "outside"),
    [
        ("19:00-07:00", ("19:00", "23:59", "00:00", "06:59"), ("07:00", "18:59", "12:00")),
        ("9h-17h30", ("09:00", "17:29"), ("08:59", "17:30", "00:00")),
    ],
)
def test_hours_of_the_day_may_go_over_midnight(written: str, inside: tuple[str, ...], outside: tuple[str, ...]) -> None:
    hours = parse_window(written)

    assert all(hours.hold(time.fromisoformat(moment)) for moment in inside)
    assert not any(hours.hold(time.fromisoformat(moment)) for moment in outside)
