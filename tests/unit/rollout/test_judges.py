"""What the facts say of a gate, at the edges: nobody, nothing, another day, and what waits for somebody else."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from migrate.rollout import judges
from migrate.rollout.gates import judged_domain
from migrate.rollout.steps import first_of_all
from migrate.rollout.verdicts import Verdict, fresh, met, unmet
from runbooks.facts import (
    Confirmation,
    DomainFacts,
    Grade,
    Graded,
    People,
    Seen,
    Share,
    SharingSite,
    SiteFacts,
    Unknown,
)

_NOW = datetime(2027, 3, 1, 9, tzinfo=UTC)
_NOBODY = People(it=None, correspondent=None, support=None, support_hours=None)
_UNKNOWN = Unknown(how="look")
_DOMAIN_FACTS = ("records", "ttl", "senders", "probes", "way_back", "arrived", "zeros")
_SITE_FACTS = (
    "sign_in", "accounts", "licences", "backup", "cases", "copied", "space", "dual", "archives", "probes", "routes",
    "senders", "way_back", "delta", "verified",
)  # fmt: skip


def domain(**known: Any) -> DomainFacts:
    """A domain with one site, of which nothing is known but this."""
    told: dict[str, Any] = {
        "name": "example.org", "at": _NOW, "phase": "ttl-lowered", "since": _NOW, "zone_at": None, "mx_first": "old",
        "sites": (SharingSite(name="hq", phase="pre-copy"),), "targets": ("new",), "expect": "new", "whom": _NOBODY,
        **dict.fromkeys(_DOMAIN_FACTS, _UNKNOWN),
    }  # fmt: skip
    return DomainFacts(**told | known)


def site(**known: Any) -> SiteFacts:
    told: dict[str, Any] = {
        "name": "hq", "at": _NOW, "phase": "dual-delivery", "since": _NOW, "people": 1, "wave": 1,
        "switch": date(2027, 3, 2), "today": _NOW.date(), "target": "new", "expect": "new", "domain": "example.org",
        "mx_first": "old", "domain_phase": "untouched", "pilot": True, "whom": _NOBODY,
        **dict.fromkeys(_SITE_FACTS, _UNKNOWN),
    }  # fmt: skip
    return SiteFacts(**told | known)


def _share(done: int, of: int, at: datetime = _NOW) -> Seen[Share]:
    return Seen(value=Share(done=done, of=of), at=at, source="a test")


def _word(at: datetime = _NOW) -> Confirmation:
    return Confirmation(by="Claire", at=at, note="", evidence=None)


_WAITS = Verdict("not met", "", "hq is not there yet", waits_for="hq")


@pytest.mark.parametrize("found", [unmet("nothing was sent"), Verdict("unknown", "?", "nobody has looked")])
def test_what_cannot_be_done_before_a_site_is_ready_waits_for_that_site(found: Verdict) -> None:
    judged = judges.after(lambda _facts: _WAITS, lambda _facts: found)(domain())
    assert (judged.state, judged.missing, judged.waits_for) == (found.state, found.missing, "hq")
    assert judged.waits


def test_what_is_done_already_stays_done_while_a_site_is_not_ready() -> None:
    assert judges.after(lambda _facts: _WAITS, lambda _facts: met("3/3"))(domain()) == met("3/3")


def test_once_its_sites_are_ready_nothing_waits_for_them() -> None:
    missing = unmet("nothing was sent")
    assert judges.after(lambda _facts: met("1/1"), lambda _facts: missing)(domain()) is missing


def test_what_waits_for_no_site_by_name_is_told_as_it_is() -> None:
    """Such as a plan for split delivery that nobody has confirmed: there is nobody to send on to."""
    missing = unmet("nothing was sent")
    assert judges.after(lambda _facts: unmet("no plan"), lambda _facts: missing)(domain()) is missing


def test_a_day_that_is_waited_for_is_kept_beside_the_site() -> None:
    found = Verdict("not met", "", "too early", until=_NOW)
    judged = judges.after(lambda _facts: _WAITS, lambda _facts: found)(domain())
    assert (judged.until, judged.waits_for) == (_NOW, "hq")


@pytest.mark.parametrize("mx_first", ["old", "new"])
def test_a_domain_that_no_site_is_left_of_is_not_cut_over(mx_first: str) -> None:
    """Its last people were taken out of the plan, or its name was mistyped there."""
    nobody = domain(sites=(), mx_first=mx_first, confirmed={"go": _word(), "split-delivery": _word()})
    found = {gate.code: verdict for gate, verdict in judged_domain(nobody)}
    assert not found["sites-switched"].met
    assert not judges.sites_reached(nobody, "done").met


def test_who_held_the_mx_in_an_earlier_cutover_is_asked_again() -> None:
    """The domain went back since, and was cut over once more."""
    before, since = _share(2, 2, _NOW - timedelta(days=9)), _share(2, 2, _NOW + timedelta(minutes=1))
    for seen, is_met in ((before, False), (since, True)):
        facts = domain(phase="cutover", arrived=seen)
        found = {gate.code: verdict for gate, verdict in judged_domain(facts)}
        assert found["arrived"].met is is_met


def test_a_day_is_told_as_it_is_called_at_the_site() -> None:
    """On the morning of the tenth in Auckland it is the ninth in Greenwich."""
    seen = datetime(2027, 2, 9, 20, tzinfo=UTC)
    auckland = (seen + timedelta(days=8)).astimezone(ZoneInfo("Pacific/Auckland"))
    assert "2027-02-10" in fresh(met(), _share(1, 1, seen), auckland, 7).missing


def _graded(grade: Grade, removed: int, but_for_removed: Grade | None) -> Seen[Graded]:
    value = Graded(grade=grade, mailboxes=Share(done=1, of=1), removed=removed, but_for_removed=but_for_removed)
    return Seen(value=value, at=_NOW, source="a test")


def test_what_people_deleted_since_the_switch_does_not_hold_a_site_up_once_they_said_so() -> None:
    """Verifying again would find the same; and nobody's word is about what was deleted after it."""
    facts = site(phase="verify", verified=_graded("investigate", 3, "good"))
    assert judges.verified(facts).met
    assert (judges.removed(facts).state, judges.removed(facts).figure) == ("not met", "3")
    said = facts.model_copy(update={"confirmed": {"removed": _word(_NOW + timedelta(minutes=5))}})
    assert judges.removed(said).met
    earlier = facts.model_copy(update={"confirmed": {"removed": _word(_NOW - timedelta(minutes=5))}})
    assert not judges.removed(earlier).met


