"""Ledgers for tests that open hundreds of them and lose no power: an empty one is made once, statements are compiled
once for all, and nothing waits for the disk.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

from sqlalchemy import event
from sqlalchemy.engine.interfaces import DBAPIConnection, Dialect
from sqlalchemy.pool import ConnectionPoolEntry

from migrate.ledger.store import Ledger

_LedgerT = TypeVar("_LedgerT", bound=Ledger)
_compiled: dict[Any, Any] = {}
_dialects: dict[type[Dialect], Dialect] = {}


def open_ledger(path: Path, kind: type[_LedgerT]) -> _LedgerT:
    """The ledger of this file; where there is none, an empty one, as upgrading makes it."""
    if not path.exists():
        path.write_bytes(_empty())
    ledger = kind(path)
    event.listen(ledger._engine, "connect", _trust_the_machine)
    ledger.close()  # the connection that was opened before
    ledger._engine = ledger._engine.execution_options(compiled_cache=_compiled)
    # What was compiled is found again by the dialect that it was compiled for.
    dialect = ledger._engine.dialect
    ledger._engine.dialect = _dialects.setdefault(type(dialect), dialect)
    return ledger


def _trust_the_machine(dbapi: DBAPIConnection, _record: ConnectionPoolEntry) -> None:
    cursor = dbapi.cursor()
    cursor.execute("PRAGMA synchronous=OFF")
    cursor.close()


@cache
def _empty() -> bytes:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "ledger.sqlite"
        Ledger(path).close()
        assert [file.name for file in path.parent.iterdir()] == [path.name], "nothing is left in a log beside it"
        return path.read_bytes()
