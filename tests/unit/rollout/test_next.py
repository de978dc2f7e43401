"""The one next thing: there is exactly one until all is done, and following it always gets further."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

from hypothesis import given, settings
from hypothesis import strategies as st

from migrate.rollout.moves import Refused
from migrate.rollout.phases import order_of
from migrate.rollout.steps import first_of_all, judged
from runbooks.facts import DomainFacts, Severity, SiteFacts
from tests.unit.rollout.company import DAY, OF_MAILBOXES, SITES, Company, company

_DOMAINS = ("old-first.example", "new-first.example")
_sites = st.sampled_from(sorted(SITES))


def followed(one: Company, most: int = 400) -> list[str]:
    """Follow ``rollout next`` until nothing is left to do; the steps that it took."""
    done = []
    facts = one.facts()
    while (found := first_of_all(facts.sites, facts.domains)) is not None:
        subject, step = found
        one.do(subject.name, step)
        done.append(f"{subject.name}:{step.code}")
        assert len(done) < most, f"it goes round in circles: {done[-12:]}"
        facts = one.facts()
        after = next(other for other in facts.subjects if other.name == subject.name)
        if step.code == "advance":
            order = order_of("site" if isinstance(after, SiteFacts) else "domain")
            assert order.index(after.phase) == order.index(subject.phase) + 1
        elif step.until is None and step.waits_for is None:
            assert step.code not in _open(after), f"{subject.name}: {step.code} was done, and is asked for again"
            left_before, left_after = (len(_open(found)) + len(found.incidents) for found in (subject, after))
            assert left_after < left_before
    return done


def _open(facts: SiteFacts | DomainFacts) -> set[str]:
    return {gate.code for gate, verdict in judged(facts) if not verdict.met}


def _all_is_done(one: Company) -> None:
    facts = one.facts()
    assert {site.phase for site in facts.sites} == {"done"}
    assert {domain.phase for domain in facts.domains} == {"decommission"}


def test_following_next_brings_the_whole_organisation_to_its_end(tmp_path: Path) -> None:
    with company(tmp_path) as one:
        done = followed(one)
        _all_is_done(one)
        assert not any(subject.forced for subject in one.facts().subjects)
    # The domain whose old side is first is cut over after its sites have switched, the other one before its copies.
    old, new = (done.index(f"{domain}:arrived") for domain in _DOMAINS)
    assert max(done.index(f"{site}:at-work") for site in ("hq", "lyon")) < old
    assert new < done.index("nice:dual")


def test_where_people_cannot_work_comes_first_and_the_domain_sends_there(tmp_path: Path) -> None:
    with company(tmp_path) as one:
        number = one.rollout.open_incident("site", "nice", "Claire", "P1", "nobody can send")
        facts = one.facts()
        first = first_of_all(facts.sites, facts.domains)
        assert first is not None
        assert (first[0].name, first[1].code) == ("nice", "incidents")
        assert any(f"incident nice --solved {number}" in line for line in first[1].do)
        one.rollout.solve("site", "nice", "Claire", number, "")
        facts = one.facts()
        after = first_of_all(facts.sites, facts.domains)
        assert after is not None
        assert after[1].code != "incidents"


class _Seen(tuple[str, str, bool]):
    """A site, a fact, and whether what was seen is good."""


class _Trouble(tuple[str, Severity]):
    """An incident at a site."""


class _Back(str):
    """A site that goes back a phase."""


_happenings = st.one_of(
    st.tuples(_sites, st.sampled_from((*OF_MAILBOXES, "probes", "routes")), st.booleans()).map(_Seen),
    st.tuples(_sites, st.sampled_from(("P1", "P2", "P3"))).map(_Trouble),
    _sites.map(_Back),
    # Forced on.
    st.sampled_from((*sorted(SITES), *_DOMAINS)),
    # Days that pass.
    st.integers(0, 90),
)


@settings(max_examples=6, deadline=None)
@given(happened=st.lists(_happenings, max_size=8))
def test_whatever_happened_before_following_next_gets_to_the_end(
    happened: list[_Seen | _Trouble | _Back | str | int],
) -> None:
    with TemporaryDirectory() as folder, company(Path(folder)) as one:
        for event in happened:
            _happen(one, event)
        followed(one)
        _all_is_done(one)


def _happen(one: Company, event: _Seen | _Trouble | _Back | str | int) -> None:
    if isinstance(event, int):
        one.now += event * DAY
    elif isinstance(event, _Seen):
        site, fact, good = event
        detail = {"grade": "good" if good else "poor"} if fact == "verified" else {}
        items = ["a route"] if fact in ("probes", "routes") else one.people(site)
        one.see("site", site, fact, *items, good=good, **detail)
    elif isinstance(event, _Trouble):
        one.rollout.open_incident("site", event[0], "Karim", event[1], "trouble")
    else:
        kind: Literal["site", "domain"] = "site" if event in SITES else "domain"
        move = one.rollout.back if isinstance(event, _Back) else one.rollout.force
        try:
            move(kind, str(event), "Karim", "because")
        except Refused:
            return
