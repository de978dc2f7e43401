"""What an estimate of a site takes from the plan and from the ledger: limits, hours, and the pace that was measured."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from math import inf

from migrate.engine.remembered import Remembered
from migrate.engine.resting import Manner
from migrate.engine.servers import Servers
from migrate.engine.site import MAILBOXES_AT_ONCE
from migrate.ledger import pace
from migrate.ledger.pace import PassRate
from migrate.rollout.copying_time import HORIZON, Hours
from migrate.rollout.documented import documented
from migrate.rollout.estimate import Limits, Load, Measured, Pace, Rate, fitted, forecast
from plans import Organisation, Site, System

#: What one imported message costs (developers.google.com/workspace/gmail/api/reference/quota).
UNITS_AN_IMPORT = 25


@dataclass(frozen=True, slots=True)
class Outlook:
    """What copies of a site can reach, and why that is thought."""

    pace: Pace
    limits: Limits
    hours: Hours
    #: Where the pace is from when nothing was measured; empty when it was.
    documented: str


def outlook(organisation: Organisation, site: Site, remembered: Remembered) -> Outlook:
    """Of a site, from its plan and from the passes that the ledger remembers; no ledger is made for this."""
    source, target = organisation.systems[site.source], organisation.systems[site.target]
    nothing: Sequence[PassRate] = ()
    found = remembered.read(lambda connection: pace.rates(connection, site.source, site.target), nothing)
    known = documented(source.connector, target.connector)
    own = fitted([Measured(one.messages, one.size, one.seconds) for one in found], known.pace)
    each = _each(source).within(_each(target))
    return Outlook(
        Pace(own.typical.within(each), own.slow.within(each), own.passes),
        limits_of(source, target, _at_once(source, target, remembered)),
        Hours(site.time_zone, site.copy_window, site.daytime_limit),
        "" if own.passes else known.source_text,
    )


def rehearsed(organisation: Organisation, site: Site, remembered: Remembered, rates: Sequence[PassRate]) -> Outlook:
    """As :func:`outlook`, where a rehearsal measured what the source gives; real passes tell more than it."""
    known = outlook(organisation, site, remembered)
    if known.pace.passes or not rates:
        return known
    source, target = organisation.systems[site.source], organisation.systems[site.target]
    measured = [Measured(one.messages, one.size, one.seconds) for one in rates]
    gives = fitted(measured, documented(source.connector, source.connector).pace)
    takes = documented(target.connector, target.connector)
    each = _each(source).within(_each(target))
    both = gives.within(takes.pace)
    return replace(known, pace=Pace(both.typical.within(each), both.slow.within(each)), documented=takes.source_text)


@dataclass(frozen=True, slots=True)
class Guess:
    """Seconds of copying, and the rates over all mailboxes that they rest on."""

    typical: float
    slow: float
    mailboxes_at_once: int
    rate: Rate
    passes: int


def guess(loads: Sequence[Load], known: Outlook) -> Guess:
    """How long it takes if it may go on at any hour; of more than ten years no more is said."""
    at_any_hour = Hours(known.hours.zone)
    now = datetime(2000, 1, 1, tzinfo=UTC)
    told = forecast(loads, known.pace, known.limits, at_any_hour, now)
    seconds = [((end or now + HORIZON) - now).total_seconds() for end in (told.typical, told.slow)]
    at_once = max(1, min(known.limits.at_once, len(loads)))
    rate = known.pace.typical.times(at_once).within(known.limits.together)
    return Guess(seconds[0], seconds[1], at_once, rate, known.pace.passes)


def limits_of(source: System, target: System, at_once: int) -> Limits:
    """What both systems allow together, as the plan says."""
    return Limits(
        at_once,
        _together(source).within(_together(target)),
        _least(source.each_mailbox.read_a_day, target.each_mailbox.written_a_day),
        _least(source.read_a_day, target.written_a_day),
    )


def _at_once(source: System, target: System, remembered: Remembered) -> int:
    """Mailboxes at a time: each needs a session on both sides."""
    servers = Servers({one.name: one for one in (source, target)}, remembered, Manner())
    caps = [servers.most(one.name) for one in (source, target)]
    if source.name == target.name:
        caps = [caps[0] // 2]
    return max(1, min(MAILBOXES_AT_ONCE, *caps))


def _together(system: System) -> Rate:
    own = Rate(system.messages_per_second or inf, float(system.bandwidth or inf))
    return own.within(_units(system, "project_units_per_minute"))


def _each(system: System) -> Rate:
    own = Rate(system.each_mailbox.messages_per_second or inf, float(system.each_mailbox.bandwidth or inf))
    return own.within(_units(system, "user_units_per_minute"))


def _units(system: System, key: str) -> Rate:
    """The rate that a quota in units a minute leaves, where a system has one and its settings tell it."""
    units = getattr(system.settings, key, None)
    return Rate() if not isinstance(units, int) else Rate(units / 60 / UNITS_AN_IMPORT)


def _least(*limits: int | None) -> int | None:
    return min((one for one in limits if one is not None), default=None)
