"""A calendar of copies as a picture (SVG 1.1) and as appointments (iCalendar, RFC 5545).  Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from functools import cache

from icalendar import Calendar, Event
from jinja2 import Environment, PackageLoader, StrictUndefined, Template

from connectors.language import _, labelled
from migrate.figures import moment_text
from migrate.rollout.waves import Planned

_WIDTH, _LEFT, _RIGHT, _MARGIN = 1000, 230, 970, 12
_TOP, _ROW = 56, 22
#: Letters of a name that fit beside the bars.
_LETTERS = 30
_TITLE_LETTERS = 100
_TICKS = 9


@dataclass(frozen=True, slots=True)
class _Row:
    y: int
    label: str
    told: str
    begin: float | None
    typical: float | None
    slow: float | None
    switch: float | None
    late: bool


def as_svg(title: str, planned: Sequence[Planned]) -> str:
    """A bar a site, from its beginning to its end, and a diamond on the day of its switch.

    Each bar says in words what it shows; colours are told apart in print and by those who see fewer of them.
    """
    first, last = _span(planned)

    def place(moment: datetime | None) -> float | None:
        if moment is None:
            return None
        part = (moment - first) / (last - first)
        return round(_LEFT + (_RIGHT - _LEFT) * min(max(part, 0.0), 1.0), 1)

    rows = []
    for number, one in enumerate(planned):
        switch = None if one.work.switch is None else datetime.combine(one.work.switch, time(), one.work.hours.zone)
        begin = place(one.begin) if one.slow is not None else None
        rows.append(
            _Row(
                _TOP + number * _ROW,
                _cut(one.work.site, _LETTERS),
                told(one),
                begin,
                place(one.typical),
                place(one.slow),
                place(switch),
                one.late,
            )
        )
    bottom = _TOP + len(rows) * _ROW
    return _template().render(
        width=_WIDTH,
        height=bottom + 40,
        margin=_MARGIN,
        left=_LEFT,
        top=_TOP,
        bottom=bottom,
        title=title,
        title_shown=_cut(title, _TITLE_LETTERS),
        desc="; ".join(row.told for row in rows),
        rows=rows,
        ticks=[{"x": place(moment), "label": f"{moment:%Y-%m-%d}"} for moment in _ticks(first, last)],
        never=_("more than ten years"),
        legend={
            "typical": _("the copy, in the middle of cases (P50)"),
            "slow": _("in the worst tenth of them (P90)"),
            "switch": _("the switch"),
        },
    )


def as_ics(title: str, planned: Sequence[Planned], now: datetime) -> bytes:
    """An appointment for each site's copy, as long as it takes in the worst tenth of cases, and a day for its switch.

    Their identifiers stay the same from one calendar to the next, so that a later one replaces an earlier one.
    """
    made = Calendar()
    made.add("prodid", "-//Bascule//estimate//EN")
    made.add("version", "2.0")
    made.add("x-wr-calname", title)
    for one in planned:
        work = one.work
        if one.begin is not None and one.slow is not None:
            copy = Event()
            copy.add("uid", f"copy-{work.site}@bascule")
            copy.add("dtstamp", now.astimezone(UTC))
            copy.add("dtstart", one.begin.astimezone(UTC))
            copy.add("dtend", max(one.slow, one.begin + timedelta(minutes=1)).astimezone(UTC))
            copy.add("summary", _("Copy of {site}").format(site=work.site))
            copy.add("description", told(one))
            made.add_component(copy)
        if work.switch is not None:
            switch = Event()
            switch.add("uid", f"switch-{work.site}@bascule")
            switch.add("dtstamp", now.astimezone(UTC))
            switch.add("dtstart", work.switch)
            switch.add("dtend", work.switch + timedelta(days=1))
            switch.add("summary", _("Switch of {site}").format(site=work.site))
            made.add_component(switch)
    return bytes(made.to_ical())


def told(one: Planned) -> str:
    """A site of the calendar in a sentence."""
    if one.begin is None or one.slow is None or one.typical is None:
        return labelled(one.work.site, _("more than ten years"))
    text = _("begins {begin}, done {typical} in the middle of cases, {slow} in the worst tenth")
    return labelled(
        one.work.site,
        text.format(begin=moment_text(one.begin), typical=moment_text(one.typical), slow=moment_text(one.slow)),
    )


def _span(planned: Sequence[Planned]) -> tuple[datetime, datetime]:
    moments = [moment for one in planned for moment in (one.begin, one.slow) if moment is not None]
    moments += [
        datetime.combine(one.work.switch, time(23, 59), one.work.hours.zone) for one in planned if one.work.switch
    ]
    first = min(moments, default=datetime(2000, 1, 1, tzinfo=UTC))
    return first, max([*moments, first + timedelta(hours=12)])


def _ticks(first: datetime, last: datetime) -> list[datetime]:
    """Midnights, so few that their dates stand side by side."""
    days = max(1, -(-(last - first).days // _TICKS))
    day = datetime.combine(first.date() + timedelta(days=1), time(), first.tzinfo)
    found = []
    while day < last:
        found.append(day)
        day += timedelta(days=days)
    return found


def _cut(text: str, letters: int) -> str:
    return text if len(text) <= letters else text[: letters - 1] + "…"


@cache
def _template() -> Template:
    loader = PackageLoader("migrate.rollout", "templates")
    return Environment(loader=loader, autoescape=True, undefined=StrictUndefined).get_template("gantt.svg.j2")
