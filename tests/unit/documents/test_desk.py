"""Documents on disk: what was there is kept unless it is the same, and a signature's copy is what was signed."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

import pytest

from migrate.documents.gathering import Gathered, Subject
from migrate.documents.making import NOTES, Desk
from migrate.documents.signing import sign
from migrate.ledger.events import Overtaken
from runbooks.catalogue import DOCUMENTS
from tests.unit.documents.meridional import a_copy, gathered

KIND = DOCUMENTS["scope-note"]
LYON = Subject("site", "lyon")


def _desk(found: Gathered) -> Desk:
    return Desk(found, LYON, "fr")


def test_a_file_of_which_there_is_no_record_is_kept_unless_it_is_the_same(tmp_path: Path) -> None:
    with gathered(a_copy(tmp_path), tmp_path) as found:
        records = _desk(found).records
        _desk(found).make(KIND, ["md"])
        shutil.rmtree(records.folder / ".built")
        assert _desk(found).make(KIND, ["md"]).set_aside == []

        shutil.rmtree(records.folder / ".built")
        (records.folder / "scope-note.fr.md").write_text("de ma main\n", encoding="utf-8")
        assert _desk(found).make(KIND, ["md"]).set_aside == ["scope-note.fr.edited-1.md"]


def test_of_two_who_sign_at_once_the_copy_is_that_of_the_one_who_signed(tmp_path: Path) -> None:
    folder = a_copy(tmp_path)
    with gathered(folder, tmp_path) as first, gathered(folder, tmp_path) as second:
        records = _desk(first).records
        signature = sign(first, records, LYON, _desk(first).make(KIND, ["md"]).built, "Claire M.", None)
        notes = folder / NOTES / "lyon"
        notes.mkdir(parents=True)
        (notes / "scope-note.md").write_text("autre chose\n", encoding="utf-8")
        with pytest.raises(Overtaken):
            sign(second, records, LYON, _desk(second).make(KIND, ["md"]).built, "Karim B.", None)
        copy = records.folder / "signed" / "scope-note.fr.v1.md"
        assert hashlib.sha256(copy.read_bytes()).hexdigest() == signature.digest
