"""What is known of a domain whose sites were looked at in part."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from migrate.rollout.moves import Refused
from migrate.rollout.steps import judged
from migrate.rollout.verdicts import Verdict
from runbooks.facts import Unknown
from tests.unit.rollout.company import Company, company

#: The sites hq and lyon share it.
_DOMAIN = "old-first.example"


@pytest.fixture
def one(tmp_path: Path) -> Iterator[Company]:
    with company(tmp_path) as found:
        found.rollout.force("domain", _DOMAIN, "Karim", "a test")
        yield found


def _way_back(one: Company) -> Verdict:
    return next(verdict for gate, verdict in judged(one.subject(_DOMAIN)) if gate.code == "way-back")


def test_a_way_back_that_was_tried_for_one_mailbox_is_not_rehearsed_for_a_domain(one: Company) -> None:
    one.see("site", "hq", "way-back", one.people("hq")[0])
    one.see("site", "lyon", "way-back", *one.people("lyon"))
    assert not _way_back(one).met
    one.see("site", "hq", "way-back", *one.people("hq"))
    assert _way_back(one).figure == "4/4"


def test_nobodys_word_counts_against_the_site_whose_way_back_failed(one: Company) -> None:
    """Even while another site of the domain was not looked at, and nothing is known of it."""
    one.see("site", "lyon", "way-back", *one.people("lyon"), good=False)
    assert _way_back(one).state == "not met"
    with pytest.raises(Refused, match="nobody's word"):
        one.rollout.confirm("domain", _DOMAIN, "way-back", "Karim", "it will do", None)


def test_where_no_site_could_try_a_named_person_answers_for_the_way_back(one: Company) -> None:
    one.rollout.confirm("domain", _DOMAIN, "way-back", "Karim", "the old server takes no mail", None)
    assert _way_back(one).figure == "Karim"


def test_what_was_written_in_the_old_mailbox_until_all_were_at_work_is_copied_too(one: Company) -> None:
    """A pass of the morning of the switch does not know what was sent from the old programs until noon."""
    while one.subject("hq").phase != "switch":
        one.rollout.force("site", "hq", "Karim", "a test")
    one.now += 60
    one.copy("hq")
    one.now += 4 * 3600
    one.rollout.confirm("site", "hq", "at-work", "Claire", "", None)
    one.rollout.advance("site", "hq", "Karim")
    assert not _delta(one).met
    one.now += 60
    one.copy("hq")
    assert _delta(one).met


def _delta(one: Company) -> Verdict:
    return next(verdict for gate, verdict in judged(one.subject("hq")) if gate.code == "delta")


def test_what_was_said_early_in_the_morning_was_said_on_that_day(one: Company) -> None:
    """At one o'clock in Paris it is still yesterday in Greenwich."""
    one.now = datetime(2027, 1, 12, 0, 30, tzinfo=UTC).timestamp() - 3600
    one.rollout.open_incident("site", "hq", "Claire", "P2", "the copier")
    one.rollout.confirm("site", "hq", "scope", "Claire", "", None)
    one.rollout.note("at-work", "iPhones", "all", "Claire")
    one.rollout.force("site", "hq", "Karim", "a test")
    site, domain = one.subject("hq"), one.subject(_DOMAIN)
    told = [*site.incidents, *site.forced, *site.lessons, *site.confirmed.values(), *domain.incidents]
    assert [each.at.date() for each in told] == [date(2027, 1, 12)] * 5


#: Bytes, and a day.
_MB, _FIRST, _SECOND = 1_000_000, "anna@old-first.example", "hq@old-first.example"


def _room(one: Company) -> tuple[str, str]:
    fact = one.subject("hq").space  # type: ignore[union-attr]  # hq is a site
    if isinstance(fact, Unknown):
        return "unknown", ""
    return "whole" if fact.value.whole else "short", " ".join(fact.value.missing)


def test_a_mailbox_that_fills_up_before_the_switch_is_found(one: Company) -> None:
    """Two weeks and a day are left; twice of what arrives has to have room."""
    one.see("site", "hq", "space", _FIRST, free=100 * _MB, a_day=_MB)
    assert _room(one) == ("unknown", ""), "one server said nothing of the other mailbox"
    one.see("site", "hq", "space", _SECOND, free=28 * _MB, a_day=_MB)
    assert _room(one) == ("short", _SECOND)
    one.see("site", "hq", "space", _SECOND, free=30 * _MB, a_day=_MB)
    assert _room(one) == ("whole", "")


def test_a_switch_that_was_put_off_needs_more_room(one: Company) -> None:
    one.see("site", "hq", "space", _FIRST, _SECOND, free=30 * _MB, a_day=_MB)
    assert _room(one) == ("whole", "")
    site = one.organisation.sites["hq"]
    one.organisation.sites["hq"] = replace(site, switch=date(2027, 3, 1))  # type: ignore[index]  # a dict here
    assert _room(one)[0] == "short"


def test_a_full_mailbox_is_full_whatever_arrives(one: Company) -> None:
    one.see("site", "hq", "space", _FIRST, free=0, a_day=0, good=False)
    assert _room(one) == ("short", _FIRST)
