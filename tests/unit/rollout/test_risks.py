"""What a report names as a risk of the move."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from migrate.documents.company import company as shared
from migrate.documents.risks import risks
from migrate.rollout.world import World
from tests.unit.rollout.company import Company, company


def _codes(one: Company) -> set[str]:
    with one.ledger.read() as connection:
        world = World.read(one.organisation, connection, one.now)
    found = risks(one.facts(), shared(world, None, None), date(2027, 1, 4))
    return {risk.code for risk in found if risk.subject == "hq"}


def test_what_people_deleted_since_the_switch_is_no_risk_and_any_other_difference_is(tmp_path: Path) -> None:
    with company(tmp_path) as one:
        people = one.people("hq")
        one.see("site", "hq", "verified", *people, grade="investigate", removed=2, but_for_removed="good")
        assert "grade" not in _codes(one)
        one.see("site", "hq", "verified", people[0], grade="investigate", removed=2, but_for_removed="investigate")
        assert "grade" in _codes(one)
