"""A mail domain has one form: the one that DNS and addresses know it by."""

from __future__ import annotations

from pathlib import Path

import pytest

from migrate.cli.dns_whom import checked
from migrate.cli.rollout_whom import subject_of
from plans import load
from plans.problems import Worded
from plans.shapes import checked_domain
from plans.template import Answers, write_organisation


@pytest.mark.parametrize(
    ("written", "known"),
    [
        ("Company.example", "company.example"),
        ("société.example", "xn--socit-esab.example"),
        ("SOCIÉTÉ.example", "xn--socit-esab.example"),
        ("xn--socit-esab.example", "xn--socit-esab.example"),
        # Another domain than strasse.example, which the standard library takes it for.
        ("straße.example", "xn--strae-oqa.example"),
    ],
)
def test_a_domain_is_known_as_dns_has_it(written: str, known: str) -> None:
    assert checked_domain(written) == known


@pytest.mark.parametrize("written", ["nothing", "a b.example", "-a.example", "a\u2044b.example", "é" * 70 + ".example"])
def test_what_is_none_is_refused(written: str) -> None:
    with pytest.raises(Worded, match="is not a mail domain"):
        checked_domain(written)


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
