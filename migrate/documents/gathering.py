"""Everything that documents say, gathered once: from the plan, the ledger and the evidence.  Asks no server."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from sqlalchemy import Connection

from connectors.language import _, in_language
from migrate.documents.company import company
from migrate.documents.course import happened, phases_of, timeline
from migrate.documents.mail import ReasonText, estimate, inventory, not_there, rehearsal
from migrate.documents.people import site_plan
from migrate.documents.routes import ProofText, delivery_facts, dns_facts
from migrate.documents.scope import Known, scope_of
from migrate.engine.remembered import Remembered
from migrate.ledger import copies, events, mailboxes, pace
from migrate.ledger.events import Event
from migrate.ledger.store import Ledger
from migrate.rollout.facts import rollout_facts
from migrate.rollout.history import moment
from migrate.rollout.outlook import Outlook, outlook
from migrate.rollout.steps import next_step
from migrate.rollout.world import World
from plans import Organisation, Site
from plans.fingerprint import fingerprint
from runbooks.catalogue import Of
from runbooks.document_facts import About, DocumentFacts, DomainDocumentFacts, SiteDocumentFacts
from runbooks.facts import RolloutFacts, Unknown

Language = Literal["fr", "en"]


@dataclass(frozen=True, slots=True)
class Subject:
    """What documents are of: a site, a domain, or the organisation, whose name is then ``organisation``."""

    of: Of
    name: str

    def folder(self, organisation: Path) -> Path:
        """Where its documents lie."""
        return organisation / "documents" / ("" if self.of == "organisation" else self.name)


ORGANISATION = Subject("organisation", "organisation")


@dataclass(frozen=True, slots=True)
class Words:
    """What the commands call things, in the language that is spoken."""

    reason: ReasonText
    proof: ProofText


@dataclass(frozen=True)
class Gathered:
    """One reading of plan and ledger, of one moment; facts are worded from it in either language."""

    organisation: Organisation
    ledger: Ledger
    ledger_file: Path
    words: Words
    world: World
    events: Sequence[Event]
    #: By language, of all sites: every subject's facts have them.
    _rollouts: dict[Language, RolloutFacts] = field(default_factory=dict)

    @classmethod
    def read(cls, organisation: Organisation, ledger: Ledger, ledger_file: Path, words: Words, now: float) -> Gathered:
        with ledger.read() as connection:
            world = World.read(organisation, connection, now)
            return cls(organisation, ledger, ledger_file, words, world, events.every(connection))

    def facts(self, subject: Subject, language: Language) -> DocumentFacts:
        """Of one subject, in one language; what the document says of itself is still to be put in."""
        with in_language(language):
            if subject.of == "organisation":
                return self._company_facts(None, language)
            if subject.of == "domain":
                return self._domain_facts(subject.name, language)
            return self._site_facts(self.organisation.sites[subject.name], language)

    def plan_hash(self, subject: Subject) -> str:
        """A site's own plan; of the rest, all of it."""
        return fingerprint(self.organisation, self.organisation.sites[subject.name] if subject.of == "site" else None)

    def _about(self, subject: Subject, language: Language, site: Site | None) -> About:
        at = moment(self.world.now).astimezone(self.organisation.time_zone if site is None else site.time_zone)
        return About(
            code="",
            title="",
            language=language,
            subject=self.organisation.name if subject.of == "organisation" else subject.name,
            plan_hash=self.plan_hash(subject),
            state_at=at,
            today=at.date(),
        )

    def _company_facts(self, site: Site | None, language: Language) -> DocumentFacts:
        if language not in self._rollouts:
            self._rollouts[language] = rollout_facts(self.world)
        rollout = self._rollouts[language]
        left = rollout.subjects[0].whom.support_hours if rollout.subjects else None
        subject = ORGANISATION if site is None else Subject("site", site.name)
        return DocumentFacts(
            about=self._about(subject, language, site),
            organisation=company(self.world, site, left),
            rollout=rollout,
        )

    def _domain_facts(self, name: str, language: Language) -> DomainDocumentFacts:
        shared = self._company_facts(None, language)
        domain = next(one for one in shared.rollout.domains if one.name == name)
        return DomainDocumentFacts(
            about=self._about(Subject("domain", name), language, None),
            organisation=shared.organisation,
            rollout=shared.rollout,
            domain=domain,
            dns=dns_facts(self.world, domain),
            phases=phases_of(domain, self.world.history.course("domain", name)),
            next=next_step(domain),
            events=happened(self.world, self.events, "domain", name),
        )

    def _site_facts(self, site: Site, language: Language) -> SiteDocumentFacts:
        shared = self._company_facts(site, language)
        facts = next(one for one in shared.rollout.sites if one.name == site.name)
        domain = next((one for one in shared.rollout.domains if one.name == facts.domain), None)
        nobody = Unknown(how=_("write domain: into sites/{site}.yaml").format(site=site.name))
        with self.ledger.read() as connection:
            plan = site_plan(self.world, site, connection)
            sizes = pace.sizes(connection, site.name)
            missing = not_there(site, connection, self.words.reason)
            there = _there(connection, site)
        known = inventory(self.world, site, sizes)
        rehearsed = rehearsal(self.organisation.folder, site, self.words.reason)
        course = self.world.history.course
        return SiteDocumentFacts(
            about=shared.about,
            organisation=shared.organisation,
            rollout=shared.rollout,
            site=facts,
            plan=plan,
            timeline=timeline(facts, site),
            inventory=known,
            not_copied=missing,
            estimate=estimate(self.world, site, sizes, there, self._outlook(site)),
            rehearsal=rehearsed,
            scope=scope_of(Known(plan, known, rehearsed)),
            domain=nobody if domain is None else domain,
            dns=nobody if domain is None else dns_facts(self.world, domain),
            delivery=delivery_facts(self.world, site, self.words.proof),
            phases=phases_of(facts, course("site", site.name)),
            domain_phases=() if domain is None else phases_of(domain, course("domain", domain.name)),
            next=next_step(facts),
            events=happened(self.world, self.events, "site", site.name),
        )

    def _outlook(self, site: Site) -> Outlook:
        remembered = Remembered(self.ledger_file)
        try:
            return outlook(self.organisation, site, remembered)
        finally:
            remembered.close()


def _there(connection: Connection, site: Site) -> dict[str, tuple[int, int]]:
    """Messages and bytes on the target by mailbox, of those that a pass was over."""
    found = copies.brought(connection, site.name)
    rows = mailboxes.of_site(connection, site.name)
    return {row.name: found.get(row.name, (0, 0)) for row in rows if row.last_pass is not None}