def test_what_else_is_missing_is_not_excused_by_what_was_deleted() -> None:
    facts = site(phase="verify", verified=_graded("poor", 3, "poor"), confirmed={"removed": _word()})
    assert not judges.verified(facts).met


def test_where_nothing_is_gone_nobody_is_asked() -> None:
    assert judges.removed(site(phase="verify", verified=_graded("good", 0, None))).met
    assert judges.removed(site(phase="verify")).met


@pytest.mark.parametrize(("minute", "is_met"), [(59, False), (60, True)])
def test_a_word_counts_from_the_midnight_of_the_day_before(minute: int, is_met: bool) -> None:
    """Also where that day has 23 hours, as the last Sunday of March in Paris."""
    said = datetime(2027, 3, 27, 22, tzinfo=UTC) + timedelta(minutes=minute)
    at = said.astimezone(ZoneInfo("Europe/Paris"))
    facts = site(at=at, switch=date(2027, 3, 29), confirmed={"go": _word(said)})
    assert judges.said_before_the_switch("go")(facts).met is is_met


def test_a_site_without_a_wave_waits_for_those_that_have_one() -> None:
    """Nobody has said yet when it moves: it is not the one to begin with."""
    planned, later = site(name="pilot", phase="assess", wave=1), site(name="annexe", phase="assess", wave=None)
    found = first_of_all([later, planned], [])
    assert found is not None
    assert found[0].name == "pilot"
