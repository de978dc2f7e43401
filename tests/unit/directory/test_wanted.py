"""What a plan asks of a site's target: accounts, groups of several sites, licences, and texts that mean nothing."""

from __future__ import annotations

from dataclasses import replace

from migrate.directory.wanted import wanted_of
from plans.model import AccountsOf
from tests.unit.directory.plans_for import group, licence, organisation, person, site


def test_an_account_is_called_as_the_target_user_and_has_the_systems_settings() -> None:
    accounts = AccountsOf(org_unit="/Sites/{site}", usage_location="FR", services_off=("chat",), licence="starter")
    anna = person("Anna", "Anna Berg", target="A.Berg@a.example", aliases=("AB@a.example", "a.berg@A.example"))
    plan = organisation(
        site("lyon", anna),
        accounts=accounts, licences=(licence("starter", 3, "business-starter"),),
    )  # fmt: skip
    wanted = wanted_of(plan, plan.sites["lyon"])
    (account,) = wanted.accounts.values()
    assert (account.user, account.given_name, account.family_name) == ("a.berg@a.example", "Anna", "Berg")
    # The old address among them: people go on writing to it.
    assert account.aliases == {"ab@a.example", "anna@a.example"}
    assert (account.org_unit, account.usage_location, account.services_off) == ("/Sites/lyon", "FR", {"chat"})
    assert (account.licence, wanted.bought) == ("1010020027", {"1010020027": 3})
    assert wanted.domains == {"a.example"}


def test_an_address_of_a_domain_that_stays_behind_is_no_alias_and_a_user_name_has_none() -> None:
    anna, ben = person("anna", target="anna@new.example"), person("ben", target="ben")
    plan = organisation(site("lyon", anna, ben))
    accounts = wanted_of(plan, plan.sites["lyon"]).accounts
    # Its domain is one of the plan's, so that it moves too.
    assert (accounts["anna@new.example"].aliases, accounts["ben"].aliases) == ({"anna@a.example"}, set())
    accounts = wanted_of(replace(plan, domains={}), plan.sites["lyon"]).accounts
    assert accounts["anna@new.example"].aliases == set()


def test_groups_are_found_by_address_by_name_and_by_what_stands_before_the_at() -> None:
    people = [
        person("anna", groups=("Vente & Co", "desk@a.example")),
        person("ben", groups=("ventes",)),
        person("carl", groups=("nothing",)),
    ]
    plan = organisation(
        site("lyon", *people), site("paris", person("dora", groups=("vente & co",))),
        groups=(group("ventes", "x@out.example", "anna@a.example", name="Vente & Co"),),
    )  # fmt: skip
    wanted = wanted_of(plan, plan.sites["lyon"])
    assert wanted.groups["ventes@a.example"].members == {
        "anna@a.example", "ben@a.example", "dora@a.example", "x@out.example",
    }  # fmt: skip
    assert wanted.groups["ventes@a.example"].external == {"x@out.example"}
    assert (wanted.groups["desk@a.example"].kind, wanted.groups["desk@a.example"].members) == (
        "list",
        {"anna@a.example"},
    )
    assert wanted.unknown_groups == {"nothing": "carl@a.example"}
    assert wanted.elsewhere == {"dora@a.example": "paris"}


def test_a_group_of_another_site_is_not_this_ones() -> None:
    plan = organisation(
        site("lyon", person("anna")), site("paris", person("dora", groups=("desk",))), groups=(group("desk"),)
    )
    assert wanted_of(plan, plan.sites["lyon"]).groups == {}


def test_a_licence_is_known_by_its_name_however_it_is_written_and_else_told() -> None:
    people = [person("anna", licence="Business Starter"), person("ben", licence="Gold")]
    plan = organisation(site("lyon", *people), licences=(licence("business-starter"),))
    wanted = wanted_of(plan, plan.sites["lyon"])
    assert wanted.accounts["anna@a.example"].licence == "1010020027"
    assert wanted.unknown_licences == {"Gold": "ben@a.example"}
