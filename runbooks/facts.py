"""What is known of a rollout at one moment: gathered once, plain, and the same for gates, commands and runbooks.

Every fact has the time it was seen and what saw it; what is not known says so, and how to find out.
``model_dump_json()`` writes all of it, ``model_validate_json()`` reads it again.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Generic, Literal, TypeVar

from pydantic import BaseModel, ConfigDict

T = TypeVar("T")

Severity = Literal["P1", "P2", "P3"]
SitePhase = Literal[
    "assess", "prepare", "pre-copy", "dual-delivery", "switch", "delta", "verify", "acceptance", "hypercare", "done"
]
Grade = Literal["perfect", "good", "investigate", "poor"]
DomainPhase = Literal["untouched", "ttl-lowered", "cutover", "settled", "decommission"]


class Plain(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Seen(Plain, Generic[T]):
    """Something that is known."""

    value: T
    at: datetime
    #: What saw it: a command, the plan, the ledger.
    source: str


class Unknown(Plain):
    """Something that nobody has looked at yet."""

    #: The command, or the sentence, that finds out.
    how: str


class Share(Plain):
    """So many of so many: mailboxes with an account, routes that work."""

    done: int
    of: int
    #: Those that are not, as people know them.
    missing: tuple[str, ...] = ()

    @property
    def whole(self) -> bool:
        return self.done >= self.of and not self.missing


class Copied(Plain):
    """Messages of a site: seen = there + explained + open."""

    seen: int
    there: int
    #: Left out by a rule, or refused with a reason.
    explained: int
    #: Left out by a rule alone, a part of ``explained``: nobody wants them there.
    left_out: int
    #: Pending or uncertain.
    open: int
    #: Mailboxes whose last pass came to its end, of all.
    mailboxes: Share

    @property
    def rate(self) -> float:
        """The part of what was to be copied that is on the target; 1 when there was nothing."""
        wanted = self.seen - self.left_out
        return self.there / wanted if wanted > 0 else 1.0


class Graded(Plain):
    """What a verification gave each mailbox: the worst grade, and how many it was given to."""

    grade: Grade
    mailboxes: Share
    #: Messages that were copied and are gone since their people work in the new mailboxes.
    removed: int = 0
    #: The grade but for these; None where there are none.
    but_for_removed: Grade | None = None


class Records(Plain):
    """A domain's old records, verbatim, as a zone file has them."""

    lines: tuple[str, ...]


class TimeToLive(Plain):
    """The TTL of a domain's MX: what it was, and since when it is short."""

    #: Seconds.
    old: int
    now: int
    #: When the short one was first seen; None while it is not short.
    lowered_at: datetime | None


class Zeros(Plain):
    """Delta passes that brought nothing: of the mailbox for which that is true the shortest time."""

    #: Days, counted between two passes that both brought nothing.
    days: float
    mailboxes: Share


class Confirmation(Plain):
    """A named person's word for what no program can see."""

    by: str
    at: datetime
    note: str
    evidence: str | None


class Incident(Plain):
    """Something that went wrong and is not solved yet."""

    #: The site or domain that it is of, and its number there.
    subject: str
    number: int
    severity: Severity
    what: str
    by: str
    at: datetime


class Forced(Plain):
    """A phase that was entered although gates were not met."""

    from_phase: str
    to_phase: str
    by: str
    at: datetime
    because: str
    #: Codes of the gates.
    unmet: tuple[str, ...]


class Lesson(Plain):
    """What somebody noted for a step, for this site and every later one."""

    step: str
    text: str
    by: str
    at: datetime


class Whom(Plain):
    """Somebody to ask."""

    name: str
    phone: str | None = None


class People(Plain):
    """Who does what.  ``it`` is a word such as "IT" where the plan names nobody."""

    it: Whom | None
    correspondent: Whom | None
    support: Whom | None
    #: Hours of it that are left, below 0 when more was used; None where none was agreed on.
    support_hours: float | None


class Step(Plain):
    """One thing to do, worded in the language of the process."""

    #: The gate that it gets met, or ``advance``, or ``wait``.
    code: str
    title: str
    who: str
    #: About how long it takes; None where it only takes time to pass.
    minutes: int | None
    #: What to do, line by line; a line may be a command.
    do: tuple[str, ...]
    see: str
    otherwise: str
    why: str
    #: What comes after.
    then: str
    #: Nothing can be done before.
    until: datetime | None = None
    #: The site or domain that has to go on first.
    waits_for: str | None = None
    lessons: tuple[Lesson, ...] = ()


class SiteFacts(Plain):
    """A site at one moment."""

    name: str
    at: datetime
    phase: SitePhase
    #: When the phase was entered; None for the first one.
    since: datetime | None
    people: int
    wave: int | None
    switch: date | None
    today: date
    target: str
    #: What ``bascule dns --expect`` takes for the target.
    expect: str
    domain: str | None
    mx_first: Literal["old", "new"] | None
    #: Where its domain stands.
    domain_phase: DomainPhase | None
    #: The site that moves first.
    pilot: bool
    whom: People
    sign_in: Seen[Share] | Unknown
    accounts: Seen[Share] | Unknown
    licences: Seen[Share] | Unknown
    backup: Seen[Share] | Unknown
    cases: Seen[Share] | Unknown
    copied: Seen[Copied] | Unknown
    space: Seen[Share] | Unknown
    dual: Seen[Share] | Unknown
    archives: Seen[Share] | Unknown
    probes: Seen[Share] | Unknown
    routes: Seen[Share] | Unknown
    senders: Seen[Share] | Unknown
    way_back: Seen[Share] | Unknown
    #: Mailboxes with a complete pass since everybody is at work in the new one.
    delta: Seen[Share] | Unknown
    verified: Seen[Graded] | Unknown
    confirmed: Mapping[str, Confirmation] = {}
    incidents: tuple[Incident, ...] = ()
    forced: tuple[Forced, ...] = ()
    lessons: tuple[Lesson, ...] = ()


class SharingSite(Plain):
    """A site of a domain, as far as the domain has to know it."""

    name: str
    phase: SitePhase


class DomainFacts(Plain):
    """A domain at one moment."""

    name: str
    at: datetime
    phase: DomainPhase
    since: datetime | None
    zone_at: str | None
    mx_first: Literal["old", "new"]
    sites: tuple[SharingSite, ...]
    #: The targets of its sites.
    targets: tuple[str, ...]
    expect: str
    whom: People
    records: Seen[Records] | Unknown
    ttl: Seen[TimeToLive] | Unknown
    senders: Seen[Share] | Unknown
    probes: Seen[Share] | Unknown
    way_back: Seen[Share] | Unknown
    arrived: Seen[Share] | Unknown
    zeros: Seen[Zeros] | Unknown
    confirmed: Mapping[str, Confirmation] = {}
    incidents: tuple[Incident, ...] = ()
    forced: tuple[Forced, ...] = ()
    lessons: tuple[Lesson, ...] = ()


class RolloutFacts(Plain):
    """A whole organisation at one moment."""

    organisation: str
    at: datetime
    time_zone: str
    #: Who holds the rollout after a handover; None while it was never handed over.
    holder: str | None
    #: To whom it was handed over, while that person has not accepted.
    on_its_way_to: str | None
    sites: tuple[SiteFacts, ...]
    domains: tuple[DomainFacts, ...]

    @property
    def subjects(self) -> tuple[SiteFacts | DomainFacts, ...]:
        return (*self.sites, *self.domains)
