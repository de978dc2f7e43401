"""What documents say of the plan: the organisation, its systems, the site, and its people.  Plain."""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal

from runbooks.facts import Plain, SitePhase, Unknown


class Reachable(Plain):
    """Somebody to ask, and the word that the plan has for what they do."""

    #: ``it``, ``support`` and the like; ``correspondent`` of a site.
    role: str
    name: str
    phone: str | None = None
    mail: str | None = None


class Door(Plain):
    """Where a mail program knocks."""

    protocol: Literal["imap", "pop3", "smtp"]
    host: str
    port: int
    #: ``implicit``: from the first byte; ``starttls``: after a plain greeting.
    tls: Literal["implicit", "starttls"]


class SystemFacts(Plain):
    """A mail system of the plan."""

    #: As the plan calls it.
    name: str
    #: ``imap``, ``google_workspace``, ``microsoft365`` and the like.
    connector: str
    #: What people call it.
    title: str
    #: Empty where its connector knows where it is.
    host: str
    #: How mail programs read mail there, and how they send it.
    incoming: Door | Unknown
    outgoing: Door | Unknown
    #: Its pages for people, as an address of the web.
    webmail: str | Unknown
    #: Sessions over all mailboxes.
    sessions: int
    #: Bytes in a day over all mailboxes, and of one of them; None without a limit in the plan.
    read_a_day: int | None
    written_a_day: int | None
    each_read_a_day: int | None
    each_written_a_day: int | None
    #: What the plan wants of keywords where the system has no place for them: ``off``, ``labels`` or ``categories``.
    keywords: str = ""


class SupportFacts(Plain):
    """Help from outside: hours that were agreed on and what is left of them."""

    #: Hours.
    bought: float
    left: float
    until: date | None
    #: Minutes; the shortest time that is counted.
    slice: int | None


class LicenceFacts(Plain):
    """Licences of one kind, over the whole organisation."""

    name: str
    bought: int
    renews: date | None
    #: Mailboxes of the plan that are to have one, of all sites and of this one.
    needed: int
    needed_here: int
    #: Still to be ordered for all; 0 when there are enough.
    missing: int
    #: The last day to order what is missing, thirty days before the first switch that needs it; None when nothing is
    #: missing or no such day is planned.
    order_by: date | None


class SiteLine(Plain):
    """A site in one line, as it stands in a list of all."""

    name: str
    wave: int | None
    people: int
    phase: SitePhase
    switch: date | None
    domain: str | None
    source: str
    target: str
    correspondent: Reachable | None


class Company(Plain):
    """The organisation."""

    name: str
    language: Literal["fr", "en"]
    time_zone: str
    contacts: tuple[Reachable, ...]
    systems: tuple[SystemFacts, ...]
    #: Names of systems that mail goes to.
    targets: tuple[str, ...]
    sites: tuple[SiteLine, ...]
    #: Mail domains of the plan.
    domains: tuple[str, ...]
    licences: tuple[LicenceFacts, ...]
    #: None when none was agreed on.
    support: SupportFacts | None
    people: int


class PersonFacts(Plain):
    """One mailbox of a site and where it stands.  Sizes are bytes."""

    address: str
    name: str
    #: Several people work in it.
    shared: bool
    #: Signs in there with; what is typed as the user's name.
    target_user: str
    aliases: tuple[str, ...]
    groups: tuple[str, ...]
    licence: str
    #: Archive files that the people file names, as it names them.
    archives: tuple[str, ...]
    #: A private Gmail account brings mail too.
    gmail: bool
    #: Programs and devices, in the person's own words.
    uses: tuple[str, ...]
    #: As listed by a check, an estimate or a rehearsal; None when it was never looked at.
    messages: int | None
    size: int | None
    #: Of the last pass: seen there, arrived, left out or refused with a reason, still open.
    seen: int
    there: int
    explained: int
    open: int
    grade: Literal["perfect", "good", "investigate", "poor"] | None
    #: When a pass last ended.
    last_pass: datetime | None


class Group(Plain):
    """A distribution list of the site's people."""

    name: str
    members: tuple[str, ...]


class ProgramUse(Plain):
    """A mail program found at a site, by what its people say they use."""

    #: The quick guide that fits: ``outlook-classic`` and the like; None where there is none.
    guide: str | None
    #: In their own words, one wording of each.
    words: tuple[str, ...]
    #: Addresses.
    people: tuple[str, ...]


class Archives(Plain):
    """How archive files of a site are handled."""

    collected_in: str
    put_under: str
    #: Archive files named in the people file, and people who have any.
    files: int
    people: int


class CopyRules(Plain):
    """What the plan of a site says about copying."""

    #: Such as ``19:00-07:00``; None for any hour.
    window: str | None
    #: Bytes a second outside the window; None without a limit.
    daytime_limit: int | None
    repair: bool
    #: Patterns of folders that stay behind.
    excluded: tuple[str, ...]
    before: date | None
    after: date | None
    #: Bytes.
    larger_than: int | None
    private: Literal["ask", "leave_out", "copy"]
    #: Private Gmail accounts: what is taken, and whether their people must have agreed; None when there are none.
    personal_gmail: Literal["our_domains", "everything"] | None
    consent: bool


class SitePlan(Plain):
    """A site as its plan wants it."""

    language: Literal["fr", "en"]
    time_zone: str
    source: SystemFacts
    target: SystemFacts
    correspondent: Reachable | None
    copy_rules: CopyRules
    archives: Archives | None
    groups: tuple[Group, ...]
    programs: tuple[ProgramUse, ...]
    people: tuple[PersonFacts, ...]


class Milestone(Plain):
    """A day of the timeline, counted from the switch; never a weekend, unless the switch itself is on one."""

    #: ``order-licences``, ``large-mailboxes``, ``pre-copy``, ``j-14`` … see :data:`runbooks.catalogue.MILESTONES`.
    code: str
    #: Days, before weekends are passed over: -14 is a fortnight before.
    offset: int
    day: date
    #: Whether the day has gone by.
    past: bool


class Timeline(Plain):
    """From D-30 to D+30."""

    switch: date
    milestones: tuple[Milestone, ...]
    #: By code, so that a text can say one day: ``timeline.value.days["j-7"]``.
    days: dict[str, date]
