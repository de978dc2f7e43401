"""The table of X.500 addresses as people fill it in: read for an archive, and given the addresses that it lacks."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from plans import PlanError
from plans.csv_file import read_table
from plans.csv_writing import new_table, replace, with_rows, write_new
from plans.x500 import COLUMNS, x500_addresses


def read_addresses(file: Path) -> dict[str, str]:
    """Mail addresses by X.500 address.  Raises :class:`PlanError` with all that is wrong, OSError."""
    found, problems = x500_addresses(file.read_bytes(), str(file))
    if problems:
        raise PlanError(problems)
    return found


def add_unknown(file: Path, unknown: Iterable[str], language: str) -> int:
    """Add lines to be filled in to a table, made when it is not there; how many there are.

    Lines that are there stay byte for byte.  Raises :class:`PlanError` when it is no such table, OSError.
    """
    before = file.read_bytes() if file.exists() else None
    if before is None:
        lacking = sorted(unknown)
        if lacking:
            headings = [heading.written(language) for heading in COLUMNS.values()]
            write_new(file, new_table(headings, [[one, ""] for one in lacking], language), mode=0o600)
        return len(lacking)
    table = read_table(before, str(file), COLUMNS)
    if table.problems:
        raise PlanError(table.problems)
    there = {row.cells.get("x500", "").casefold() for row in table.rows}
    lacking = sorted(one for one in unknown if one.casefold() not in there)
    if lacking:
        replace(file, with_rows(before, COLUMNS, [{"x500": one} for one in lacking]))
    return len(lacking)
