"""Mistakes in people files and passwords files, each with the exact words that a person reads."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from plans import SecretError, load
from plans.accounts import source_account
from plans.passwords_file import strangers
from tests.unit.plans.conftest import SITE

Complaints = Callable[[dict[str, str | bytes | None]], list[str]]
Write = Callable[..., Path]

FORM = "Write it as name@company.example."


@pytest.mark.parametrize(
    ("address", "hint"),
    [
        ("anna", f"It has no @. {FORM}"),
        ("anna.example.org", f"It has no @. {FORM}"),
        ("anna@example,org", "It has a comma where a dot should be."),
        ("anna,berg@example.org", "It has a comma where a dot should be."),
        ("anna@example", f"There is no dot after the @. {FORM}"),
        ("anna @example.org", "It has a space in it."),
        ("anna berg@example.org", "It has a space in it."),
        ("a@x.example b@x.example", "It has more than one @. One address stands here; others are aliases."),
        ("andré@example.org", (
            "It has an accented letter before the @. Write it as the mail server knows it, without accents.")),
        ("anna@exámple.org", (
            "It has an accented letter after the @. Write the domain without accents, or in its form xn--….")),
        ("anna@example..org", "It has two dots in a row."),
        ("anna.@example.org", "A part of it begins or ends with a dot."),
        ("anna@example.org.", "A part of it begins or ends with a dot."),
        ("@example.org", "There is nothing before the @."),
        ("anna@", "There is nothing after the @."),
        ("Anna <anna@example.org>", "Write the address alone, without a name and without < >."),
        ("mailto:anna@example.org", 'Take "mailto:" away.'),
        ("anna|bruno@example.org", FORM),
    ],
)  # fmt: skip
def test_an_address_that_is_none_says_what_is_wrong_with_it(complaints: Complaints, address: str, hint: str) -> None:
    said = complaints({"sites/lyon.csv": f"adresse\tnom\n{address}\tA\n"})

    assert said == [f'sites/lyon.csv:2: "adresse" must be a mail address. {hint}']


@pytest.mark.parametrize(
    ("people", "messages"),
    [
        (
            "adresse;alias\na@m.example;x@m.example|y@m\n",
            [f'sites/lyon.csv:2: Item 2 of "alias" must be a mail address. There is no dot after the @. {FORM}'],
        ),
        (
            "adresse;alias\na@m.example;b@m.example\nb@m.example;\n",
            [
                (
                    "sites/lyon.csv:2: The alias b@m.example of a@m.example is the address of another person. "
                    "The other is in sites/lyon.csv, line 3."
                )
            ],
        ),
        (
            "adresse;alias\na@m.example;info@m.example\nb@m.example;INFO@m.example\n",
            [
                (
                    "sites/lyon.csv:3: b@m.example and a@m.example have the same alias INFO@m.example. "
                    "The other is in sites/lyon.csv, line 2."
                )
            ],
        ),
        (
            "adresse;alias\na@m.example;A@m.example\nb@m.example;c@m.example, C@m.example\n",
            [
                "sites/lyon.csv:2: A@m.example is this person's address and alias at once. Take the alias away.",
                "sites/lyon.csv:3: The alias C@m.example is written twice. Keep one.",
            ],
        ),
        (
            "adresse;gmail\na@m.example;a@gmial.com\nb@m.example;b@m.example\n",
            [
                'sites/lyon.csv:2: "gmail" must be the address of a private Gmail account. Did you mean "gmail.com"?',
                (
                    'sites/lyon.csv:3: "gmail" must be the address of a private Gmail account. '
                    "Write it as name@gmail.com, or leave it empty."
                ),
            ],
        ),
        (
            "adresse;gmail\na@m.example;x@gmail.com\nb@m.example;X@gmail.com\n",
            [
                (
                    "sites/lyon.csv:3: b@m.example and a@m.example have the same private Gmail account. "
                    "The other is in sites/lyon.csv, line 2."
                )
            ],
        ),
        (
            "adresse;partagée\na@m.example;peut-être\n",
            ['sites/lyon.csv:2: "partagée" must be yes or no. Write yes or no, oui or non.'],
        ),
        (
            "adresse;autres sources\na@m.example;archive\nb@m.example;old-hots:b\nc@m.example;new-host:c@m.example\n",
            [
                (
                    'sites/lyon.csv:2: "autres sources" must name a system and the user there. '
                    "Write it as system:user, such as old-archive:anna."
                ),
                'sites/lyon.csv:3: There is no system "old-hots" in organisation.yaml. Did you mean "old-host"?',
                (
                    "sites/lyon.csv:4: The source new-host:c@m.example is the mailbox that mail is copied to. "
                    "A mailbox cannot be copied onto itself."
                ),
            ],
        ),
        (
            "adresse;utilisateur source;autres sources\na@m.example;old-a;old-host:OLD-A\nb@m.example;;old-host:c\n",
            [
                (
                    "sites/lyon.csv:2: The source old-host:OLD-A is the one that this mailbox is copied from anyway. "
                    "Take it away from the further sources."
                )
            ],
        ),
        (
            "adresse;autres sources\na@m.example;old-host:x | old-host:X\n",
            ["sites/lyon.csv:2: The source old-host:X is written twice. Keep one."],
        ),
        (
            "adresse;utilisateur cible\na@m.example;\nb@m.example;a@m.example\n",
            [
                (
                    "sites/lyon.csv:3: b@m.example and a@m.example have the same user on the target. "
                    "The other is in sites/lyon.csv, line 2."
                )
            ],
        ),
        (
            "adresse;archive;Archives\na@m.example;x;y\n",
            ['sites/lyon.csv:1: The heading "Archives" repeats another. Keep one.'],
        ),
        ("adresse;license;licnece\n", ['sites/lyon.csv:1: Unknown heading "licnece". Did you mean "licence"?']),
    ],
)
def test_a_mistake_in_a_people_file_is_told_with_its_line(
    complaints: Complaints, people: str, messages: list[str]
) -> None:
    assert complaints({"sites/lyon.csv": people}) == messages


def test_an_alias_of_a_person_of_another_site_is_told(complaints: Complaints) -> None:
    paris = SITE.replace("lyon", "paris")

    said = complaints(
        {"sites/paris.yaml": paris, "sites/paris.csv": "address,aliases\nx@m.example,Lea.T@meridional.example\n"}
    )

    assert said == [
        (
            "sites/paris.csv:2: The alias Lea.T@meridional.example of x@m.example is the address of another person. "
            "The other is in sites/lyon.csv, line 3."
        )
    ]


def test_a_mistake_in_a_list_in_yaml_has_its_line_and_column(complaints: Complaints) -> None:
    people = "people:\n  - address: a@m.example\n    aliases: [b@m.example, b]\n    shared: maybe\n"

    assert complaints({"sites/lyon.yaml": SITE.replace("people: lyon.csv\n", people)}) == [
        f'sites/lyon.yaml:6:28: Item 2 of "aliases" must be a mail address. It has no @. {FORM}',
        'sites/lyon.yaml:7:13: "shared" must be yes or no. Write yes or no, oui or non.',
    ]


def refused(folder: Path) -> str:
    organisation = load(folder)
    site = organisation.sites["lyon"]
    with pytest.raises(SecretError) as caught:
        source_account(organisation, site, site.people[0])
    return str(caught.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("adresse;mot de passe\na@b.example;hunter2\n",
         'secrets/lyon.csv:1: Unknown heading "mot de passe". Did you mean "mot de passe cible"?'),
        ("adresse;mot de passe source\n;hunter2\n", "secrets/lyon.csv:2: This line has no address."),
        ("adresse;mot de passe source\nlea.t@meridional.example;hunter2\nLEA.T@meridional.example;x\n",
         "secrets/lyon.csv:3: This address is on line 2 already. Keep one of the two lines."),
        ("adresse;mot de passe source;mot de passe cible\njean.p@meridional.example;hunter2;b;c\n", (
            "secrets/lyon.csv:2: This line has 4 cells, but there are only 3 headings. "
            'Put double quotes around a text that holds ";".')),
        ('adresse;mot de passe source\njean.p@meridional.example;"hunter2\n', (
            "secrets/lyon.csv:2: A double quote from this line on has no partner. "
            'Close the quote, or write "" for a quote inside a text.')),
        ("mot de passe source\nhunter2\n", (
            "secrets/lyon.csv:1: There is no column address. Known headings: address, source password, "
            "target password.")),
    ],
)  # fmt: skip
def test_a_mistake_in_a_passwords_file_is_told_with_its_line_and_no_password(
    write: Write, text: str, message: str
) -> None:
    folder = write({"secrets/lyon.csv": text})
    (folder / "secrets" / "lyon.csv").chmod(0o600)

    assert refused(folder) == message


def test_an_empty_cell_says_what_to_fill(write: Write) -> None:
    folder = write({"secrets/lyon.csv": "adresse;mot de passe source\nJean.P@meridional.example; \n"})
    (folder / "secrets" / "lyon.csv").chmod(0o600)

    assert refused(folder) == (
        "There is no source password for Jean.P@meridional.example in file:secrets/lyon.csv. "
        'Fill its source_password there, or give the system "old-host" a master user.'
    )


def test_a_line_of_nobody_is_told_and_a_password_in_its_place_is_not_shown(write: Write) -> None:
    text = (
        "adresse;mot de passe source\njean.p@meridonal.example;x\nhunter2;x\nlea.t@meridional.example;x\n"
        "old@meridional.example;x\nnobody@meridional.example;\n"
    )
    folder = write({"secrets/lyon.csv": text})
    (folder / "secrets" / "lyon.csv").chmod(0o600)
    organisation = load(folder)
    ref = organisation.sites["lyon"].passwords
    assert ref is not None

    assert [str(problem) for problem in strangers(ref, organisation)] == [
        (
            "secrets/lyon.csv:2: Nobody of this site has the address on this line. "
            'Did you mean "Jean.P@meridional.example"?'
        ),
        "secrets/lyon.csv:3: Nobody of this site has the address on this line.",
        "secrets/lyon.csv:5: Nobody of this site has the address on this line.",
    ]


def test_people_of_another_site_with_the_same_passwords_file_are_nobodys_mistake(write: Write) -> None:
    nantes = (
        "site: nantes\nsource: old-host\ntarget: new-host\npeople: [x@y.example]\npasswords: file:secrets/lyon.csv\n"
    )
    text = "adresse;mot de passe source\nx@y.example;x\nz@y.example;x\n"
    folder = write({"secrets/lyon.csv": text, "sites/nantes.yaml": nantes})
    (folder / "secrets" / "lyon.csv").chmod(0o600)
    organisation = load(folder)
    ref = organisation.sites["lyon"].passwords
    assert ref is not None
    assert [problem.line for problem in strangers(ref, organisation)] == [3]
