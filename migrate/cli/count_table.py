"""A table of counts with a name before each row: as fast for thousands of mailboxes as for ten."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.cells import cell_len, chop_cells
from rich.console import Console

from connectors.language import number
from migrate.cli.lines import show_line

#: Cells between two columns, and the least that is left for the names.
_GAP = 2
_NARROWEST = 16


def show_counts(
    console: Console, heading: str, columns: Sequence[str], rows: Sequence[tuple[str, Sequence[int]]]
) -> None:
    """Print the table in the width of the console."""
    head, *lines = count_lines(console.width, heading, columns, rows)
    show_line(console, head, "bold")
    console.out("\n".join(lines), highlight=False)


def count_lines(
    width: int, heading: str, columns: Sequence[str], rows: Sequence[tuple[str, Sequence[int]]]
) -> list[str]:
    """Names on the left, folded where ``width`` cells are too few for them; counts at the right of their columns.

    rich's own tables measure and wrap every cell anew: a second for 2,000 mailboxes.
    """
    texts = [(name, [number(count) for count in counts]) for name, counts in rows]
    widths = [max(cell_len(column), *(len(row[1][at]) for row in texts)) for at, column in enumerate(columns)]
    names = max(cell_len(heading), *(cell_len(name) for name, _ in texts))
    room = width - sum(width + _GAP for width in widths)
    names = min(names, max(room, _NARROWEST))
    return [line for name, cells in ((heading, columns), *texts) for line in _lines(name, cells, names, widths)]


def _lines(name: str, cells: Sequence[str], names: int, widths: Sequence[int]) -> Iterator[str]:
    first, *more = chop_cells(name, names)
    padded = first + " " * (names - cell_len(first))
    yield padded + "".join(
        " " * (_GAP + width - cell_len(cell)) + cell for cell, width in zip(cells, widths, strict=True)
    )
    yield from more
