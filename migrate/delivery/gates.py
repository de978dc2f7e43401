"""What has to be true before a site switches, as far as mail routes go.  Pure: facts in, what stands in the way out."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from migrate.delivery.judging import Proof, Verdict
from migrate.dns.codes import Code


class Obstacle(StrEnum):
    """Why a gate is closed.  Codes are part of what programs read."""

    STRANDED = "stranded"  #: has a mailbox on the new side, works on the old one, and no mail comes back from there
    SPF = "spf"  #: the domain's SPF does not admit the new side
    DKIM = "dkim"  #: the new side does not sign for the domain
    PROBE = "probe"  #: a route is not proved
    NO_PROBE = "no-probe"  #: no probe was sent, or the last run is too old


@dataclass(frozen=True, slots=True)
class Stop:
    """One thing in the way.  ``what``: the address, the domain or the route that it is about."""

    obstacle: Obstacle
    what: str


@dataclass(frozen=True, slots=True)
class Resident:
    """Where somebody is, for the trap of the colleague who has not moved."""

    address: str
    #: Works in the new mailbox.
    moved: bool
    #: The new side has an account, an alias or a group of this address: mail from there stays there.
    on_new_side: bool
    #: What the new side takes for them is handed to the old one too, or alone.
    route_back: bool


def stranded(people: Iterable[Resident]) -> list[Stop]:
    """Those whose mail from colleagues on the new side vanishes for them.

    Once a system has an account for an address, mail from its own people stays there, whatever the MX says: whoever has
    not moved sees none of it, and nobody is told.
    """
    return [
        Stop(Obstacle.STRANDED, one.address)
        for one in people
        if one.on_new_side and not one.moved and not one.route_back
    ]


#: Findings of :mod:`migrate.dns` after which mail that the new side sends is refused, or taken for forged.
_SPF: frozenset[Code] = frozenset(
    {"spf-missing", "spf-several", "spf-syntax", "spf-look-ups", "spf-include-broken", "spf-new-sender"}
)
_DKIM: frozenset[Code] = frozenset(
    {"dkim-missing", "dkim-leads-nowhere", "dkim-several", "dkim-broken", "dkim-revoked"}
)


def admitted(domain: str, codes: Collection[Code]) -> list[Stop]:
    """Whether the domain's records let the new side send, before the first of its people does.

    ``codes``: what ``migrate.dns`` found with the new side expected; every finding counts, whatever its severity: until
    the first switch nobody needs the records, so they are easily forgotten.
    """
    found = frozenset(codes)
    stops = [Stop(Obstacle.SPF, domain)] if found & _SPF else []
    return stops + ([Stop(Obstacle.DKIM, domain)] if found & _DKIM else [])


def proved(verdicts: Sequence[Verdict] | None, judged_at: float | None, now: float, *, at_most: float) -> list[Stop]:
    """Whether every route is proved by a run that is at most so many seconds old.

    A route that no account of the plan can send from is not proved: a person confirms it, or the plan gets an account.
    """
    if not verdicts or judged_at is None or now - judged_at > at_most:
        return [Stop(Obstacle.NO_PROBE, "")]
    return [
        Stop(Obstacle.PROBE, f"{one.probe.route.label} {one.proof}")
        for one in verdicts
        if one.proof is not Proof.PROVED
    ]
