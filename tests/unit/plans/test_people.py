"""What a people file says of a person, however a spreadsheet writes it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from plans import Person, load
from plans.accounts import further_account
from plans.model import FurtherSource, NamedArchive
from plans.people import people_in_csv
from tests.unit.plans.conftest import SITE

Write = Callable[..., Path]

FRENCH = (
    "Adresse;Nom;Archives;Gmail;Alias;Groupes;Licence;Partagée;Autres sources\r\n"
    'anna@m.example;Anna Berg;"C:\\Outlook\\a.pst|D:\\b, 2015.pst";anna.b@gmail.com;ab@m.example, a@m.example;'
    "Ventes|Tous;Business;non;archive:anna|old-host:berg\r\n"
    "info@m.example;Accueil;;;;;;Oui;\r\n"
)
ENGLISH = (
    "address,name,archives,private gmail,aliases,groups,license,shared mailbox,further sources\n"
    'anna@m.example,Anna Berg,"C:\\Outlook\\a.pst|D:\\b, 2015.pst",anna.b@gmail.com,"ab@m.example, a@m.example",'
    "Ventes|Tous,Business,no,archive:anna|old-host:berg\n"
    "info@m.example,Accueil,,,,,,yes,\n"
)
ANNA = Person(
    "anna@m.example",
    "Anna Berg",
    "anna@m.example",
    "anna@m.example",
    None,
    None,
    archives=(NamedArchive("C:\\Outlook\\a.pst"), NamedArchive("D:\\b, 2015.pst")),
    gmail="anna.b@gmail.com",
    aliases=("ab@m.example", "a@m.example"),
    groups=("Ventes", "Tous"),
    licence="Business",
    further_sources=(FurtherSource("archive", "anna"), FurtherSource("old-host", "berg")),
)
INFO = Person("info@m.example", "Accueil", "info@m.example", "info@m.example", None, None, shared=True)


def read(data: bytes) -> list[Person]:
    placed, problems = people_in_csv(data, "sites/lyon.csv", "new")
    assert not problems, [str(problem) for problem in problems]
    return [one.person for one in placed]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("text", [FRENCH, ENGLISH])
def test_all_columns_are_read_in_both_languages_and_every_encoding(text: str, encoding: str) -> None:
    assert read(text.encode(encoding)) == [ANNA, INFO]


@pytest.mark.parametrize(
    "text",
    [
        "sep=;\r\nadresse;nom\r\nanna@m.example;Anna\r\n",
        '"sep=;"\nadresse;nom\nanna@m.example;Anna\n',
        "sep=;;\nadresse;nom\nanna@m.example;Anna\n",
        "sep=,\nadresse,nom\nanna@m.example,Anna\n",
        "SEP=\t\nadresse\tnom\nanna@m.example\tAnna\n",
        "\n\nadresse;nom\n\n;;\n \nanna@m.example;Anna\n;\n\n",
        "adresse;nom;;;\nanna@m.example;Anna;;;;;;\n",
        (
            "\N{NO-BREAK SPACE}Adresse\N{NO-BREAK SPACE};Nom\nanna@m.example\N{NO-BREAK SPACE};"
            "\N{NARROW NO-BREAK SPACE}Anna\N{NO-BREAK SPACE}\n"
        ),
        (
            "\N{ZERO WIDTH NO-BREAK SPACE}\N{ZERO WIDTH NO-BREAK SPACE}adresse;nom\n\N{ZERO WIDTH SPACE}anna@m.example"
            "\N{ZERO WIDTH SPACE};Anna\n"
        ),
        '"adresse";"nom"\n"anna@m.example";"Anna"\n',
        'adresse;nom\n"anna@m.example\n";"Anna"\n',
    ],
)
def test_what_a_spreadsheet_adds_does_not_matter(text: str) -> None:
    assert [(one.address, one.name) for one in read(text.encode())] == [("anna@m.example", "Anna")]


def test_lines_are_counted_from_the_sep_line_on() -> None:
    _, problems = people_in_csv(b"sep=;\r\nadresse;nom\r\nnobody;N\r\n", "f.csv", "new")

    assert [problem.line for problem in problems] == [3]


@pytest.mark.parametrize(
    ("word", "shared"),
    [
        *((word, True) for word in ("oui", "OUI", "yes", "x", "1", "vrai")),
        *((word, False) for word in ("non", "Non", "no", "0", "faux")),
    ],
)
def test_yes_and_no_are_understood(word: str, shared: bool) -> None:
    (one,) = read(f"adresse;partagée\na@m.example;{word}\n".encode())

    assert one.shared is shared


def test_the_same_can_stand_in_the_plan(write: Write) -> None:
    people = """\
people:
  - address: anna@m.example
    name: Anna Berg
    archives: ["C:\\\\Outlook\\\\a.pst", "D:\\\\b, 2015.pst"]
    gmail: anna.b@gmail.com
    aliases: ab@m.example, a@m.example
    groups: [Ventes, Tous]
    licence: Business
    sources: ["new-host:anna", old-host:berg]
  - address: info@m.example
    name: Accueil
    shared: true
"""
    folder = write({"sites/lyon.yaml": SITE.replace("people: lyon.csv\n", people)})

    anna, info = load(folder).sites["lyon"].people

    assert anna.further_sources == (FurtherSource("new-host", "anna"), FurtherSource("old-host", "berg"))
    assert (anna.archives, anna.gmail, anna.aliases) == (ANNA.archives, ANNA.gmail, ANNA.aliases)
    assert info == INFO


def test_a_further_source_has_a_password_of_its_own(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NEW_MASTER", "the master's")
    folder = write(
        {
            "sites/lyon.csv": "adresse;autres sources\na@m.example;old-host:Berg|new-host:other\n",
            "secrets/lyon.csv": "adresse;mot de passe source\nold-host:berg;hunter2\na@m.example;x\n",
        }
    )
    (folder / "secrets" / "lyon.csv").chmod(0o600)
    organisation = load(folder)
    site = organisation.sites["lyon"]
    (person,) = site.people

    first, second = (further_account(organisation, site, person, one) for one in person.further_sources)

    assert (first.user, first.password, first.master_user) == ("Berg", "hunter2", None)
    assert (second.user, second.password, second.master_user) == ("other", "the master's", "admin")
