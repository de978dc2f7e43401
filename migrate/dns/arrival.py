"""Who holds the new MX already, and how long the others may go on with the old one.  Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from migrate.dns.facts import SILENT, Mx, Outcome, View
from migrate.dns.findings import Look
from migrate.dns.judge_mx import strangers
from migrate.dns.providers import Expected, complete

#: Seconds between two looks: no sooner, for the servers' sake, and no later, for those who wait.
_SOONEST, _LATEST = 2.0, 60.0


State = Literal["new", "old", "silent", "fails"]


@dataclass(frozen=True, slots=True)
class Held:
    """What one server says of the MX: the ``new`` one, the ``old`` one (or another), nothing, or that it cannot."""

    view: View
    state: State
    #: Seconds for which it may go on saying so: of a resolver that has the old MX.
    left: int | None = None

    @property
    def counts(self) -> bool:
        """Whether it is waited for.

        A silent resolver is silent to all in this network, but a silent name server may come back with an old zone; one
        that does not have the zone is passed over by resolvers, but a resolver that fails keeps mail away.
        """
        zones = self.view.kind == "authoritative"
        if self.state == "silent":
            return zones and self.view.address is not None
        return self.state != "fails" or not zones


def held(look: Look, expected: Expected) -> list[Held]:
    """Each server's word on the domain's MX."""
    look.answer(look.domain, "MX")
    return [_held(look, expected, view) for view in look.facts.views]


def _held(look: Look, expected: Expected, view: View) -> Held:
    answer = view.answer(look.domain, "MX")
    if not answer.definite:
        return Held(view, "silent" if answer.outcome in SILENT else "fails")
    hosts = [value.host for value in answer.values if isinstance(value, Mx)]
    arrived = answer.outcome is Outcome.RECORDS and not strangers(look, expected, hosts)
    if arrived and (expected.provider is None or complete(expected.provider, hosts)):
        return Held(view, "new")
    return Held(view, "old", None if answer.own_zone else answer.ttl)


def arrived(servers: Sequence[Held]) -> bool:
    """Whether everybody who counts holds the new MX."""
    counting = [one for one in servers if one.counts]
    return bool(counting) and all(one.state == "new" for one in counting)


def next_look(servers: Sequence[Held]) -> float:
    """Seconds until another look tells something new: when the first of the old answers is forgotten."""
    left = [one.left for one in servers if one.state == "old" and one.left is not None]
    return min(max(min(left, default=int(_LATEST)), _SOONEST), _LATEST)
