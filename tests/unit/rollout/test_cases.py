"""Cases: one way of working is one case, however it is written."""

from __future__ import annotations

import pytest

from migrate.rollout.cases import all_cases, cases_of
from plans.model import FurtherSource, NamedArchive, Organisation, Person
from plans.notes import notes
from plans.uses import alike, case_code
from tests.unit.rollout.company import ZONE, site


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Outlook 2016 (POP)", "outlook-2016-pop"),
        ("outlook 2016  pop", "outlook-2016-pop"),
        ("Téléphone", "phone"),
        ("Smartphone", "phone"),
        ("Thunderbird", "thunderbird"),
        ("…", ""),
    ],
)
def test_what_is_the_same_has_the_same_code(text: str, code: str) -> None:
    assert case_code(text) == code


def test_all_columns_of_a_people_file_make_cases() -> None:
    jean = Person(
        "jean@m.example", "", "jean", "jean", None, None,
        archives=(NamedArchive("jean/Outlook.PST"), NamedArchive("C:\\mail\\old.pst"), NamedArchive("box.mbox")),
        gmail="jean@gmail.com", aliases=("j@m.example",), groups=("sales",), shared=True,
        further_sources=(FurtherSource("old", "x"),), uses=("Webmail", "webmail "),
    )  # fmt: skip
    assert set(dict(cases_of(jean))) == {
        "webmail", "archive-pst", "archive-mbox", "private-gmail", "aliases", "groups", "shared-mailbox",
        "further-sources",
    }  # fmt: skip


def test_people_are_counted_once_a_case_and_by_site(tmp_path_factory: pytest.TempPathFactory) -> None:
    two = (_user("anna", "webmail", "Webmail"), _user("bruno", "webmail"))
    sites = {"hq": site("hq", None, 1, None, *two), "lyon": site("lyon", None, 2, None, _user("lea", "webmail"))}
    (case,) = all_cases(Organisation("x", "en", ZONE, {}, sites, tmp_path_factory.mktemp("x")), {})
    assert (case.code, dict(case.people), case.tested) == ("webmail", {"hq": 2, "lyon": 1}, ())


def test_what_may_be_mistyped_is_noted_and_versions_are_not() -> None:
    assert list(alike(["thunderbird", "thunderbrid", "outlook-2016-pop", "outlook-2019-pop", "webmail"])) == [
        ("thunderbird", "thunderbrid")
    ]


def test_plan_check_tells_of_it(tmp_path_factory: pytest.TempPathFactory) -> None:
    people = (_user("anna", "Thunderbird"), _user("bruno", "Thunderbrid"))
    sites = {"hq": site("hq", None, 1, None, *people)}
    told = notes(Organisation("x", "en", ZONE, {}, sites, tmp_path_factory.mktemp("x")))
    assert 'The column uses has "Thunderbird" and "Thunderbrid": if that is the same, write it the same.' in told


def _user(name: str, *uses: str) -> Person:
    return Person(f"{name}@m.example", "", name, name, None, None, uses=uses)
