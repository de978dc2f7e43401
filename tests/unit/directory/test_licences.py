"""Licences: what is short and when it has to be ordered, and orders of the cheapest that holds the mail."""

from __future__ import annotations

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from migrate.directory.licences import stocks
from migrate.directory.model import Account, Found, Seats
from migrate.directory.ordering import HEADROOM, order_of
from migrate.directory.skus import SKUS, sku_named
from plans.model import AccountsOf
from tests.unit.directory.plans_for import licence, organisation, person, site

GB = 1024**3
STARTER, STANDARD = "1010020027", "1010020028"
BOTH = (licence("starter", 2, "business-starter", 6.9), licence("standard", 0, "business-standard", 13.8))


def test_needs_are_told_by_site_in_the_order_of_waves() -> None:
    plan = organisation(
        site("b", person("b1", licence="starter"), person("b2", licence="starter"), wave=2, switch=date(2027, 3, 1)),
        site("a", person("a1", licence="starter"), person("a2"), wave=1, switch=date(2027, 2, 1)),
        licences=(BOTH[0],),
    )
    (stock,) = stocks(plan, {})
    assert [(need.site, need.needed, need.missing) for need in stock.needs] == [("a", 1, 1), ("b", 2, 2)]
    assert (stock.needed, stock.assigned, stock.short) == (3, None, 1)
    # The first site has enough; the second is where they end.
    assert stock.order_by == date(2027, 3, 1) - timedelta(days=10)


def test_those_who_have_one_need_no_other_and_strangers_count() -> None:
    plan = organisation(site("a", person("a1", licence="starter"), person("a2", licence="starter")), licences=BOTH)
    there = {user: Account(user, licences=frozenset({STARTER})) for user in ("a1@a.example", "stranger@a.example")}
    found = Found(there, seats={STARTER: Seats(2, 3, date(2026, 12, 1), trial=True, status="Warning")})
    stock = next(one for one in stocks(plan, {"new": found}) if one.name == "starter")
    assert (stock.bought, stock.assigned, stock.after, stock.short) == (3, 2, 3, 0)
    assert (stock.renews, stock.trial, stock.status, stock.order_by) == (date(2026, 12, 1), True, "Warning", None)
    assert stock.due(date(2026, 11, 22), plan.ordering)
    assert not stock.due(date(2026, 10, 1), plan.ordering)


def test_everybody_gets_the_cheapest_licence_that_holds_the_mail() -> None:
    people = [person(name) for name in ("small", "large", "huge")] + [person("named", licence="standard")]
    plan = organisation(site("a", *people), licences=BOTH)
    sizes = {"small@a.example": 20 * GB, "large@a.example": 29 * GB, "huge@a.example": 3000 * GB}
    made = order_of(plan, plan.sites["a"], sizes, {"starter": 5}, {})
    chosen = {one.user.partition("@")[0]: one.offer and one.offer.licence.name for one in made.choices}
    assert chosen == {"small": "starter", "large": "standard", "huge": None, "named": "standard"}
    assert [(line.offer.licence.name, line.needed, line.number, line.cost) for line in made.lines] == [
        ("starter", 1, 0, 0.0), ("standard", 2, 2, 27.6),
    ]  # fmt: skip
    assert made.cost == 27.6


def test_what_accounts_get_and_what_they_have_already_is_what_is_ordered() -> None:
    both = site("a", person("anna"), person("ben"))
    by_target = organisation(both, licences=BOTH, accounts=AccountsOf(licence="standard"))
    made = order_of(by_target, both, {}, {}, {"ben@a.example": "standard"})
    assert [(line.offer.licence.name, line.needed, line.number) for line in made.lines] == [("standard", 2, 1)]
    # Nobody who has a licence gets a cheaper one beside it.
    made = order_of(organisation(both, licences=BOTH), both, {}, {}, {"ben@a.example": "standard"})
    assert {(line.offer.licence.name, line.number) for line in made.lines} == {("starter", 1), ("standard", 0)}


def test_a_licence_that_is_named_and_too_small_is_told_and_a_larger_one_ordered() -> None:
    plan = organisation(site("a", person("anna", licence="starter")), licences=BOTH)
    (choice,) = order_of(plan, plan.sites["a"], {"anna@a.example": 40 * GB}, {}, {}).choices
    assert choice.offer is not None
    assert (choice.offer.licence.name, choice.instead_of) == ("standard", "starter")


def test_a_shared_mailbox_of_microsofts_needs_none() -> None:
    people = (person("info", shared=True), person("anna"))
    plan = organisation(
        site("a", *people), connector="microsoft365", licences=(licence("std", 0, "business-standard"),)
    )
    assert [one.user for one in order_of(plan, plan.sites["a"], {}, {}, {}).choices] == ["anna@a.example"]


@given(sizes=st.lists(st.integers(0, 4000 * GB), min_size=1, max_size=8), free=st.integers(0, 4))
def test_no_order_is_too_small_for_the_mail_nor_too_large_for_the_people(sizes: list[int], free: int) -> None:
    people = [person(f"p{number}") for number in range(len(sizes))]
    plan = organisation(site("a", *people), licences=BOTH)
    by_mailbox = {one.mailbox: size for one, size in zip(people, sizes, strict=True)}
    made = order_of(plan, plan.sites["a"], by_mailbox, {"starter": free, "standard": free}, {})
    for choice in made.choices:
        assert choice.size is not None
        if choice.offer is None:
            assert choice.size * HEADROOM > 2048 * GB
        else:
            assert choice.size * HEADROOM <= (choice.offer.sku.mailbox or 0)
    assert sum(line.needed for line in made.lines) == sum(choice.offer is not None for choice in made.choices)
    assert all(line.number == max(line.needed - free, 0) for line in made.lines)


def test_licences_are_known_by_any_of_their_names() -> None:
    for sku in SKUS:
        assert sku_named(sku.name, sku.connector) == sku_named(sku.key, sku.connector) == sku
    assert sku_named("NEW_ONE", "microsoft365").key == "NEW_ONE"
