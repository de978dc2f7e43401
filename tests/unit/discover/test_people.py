"""Who may be using POP, the order of the sites, and the questions that follow."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from connectors.contract import Folder, Quota, Role
from connectors.language import speak
from migrate.check.mapping import Mapped
from migrate.check.survey import FolderFacts, Survey
from migrate.discover.inventory import Inventory, Pop, from_json, inventory_of
from migrate.discover.proposing import propose as propose_plan
from migrate.discover.questions import as_markdown, questions
from migrate.discover.waves import A_NIGHT, propose, totals
from plans import Person
from plans.model import NamedArchive
from tests.unit.discover.test_recognising import RECORDED, found, records

NOW = datetime(2026, 11, 22, tzinfo=UTC)
_OLD = NOW - timedelta(days=2000)


def person(*uses: str, archives: tuple[NamedArchive, ...] = ()) -> Person:
    return Person("Anna@example.org", "Anna", "anna", "anna", None, None, archives=archives, uses=uses)


def survey(inbox: int, sent: int = 0, *, oldest: datetime = _OLD, quota: int | None = None) -> Survey:
    folders = []
    for name, role, count in (("INBOX", Role.INBOX, inbox), ("Sent", Role.SENT, sent)):
        folder = Folder((name,), role, epoch="1")
        dates = (oldest, NOW) if count else (None, None)
        folders.append(FolderFacts(Mapped(folder, (name,)), count, count * 1000, oldest=dates[0], newest=dates[1]))
    return Survey("anna@example.org", folders, source_quota=None if quota is None else Quota(quota, 10))


@pytest.mark.parametrize(
    ("who", "seen", "pop"),
    [
        (person(), survey(900, 400), "no-sign"),
        (person(), survey(0), "likely"),
        (person(), survey(12, oldest=NOW - timedelta(days=9)), "likely"),
        (person(), survey(900), "no-sign"),  # one weak sign is none
        (person(), survey(900, quota=500_000_000), "likely"),
        (person(), survey(900, 400, quota=500_000_000), "no-sign"),
        (person(), survey(900, 400, quota=50_000_000_000), "no-sign"),
        (person(archives=(NamedArchive("anna.pst"),)), survey(900, 400), "no-sign"),
        (person(archives=(NamedArchive("anna.pst"),)), survey(900), "likely"),
        (person("Outlook 2016 (POP)"), survey(900, 400), "yes"),
        (person("popcorn"), survey(900, 400), "no-sign"),
    ],
)
def test_pop_is_inferred_from_what_a_listing_tells(who: Person, seen: Survey, pop: Pop) -> None:
    assert inventory_of(who, seen, NOW, pop_system=False).pop == pop


def test_an_inventory_comes_back_from_its_line() -> None:
    one = inventory_of(person(), survey(0, quota=5), NOW, pop_system=True)
    assert from_json(one.as_json()) == one
    assert (one.quota, one.signs) == (5, ("pop-system", "empty", "small-quota"))


def _site(name: str, people: int, size: int = 10, wave: int | None = None) -> dict[str, object]:
    boxes = [Inventory(f"{name}{number}@example.org", messages=1, size=size) for number in range(people)]
    return {name: totals(name, wave, people, boxes)}


def test_the_pilot_goes_first_and_the_others_by_their_people() -> None:
    sites = _site("large", 9) | _site("head", 5, wave=1) | _site("small", 2) | _site("middle", 4)
    order = propose(sites)  # type: ignore[arg-type]  # as made above
    assert [(one.number, one.site.site, one.week) for one in order] == [
        (1, "head", 0), (2, "small", 2), (3, "middle", 4), (4, "large", 5),
    ]  # fmt: skip
    nobody = propose(_site("large", 9) | _site("small", 2))  # type: ignore[arg-type]  # as above
    assert [one.site.site for one in nobody] == ["small", "large"]
    assert propose({}) == []


def test_mailboxes_that_no_night_is_long_enough_for_are_begun_early() -> None:
    boxes = [
        Inventory("a@x.example", size=A_NIGHT + 1),
        Inventory("b@x.example", size=A_NIGHT),
        Inventory("c@x.example", error="no"),
    ]
    summed = totals("paris", None, 3, boxes)
    assert (summed.early, summed.looked_at, summed.largest) == (("a@x.example",), 2, ("a@x.example", "b@x.example"))


def _codes(*people: Inventory, known: str | None = None) -> set[str]:
    domain = found(records(*RECORDED[known]) if known else records())
    sites = [totals("paris", None, len(people), people)] if people else []
    return {one.code for one in questions(domain, propose_plan(domain), sites, people, NOW)}


def test_what_is_known_is_not_asked() -> None:
    unknown, hosted = _codes(), _codes(known="ovh")
    assert {"host", "server", "people", "forwarding", "passwords", "zone", "uses"} <= unknown
    assert not {"host", "server", "forwarding"} & hosted
    assert "administrator" in _codes(known="google")
    assert "passwords" not in _codes(known="google")
    looked = _codes(Inventory("a@x.example"), known="ovh")
    assert not {"people", "access", "pop-likely", "early", "oversize", "private"} & looked


def test_each_thing_found_in_a_mailbox_is_asked_about() -> None:
    boxes = [
        Inventory("a@x.example", pop="likely"), Inventory("b@x.example", size=A_NIGHT + 1),
        Inventory("c@x.example", oversize=2), Inventory("d@x.example", private_folders=1),
        Inventory("e@x.example", error="no"),
    ]  # fmt: skip
    assert {"pop-likely", "early", "oversize", "private", "access"} <= _codes(*boxes)


@pytest.mark.parametrize("language", ["en", "fr"])
def test_the_questions_are_a_page_to_send(language: str) -> None:
    speak(language)
    domain = found(records(*RECORDED["ovh"]))
    asked = questions(domain, propose_plan(domain), [], [], NOW)
    page = as_markdown("example.org", asked)
    assert page.startswith("# ")
    assert page.count("\n## ") == len(asked)
    assert all(one.text in page and one.why in page for one in asked)
