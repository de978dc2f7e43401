"""The example organisation, as documents see it: its facts at a fixed moment."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import plans
from migrate.cli.runbook_whom import WORDS
from migrate.documents.gathering import Gathered
from migrate.ledger.store import Ledger

EXAMPLE = Path(__file__).parents[3] / "examples" / "meridional"
#: Three weeks before Lyon moves.
NOW = datetime(2027, 1, 19, 8, 30, tzinfo=UTC)


def a_copy(tmp_path: Path) -> Path:
    """The plan alone, to be changed."""
    copy = tmp_path / "meridional"
    shutil.copytree(EXAMPLE, copy, ignore=shutil.ignore_patterns("documents", ".bascule"))
    return copy


@contextmanager
def gathered(folder: Path, state: Path) -> Iterator[Gathered]:
    """The facts of an organisation; its ledger lies in ``state``."""
    organisation = plans.load(folder)
    file = state / "ledger.sqlite"
    ledger = Ledger(file)
    try:
        yield Gathered.read(organisation, ledger, file, WORDS, NOW.timestamp())
    finally:
        ledger.close()
