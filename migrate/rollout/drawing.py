"""A calendar of copies as a picture (SVG 1.1) and as appointments (iCalendar, RFC 5545).  Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta
from hashlib import sha256

from icalendar import Calendar, Event

from connectors.language import _, labelled
from migrate.figures import moment_text
from migrate.rollout.waves import Planned
from runbooks.pictures.gantt import Bar, Legend, gantt


def as_svg(title: str, planned: Sequence[Planned]) -> str:
    """A bar a site, from its beginning to its end, and a diamond on the day of its switch."""
    bars = [
        Bar(
            label=one.work.site,
            told=told(one),
            begin=one.begin if one.slow is not None else None,
            middle=one.typical,
            end=one.slow,
            switch=None if one.work.switch is None else datetime.combine(one.work.switch, time(), one.work.hours.zone),
            late=one.late,
            instead=_instead(one),
        )
        for one in planned
    ]
    legend = Legend(_("the copy, in the middle of cases (P50)"), _("in the worst tenth of them (P90)"))
    return gantt(title, bars, legend)


def as_ics(organisation: str, title: str, planned: Sequence[Planned], now: datetime) -> bytes:
    """An appointment for each site's copy, as long as it takes in the worst tenth of cases, and a day for its switch.

    Their identifiers stay the same from one calendar to the next, so that a later one replaces an earlier one; who
    moves two companies may have both calendars in one program, and a site of the same name in each.
    """
    whose = sha256(organisation.encode()).hexdigest()[:12]
    made = Calendar()
    made.add("prodid", "-//Bascule//estimate//EN")
    made.add("version", "2.0")
    made.add("x-wr-calname", title)
    for one in planned:
        work = one.work
        if one.begin is not None and one.slow is not None:
            copy = Event()
            copy.add("uid", f"copy-{work.site}-{whose}@bascule")
            copy.add("dtstamp", now.astimezone(UTC))
            copy.add("dtstart", one.begin.astimezone(UTC))
            copy.add("dtend", max(one.slow, one.begin + timedelta(minutes=1)).astimezone(UTC))
            copy.add("summary", _("Copy of {site}").format(site=work.site))
            copy.add("description", told(one))
            made.add_component(copy)
        if work.switch is not None:
            switch = Event()
            switch.add("uid", f"switch-{work.site}-{whose}@bascule")
            switch.add("dtstamp", now.astimezone(UTC))
            switch.add("dtstart", work.switch)
            switch.add("dtend", work.switch + timedelta(days=1))
            switch.add("summary", _("Switch of {site}").format(site=work.site))
            made.add_component(switch)
    return bytes(made.to_ical())


def told(one: Planned) -> str:
    """A site of the calendar in a sentence."""
    if one.begin is None or one.slow is None or one.typical is None:
        return labelled(one.work.site, _instead(one))
    text = _("begins {begin}, done {typical} in the middle of cases, {slow} in the worst tenth")
    return labelled(
        one.work.site,
        text.format(begin=moment_text(one.begin), typical=moment_text(one.typical), slow=moment_text(one.slow)),
    )


def _instead(one: Planned) -> str:
    """What stands where there are no days."""
    return _("the size of no mailbox is known") if one.unknown else _("more than ten years")
