"""Statements that are run for every batch: put together once, and handed to the driver as they are.

SQLAlchemy looks at each value of each row on its way to the driver, which costs as much as SQLite's own work.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Delete, Insert, Update

Row = Mapping[str, Any]


class Prepared:
    """A statement that changes many rows, each by its own values: numbers, text, bytes or None."""

    def __init__(self, statement: Insert | Update | Delete) -> None:
        self._statement = statement
        #: By the name of the dialect: text, values that are the same for every row, names in the text's order where it
        #: has no names.
        self._texts: dict[str, tuple[str, Row, Sequence[str] | None]] = {}

    def run(self, connection: Connection, rows: Sequence[Row]) -> None:
        """Once for each row, in their order; all rows have the same names."""
        if not rows:
            return
        text, constant, order = self._put_together(connection, rows[0])
        if order is None:
            connection.exec_driver_sql(text, [{**constant, **row} for row in rows])
        else:
            whole = [{**constant, **row} for row in rows] if constant else rows
            connection.exec_driver_sql(text, [tuple([row[name] for name in order]) for row in whole])

    def _put_together(self, connection: Connection, row: Row) -> tuple[str, Row, Sequence[str] | None]:
        dialect = connection.dialect
        if dialect.name not in self._texts:
            columns = list(row) if isinstance(self._statement, Insert) else None
            compiled = self._statement.compile(dialect=dialect, column_keys=columns)
            constant = {name: value for name, value in compiled.params.items() if name not in row}
            self._texts[dialect.name] = str(compiled), constant, compiled.positiontup
        return self._texts[dialect.name]
