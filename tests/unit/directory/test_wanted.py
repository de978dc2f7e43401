"""What a plan asks of a site's target: accounts, groups of several sites, licences, and texts that mean nothing."""

from __future__ import annotations

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
    assert account.aliases == {"ab@a.example"}
    assert (account.org_unit, account.usage_location, account.services_off) == ("/Sites/lyon", "FR", {"chat"})
    assert (account.licence, wanted.bought) == ("1010020027", {"1010020027": 3})
    assert wanted.domains == {"a.example"}


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
