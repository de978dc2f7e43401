"""Reading containers of archives."""

from __future__ import annotations

from pathlib import Path

import pytest

from connectors.archives.contract import Reading


@pytest.fixture
def reading(tmp_path: Path) -> Reading:
    spool = tmp_path / "spool"
    spool.mkdir()
    return Reading(spool)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A directory to fill."""
    made = tmp_path / "tree"
    made.mkdir()
    return made
