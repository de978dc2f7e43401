"""What a rehearsal keeps, and when it begins anew."""

from __future__ import annotations

from pathlib import Path
from unittest.mock import patch

import pytest

from migrate.sandbox.rehearsal.scene import LOCK, begin_anew_if_changed


def test_what_was_judged_goes_when_it_would_be_judged_otherwise_and_never_by_halves(tmp_path: Path) -> None:
    for name in (LOCK, "ledger.sqlite", "ledger.sqlite-wal", "judged-by"):
        (tmp_path / name).write_text("one")
    (tmp_path / "google").mkdir()
    begin_anew_if_changed(tmp_path, "one")
    assert (tmp_path / "ledger.sqlite").exists()
    with (
        patch("migrate.sandbox.emptied.rmtree", side_effect=PermissionError),
        pytest.raises(PermissionError),
    ):
        begin_anew_if_changed(tmp_path, "two")
    assert not (tmp_path / "judged-by").exists(), "also with the old plan it begins anew from here"
    begin_anew_if_changed(tmp_path, "one")
    assert {path.name for path in tmp_path.iterdir()} == {LOCK, "judged-by"}
