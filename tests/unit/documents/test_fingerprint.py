"""The plan as one short number: by what it says, not by how its files are written or where they lie."""

from __future__ import annotations

from pathlib import Path

import pytest

import plans
from plans.fingerprint import fingerprint
from tests.unit.documents.meridional import EXAMPLE, a_copy


def test_it_is_the_same_wherever_the_plan_lies_and_however_it_is_written(tmp_path: Path) -> None:
    copy = a_copy(tmp_path)
    lyon = copy / "sites" / "lyon.yaml"
    lines = lyon.read_text(encoding="utf-8").splitlines()
    lyon.write_text("# Lyon\n" + "\n".join(reversed(lines)) + "\n", encoding="utf-8")
    one, other = plans.load(EXAMPLE), plans.load(copy)
    assert fingerprint(one) == fingerprint(other)
    assert fingerprint(one, one.sites["lyon"]) == fingerprint(other, other.sites["lyon"])


@pytest.mark.parametrize(
    ("file", "old", "new", "lyon_too"),
    [
        ("organisation.yaml", "bought: 8", "bought: 9", True),
        ("organisation.yaml", "google.json", "other.json", True),
        ("sites/lyon.yaml", "2027-02-09", "2027-02-16", True),
        ("sites/lyon.yaml", "Corbeille", "Brouillons", True),
        ("sites/lyon.csv", "Claire M.", "Claire N.", True),
        ("sites/paris.csv", "Nadia L.", "Nadia M.", False),
    ],
)
def test_whatever_the_plan_says_counts_and_a_site_has_a_number_of_its_own(
    tmp_path: Path, file: str, old: str, new: str, lyon_too: bool
) -> None:
    copy = a_copy(tmp_path)
    path = copy / file
    path.write_text(path.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")
    one, other = plans.load(EXAMPLE), plans.load(copy)
    assert fingerprint(one) != fingerprint(other)
    assert (fingerprint(one, one.sites["lyon"]) != fingerprint(other, other.sites["lyon"])) == lyon_too
