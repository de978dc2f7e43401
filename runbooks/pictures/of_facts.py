"""The pictures that a template may name in ``picture("NAME", "caption")``; one of unknown facts is not there."""

from __future__ import annotations

from collections.abc import Mapping

from runbooks.document_facts import DocumentFacts, DomainDocumentFacts, SiteDocumentFacts
from runbooks.facts import Seen
from runbooks.output.document import Picture
from runbooks.pictures.bars import largest, progress, sizes
from runbooks.pictures.gantt import sites_calendar
from runbooks.pictures.probes import probe_matrix
from runbooks.pictures.track import days_track, dns_track
from runbooks.route_facts import DnsFacts


def pictures(facts: DocumentFacts) -> Mapping[str, Picture]:
    """Those that these facts have, in the language that is spoken."""
    found: dict[str, Picture | None] = {
        "progress": progress(facts.rollout.sites),
        "gantt": sites_calendar(facts.organisation),
    }
    now = facts.about.state_at
    if isinstance(facts, SiteDocumentFacts):
        found["sizes"] = sizes(facts.plan.people)
        if isinstance(facts.inventory, Seen):
            found["largest"] = largest(facts.inventory.value)
        if isinstance(facts.delivery.probes, Seen):
            found["probes"] = probe_matrix(facts.delivery.probes.value)
        if isinstance(facts.dns, DnsFacts):
            found["dns"] = dns_track(facts.dns, facts.domain_phases, now)
        if isinstance(facts.timeline, Seen):
            found["days"] = days_track(facts.timeline.value, facts.about.today)
    elif isinstance(facts, DomainDocumentFacts):
        found["dns"] = dns_track(facts.dns, facts.phases, now)
    return {name: one for name, one in found.items() if one is not None}
