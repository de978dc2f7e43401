"""Groups, licences and ways to make accounts in organisation.yaml: what is read, and what cannot be meant."""

from __future__ import annotations

from pathlib import Path

import pytest

from plans import PlanError, load

PLAN = """
name: Example
language: en
time_zone: Europe/Paris
systems:
  old: {connector: imap, host: old.example}
  new:
    connector: imap
    host: new.example
    accounts: {ACCOUNTS}
licences: {starter: {bought: 3, sku: business-starter, price: 6.9}}
contacts: {shop: {name: Shop}}
ordering: {takes: 10 days, partner: shop}
groups:
  sales@a.example: {kind: forum, members: [x@out.example], archive: old.mbox}
"""
SITE = "site: lyon\nsource: old\ntarget: new\npeople: [{address: anna@a.example, aliases: [ab@a.example]}]\n"


def _folder(folder: Path, accounts: str = "licence: starter", old: str = "", new: str = "") -> Path:
    (folder / "sites").mkdir()
    (folder / "sites" / "lyon.yaml").write_text(SITE)
    plan = PLAN.replace("ACCOUNTS", accounts)
    (folder / "organisation.yaml").write_text(plan.replace(old, new) if old else plan)
    return folder


def test_what_is_written_is_read(tmp_path: Path) -> None:
    plan = load(_folder(tmp_path, "passwd_file: {path: users, uid: 5000}, org_unit: /Sites, usage_location: fr"))
    accounts = plan.systems["new"].accounts
    assert accounts.passwd_file is not None
    assert (accounts.passwd_file.path, accounts.passwd_file.uid) == (tmp_path / "users", 5000)
    assert (accounts.org_unit, accounts.usage_location) == ("/Sites", "FR")
    group = plan.groups["sales@a.example"]
    assert (group.name, group.kind, group.posting, group.archive) == ("sales", "forum", "anyone", tmp_path / "old.mbox")
    assert (plan.ordering.takes.days, plan.ordering.warn.days, plan.ordering.partner) == (10, 30, "shop")
    assert (plan.licences["starter"].sku, plan.licences["starter"].price) == ("business-starter", 6.9)


@pytest.mark.parametrize(
    ("accounts", "told"),
    [
        ("licence: gold", 'There is no licence "gold" in this file.'),
        ("licence: startre", 'Did you mean "starter"?'),
        ("hook: file:x", "must be a program"),
        ("hashes: env:X", "must be a file"),
        ("usage_location: France", "is not a country"),
        ("org_unit: Sites", "is not an organisational unit"),
        ("hook: 'command:x', passwd_file: {path: users}", "both make accounts"),
    ],
)
def test_a_way_to_make_accounts_that_cannot_be_meant_is_told(tmp_path: Path, accounts: str, told: str) -> None:
    with pytest.raises(PlanError) as error:
        load(_folder(tmp_path, accounts))
    assert told in str(error.value)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("sales@a.example", "anna@a.example", "has an address of anna@a.example"),
        ("sales@a.example", "AB@a.example", "has an address of anna@a.example"),
        ("partner: shop", "partner: shp", 'Did you mean "shop"?'),
        ("kind: forum", "kind: club", '"kind" must be'),
    ],
)
def test_a_group_or_partner_that_cannot_be_meant_is_told(tmp_path: Path, old: str, new: str, told: str) -> None:
    with pytest.raises(PlanError) as error:
        load(_folder(tmp_path, old=old, new=new))
    assert told in str(error.value)
