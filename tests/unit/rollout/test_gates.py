"""Each gate, by itself: spoil the one thing that it is about, and it is not met."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from migrate.rollout import judges
from migrate.rollout.gate_words import GATES
from migrate.rollout.gates import DOMAIN_GATES, SITE_GATES, STEPS
from migrate.rollout.phases import SITE_PHASES
from migrate.rollout.steps import first_of_all, judged, next_step
from runbooks.facts import (
    Copied,
    DomainFacts,
    Graded,
    Incident,
    RolloutFacts,
    Seen,
    Share,
    SharingSite,
    SiteFacts,
    TimeToLive,
    Unknown,
)
from tests.unit.rollout.company import company

_NOW = datetime(2027, 3, 1, 9, tzinfo=UTC)
#: Gates whose fact has another name.
_FACTS = {"cases-met": "cases", "quiet-mx": "", "no-logins": "", "dmarc": "", "last-delta": "zeros", "old-ttl": "ttl"}


@pytest.fixture(scope="module")
def ready(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str], SiteFacts | DomainFacts]:
    """Facts with every gate met, by kind and phase, as a rollout meets them that goes as it should."""
    found: dict[tuple[str, str], SiteFacts | DomainFacts] = {}
    with company(tmp_path_factory.mktemp("ready")) as one:
        facts = one.facts()
        while (first := first_of_all(facts.sites, facts.domains)) is not None:
            subject, step = first
            if step.code == "advance":
                # Of both pilot and others, and of both kinds of domain, whoever comes last.
                found[type(subject).__name__, subject.phase] = subject
            one.do(subject.name, step)
            facts = one.facts()
    return found


def _spoilt(facts: SiteFacts | DomainFacts, code: str) -> SiteFacts | DomainFacts:
    """The facts without what this gate is about."""
    changed: dict[str, Any] = {"confirmed": {k: word for k, word in facts.confirmed.items() if k != code}}
    name = _FACTS.get(code, code.replace("-", "_"))
    if code == "people":
        changed["people"] = 0
    elif code in ("switch-day", "day"):
        changed["switch"] = None
    elif code in ("incidents", "all-solved"):
        changed["incidents"] = (Incident(subject="hq", number=1, severity="P1", what="x", by="y", at=facts.at),)
    elif code == "removed":
        share = Share(done=1, of=1)
        graded = Graded(grade="investigate", mailboxes=share, removed=2, but_for_removed="perfect")
        changed["verified"] = Seen(value=graded, at=facts.at, source="a test")
    elif code == "domain-first":
        changed |= {"mx_first": "new", "domain_phase": "untouched"}
    elif code in ("sites-near", "sites-switched", "sites-done"):
        changed |= {"sites": (SharingSite(name="hq", phase="assess"),), "confirmed": {}}
    elif hasattr(facts, name):
        changed[name] = Unknown(how="look")
    return facts.model_copy(update=changed)


@pytest.mark.parametrize(
    ("kind", "phase", "code"),
    [
        *(("SiteFacts", phase, gate.code) for phase, gates in SITE_GATES.items() for gate in gates),
        *(("DomainFacts", phase, gate.code) for phase, gates in DOMAIN_GATES.items() for gate in gates),
    ],
)
def test_without_what_a_gate_is_about_nobody_goes_on(
    ready: dict[tuple[str, str], SiteFacts | DomainFacts], kind: str, phase: str, code: str
) -> None:
    facts = ready[kind, phase]
    if code in ("cases", "cases-met"):
        # The pilot is where cases are met; the others come after them.
        assert isinstance(facts, SiteFacts)
        facts = facts.model_copy(update={"pilot": code == "cases-met"})
    assert all(verdict.met for _gate, verdict in judged(facts))
    spoilt = _spoilt(facts, code)
    found = {gate.code: verdict for gate, verdict in judged(spoilt)}
    assert not found[code].met
    step = next_step(spoilt)
    assert step is not None
    assert step.code != "advance"


def test_every_gate_has_words_and_a_step() -> None:
    assert set(GATES) == STEPS - {"advance"}


def _copied(there: int, refused: int = 0, left_out: int = 0, pending: int = 0) -> Seen[Copied]:
    seen = there + refused + left_out + pending
    share = Share(done=1, of=1)
    copied = Copied(
        seen=seen, there=there, explained=refused + left_out, left_out=left_out, open=pending, mailboxes=share
    )
    return Seen(value=copied, at=_NOW, source="a test")


@pytest.mark.parametrize(
    ("fact", "met", "figure"),
    [
        (_copied(999, refused=1), True, "99.90 %"),
        (_copied(998, refused=2), False, "99.80 %"),
        (_copied(10_000, pending=1), False, "99.99 %"),
        (_copied(500, left_out=500), True, "100.00 %"),
        (_copied(0), True, "100.00 %"),
        # What is almost all is not told as all.
        (_copied(99_999, refused=1), True, "99.99 %"),
    ],
)
def test_999_of_1000_are_enough_when_the_rest_is_explained(
    ready: dict[tuple[str, str], SiteFacts | DomainFacts], fact: Seen[Copied], met: bool, figure: str
) -> None:
    site = ready["SiteFacts", "pre-copy"].model_copy(update={"copied": fact})
    assert isinstance(site, SiteFacts)
    verdict = judges.copied(site)
    assert (verdict.met, verdict.figure) == (met, figure)


def test_the_old_ttl_is_waited_for_to_the_second(ready: dict[tuple[str, str], SiteFacts | DomainFacts]) -> None:
    lowered = TimeToLive(old=86400, now=300, lowered_at=_NOW)
    seen = Seen(value=lowered, at=_NOW, source="a test")
    domain = ready["DomainFacts", "ttl-lowered"].model_copy(update={"ttl": seen})
    assert isinstance(domain, DomainFacts)
    early = domain.model_copy(update={"at": _NOW + timedelta(seconds=86399)})
    late = domain.model_copy(update={"at": _NOW + timedelta(seconds=86400)})
    assert judges.old_ttl(early).until == _NOW + timedelta(days=1)
    assert judges.old_ttl(late).met


def test_where_a_host_gives_no_logs_deltas_of_14_days_and_a_person_stand_for_them(tmp_path: Path) -> None:
    with company(tmp_path) as one:
        name = "new-first.example"
        while one.subject(name).phase != "settled":
            first = first_of_all(one.facts().sites, one.facts().domains)
            assert first is not None
            one.do(first[0].name, first[1])
        one.rollout.confirm("domain", name, "no-logs", "Karim", "the host gives none", None)
        one.copy("nice")
        assert not _met(one.subject(name), "no-logins")
        one.now += 13.5 * 86400
        one.copy("nice")
        assert not _met(one.subject(name), "quiet-mx")
        one.now += 86400
        assert not _met(one.subject(name), "quiet-mx"), "nobody has looked since"
        one.copy("nice")
        assert _met(one.subject(name), "quiet-mx")
        assert _met(one.subject(name), "no-logins")


def _met(facts: SiteFacts | DomainFacts, code: str) -> bool:
    return next(verdict.met for gate, verdict in judged(facts) if gate.code == code)


def test_the_facts_can_be_written_and_read_again(tmp_path: Path) -> None:
    with company(tmp_path) as one:
        one.copy("hq")
        one.see("site", "hq", "verified", *one.people("hq"), grade="good")
        facts = one.facts()
    assert RolloutFacts.model_validate_json(facts.model_dump_json()) == facts


def test_a_site_has_a_gate_in_every_phase_but_the_last() -> None:
    assert [phase for phase in SITE_PHASES if not SITE_GATES[phase]] == ["done"]
