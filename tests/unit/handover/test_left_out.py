"""No known password is in what is given away, however many there are and however a file holds them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from migrate.handover.left_out import Secrets, contents_of
from migrate.handover.pack import without_packs
from migrate.handover.passages import Passages
from tests.unit.rollout.company import organisation

_PASSWORDS = ('gâteau "9" de riz', "correct horse", "correct horse battery")


def test_the_passwords_of_a_large_site_are_known_too(tmp_path: Path) -> None:
    """Their file has more than a megabyte, and so has the copy that somebody left beside the plan."""
    (tmp_path / "secrets").mkdir()
    lines = [f"person.{n}@example.org,source-{n:06},target-{n:06}-longer" for n in range(30_000)]
    table = "\n".join(["address,source password,target password", *lines]) + "\n"
    (tmp_path / "secrets" / "lyon.csv").write_text(table)
    (tmp_path / "old.csv").write_text(table)
    (tmp_path / "note.txt").write_text("Lea's is source-029999")
    (tmp_path / "list.csv").write_text("\n".join(lines[:10]), encoding="utf-16")
    (tmp_path / "plain.txt").write_text("Lea's is source-9")
    found = contents_of(organisation(tmp_path))
    assert set(found.packed) == {"plain.txt"}


@pytest.mark.parametrize("password", _PASSWORDS)
@pytest.mark.parametrize(
    "written",
    [
        lambda password: f"it is {password}.".encode(),
        lambda password: json.dumps({"note": password}, ensure_ascii=False).encode(),
        lambda password: f'anna;"{password.replace(chr(34), chr(34) * 2)}"'.encode(),
        lambda password: f"it is {password}.".encode("cp1252"),
        lambda password: f"it is {password}.".encode("utf-16"),
    ],
    ids=["text", "json", "csv", "windows", "utf-16"],
)
def test_a_password_is_found_as_files_hold_it(password: str, written: Callable[[str], bytes]) -> None:
    assert Secrets(Passages(_PASSWORDS)).stand_in(written(password))


def test_of_two_passwords_that_begin_alike_nothing_is_left() -> None:
    hidden = Secrets(Passages(_PASSWORDS)).taken_out("first correct horse battery, then correct horse")
    assert hidden == "first ***, then ***"


def test_earlier_packs_are_not_packed_and_nothing_else_of_their_name_is_left_out(tmp_path: Path) -> None:
    for name in ("handover-2027-01-04.zip", "handover-notes/mails.zip", "handover.md"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("x")
    found = without_packs(contents_of(organisation(tmp_path)), tmp_path, tmp_path / "new.zip")
    assert set(found.packed) == {"handover-notes/mails.zip", "handover.md"}
