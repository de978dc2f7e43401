"""The way back: in which order, since when, and not without the mail."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from migrate.rollout.moves import Refused
from migrate.rollout.way_back import way_back_of
from tests.unit.rollout.company import DAY, Company, company

#: The sites hq and lyon share it.
_DOMAIN = "old-first.example"


@pytest.fixture
def one(tmp_path: Path) -> Iterator[Company]:
    with company(tmp_path) as found:
        yield found


def _force(one: Company, name: str, phase: str) -> None:
    while one.subject(name).phase != phase:
        one.rollout.force("domain" if name == _DOMAIN else "site", name, "Karim", "a test")


def _go_back(one: Company, name: str) -> None:
    one.rollout.back("domain" if name == _DOMAIN else "site", name, "Karim", "a test")


def test_a_site_does_not_go_back_to_where_its_mail_does_not_arrive(one: Company) -> None:
    _force(one, "hq", "delta")
    _force(one, _DOMAIN, "settled")
    _go_back(one, "hq")
    with pytest.raises(Refused, match=f"First: bascule rollout back {_DOMAIN}"):
        _go_back(one, "hq")
    assert one.subject("hq").phase == "switch"
    for _phase in ("cutover", "ttl-lowered"):
        _go_back(one, _DOMAIN)
    _go_back(one, "hq")
    assert one.subject("hq").phase == "dual-delivery"


def test_a_site_goes_back_alone_where_the_new_side_brings_its_mail_to_the_old_one(one: Company) -> None:
    _force(one, "hq", "switch")
    _force(one, _DOMAIN, "cutover")
    one.rollout.confirm("domain", _DOMAIN, "split-delivery", "Karim", "hq alone goes back", None)
    _go_back(one, "hq")
    assert one.subject("hq").phase == "dual-delivery"


def test_before_anything_is_copied_back_the_mx_leads_to_the_old_side(one: Company) -> None:
    _force(one, "hq", "delta")
    _force(one, _DOMAIN, "cutover")
    do = way_back_of(one.subject("hq")).do
    (mx,) = (number for number, line in enumerate(do) if f"bascule rollout back {_DOMAIN}" in line)
    assert mx < do.index("bascule copy hq --back")


def test_what_is_copied_back_is_not_told_to_be_only_that_of_the_last_phase(one: Company) -> None:
    """All since the switch is brought, also when that was weeks ago."""
    _force(one, "hq", "switch")
    one.now += 30 * DAY
    _force(one, "hq", "hypercare")
    told = " ".join(way_back_of(one.subject("hq")).do)
    assert "since the switch" in told
    assert f"{one.subject('hq').since:%Y-%m-%d}" not in told
