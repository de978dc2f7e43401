"""The one-pager for the steering committee: each trouble once, and the calendar of the sites."""

from __future__ import annotations

from runbooks.building import build
from runbooks.catalogue import DOCUMENTS
from runbooks.document_facts import DocumentFacts
from runbooks.facts import Incident
from runbooks.output.document import Picture
from runbooks.templating import Templates
from tests.unit.documents.fixed_facts import NOW, every_document


def _facts() -> DocumentFacts:
    return every_document("en")[DOCUMENTS["steering"]]


def _built(facts: DocumentFacts) -> str:
    drawn = {"gantt": Picture("<svg/>", "the sites")}
    return build(DOCUMENTS["steering"], facts, Templates("en"), {}, drawn).markdown


def test_an_incident_of_a_site_is_told_once_although_its_domain_shows_it_too() -> None:
    facts = _facts()
    incident = Incident(subject="lyon", number=2, severity="P2", what="The copier", by="Claire M.", at=NOW)
    troubled = facts.rollout.model_copy(
        update={
            "sites": tuple(one.model_copy(update={"incidents": (incident,)}) for one in facts.rollout.sites[:1]),
            "domains": tuple(one.model_copy(update={"incidents": (incident,)}) for one in facts.rollout.domains),
        }
    )
    assert _built(facts.model_copy(update={"rollout": troubled})).count("The copier") == 1


def test_it_shows_the_calendar_of_the_sites() -> None:
    assert "](picture:gantt)" in _built(_facts())
