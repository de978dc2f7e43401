"""How appointments and tasks recur, as a rule of iCalendar (RFC 5545 3.3.10)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from connectors.olm.record import number, time
from connectors.olm.xml import Element

_KINDS = {
    "daily": "DAILY", "weekly": "WEEKLY", "absolutemonthly": "MONTHLY", "relativemonthly": "MONTHLY",
    "monthly": "MONTHLY", "absoluteyearly": "YEARLY", "relativeyearly": "YEARLY", "yearly": "YEARLY",
}  # fmt: skip
_DAYS = {
    "monday": "MO", "tuesday": "TU", "wednesday": "WE", "thursday": "TH", "friday": "FR", "saturday": "SA",
    "sunday": "SU",
}  # fmt: skip
_SETS = {"weekdays": list(_DAYS)[:5], "weekenddays": list(_DAYS)[5:], "alldays": list(_DAYS)}
_LAST = 5


def rule_of(told: Element, begin: datetime, *, whole_days: bool = False) -> dict[str, Any] | None:
    """The rule; None when it is none that can be told.

    ``begin``: the first time, in the time zone that the rule follows.  ``whole_days``: entries have no time of day.
    """
    kind = _text(told, "OPFRecurrencePatternType").lower().removeprefix("opfrecurrencepattern").removeprefix("recurs")
    frequency = _KINDS.get(kind)
    interval = _number(told, "OPFRecurrencePatternInterval", 1)
    if frequency is None or not 1 <= interval <= 1000:
        return None
    rule: dict[str, Any] = {"freq": frequency}
    if interval > 1:
        rule["interval"] = interval
    days = _days(told)
    if frequency == "WEEKLY":
        rule["byday"] = days or [list(_DAYS.values())[begin.weekday()]]
    elif kind.startswith("relative"):
        week = _number(told, "OPFRecurrencePatternWeek", 0) or _number(told, "OPFRecurrencePatternWeekOfMonth", 0)
        if not days or not 1 <= week <= _LAST:
            return None
        rule |= {"byday": days, "bysetpos": -1 if week == _LAST else week}
    elif frequency in ("MONTHLY", "YEARLY"):
        day = _number(told, "OPFRecurrencePatternDayOfMonth", begin.day)
        if not 1 <= day <= 31:
            return None
        rule["bymonthday"] = day
    if frequency == "YEARLY":
        month = _number(told, "OPFRecurrencePatternMonth", begin.month)
        if not 1 <= month <= 12:
            return None
        rule["bymonth"] = month
    return rule | _end(told, whole_days=whole_days)


def _end(told: Element, *, whole_days: bool) -> dict[str, Any]:
    count = _number(told, "OPFRecurrenceGetOccurenceCount", 0)
    if _number(told, "OPFRecurrenceIsNumbered", 0) and 1 <= count <= 100_000:
        return {"count": count}
    until = time(_text(told, "OPFRecurrenceCopyEndDate"))
    if _number(told, "OPFRecurrenceHasEndDate", 0) and until is not None:
        # Its day is the last one: every occurrence of that day is meant.
        return {"until": until.date() if whole_days else until.replace(hour=23, minute=59, second=59, tzinfo=UTC)}
    return {}


def _days(told: Element) -> list[str]:
    found = told.find("OPFRecurrencePatternDaysOfWeek")
    named = [one.name.lower() for one in found.children if number(one.text)] if found is not None else []
    wanted = {day for name in named for day in _SETS.get(name, [name])}
    return [short for day, short in _DAYS.items() if day in wanted]


def _text(told: Element, name: str) -> str:
    found = told.find(name)
    return found.text.strip() if found is not None else ""


def _number(told: Element, name: str, default: int) -> int:
    return int(min(max(number(_text(told, name), default), -(10**6)), 10**6))
