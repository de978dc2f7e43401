"""A plan's folder rules in a pass: where mail goes, what stays behind, and how it is counted."""

from __future__ import annotations

from collections.abc import Iterator
from zoneinfo import ZoneInfo

import pytest

from migrate.engine.jobs import SiteRules
from migrate.ledger.schema import Outcome
from plans import Site
from plans.folder_rules import FolderRules
from plans.message_rules import MessageRules
from plans.private_folders import PrivateFolders
from tests.unit.passes.world import Sides, mail, new_sides, when

PRIVATE = ("Personnel", "Photos")
CHILD = ("INBOX", "Clients")


@pytest.fixture
def sides() -> Iterator[Sides]:
    one = new_sides()
    for number, path in enumerate([("INBOX",), CHILD, PRIVATE, ("Corbeille",)]):
        if path != ("INBOX",):
            one.source.create(path)
        one.source.deliver(mail(number), path, received=when(number))
    yield one
    one.close()


def rules(folders: FolderRules | None = None, private: PrivateFolders | None = None) -> SiteRules:
    folders, private = folders or FolderRules(), private or PrivateFolders()
    site = Site("lyon", "old", "new", (), folders, MessageRules(), None, private, "fr", ZoneInfo("Europe/Paris"))
    return SiteRules(site)


def places(sides: Sides) -> set[tuple[str, ...]]:
    return {path for path, _ in sides.on_target()}


def test_private_folders_stay_behind_until_the_plan_decides(sides: Sides) -> None:
    asked = sides.run(rules=rules(private=PrivateFolders("ask")))

    assert (asked.complete, asked.tally.reasons, asked.tally.outcomes[Outcome.LEFT_OUT]) == (
        True,
        {"private-undecided": 1},
        1,
    )
    assert PRIVATE not in places(sides)

    refused = sides.run(rules=rules(private=PrivateFolders("leave_out")))
    assert refused.tally.reasons == {"rule-private": 1}

    agreed = sides.run(rules=rules(private=PrivateFolders("copy")))
    assert (agreed.tally.reasons, agreed.copied) == ({}, 1)
    assert sides.on_target() == sides.on_source()


def test_a_folder_that_a_rule_names_is_counted_by_that_rule_private_or_not(sides: Sides) -> None:
    named = FolderRules(exclude=("Personnel", "Corbeille"))

    assert sides.run(rules=rules(named, PrivateFolders("ask"))).tally.reasons == {"rule-folder": 2}


def test_everything_goes_below_one_folder(sides: Sides) -> None:
    assert sides.run(rules=rules(FolderRules(put_under="Old mail"))).complete
    assert places(sides) == {
        ("Old mail", "INBOX"), ("Old mail", *CHILD), ("Old mail", *PRIVATE), ("Old mail", "Corbeille")
    }  # fmt: skip


def test_what_is_lifted_out_of_the_inbox_is_kept_apart_from_what_is_there_already(sides: Sides) -> None:
    sides.source.create(("Clients",))
    sides.source.deliver(mail(9), ("Clients",), received=when(9))

    assert sides.run(rules=rules(FolderRules(inbox_children="lift"))).complete
    assert {path for path in places(sides) if "Clients" in path[-1]} == {("Clients",), ("Clients (2)",)}
