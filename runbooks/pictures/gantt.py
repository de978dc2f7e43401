"""A calendar of sites: a bar each, from its beginning to its end, and a diamond on the day of its switch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from connectors.language import _, labelled, plural
from runbooks.catalogue import MILESTONES
from runbooks.filters import spoken_filters
from runbooks.output.document import Picture
from runbooks.output.frames import frame
from runbooks.pictures.drawing import clean, cut
from runbooks.plan_facts import Company, SiteLine

_WIDTH, _LEFT, _RIGHT, _MARGIN = 1000, 230, 960, 12
_TOP, _ROW = 56, 22
#: Letters of a name that fit beside the bars.
_LETTERS = 30
_TITLE_SIZE = 15
_TICKS = 9
#: What a page of a document has room for.
_MOST = 60


@dataclass(frozen=True, slots=True)
class Bar:
    """``begin`` to ``middle`` is drawn full, ``middle`` to ``end`` pale; None where nobody can tell."""

    label: str
    #: The whole in a sentence.
    told: str
    begin: datetime | None
    middle: datetime | None
    end: datetime | None
    switch: datetime | None
    late: bool = False
    #: What stands where there is no beginning.
    instead: str = ""


@dataclass(frozen=True, slots=True)
class Legend:
    """What the two parts of a bar are."""

    full: str
    pale: str


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
    instead: str


def gantt(title: str, bars: Sequence[Bar], legend: Legend) -> str:
    """The drawing (SVG 1.1).

    Each bar says in words what it shows; colours are told apart in print and by those who see fewer of them.
    """
    first, last = _span(bars)

    def place(moment: datetime | None) -> float | None:
        if moment is None:
            return None
        part = (moment - first) / (last - first)
        return round(_LEFT + (_RIGHT - _LEFT) * min(max(part, 0.0), 1.0), 1)

    rows = [
        _Row(
            _TOP + number * _ROW, _short(clean(one.label)), clean(one.told),
            place(one.begin), place(one.middle), place(one.end), place(one.switch), one.late,
            one.instead,
        )
        for number, one in enumerate(bars)
    ]  # fmt: skip
    bottom = _TOP + len(rows) * _ROW
    return frame("gantt.svg.j2").render(
        width=_WIDTH,
        height=bottom + 40,
        margin=_MARGIN,
        left=_LEFT,
        top=_TOP,
        bottom=bottom,
        title=clean(title),
        title_shown=cut(title, _WIDTH - 2 * _MARGIN, _TITLE_SIZE),
        desc="; ".join(row.told for row in rows),
        rows=rows,
        ticks=[
            {"x": place(moment), "label": spoken_filters()["day"](moment, "medium")} for moment in _ticks(first, last)
        ],
        legend={"typical": legend.full, "slow": legend.pale, "switch": _("the switch")},
    )


def sites_calendar(company: Company) -> Picture | None:
    """The sites whose switch is planned, from the first copy to the end of closer support; None without any."""
    zone = ZoneInfo(company.time_zone)
    planned = [one for one in company.sites if one.switch is not None]
    if not planned:
        return None
    bars = [_of(one, zone) for one in planned[:_MOST]]
    title = _("Calendar of the sites")
    if len(planned) > _MOST:
        more = plural("and {n} more", "and {n} more", len(planned) - _MOST)
        title += f" ({more})"
    legend = Legend(_("first copy to switch"), _("closer support"))
    text = " ".join(f"{clean(one.told)}." for one in bars)
    return Picture(gantt(title, bars, legend), f"{title}. {text}")


def _of(site: SiteLine, zone: ZoneInfo) -> Bar:
    assert site.switch is not None
    day = datetime.combine(site.switch, time(), zone)
    shown = spoken_filters()["day"](site.switch, "long")
    return Bar(
        label=site.name,
        told=labelled(site.name, _("switch on {day}").format(day=shown)),
        begin=day + timedelta(days=MILESTONES["pre-copy"]),
        middle=day,
        end=day + timedelta(days=MILESTONES["hypercare-end"]),
        switch=day,
    )


def _span(bars: Sequence[Bar]) -> tuple[datetime, datetime]:
    moments = [moment for one in bars for moment in (one.begin, one.end) if moment is not None]
    moments += [one.switch + timedelta(hours=23, minutes=59) for one in bars if one.switch is not None]
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


def _short(label: str) -> str:
    return cut(label if len(label) <= _LETTERS else f"{label[: _LETTERS - 1]}…", _LEFT - _MARGIN - 8)
