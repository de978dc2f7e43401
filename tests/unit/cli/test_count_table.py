from __future__ import annotations

import io
from collections.abc import Sequence

from rich.cells import cell_len
from rich.console import Console

from migrate.cli.count_table import show_counts


def _shown(*rows: tuple[str, Sequence[int]], width: int = 80) -> list[str]:
    console = Console(file=io.StringIO(), width=width)
    show_counts(console, "mailbox", ["seen", "stored"], rows)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue().splitlines()


def test_counts_stand_under_the_end_of_their_heading() -> None:
    assert _shown(("anna@example.org", [12, 1234567]), ("b@example.org", [0, 5])) == [
        "mailbox           seen     stored",
        "anna@example.org    12  1,234,567",
        "b@example.org        0          5",
    ]


def test_a_name_that_does_not_fit_is_folded_and_whole() -> None:
    name = "a.very.long.name.of.somebody@subsidiary.example.org"
    lines = _shown((name, [1, 2]), width=40)
    assert max(map(len, lines)) == 40
    assert "".join(line[:26].strip() for line in lines[1:]) == name


def test_wide_characters_keep_the_columns_in_place() -> None:
    head, *lines = _shown(("日本@example.org", [1, 2]), ("anna@example.org", [1, 2]))
    assert [cell_len(line) for line in lines] == [cell_len(head)] * 2


def test_names_are_shown_as_they_are() -> None:
    assert _shown(("[bold]:smile:@example.org", [1, 2]))[1].startswith("[bold]:smile:@example.org  ")
