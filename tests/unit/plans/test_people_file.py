"""New people files, and people added to one that was edited by hand: nothing of it is lost."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from plans import PlanError
from plans.csv_writing import replace, write_new
from plans.exports import Found
from plans.people import people_in_csv
from plans.people_file import NoPeopleFile, addresses_elsewhere, merged, people_file, template, with_people
from tests.unit.plans.conftest import SITE

Write = Callable[..., Path]

ANNA = Found(
    "anna@m.example",
    "Anna Berg; née Dü",
    aliases=("ab@m.example", "a@m.example"),
    groups=("Sales, Lyon",),
    licence="Business",
    shared=True,
)
BRUNO = Found("bruno@m.example")


@pytest.mark.parametrize("language", ["en", "fr"])
def test_a_new_people_file_says_what_was_found(language: str) -> None:
    placed, problems = people_in_csv(with_people([ANNA, BRUNO], language), "f.csv", "new")

    assert not problems
    anna, bruno = (one.person for one in placed)
    assert (anna.address, anna.name, anna.aliases) == (ANNA.address, ANNA.name, ANNA.aliases)
    assert (anna.groups, anna.licence, anna.shared) == (ANNA.groups, "Business", True)
    assert (bruno.address, bruno.shared) == ("bruno@m.example", False)


def test_a_template_has_the_headings_of_its_language_as_its_spreadsheets_write_them() -> None:
    assert template("fr").decode() == (
        "\ufeffadresse;nom;utilisateur source;utilisateur cible;archives;gmail;alias;groupes;licence;partagée;"
        "autres sources;programmes\r\n"
    )
    assert template("en").decode() == (
        "address,name,source user,target user,archives,gmail,aliases,groups,licence,shared,sources,uses\n"
    )
    assert people_in_csv(template("fr"), "f.csv", "new") == ([], [])


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
@pytest.mark.parametrize("line_end", ["\r\n", "\n", "\r"])
@pytest.mark.parametrize("last", ["", "END"])
def test_what_was_in_the_file_stays_byte_for_byte(encoding: str, line_end: str, last: str) -> None:
    text = 'Nom;"Adresse";Alias;\n"Béa; B.";BEA@m.example;;\n\n;;;\n Léa ;lea@m.example;l@m.example;note'
    before = (text + last).replace("\n", line_end).replace("END", line_end).encode(encoding)

    merge = merged(before, "f.csv", [ANNA, BRUNO, Found("bea@m.example"), Found("l@m.example")], "fr")

    assert merge.data.startswith(before)
    assert (merge.added, merge.kept) == ([ANNA, BRUNO], ["bea@m.example", "l@m.example"])
    assert merge.not_in_export == []
    assert merge.lacking == ["groups", "licence", "shared"]
    placed, problems = people_in_csv(merge.data, "f.csv", "new")
    assert not problems
    assert [(one.person.address, one.person.name) for one in placed] == [
        ("BEA@m.example", "Béa; B."),
        ("lea@m.example", "Léa"),
        ("anna@m.example", "Anna Berg; née Dü"),
        ("bruno@m.example", ""),
    ]


def test_a_name_that_the_files_encoding_cannot_write_moves_it_to_utf_8_with_the_same_text() -> None:
    before = "adresse;nom\nlea@m.example;Léa\n".encode("cp1252")

    merge = merged(before, "f.csv", [Found("j@m.example", "Jiří")], "fr")

    assert merge.data.decode("utf-8-sig") == before.decode("cp1252") + "j@m.example;Jiří\n"


def test_who_is_no_longer_in_the_export_is_told_and_stays() -> None:
    before = b"address\nanna@m.example\nleft@m.example\n"

    merge = merged(before, "f.csv", [ANNA], "en")

    assert (merge.data, merge.added, merge.not_in_export) == (before, [], ["left@m.example"])


def test_who_is_in_the_file_under_an_alias_is_not_added_again() -> None:
    merge = merged(b"address\nab@m.example\n", "f.csv", [ANNA], "en")

    assert (merge.added, merge.kept, merge.not_in_export) == ([], ["anna@m.example"], [])


def test_a_people_file_that_is_not_right_is_not_added_to() -> None:
    with pytest.raises(PlanError) as caught:
        merged(b'address,nmae\na@m.example,"A\n', "sites/lyon.csv", [ANNA], "en")

    assert str(caught.value).splitlines() == [
        'sites/lyon.csv:1: Unknown heading "nmae". Did you mean "name"?',
        (
            "sites/lyon.csv:2: A double quote from this line on has no partner. "
            'Close the quote, or write "" for a quote inside a text.'
        ),
    ]


def test_the_people_file_is_found_though_the_plan_is_not_right_yet(write: Write) -> None:
    folder = write({"sites/lyon.csv": None, "sites/paris.yaml": "site: paris\npeople: [a@m.example]\n"})

    assert people_file(folder, "lyon") == folder / "sites" / "lyon.csv"
    with pytest.raises(NoPeopleFile) as in_the_plan:
        people_file(folder, "paris")
    with pytest.raises(NoPeopleFile) as unknown:
        people_file(folder, "rome")
    assert str(in_the_plan.value) == ('The plan of "paris" names no people file. Write into it: people: paris.csv')
    assert str(unknown.value) == f'There is no site "rome" in {folder / "sites"}. Sites: lyon, paris.'


def test_people_of_other_sites_are_known(write: Write) -> None:
    folder = write({"sites/paris.yaml": SITE.replace("lyon", "paris"), "sites/paris.csv": "address\nX@m.example\n"})

    assert addresses_elsewhere(folder, "lyon") == {"x@m.example": "paris"}


def test_a_file_that_cannot_be_written_whole_stays_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "lyon.csv"
    path.write_bytes(b"before")
    path.chmod(0o600)

    def full(_handle: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("os.fsync", full)
        with pytest.raises(OSError, match="No space"):
            replace(path, b"after")
    assert (path.read_bytes(), [one.name for one in tmp_path.iterdir()]) == (b"before", ["lyon.csv"])

    replace(path, b"after")

    assert (path.read_bytes(), path.stat().st_mode & 0o777) == (b"after", 0o600)


def test_a_new_file_is_never_written_over_another(tmp_path: Path) -> None:
    path = tmp_path / "lyon.csv"
    write_new(path, b"first")

    with pytest.raises(FileExistsError):
        write_new(path, b"second")
    assert path.read_bytes() == b"first"
