"""A plan in memory: two sites that move to one target."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast
from zoneinfo import ZoneInfo

from pydantic import BaseModel

from plans import Organisation, Person, Site, System
from plans.folder_rules import FolderRules
from plans.message_rules import MessageRules
from plans.model import AccountsOf, Domain, GroupPlan, Licence, Ordering
from plans.private_folders import PrivateFolders


class NoSettings(BaseModel):
    """Nothing is asked of the system."""


def person(local: str, name: str = "", **more: Any) -> Person:
    address = f"{local}@a.example"
    return Person(address, name, address, more.pop("target", address), None, None, **more)


def site(name: str, *people: Person, **more: Any) -> Site:
    return Site(
        name, "old", "new", people, FolderRules(), MessageRules(None, None, None), None, PrivateFolders("copy", ()),
        "en", ZoneInfo("UTC"), **more,
    )  # fmt: skip


def organisation(
    *sites: Site,
    connector: str = "google_workspace",
    accounts: AccountsOf | None = None,
    licences: tuple[Licence, ...] = (),
    groups: tuple[GroupPlan, ...] = (),
) -> Organisation:
    system = System("new", connector, NoSettings(), 10, None, None, None, accounts=accounts or AccountsOf())
    return Organisation(
        "Example", "en", ZoneInfo("UTC"), {"new": system, "old": cast("System", SimpleNamespace(settings=None))},
        {one.name: one for one in sites}, Path(), domains={"a.example": Domain("a.example", None, "old")},
        licences={one.name: one for one in licences}, ordering=Ordering(timedelta(days=10), timedelta(days=30)),
        groups={one.address: one for one in groups},
    )  # fmt: skip


def licence(
    name: str, bought: int = 0, sku: str = "", price: float | None = None, renews: date | None = None
) -> Licence:
    return Licence(name, bought, renews, sku or name, price)


def group(local: str, *members: str, name: str = "") -> GroupPlan:
    return GroupPlan(f"{local}@a.example", name or local, "forum", "anyone", members, None)
