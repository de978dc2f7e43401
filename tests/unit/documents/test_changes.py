"""What changed since a document was built: facts that it uses, and nothing that only tells when somebody looked."""

from __future__ import annotations

from datetime import timedelta

import pytest

from runbooks.changes import changes
from runbooks.document_facts import FACTS_OF, DocumentFacts, SiteDocumentFacts
from runbooks.facts import Seen, Share, Unknown
from tests.unit.documents.any_facts import AnyFacts

_ALL = sorted(set(SiteDocumentFacts.model_fields) - {"about"})


def _facts() -> SiteDocumentFacts:
    return AnyFacts(1, there=True).of(SiteDocumentFacts)


def _with_accounts(facts: SiteDocumentFacts, accounts: Seen[Share] | Unknown) -> SiteDocumentFacts:
    return facts.model_copy(update={"site": facts.site.model_copy(update={"accounts": accounts})})


def test_a_figure_that_changed_is_told_with_what_it_was() -> None:
    facts = _facts()
    at = facts.about.state_at
    one = _with_accounts(facts, Seen[Share](value=Share(done=12, of=14), at=at, source="x"))
    other = _with_accounts(facts, Seen[Share](value=Share(done=14, of=14), at=at, source="x"))
    (change,) = changes(one, other, ["site.accounts.done", "site.name"])
    assert (change.fact, change.title, change.was, change.now) == ("site.accounts", "accounts", "12/14", "14/14")
    assert changes(one, other, ["site.name", "plan.people"]) == ()
    (change,) = changes(_with_accounts(facts, Unknown(how="bascule check")), other, ["site.accounts"])
    assert (change.was, change.now) == ("not known", "14/14")


def test_that_somebody_looked_again_is_no_change() -> None:
    facts = _facts()
    at = facts.about.state_at
    one, other = (
        _with_accounts(facts, Seen[Share](value=Share(done=1, of=1), at=when, source=source))
        for when, source in ((at, "x"), (at + timedelta(days=3), "y"))
    )
    assert changes(one, other, _ALL) == ()


def test_of_a_list_the_items_that_changed_are_named() -> None:
    facts = _facts()
    first = facts.plan.people[0].model_copy(update={"name": "Jean P."})
    before, after = (
        facts.model_copy(update={"plan": facts.plan.model_copy(update={"people": people})})
        for people in ((first,), (first.model_copy(update={"licence": "other"}),))
    )
    (change,) = changes(before, after, ["plan.people"])
    assert change.title == "people (Jean P.)"
    assert (change.was, change.now) == ("", "")


@pytest.mark.parametrize("of", sorted(FACTS_OF))
@pytest.mark.parametrize("there", [True, False, None])
def test_facts_are_read_back_as_they_were_written(of: str, there: bool | None) -> None:
    kind: type[DocumentFacts] = FACTS_OF[of]
    for seed in range(5):
        facts = AnyFacts(seed, there).of(kind)
        again = kind.model_validate_json(facts.model_dump_json())
        assert again == facts
        assert changes(facts, again, sorted(kind.model_fields)) == ()
