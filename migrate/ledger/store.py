"""Opening the ledger and its transactions."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from threading import Lock

from sqlalchemy import Connection, Engine, Transaction, create_engine, event, inspect
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DatabaseError, DataError, IntegrityError, OperationalError, ProgrammingError
from sqlalchemy.pool import ConnectionPoolEntry

from connectors.language import _
from migrate.ledger.filesystem import is_on_network
from migrate.ledger.schema import REVISION
from migrate.ledger.troubles import worded

#: How long one transaction waits for another process to finish its own (seconds), and how often it tries.
_BUSY_SECONDS = 10
_BUSY_TRIES = 3


class LedgerError(Exception):
    """The ledger cannot be used: worded for the person who has to do something about it."""


class Ledger:
    """An organisation's ledger: a SQLite file in WAL mode whose commits are on disk when they return.

    Thread-safe.  Raises :class:`LedgerError` when the file is on a network file system (SQLite's locks do not hold
    there), is damaged, is newer than this program, or stays locked.
    """

    def __init__(self, path: Path) -> None:
        if is_on_network(path.parent):
            raise LedgerError(
                _(
                    "{path} is on a network file system, where a crash can damage it. Put the organisation's folder on"
                    " a local disk."
                ).format(path=path)
            )
        self.path = path
        # Writers of one process queue here: SQLite's own waiting is polling, and unfair.
        self._writing = Lock()
        self._engine = _engine(path)
        try:
            self._upgrade()
        except BaseException as error:
            self.close()
            if isinstance(error, DatabaseError | sqlite3.DatabaseError):
                raise LedgerError(worded(path, error)) from error
            raise

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A transaction that writes; durable when the block ends, undone when it raises."""
        with self._writing, self._begin(immediate=True) as connection:
            yield connection

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A transaction that sees one state of the ledger and writes nothing."""
        with self._begin(immediate=False) as connection:
            yield connection

    def copy_to(self, path: Path) -> None:
        """Write the ledger as it is now to another file (SQLite's online backup)."""
        with closing(sqlite3.connect(path)) as other, closing(sqlite3.connect(self.path)) as ours:
            ours.backup(other)

    def close(self) -> None:
        self._engine.dispose()

    @contextmanager
    def _begin(self, *, immediate: bool) -> Iterator[Connection]:
        try:
            connected = self._engine.connect().execution_options(immediate=immediate)
            with connected as connection, _patiently_begun(connection):
                yield connection
        except (IntegrityError, ProgrammingError, DataError):
            raise  # a defect of ours
        except DatabaseError as error:
            raise LedgerError(worded(self.path, error)) from error

    def _upgrade(self) -> None:
        if self._revision() == REVISION:
            return
        # Imported only here: it is slow to import, and seldom needed.
        from migrate.ledger.upgrade import NewerLedger, upgrade

        with self._engine.connect().execution_options(immediate=True) as connection, connection.begin():
            try:
                upgrade(connection)
            except NewerLedger as newer:
                raise LedgerError(
                    _("{path} was made by a newer version of bascule (its schema is {newer}). Update bascule.").format(
                        path=self.path, newer=newer
                    )
                ) from newer

    def _revision(self) -> str | None:
        with self._engine.connect().execution_options(immediate=False) as connection, connection.begin():
            if not inspect(connection).has_table("alembic_version"):
                return None
            return connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()


def _engine(path: Path) -> Engine:
    engine = create_engine(f"sqlite:///{path}", connect_args={"timeout": _BUSY_SECONDS})

    @event.listens_for(engine, "connect")
    def connect(dbapi: DBAPIConnection, _record: ConnectionPoolEntry) -> None:
        # SQLAlchemy begins and commits; the driver must not do so on its own.
        dbapi.isolation_level = None
        cursor = dbapi.cursor()
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "temp_store=MEMORY"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        immediate = connection.get_execution_options().get("immediate")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")

    return engine


def _patiently_begun(connection: Connection) -> Transaction:
    for _attempt in range(_BUSY_TRIES - 1):
        with suppress(OperationalError):
            return connection.begin()
    return connection.begin()
