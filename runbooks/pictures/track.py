"""Points on a line, from left to right: what was, what is still to come.  Not to scale: every point has its room."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from connectors.language import _, labelled, mark
from runbooks.document_facts import PhaseFacts
from runbooks.facts import Seen
from runbooks.filters import spoken_filters
from runbooks.output.document import Picture
from runbooks.pictures.drawing import WIDTH, Drawing, wrapped
from runbooks.plan_facts import Timeline
from runbooks.route_facts import DnsFacts

_LINE, _RADIUS, _SIZE, _LEADING = 16, 7, 11.5, 15
_LINES = 3
_HEIGHT = _LINE + _RADIUS + (_LINES + 2) * _LEADING + 8

#: What a site's people are told of the days, by the codes of the timeline.
_DAYS: Final[Mapping[str, str]] = {
    "j-14": mark("first message"),
    "j-7": mark("what you prepare"),
    "j-1": mark("last reminder"),
    "j": mark("you work in the new mailbox"),
    "j+1": mark("somebody asks how it went"),
}


@dataclass(frozen=True, slots=True)
class Point:
    label: str
    when: str
    reached: bool


def track(title: str, points: Sequence[Point]) -> Picture:
    """At least one point."""
    drawing = Drawing(_HEIGHT)
    room = WIDTH / len(points)
    places = [room * (number + 0.5) for number in range(len(points))]
    drawing.line(places[0], _LINE, places[-1], _LINE, "line", 3)
    reached = [place for place, one in zip(places, points, strict=True) if one.reached]
    if len(reached) > 1:
        drawing.line(places[0], _LINE, reached[-1], _LINE, "done", 3)
    for place, one in zip(places, points, strict=True):
        drawing.dot(place, _LINE, _RADIUS, "done" if one.reached else "quiet", hollow=not one.reached)
        lines = wrapped(one.label, room - 12, _SIZE, _LINES)
        for number, line in enumerate(lines):
            y = _LINE + _RADIUS + _LEADING * (number + 1) + 3
            drawing.text(place, y, line, room - 12, anchor="middle", size=_SIZE, bold=True)
        for number, line in enumerate(wrapped(one.when, room - 12, _SIZE, 2), len(lines)):
            y = _LINE + _RADIUS + _LEADING * (number + 1) + 3
            drawing.text(place, y, line, room - 12, anchor="middle", size=_SIZE, ink="quiet")
    done, ahead = _("done"), _("to come")
    told = [f"{labelled(one.label, one.when)} ({done if one.reached else ahead})." for one in points]
    return drawing.picture(title, told)


def dns_track(dns: DnsFacts, phases: Sequence[PhaseFacts], now: datetime) -> Picture:
    """From a shorter TTL to the day on which nobody holds an old record any more."""
    ttl = dns.ttl.value if isinstance(dns.ttl, Seen) else None
    lowered = None if ttl is None else ttl.lowered_at
    entered = {one.code: one.entered for one in phases if one.state != "ahead"}
    points = [
        Point(_("TTL of the MX shortened"), _moment(lowered, now), lowered is not None),
        _earliest(dns, now),
        Point(_("MX cutover"), _moment(entered.get("cutover"), now), "cutover" in entered),
        Point(_("Nobody uses the old records"), _moment(entered.get("settled"), now), "settled" in entered),
    ]
    return track(_("DNS of {domain}").format(domain=dns.domain), points)


def _earliest(dns: DnsFacts, now: datetime) -> Point:
    label = _("Earliest safe cutover")
    if dns.earliest_cutover is not None:
        return Point(label, _moment(dns.earliest_cutover, now), dns.earliest_cutover <= now)
    if isinstance(dns.ttl, Seen):
        wait = _filter("duration")(dns.ttl.value.old)
        return Point(label, _("{wait} after that").format(wait=wait), reached=False)
    return Point(label, _("not known yet"), reached=False)


def days_track(timeline: Timeline, today: date) -> Picture:
    """The days that concern a site's people."""
    points = [
        Point(_(text), str(_filter("day")(timeline.days[code], "full")), timeline.days[code] <= today)
        for code, text in _DAYS.items()
        if code in timeline.days
    ]
    return track(_("The days of the move"), points)


def _moment(when: datetime | None, now: datetime) -> str:
    return _("not yet") if when is None else str(_filter("moment")(when.astimezone(now.tzinfo), "medium"))


def _filter(name: str) -> Callable[..., Any]:
    return spoken_filters()[name]
