"""The archives that a plan names: how they are written, which files they are, and what is wrong with them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path

import pytest

from plans import PlanError, load
from plans.archive_checks import archive_problems
from plans.archive_files import archive_files
from plans.loading import load_with_places
from plans.model import NamedArchive
from tests.unit.plans.conftest import ORGANISATION, SITE

Write = Callable[..., Path]
THE_OTHER = "The other is in sites/lyon.csv, line {}. If both are to have it, name it under shared: of the archives."
BLOCK = "archives: {collected_in: collected/lyon, put_under: Archives/Old"


def people(*archives: str) -> str:
    rows = [f'p{number}@m.example;"{cell}"' for number, cell in enumerate(archives, 1)]
    return "\n".join(["adresse;archives", *rows]) + "\n"


def found(folder: Path) -> dict[str, list[tuple[str, tuple[str, ...]]]]:
    """By person, the files (from the organisation's folder) and where they go."""
    organisation = load(folder)
    site = organisation.sites["lyon"]
    return {
        person.address.partition("@")[0]: [
            (one.path.relative_to(folder).as_posix(), one.under) for one in archive_files(folder, site, person)
        ]
        for person in site.people
    }


def make(folder: Path, *files: str) -> None:
    for file in files:
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        (folder / file).write_bytes(b"From x\n")


def problems(
    folder: Path, no_archive: Callable[[Path], str] = lambda _path: "", collected: Sequence[str] = ()
) -> list[str]:
    organisation, everyone = load_with_places(folder)
    return [
        str(problem)
        for problem in archive_problems(organisation, everyone, no_archive, lambda _site, _person: collected)
    ]


def test_an_archive_goes_below_its_own_name_a_folder_of_choice_or_into_the_mailbox(write: Write) -> None:
    cell = "anna/2012.pst|old.mbox => Archive/2012 | D:\\\\b, 2015.pst=>. |"
    folder = write({"sites/lyon.yaml": SITE + BLOCK + "}\n", "sites/lyon.csv": people(cell)})
    named = load(folder).sites["lyon"].people[0].archives
    assert named == (
        NamedArchive("anna/2012.pst"),
        NamedArchive("old.mbox", "Archive/2012"),
        NamedArchive("D:\\\\b, 2015.pst", "."),
    )
    assert [str(one) for one in named] == ["anna/2012.pst", "old.mbox => Archive/2012", "D:\\\\b, 2015.pst => ."]
    assert [under for _path, under in found(folder)["p1"]] == [("Archives", "Old", "2012"), ("Archive", "2012"), ()]


def test_it_is_looked_for_where_archives_are_collected_and_then_in_the_organisation(write: Write) -> None:
    folder = write(
        {"sites/lyon.yaml": SITE + BLOCK + "}\n", "sites/lyon.csv": people("a.pst|b.pst|c.pst", "collected/lyon/d.pst")}
    )
    make(folder, "a.pst", "collected/lyon/a.pst", "b.pst", "collected/lyon/d.pst")
    assert [path for path, _under in found(folder)["p1"]] == ["collected/lyon/a.pst", "b.pst", "collected/lyon/c.pst"]
    assert [path for path, _under in found(folder)["p2"]] == ["collected/lyon/d.pst"]


def test_signs_of_wildcards_in_the_name_of_a_folder_above_are_none(write: Write) -> None:
    plan = {"sites/lyon.yaml": SITE + "archives: {collected_in: 'usb [old]'}\n", "sites/lyon.csv": people("a*.pst")}
    folder = write(plan)
    make(folder, "usb [old]/a1.pst", "usb [old]/a2.pst", "usb o/a3.pst")
    assert [path for path, _under in found(folder)["p1"]] == ["usb [old]/a1.pst", "usb [old]/a2.pst"]


def test_without_a_word_of_the_site_they_lie_in_a_folder_of_its_name(write: Write) -> None:
    folder = write({"sites/lyon.csv": people("a.pst")})
    assert found(folder)["p1"] == [("archives/lyon/a.pst", ("Archives", "a"))]


def test_a_wildcard_stands_for_what_is_there_each_below_its_own_name(write: Write) -> None:
    folder = write(
        {
            "sites/lyon.yaml": SITE + BLOCK + "}\n",
            "sites/lyon.csv": people("anna/*.pst => Archive | anna/2012.pst", "bea/**/[x]?.mbox"),
        }
    )
    make(folder, *(f"collected/lyon/anna/{name}" for name in ("2013.pst", "2012.pst", "notes.txt", ".hidden.pst")))
    make(folder, *(f"collected/lyon/bea/{name}" for name in ("a/b/[x]1.mbox", "[x]2.mbox", "x3.mbox")))
    assert found(folder) == {
        "p1": [
            ("collected/lyon/anna/2012.pst", ("Archive", "2012")),
            ("collected/lyon/anna/2013.pst", ("Archive", "2013")),
        ],
        "p2": [
            ("collected/lyon/bea/[x]2.mbox", ("Archives", "Old", "[x]2")),
            ("collected/lyon/bea/a/b/[x]1.mbox", ("Archives", "Old", "[x]1")),
        ],
    }


def test_what_was_read_and_who_shares_is_the_sites_word(write: Write) -> None:
    block = BLOCK + ", unread_if_newer_than: 30 jours, shared: [all.pst]}\n"
    folder = write({"sites/lyon.yaml": SITE + block, "sites/lyon.csv": people("all.pst", "all.pst")})
    archives = load(folder).sites["lyon"].archives
    assert archives is not None
    assert (archives.unread_if_newer_than, archives.shared) == (timedelta(days=30), ("all.pst",))


@pytest.mark.parametrize(
    ("cell", "message"),
    [
        ("=> Archive", '"archives" must name an archive file. Write it as anna/old.pst, or as '),
        ("a.pst =>", '"archives" must name an archive file.'),
        ("a.pst => A//B", '"A//B" is not a folder path.'),
    ],
)
def test_a_cell_that_names_no_archive_is_told_with_its_line(write: Write, cell: str, message: str) -> None:
    with pytest.raises(PlanError) as caught:
        load(write({"sites/lyon.csv": people("ok.pst", cell)}))
    assert str(caught.value.problems[0]).startswith(f"sites/lyon.csv:3: {message}")


@pytest.mark.parametrize(
    "block", [", unread_if_newer_than: soon", ", put_under: A//B", ", shared: all", ", sared: [x]"]
)
def test_a_mistake_in_the_sites_word_is_told_with_its_line(write: Write, block: str) -> None:
    with pytest.raises(PlanError) as caught:
        load(write({"sites/lyon.yaml": SITE + BLOCK.replace(", put_under: Archives/Old", "") + block + "}\n"}))
    (problem,) = caught.value.problems
    assert (problem.file, problem.line) == ("sites/lyon.yaml", 6)


@pytest.mark.parametrize(
    ("one", "other"),
    [("a.pst", "a.pst"), ("x/a.pst", "x/*.pst"), ("x/./a.pst", "x/a.pst"), ("**/a.pst", "x/y/a.pst"), ("*.p", "*.p")],
)
def test_an_archive_that_two_people_name_is_a_mistake_without_looking(write: Write, one: str, other: str) -> None:
    with pytest.raises(PlanError) as caught:
        load(write({"sites/lyon.csv": people(one, other)}))
    assert [str(problem) for problem in caught.value.problems] == [
        f"sites/lyon.csv:3: p2@m.example and p1@m.example have the same archive {other}. {THE_OTHER.format(2)}"
    ]


def test_what_only_looks_alike_is_no_mistake(write: Write) -> None:
    load(write({"sites/lyon.csv": people("x/a.pst|x/a.pst", "y/a.pst", "*/b.pst", "*.pst")}))


def test_looking_finds_what_is_not_there_or_no_archive_or_one_file_of_two(write: Write) -> None:
    cells = ("anna.pts|none*.pst", "b.txt", "x/c.pst", "link.pst")
    folder = write({"sites/lyon.yaml": SITE + BLOCK + "}\n", "sites/lyon.csv": people(*cells)})
    make(folder, *(f"collected/lyon/{name}" for name in ("anna.pst", "b.txt", "x/c.pst")))
    (folder / "collected" / "lyon" / "link.pst").symlink_to(folder / "collected" / "lyon" / "x" / "c.pst")
    told = problems(folder, lambda path: "it is no archive." if path.suffix == ".txt" else "")
    base = folder / "collected" / "lyon"
    assert told == [
        f"sites/lyon.csv:2: No archive is named as none*.pst. It was looked for in {base}.",
        'sites/lyon.csv:2: There is no archive anna.pts. Did you mean "anna.pst"?',
        f"sites/lyon.csv:3: {base / 'b.txt'} cannot be copied: it is no archive.",
        f"sites/lyon.csv:5: p4@m.example and p3@m.example have the same archive link.pst. {THE_OTHER.format(4)}",
    ]


def test_what_was_collected_may_be_out_of_reach(write: Write) -> None:
    cell = "/drive/anna/*.pst | /drive/anna/old.mbox |"
    folder = write({"sites/lyon.yaml": SITE + BLOCK + "}\n", "sites/lyon.csv": people(cell)})
    assert len(problems(folder)) == 2
    assert problems(folder, collected=["/drive/anna/2012.pst", "/drive/anna/old.mbox"]) == []
    (left,) = problems(folder, collected=["/drive/anna/deeper/2012.mbox", "/drive/anna/old.mbox"])
    assert "No archive is named as /drive/anna/*.pst. It was looked for in /drive/anna." in left


def test_the_table_of_x500_addresses_is_read_whatever_its_case(write: Write) -> None:
    table = "X500,Address\nEX:/O=Firm/OU=Site/CN=Recipients/CN=Anna,anna@m.example\n/o=firm/cn=bea, bea@m.example\n"
    folder = write({"organisation.yaml": ORGANISATION + "x500_addresses: x500.csv\n", "x500.csv": table})
    assert load(folder).x500_addresses == {
        "/o=firm/ou=site/cn=recipients/cn=anna": "anna@m.example",
        "/o=firm/cn=bea": "bea@m.example",
    }


def test_mistakes_in_that_table_are_told_with_their_lines(write: Write) -> None:
    table = "x500,address\n/o=a/cn=b,b@m.example\n/O=A/cn=b,c@m.example\ncn=b,b@m.example\n/o=a/cn=d,nobody\n"
    folder = write({"organisation.yaml": ORGANISATION + "x500_addresses: x500.csv\n", "x500.csv": table})
    with pytest.raises(PlanError) as caught:
        load(folder)
    assert [(problem.file, problem.line) for problem in caught.value.problems] == [
        ("x500.csv", 3),
        ("x500.csv", 4),
        ("x500.csv", 5),
    ]
    with pytest.raises(PlanError, match=r'The table "x50.csv" cannot be read.* Did you mean "x500.csv"'):
        load(write({"organisation.yaml": ORGANISATION + "x500_addresses: x50.csv\n", "x500.csv": table}))
