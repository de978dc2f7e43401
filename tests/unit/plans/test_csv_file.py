"""People files as spreadsheets write them."""

from __future__ import annotations

import pytest

from plans.csv_file import Heading, read_table
from plans.people import COLUMNS, people_in_csv

TWO = {"address": Heading("address", "adresse"), "name": Heading("name", "nom")}
TEXT = "Adresse;Nom;Utilisateur source\r\njean@m.example;Jean Pérès ;jeanp\r\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
@pytest.mark.parametrize("separator", [";", ",", "\t"])
@pytest.mark.parametrize("line_end", ["\r\n", "\n", "\r"])
def test_a_spreadsheets_encoding_separator_and_line_ends_do_not_matter(
    encoding: str, separator: str, line_end: str
) -> None:
    data = TEXT.replace(";", separator).replace("\r\n", line_end).encode(encoding)

    placed, problems = people_in_csv(data, "sites/lyon.csv", "new")

    assert not problems
    assert [(one.person.address, one.person.name, one.person.source_user, one.line) for one in placed] == [
        ("jean@m.example", "Jean Pérès", "jeanp", 2)
    ]


@pytest.mark.parametrize(
    ("heading", "column"),
    [
        ("ADRESSE", "address"),
        ("E-mail", "address"),
        ("Adresse électronique", "address"),
        ("adresse_de_messagerie", "address"),
        ("Address", "address"),
        ("Nom affiché", "name"),
        ("Source user", "source_user"),
        ("source_user", "source_user"),
        ("Identifiant cible", "target_user"),
        ("Mot de passe cible", "target_password"),
    ],
)
def test_headings_are_understood_in_english_and_french(heading: str, column: str) -> None:
    table = read_table(heading.encode(), "f.csv", COLUMNS)

    assert table.headings == {column: heading}


def test_lines_are_counted_in_the_file_also_after_cells_of_several_lines() -> None:
    data = b'address,name\n\na@b.example,"two\nlines"\n,,\nwrong,\n'

    placed, problems = people_in_csv(data, "f.csv", "new")

    assert [one.line for one in placed] == [3]
    assert [problem.line for problem in problems] == [6]


def test_trailing_separators_are_no_mistake() -> None:
    table = read_table(
        b"address;name;;\na@b.example;A;;\n",
        "f.csv",
        TWO,
    )

    assert not table.problems
    assert [dict(row.cells) for row in table.rows] == [{"address": "a@b.example", "name": "A"}]


def test_a_row_never_shows_its_cells() -> None:
    table = read_table(
        b"address;name\nhunter2;hunter2\n",
        "f.csv",
        TWO,
    )

    assert table.rows[0].cells["address"] == "hunter2"
    assert "hunter2" not in repr(table) + repr(table.rows)
