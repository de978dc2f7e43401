"""A domain with accents is written in two ways, and is one."""

from __future__ import annotations

from pathlib import Path

import pytest

from migrate.cli.dns_whom import checked
from migrate.cli.rollout_whom import subject_of
from plans import load
from plans.template import Answers, write_organisation

_AS_DNS_HAS_IT = "xn--mridional-b4a.example"


@pytest.mark.parametrize("written", ["méridional.example", "MÉRIDIONAL.example", _AS_DNS_HAS_IT])
def test_a_domain_with_accents_is_the_one_that_dns_has(tmp_path: Path, written: str) -> None:
    answers = Answers.defaults("fr", name="Méridional", site="paris", domain=written)
    write_organisation(tmp_path, answers)
    site = tmp_path / "sites" / "paris.yaml"
    site.write_text(site.read_text().replace(_AS_DNS_HAS_IT, "Méridional.example"))

    plan = load(tmp_path)

    assert list(plan.domains) == [plan.sites["paris"].domain] == [_AS_DNS_HAS_IT]
    assert plan.sites["paris"].people[0].address.endswith(f"@{_AS_DNS_HAS_IT}")
    assert subject_of(plan, written).name == checked(written) == _AS_DNS_HAS_IT


def test_a_letter_that_the_older_rule_took_away_stays() -> None:
    assert checked("straße.example") == "xn--strae-oqa.example"
