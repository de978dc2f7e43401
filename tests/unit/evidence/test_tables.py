"""Tables for spreadsheets: nothing in them runs, and every row stays a row."""

from __future__ import annotations

import csv
import io

from hypothesis import given, settings
from hypothesis import strategies as st

from migrate.evidence.tables import safe_cell, table

_RUNS = "=+-@|%＝＋－＠"


@settings(max_examples=150, deadline=None)
@given(st.lists(st.text() | st.text("a; =+-"), min_size=2, max_size=2))
def test_whatever_a_cell_holds_it_is_one_cell_and_no_formula(cells: list[str]) -> None:
    data = b"".join(table(("a", "b"), [cells])).decode("utf-8-sig")
    rows = list(csv.reader(io.StringIO(data, newline="")))
    assert len(rows) == 2
    assert len(rows[1]) == 2
    for cell in (part for one in rows[1] for part in one.split(";")):
        assert not cell.lstrip().startswith(tuple(_RUNS))
        assert not set(cell) & {"\r", "\n", "\t", "\0"}


def test_formulas_are_shown_as_they_were_written() -> None:
    assert safe_cell('=HYPERLINK("http://x")') == '\'=HYPERLINK("http://x")'
    assert safe_cell("  +1") == "'  +1"
    assert safe_cell("\t=1") == "' =1"
    assert safe_cell("2020;=1+1; @x;-") == "2020;'=1+1;' @x;'-"
    assert safe_cell("a; b=c;d") == "a; b=c;d"
    assert safe_cell("plain - text") == "plain - text"
    assert safe_cell(-3) == "-3"


def test_a_long_table_has_one_mark_and_one_heading() -> None:
    data = b"".join(table(("n",), ([number] for number in range(2500))))
    assert data.count(b"\xef\xbb\xbf") == 1
    assert len(data.decode("utf-8-sig").splitlines()) == 2501
