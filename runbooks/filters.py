"""What templates write facts with: numbers, sizes, days and times as the reader's language has them (Babel, CLDR)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from math import ceil
from typing import Any, Literal

from babel import Locale
from babel.dates import format_date, format_time
from babel.lists import format_list
from babel.numbers import format_currency, format_decimal, format_percent
from babel.units import format_unit
from markupsafe import Markup

from connectors.language import spoken
from runbooks.output.markdown import plain

_UNITS: Mapping[str, Sequence[str]] = {
    "fr": ("octets", "ko", "Mo", "Go", "To"),
    "en": ("bytes", "kB", "MB", "GB", "TB"),
}
_DAY = re.compile(r"\d{4}-\d\d-\d\d")
#: Between a number and what it counts: narrow and unbroken in French, unbroken in English.
_SPACES = {"fr": "\u202f", "en": "\u00a0"}


@cache
def filters_of(language: Literal["fr", "en"]) -> Mapping[str, Callable[..., Any]]:
    """The filters of one language, by the names that templates call them by."""
    own = _Figures(language, {"fr": "fr_FR", "en": "en_GB"}[language])
    return {
        "number": own.number,
        "percent": own.percent,
        "size": own.size,
        "duration": own.duration,
        "money": own.money,
        "day": own.day,
        "moment": own.moment,
        "clock": own.clock,
        "listed": own.listed,
        "recorded": own.recorded,
        "code": code,
        "listing": listing,
    }


def spoken_filters() -> Mapping[str, Callable[..., Any]]:
    """Those of the language that is spoken."""
    return filters_of("fr" if spoken() == "fr" else "en")


@dataclass(frozen=True, slots=True)
class _Figures:
    """Figures and days in one language."""

    language: Literal["fr", "en"]
    locale: str

    def number(self, value: float) -> str:
        return str(format_decimal(value, locale=self.locale))

    def size(self, value: float) -> str:
        """Bytes, in the unit that fits, powers of ten: as systems and their limits count."""
        units, power = _UNITS[self.language], 0
        while abs(value) >= 1000 and power < len(units) - 1:
            value /= 1000
            power += 1
        figure = self.number(round(value, 1 if power and value < 100 else 0))
        return f"{figure}{_SPACES[self.language]}{units[power]}"

    def duration(self, value: timedelta | float) -> str:
        """Seconds, or a span of time, in the two largest units that it has: seconds below a minute, else minutes."""
        seconds = value.total_seconds() if isinstance(value, timedelta) else value
        if 0 < seconds < 60:
            return self._unit(ceil(seconds), "duration-second", "short")
        minutes = -(-int(seconds) // 60)
        days, hours, rest = minutes // 1440, minutes // 60 % 24, minutes % 60
        told = [
            self._unit(number, unit, "long" if unit == "duration-day" else "short")
            for number, unit in ((days, "duration-day"), (hours, "duration-hour"), (rest, "duration-minute"))
            if number
        ]
        return " ".join(told[:2]) if told else self._unit(0, "duration-minute", "short")

    def _unit(self, number: int, unit: str, form: Literal["short", "long"]) -> str:
        return str(format_unit(number, unit, form, locale=self.locale))

    def money(self, value: float, currency: str) -> str:
        """An amount with its currency (ISO 4217)."""
        return str(format_currency(value, currency, locale=self.locale))

    def day(self, value: date, form: Literal["full", "long", "medium", "short"] = "full") -> str:
        """mardi 9 février 2027"""
        return str(format_date(value, form, self.locale))

    def moment(self, value: datetime, form: Literal["long", "medium", "short"] = "long") -> str:
        """Day and time, in the time zone that the value has."""
        return f"{self.day(value, form)}{' à' if self.language == 'fr' else ','} {self.clock(value)}"

    def clock(self, value: datetime) -> str:
        if self.language == "fr":
            return f"{value.hour}\u202fh\u202f{value.minute:02}"
        return str(format_time(value, "short", locale=self.locale))

    def listed(self, values: Sequence[object]) -> Markup:
        """a, b et c, each as text."""
        return Markup(format_list([plain(value) for value in values], locale=self.locale)) if values else Markup("")  # noqa: S704

    def recorded(self, text: str) -> str:
        """What a record of facts has as text: a day, a moment or a number as the language writes it, all else as is."""
        if text.isdecimal():
            return self.number(int(text))
        if not _DAY.match(text):
            return text
        try:
            return self.day(date.fromisoformat(text), "medium")
        except ValueError:
            pass
        try:
            return self.moment(datetime.fromisoformat(text), "medium")
        except ValueError:
            return text

    def percent(self, value: float, digits: int = 0) -> str:
        """A part of one; what is not whole is never rounded up to the whole."""
        pattern = Locale.parse(self.locale).percent_formats[None].pattern
        step = 10 ** -(digits + 2)
        shown = 1 - step if 1 - step < value < 1 else value
        return str(format_percent(shown, pattern.replace("0", "0." + "0" * digits if digits else "0"), self.locale))


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
