"""What the report for a customer's management says: the facts of the organisation, put together.  Plain."""

from __future__ import annotations

from datetime import date
from typing import Literal

from runbooks.document_facts import DocumentFacts
from runbooks.facts import DomainPhase, Plain, SitePhase
from runbooks.mail_facts import ReasonCount


class Moved(Plain):
    """Messages of all sites that were begun: seen = there + left out + refused + open."""

    seen: int
    there: int
    left_out: int
    refused: int
    open: int

    @property
    def rate(self) -> float | None:
        """The part of what was to be copied that is there; None while nothing was seen."""
        wanted = self.seen - self.left_out
        return self.there / wanted if wanted > 0 else None


class SiteRow(Plain):
    """A site as the report lists it."""

    name: str
    wave: int | None
    people: int
    phase: SitePhase
    #: The phase in the reader's language, and its place among all phases, from 1.
    phase_title: str
    step: int
    steps: int
    switch: date | None
    #: The part of its messages that is there; None while nobody copied.
    copied: float | None
    grade: Literal["perfect", "good", "investigate", "poor"] | None
    grade_title: str


class DomainRow(Plain):
    name: str
    phase: DomainPhase
    phase_title: str
    sites: tuple[str, ...]


class HoursUsed(Plain):
    """Support that was used once.  Minutes, as they count."""

    day: date
    minutes: int
    text: str
    site: str | None
    what: str
    by: str


class SupportText(Plain):
    """Support hours as people say them."""

    bought: str
    used: str
    left: str
    until: date | None


class Ahead(Plain):
    """A day that something happens on."""

    day: date
    what: str


class Risk(Plain):
    """Something that may keep the move from its days, and what to do."""

    #: ``incident``, ``forced``, ``grade``, ``licences``, ``hours``, ``support-ends``, ``late``, ``no-day`` or
    #: ``handover``.
    code: str
    grave: bool
    #: The site or domain; None: the organisation.
    subject: str | None
    text: str


class ReportFacts(DocumentFacts):
    """Everything on the page."""

    sites: tuple[SiteRow, ...]
    domains: tuple[DomainRow, ...]
    moved: Moved
    not_there: tuple[ReasonCount, ...]
    support: SupportText | None
    hours: tuple[HoursUsed, ...]
    ahead: tuple[Ahead, ...]
    risks: tuple[Risk, ...]
    #: People of sites that have switched.
    switched: int
    done: int
