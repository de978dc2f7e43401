"""Everything that a document may say, as one plain set of facts: what templates see, by the names of the fields.

A document is of the organisation, of a site, of a domain or of a person; each kind has what the one before it has.
A fact that was looked up is ``Seen``, with its time and source, or ``Unknown``, with how to find out.  What comes
from the plan needs neither: it is of the moment that ``about`` tells.  ``model_dump_json()`` writes all of it,
``model_validate_json()`` reads it again.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Literal

from runbooks.facts import Confirmation, DomainFacts, Plain, RolloutFacts, Seen, SiteFacts, Step, Unknown
from runbooks.mail_facts import Estimate, Inventory, NotCopied, Rehearsal, Scope
from runbooks.plan_facts import Company, PersonFacts, SitePlan, Timeline
from runbooks.route_facts import Delivery, DnsFacts


class Signature(Plain):
    """Somebody's signature under one version of a document."""

    by: str
    at: datetime
    #: SHA-256 of the signed text, in hexadecimal digits.
    digest: str
    #: Counts the signed versions of the document from 1.
    version: int
    note: str = ""


class Change(Plain):
    """A fact that is no longer as it was when the document was signed."""

    #: The fact, as ``bascule runbook template --facts`` names it.
    fact: str
    #: As the reader's language calls it.
    title: str
    #: Before and now, short; empty where a value is long or was not there.
    was: str = ""
    now: str = ""


class About(Plain):
    """The document itself."""

    code: str
    title: str
    language: Literal["fr", "en"]
    #: What it is of: the name of a site or domain, a person's address, or the organisation's name.
    subject: str
    #: The first sixteen digits of the SHA-256 over the plan's files.
    plan_hash: str
    #: As of when the facts are, in the time zone of the site or the organisation.
    state_at: datetime
    today: date
    #: The newest signature; None while nobody signed.
    signed: Signature | None = None
    #: Since then.
    changes: tuple[Change, ...] = ()


class GateFacts(Plain):
    """A check before the next phase."""

    code: str
    title: str
    how: Literal["automatic", "person", "either"]
    #: A confirmation needs a file that proves it.
    proof: bool
    state: Literal["met", "not met", "unknown"]
    #: As short as ``12/14``; may be empty.
    figure: str
    missing: str
    confirmed: Confirmation | None
    #: What to do about it, also when it is met: the order of work of the phase.
    step: Step


class PhaseFacts(Plain):
    """A phase, its gates in their order, and where the site or domain stands."""

    code: str
    title: str
    state: Literal["past", "now", "ahead"]
    #: When it was last entered; None when it was not, and for the first one.
    entered: datetime | None
    #: Planned first and last days, where the switch is planned.
    begins: date | None
    ends: date | None
    gates: tuple[GateFacts, ...]


class Happened(Plain):
    """Something that was recorded of the rollout."""

    at: datetime
    #: ``advance``, ``force``, ``back``, ``confirm``, ``incident``, ``solved`` and the like.
    event: str
    title: str
    by: str
    from_phase: str | None
    to_phase: str | None
    note: str
    evidence: str | None


class DocumentFacts(Plain):
    """Facts of the organisation: every document has them."""

    about: About
    organisation: Company
    #: Every site and domain as its gates are judged by.
    rollout: RolloutFacts


class DomainDocumentFacts(DocumentFacts):
    """Facts of a domain."""

    domain: DomainFacts
    dns: DnsFacts
    phases: tuple[PhaseFacts, ...]
    next: Step | None
    events: tuple[Happened, ...]


class SiteDocumentFacts(DocumentFacts):
    """Facts of a site."""

    site: SiteFacts
    plan: SitePlan
    timeline: Seen[Timeline] | Unknown
    inventory: Seen[Inventory] | Unknown
    not_copied: Seen[NotCopied] | Unknown
    estimate: Seen[Estimate] | Unknown
    rehearsal: Seen[Rehearsal] | Unknown
    scope: Scope
    #: The domain that the site's rollout depends on.
    domain: DomainFacts | Unknown
    dns: DnsFacts | Unknown
    delivery: Delivery
    phases: tuple[PhaseFacts, ...]
    domain_phases: tuple[PhaseFacts, ...]
    next: Step | None
    events: tuple[Happened, ...]


class PersonDocumentFacts(SiteDocumentFacts):
    """Facts of one person of a site."""

    person: PersonFacts


#: By what a document is of.
FACTS_OF: Mapping[str, type[DocumentFacts]] = {
    "organisation": DocumentFacts,
    "domain": DomainDocumentFacts,
    "site": SiteDocumentFacts,
    "person": PersonDocumentFacts,
}
