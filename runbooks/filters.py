"""What templates write facts with: numbers, sizes, days and times as the reader's language has them (Babel, CLDR)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any, Literal

from babel import Locale
from babel.dates import format_date, format_time
from babel.lists import format_list
from babel.numbers import format_decimal, format_percent
from babel.units import format_unit
from markupsafe import Markup

from runbooks.output.markdown import plain

_UNITS: Mapping[str, Sequence[str]] = {
    "fr": ("octets", "ko", "Mo", "Go", "To"),
    "en": ("bytes", "kB", "MB", "GB", "TB"),
}
#: Between a number and what it counts: narrow and unbroken in French, unbroken in English.
_SPACES = {"fr": "\u202f", "en": "\u00a0"}


def filters_of(language: Literal["fr", "en"]) -> dict[str, Callable[..., Any]]:
    """The filters of one language, by the names that templates call them by."""
    locale = {"fr": "fr_FR", "en": "en_GB"}[language]

    def size(value: float) -> str:
        """Bytes, in the unit that fits, powers of ten: as systems and their limits count."""
        power = 0
        while abs(value) >= 1000 and power < len(_UNITS[language]) - 1:
            value /= 1000
            power += 1
        figure = format_decimal(round(value, 1 if power and value < 100 else 0), locale=locale)
        return f"{figure}{_SPACES[language]}{_UNITS[language][power]}"

    def duration(value: timedelta | float) -> str:
        """Seconds, or a span of time, in the two largest units that it has."""
        seconds = value.total_seconds() if isinstance(value, timedelta) else value
        minutes = -(-int(seconds) // 60)
        days, hours, rest = minutes // 1440, minutes // 60 % 24, minutes % 60
        units = [(days, "duration-day"), (hours, "duration-hour"), (rest, "duration-minute")]
        told = [
            format_unit(number, unit, "long" if unit == "duration-day" else "short", locale=locale)
            for number, unit in units
            if number
        ]
        return " ".join(told[:2]) if told else format_unit(0, "duration-minute", "short", locale=locale)

    def day(value: date, form: Literal["full", "long", "medium", "short"] = "full") -> str:
        """mardi 9 février 2027"""
        return str(format_date(value, form, locale))

    def moment(value: datetime, form: Literal["long", "medium", "short"] = "long") -> str:
        """Day and time, in the time zone that the value has."""
        date_part = format_date(value, form, locale)
        return f"{date_part}{' à' if language == 'fr' else ','} {clock(value)}"

    def clock(value: datetime) -> str:
        if language == "fr":
            return f"{value.hour}\u202fh\u202f{value.minute:02}"
        return str(format_time(value, "short", locale=locale))

    def listed(values: Sequence[object]) -> Markup:
        """a, b et c, each as text."""
        return Markup(format_list([plain(value) for value in values], locale=locale)) if values else Markup("")  # noqa: S704

    def percent(value: float, digits: int = 0) -> str:
        """A part of one; what is not whole is never rounded up to the whole."""
        pattern = Locale.parse(locale).percent_formats[None].pattern
        step = 10 ** -(digits + 2)
        shown = 1 - step if 1 - step < value < 1 else value
        return str(format_percent(shown, pattern.replace("0", "0." + "0" * digits if digits else "0"), locale))

    return {
        "number": lambda value: str(format_decimal(value, locale=locale)),
        "percent": percent,
        "size": size,
        "duration": duration,
        "day": day,
        "moment": moment,
        "clock": clock,
        "listed": listed,
        "code": code,
        "listing": listing,
    }


def code(value: object) -> Markup:
    """A command, an address or a name of a file, within a line."""
    text = " ".join(str(value).split())
    fence = "`" * (_longest_run(text) + 1)
    padded = f" {text} " if text.startswith("`") or text.endswith("`") else text
    return Markup(f"{fence}{padded}{fence}") if text else Markup("")  # noqa: S704


def listing(lines: str | Sequence[str]) -> Markup:
    """Lines by themselves, as they are to be typed or compared; a template may indent the whole."""
    text = lines if isinstance(lines, str) else "\n".join(lines)
    fence = "`" * max(3, _longest_run(text) + 1)
    return Markup(f"{fence}\n{text}\n{fence}")  # noqa: S704


def _longest_run(text: str) -> int:
    """Of backticks."""
    longest = run = 0
    for character in text:
        run = run + 1 if character == "`" else 0
        longest = max(longest, run)
    return longest
