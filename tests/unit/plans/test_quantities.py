"""Sizes, speeds and days as people write them."""

from __future__ import annotations

from datetime import date

import pytest

from plans.problems import Worded
from plans.quantities import parse_date, parse_size, parse_speed


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
