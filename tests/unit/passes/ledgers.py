"""Ledgers for tests that open hundreds of them: an empty one is made once, and statements are compiled once for all."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

from migrate.ledger.store import Ledger

_LedgerT = TypeVar("_LedgerT", bound=Ledger)
_compiled: dict[Any, Any] = {}


def open_ledger(path: Path, kind: type[_LedgerT]) -> _LedgerT:
    """The ledger of this file; where there is none, an empty one, as upgrading makes it."""
    if not path.exists():
        path.write_bytes(_empty())
    ledger = kind(path)
    ledger._engine = ledger._engine.execution_options(compiled_cache=_compiled)
    return ledger


@cache
def _empty() -> bytes:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "ledger.sqlite"
        Ledger(path).close()
        assert [file.name for file in path.parent.iterdir()] == [path.name], "nothing is left in a log beside it"
        return path.read_bytes()
