"""Rebuilt mail and its partners, on SQLite."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from migrate.ledger.store import Ledger
from tests.unit.ledger.pairs import assert_rebuilt_mail_is_paired


def test_rebuilt_mail_is_paired(tmp_path: Path) -> None:
    with closing(Ledger(tmp_path / "ledger.sqlite")) as ledger:
        assert_rebuilt_mail_is_paired(ledger)
