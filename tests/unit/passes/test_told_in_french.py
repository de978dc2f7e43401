"""What this machine's disk refuses is told in the reader's language, its cause too."""

from __future__ import annotations

from pathlib import Path

import pytest

from connectors.body import MemoryBody
from connectors.contract import Fatal
from connectors.language import speak
from migrate.copy.hold import locked
from migrate.copy.kept import KeptMail
from migrate.ledger import mailboxes
from migrate.ledger.store import Ledger, LedgerError


def test_an_original_that_cannot_be_kept(tmp_path: Path) -> None:
    speak("fr")
    (tmp_path / "kept").write_bytes(b"a file, no folder")
    with pytest.raises(Fatal, match=r"pas un dossier \(Not a directory\)"):
        KeptMail(tmp_path / "kept").keep("anna@example.org", b"\1" * 32, MemoryBody(b"a"))


def test_a_mailbox_that_cannot_be_locked(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger.sqlite")
    speak("fr")
    (tmp_path / "locks").write_bytes(b"a file, no folder")
    with ledger.write() as connection:
        row = mailboxes.get_or_create(connection, "anna@example.org", "paris")
    with pytest.raises(LedgerError, match=r"existe déjà \(File exists\)"), locked(ledger, row):
        pass
    ledger.close()
