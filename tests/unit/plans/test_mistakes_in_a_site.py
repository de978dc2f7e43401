"""Mistakes in sites/*.yaml and people files, each with the exact words that a person reads."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from plans import PlanError, load
from tests.unit.plans.conftest import SITE

Complaints = Callable[[dict[str, str | bytes | None]], list[str]]

ADDRESS = "Write it as name@company.example."
COLUMNS = (
    "Known headings: address, name, first name, last name, source user, target user, source password, target password, "
    "archives, gmail, aliases, groups, licence, shared, sources, uses, language."
)


@pytest.mark.parametrize(
    ("right", "wrong", "messages"),
    [
        (
            "source: old-host",
            "source: old-hots",
            ['sites/lyon.yaml:2:9: There is no system "old-hots" in organisation.yaml. Did you mean "old-host"?'],
        ),
        (
            "source: old-host",
            "source: google",
            [
                (
                    'sites/lyon.yaml:2:9: There is no system "google" in organisation.yaml. '
                    "Its systems are: new-host, old-host."
                )
            ],
        ),
        (
            "people: lyon.csv",
            "people: lion.csv",
            ['sites/lyon.yaml:4:9: There is no people file "lion.csv" in the folder sites. Did you mean "lyon.csv"?'],
        ),
        (
            "people: lyon.csv",
            "people: ..",
            ['sites/lyon.yaml:4:9: The people file ".." cannot be read: Is a directory.'],
        ),
        (
            "people: lyon.csv",
            "people:",
            ['sites/lyon.yaml:4:8: "people" must be a list of people, or the name of a CSV file.'],
        ),
        ("people: lyon.csv\n", "", ['sites/lyon.yaml:1:1: The key "people" is missing.']),
        (
            "site: lyon",
            "site: ../lyon",
            [
                (
                    'sites/lyon.yaml:1:7: "../lyon" cannot be a name here. '
                    "Use letters, digits, dots, hyphens and underscores."
                )
            ],
        ),
        (
            "file:secrets",
            "secrets",
            [
                (
                    "sites/lyon.yaml:5:12: The passwords file is named with file: before it. "
                    "For example file:secrets/lyon.csv."
                )
            ],
        ),
        (
            "people: lyon.csv",
            (
                "people:\n  - {address: nobody}\n  - {address: a@b.example, nom: A}\n  - {address: A@B.example}\n"
                "  - A@b.example\n  - 12\n  -"
            ),
            [
                f'sites/lyon.yaml:5:15: "address" must be a mail address. It has no @. {ADDRESS}',
                (
                    'sites/lyon.yaml:6:28: Unknown key "nom". Known keys: address, aliases, archives, first_name, '
                    "gmail, groups, language, last_name, licence, name, shared, source_password, source_user, sources, "
                    "target_password, target_user, uses."
                ),
                (
                    "sites/lyon.yaml:8:5: A@b.example is named twice. The first is in sites/lyon.yaml, line 7; "
                    "keep one of the two."
                ),
                'sites/lyon.yaml:9:5: Item 5 of "people" must be a group of keys, each on its own line.',
                (
                    'sites/lyon.yaml:10:4: Item 6 of "people" has no value. '
                    "Write one after the colon, or take the line away."
                ),
            ],
        ),
        (
            "passwords:",
            "leave_out: {before: 01/02/2020, larger_than: 25}\npasswords:",
            [
                'sites/lyon.yaml:5:21: "01/02/2020" is not a date. Write year-month-day, such as 2027-02-09.',
                'sites/lyon.yaml:5:46: "25" is not a size. Write a number and its unit, such as 25 MB.',
            ],
        ),
        (
            "passwords:",
            "folders: {exclude: Trash, includes: [a]}\npasswords:",
            [
                'sites/lyon.yaml:5:20: "exclude" must be a list. Write it as [one, two].',
                'sites/lyon.yaml:5:27: Unknown key "includes" in "folders". Did you mean "include"?',
            ],
        ),
        (
            "passwords:",
            "folders:\n  exclude: [a, [b]]\n  map: {A: x//y}\npasswords:",
            [
                'sites/lyon.yaml:6:16: Item 2 of "exclude" must be a text.',
                (
                    'sites/lyon.yaml:7:12: "x//y" is not a folder path. Write the names with one / between them, '
                    'such as "A/B".'
                ),
            ],
        ),
        (
            "target: new-host",
            "target: old-host",
            [
                (
                    "sites/lyon.yaml:3:9: Source and target are the same system, and the same user signs in on both. "
                    "A mailbox cannot be copied onto itself."
                )
            ],
        ),
    ],
)
def test_a_mistake_is_told_with_its_place_and_what_to_do(
    complaints: Complaints, right: str, wrong: str, messages: list[str]
) -> None:
    assert right in SITE

    assert complaints({"sites/lyon.yaml": SITE.replace(right, wrong, 1)}) == messages


@pytest.mark.parametrize(
    ("people", "messages"),
    [
        (
            "",
            ['sites/lyon.csv: This file is empty. Its first line holds the headings, such as "address".'],
        ),
        (
            "jean@m.example;Jean\nlea@m.example;Léa\n",
            [f"sites/lyon.csv:1: The first line must hold the headings. {COLUMNS}"],
        ),
        ("nom;utilisateur source\nJean;j\n", [f"sites/lyon.csv:1: There is no column address. {COLUMNS}"]),
        (
            "adresse;nmo;Téléphone\na@b.example;x;y\n",
            [
                'sites/lyon.csv:1: Unknown heading "nmo". Did you mean "nom"?',
                f'sites/lyon.csv:1: Unknown heading "Téléphone". {COLUMNS}',
            ],
        ),
        (
            "adresse;nom;Name\na@b.example;x;y\n",
            ['sites/lyon.csv:1: The heading "Name" repeats another. Keep one.'],
        ),
        (
            "adresse;nom\na@b.example;A\n;B\nc.example;C\n;\nA@B.example;D\n",
            [
                "sites/lyon.csv:3: This line has no address.",
                f'sites/lyon.csv:4: "adresse" must be a mail address. It has no @. {ADDRESS}',
                (
                    "sites/lyon.csv:6: A@B.example is named twice. The first is in sites/lyon.csv, line 2; "
                    "keep one of the two."
                ),
            ],
        ),
        (
            "adresse,nom\na@b.example,Pérès, Jean\n",
            [
                (
                    "sites/lyon.csv:2: This line has 3 cells, but there are only 2 headings. "
                    'Put double quotes around a text that holds ",".'
                )
            ],
        ),
        (
            'adresse;nom\na@b.example;A\nb@b.example;"B\nc@b.example;C\n',
            [
                (
                    "sites/lyon.csv:3: A double quote from this line on has no partner. "
                    'Close the quote, or write "" for a quote inside a text.'
                )
            ],
        ),
        (
            "adresse;mot de passe source\na@b.example;hunter2\n",
            [
                (
                    'sites/lyon.csv:2: "mot de passe source" must say where the password is, and not be the password '
                    "itself. Write env:NAME, file:PATH, keyring:SERVICE/USER or command:PROGRAM."
                )
            ],
        ),
        (
            "adresse;utilisateur cible\na@b.example;shared\nc@b.example;Shared\n",
            [
                (
                    "sites/lyon.csv:3: c@b.example and a@b.example have the same user on the target. "
                    "The other is in sites/lyon.csv, line 2."
                )
            ],
        ),
        (
            b"adresse;nom\na@b.example;\x81\n",
            ['sites/lyon.csv: This file is neither UTF-8 nor Windows-1252. Save it again as "CSV UTF-8".'],
        ),
    ],
)
def test_a_mistake_in_a_people_file_is_told_with_its_line(
    complaints: Complaints, people: str | bytes, messages: list[str]
) -> None:
    assert complaints({"sites/lyon.csv": people}) == messages


def test_two_sites_cannot_have_one_name(complaints: Complaints) -> None:
    assert complaints({"sites/paris.yaml": SITE}) == [
        'sites/paris.yaml:1:7: Another file has the site "lyon" already. Give each site a name of its own.'
    ]


def test_one_person_cannot_be_in_two_sites(complaints: Complaints) -> None:
    paris = SITE.replace("lyon", "paris")
    people = "adresse\njean.p@meridional.example\n"

    assert complaints({"sites/paris.yaml": paris, "sites/paris.csv": people}) == [
        (
            "sites/paris.csv:2: jean.p@meridional.example is named twice. "
            "The first is in sites/lyon.csv, line 2; keep one of the two."
        )
    ]


def test_a_site_that_would_not_be_read_is_reported(complaints: Complaints) -> None:
    assert complaints({"sites/paris.yml": SITE}) == [
        "sites/paris.yml: This file is not read, as its name does not end in .yaml. Rename it."
    ]


def test_all_problems_of_all_files_come_at_once_in_reading_order(complaints: Complaints) -> None:
    said = complaints(
        {
            "organisation.yaml": "name: x\nlanguage: it\ntime_zone: Europe/Rome\nsystems: {a: {connector: imap}}\n",
            "sites/b.yaml": "site: b\nsource: a\n",
            "sites/lyon.csv": "adresse\nnobody\n",
        }
    )

    assert [line.partition(": ")[0] for line in said] == [
        "organisation.yaml:2:11",
        "organisation.yaml:4:11",
        "sites/b.yaml:1:1",
        "sites/b.yaml:1:1",
        "sites/lyon.csv:2",
        "sites/lyon.yaml:2:9",
        "sites/lyon.yaml:3:9",
    ]


def test_a_row_with_the_wrong_separator_does_not_show_what_it_holds(complaints: Complaints) -> None:
    said = complaints({"sites/lyon.csv": "adresse;mot de passe source\na@b.example,hunter2\n"})

    assert said == [f'sites/lyon.csv:2: "adresse" must be a mail address. {ADDRESS}']


def test_a_folder_in_the_place_of_a_sites_file_is_reported(write: Callable[..., Path]) -> None:
    folder = write()
    (folder / "sites" / "paris.yaml").mkdir()

    with pytest.raises(PlanError) as caught:
        load(folder)

    assert str(caught.value) == "sites/paris.yaml: Cannot be read: Is a directory."
