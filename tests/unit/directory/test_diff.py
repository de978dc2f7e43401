"""The comparison of a plan with a directory: its changes work in their order, are enough, and delete nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given, settings

from migrate.directory.changes import (
    AddAlias,
    AddMember,
    AssignLicence,
    CreateAccount,
    CreateGroup,
    SetGroup,
    SetNames,
)
from migrate.directory.diff import difference
from migrate.directory.findings import Code
from migrate.directory.model import Account, Found, Group, Manners, Seats, Wanted, WantedAccount, WantedGroup
from tests.unit.directory.modelled import EVERYTHING, applied, found, holds, wanted

PLAIN = Manners("Plain", most_aliases=2, deleted_days=20, one_licence_of=frozenset({"small", "large"}))
ANNA = WantedAccount("anna@a.example", "Anna", "Berg")
DOMAINS = frozenset({"a.example"})
VERIFIED = {"a.example": True}


def _of(*accounts: WantedAccount, **more: object) -> Wanted:
    return Wanted({one.user: one for one in accounts}, domains=DOMAINS, **more)  # type: ignore[arg-type]


def _codes(plan: Wanted, there: Found, manners: Manners = PLAIN) -> list[Code]:
    return [finding.code for finding in difference(plan, there, manners).findings]


@given(plan=wanted(), there=found())
@settings(max_examples=200)
def test_making_the_changes_leaves_none_and_takes_nothing_away(plan: Wanted, there: Found) -> None:
    after = there
    for change in difference(plan, there, EVERYTHING).changes:
        once = applied(after, change)
        assert holds(once, after)
        after = once
    assert difference(plan, after, EVERYTHING).changes == []


@given(plan=wanted(), there=found())
@settings(max_examples=100)
def test_a_run_that_was_cut_off_anywhere_is_gone_on_with(plan: Wanted, there: Found) -> None:
    changes = difference(plan, there, EVERYTHING).changes
    whole = there
    for change in changes:
        whole = applied(whole, change)
    for cut in range(len(changes)):
        after = there
        for change in changes[:cut]:
            after = applied(after, change)
        rest = difference(plan, after, EVERYTHING).changes
        for change in rest:
            after = applied(after, change)
        assert after == whole


@given(plan=wanted(), there=found())
@settings(max_examples=100)
def test_a_change_made_twice_is_made_once(plan: Wanted, there: Found) -> None:
    after = there
    for change in difference(plan, there, EVERYTHING).changes:
        after = applied(after, change)
        if not isinstance(change, CreateAccount | CreateGroup):
            assert applied(after, change) == after


@given(plan=wanted(), there=found())
@settings(max_examples=100)
def test_each_change_comes_after_what_it_needs(plan: Wanted, there: Found) -> None:
    changes = difference(plan, there, EVERYTHING).changes
    for place, change in enumerate(changes):
        later = {(one.code, one.subject) for one in changes[place + 1 :]} - {(change.code, change.subject)}
        assert not change.needs & later


def test_an_address_that_somebody_else_has_is_told_and_nothing_is_forced() -> None:
    boss = Account("boss@a.example", "The", "Boss", frozenset({"anna@a.example"}))
    told = difference(_of(ANNA), Found({boss.user: boss}, domains=VERIFIED), PLAIN)
    assert told.changes == []
    assert (told.findings[0].code, "boss@a.example" in told.findings[0].what) == (Code.ADDRESS_IS_ALIAS, True)


def test_a_group_at_a_persons_address_is_told() -> None:
    group = Group("anna@a.example")
    assert _codes(_of(ANNA), Found(groups={group.address: group}, domains=VERIFIED)) == [Code.ADDRESS_IS_GROUP]


def test_an_address_of_a_deleted_account_is_told_with_the_day_it_becomes_free() -> None:
    told = difference(_of(ANNA), Found(domains=VERIFIED, deleted={ANNA.user: date(2026, 12, 1)}), PLAIN)
    (finding,) = told.findings
    assert (told.changes, finding.code) == ([], Code.ADDRESS_DELETED)
    assert "2026-12-01" in finding.what
    assert "20 days" in finding.mend


def test_the_same_person_in_another_domain_gets_no_second_account() -> None:
    old = Account("anna@tenant.example", "Anna", "Berg")
    told = difference(_of(ANNA), Found({old.user: old}, domains=VERIFIED), PLAIN)
    assert (told.changes, [one.code for one in told.findings]) == ([], [Code.OTHER_DOMAIN])
    stranger = Account("anna@tenant.example", "Anna", "Other")
    assert len(difference(_of(ANNA), Found({stranger.user: stranger}, domains=VERIFIED), PLAIN).changes) == 1


@pytest.mark.parametrize(
    ("there", "code"),
    [
        (Found(groups={"ab@a.example": Group("ab@a.example")}), Code.ADDRESS_IS_GROUP),
        (Found({"ab@a.example": Account("ab@a.example")}), Code.ADDRESS_IS_ACCOUNT),
        (Found({"x@c.example": Account("x@c.example", aliases=frozenset({"ab@a.example"}))}), Code.ADDRESS_IS_ALIAS),
        (Found(deleted={"ab@a.example": None}), Code.ADDRESS_DELETED),
    ],
)
def test_an_alias_that_is_taken_is_told_and_the_account_made_all_the_same(there: Found, code: Code) -> None:
    anna = WantedAccount("anna@a.example", "Anna", "Berg", frozenset({"ab@a.example"}))
    told = difference(_of(anna), Found(there.accounts, there.groups, VERIFIED, there.deleted), PLAIN)
    assert [type(change) for change in told.changes] == [CreateAccount]
    assert code in [finding.code for finding in told.findings]


def test_more_aliases_than_there_can_be_are_told() -> None:
    aliases = frozenset({"a1@a.example", "a2@a.example", "a3@a.example"})
    told = difference(_of(WantedAccount("anna@a.example", "Anna", "Berg", aliases)), Found(domains=VERIFIED), PLAIN)
    assert sum(isinstance(change, AddAlias) for change in told.changes) == 2
    assert [finding.code for finding in told.findings] == [Code.TOO_MANY_ALIASES]


def test_an_alias_that_the_domain_gives_by_itself_is_there() -> None:
    plan = _of(WantedAccount("anna@a.example", "Anna", "Berg", frozenset({"anna@old.example"})))
    there = Account("anna@a.example", "Anna", "Berg", automatic=frozenset({"anna@old.example", "anna@t.example"}))
    assert difference(plan, Found({there.user: there}, domains=VERIFIED), PLAIN) == difference(
        Wanted(domains=DOMAINS, elsewhere={ANNA.user: "x"}), Found({there.user: there}, domains=VERIFIED), PLAIN
    )


def test_a_suspended_account_and_a_mailbox_that_is_not_ready_are_told() -> None:
    there = Account("anna@a.example", "Anna", "Berg", suspended=True, ready=False)
    assert _codes(_of(ANNA), Found({there.user: there}, domains=VERIFIED)) == [Code.SUSPENDED, Code.NOT_READY]


def test_licences_are_assigned_while_there_are_any() -> None:
    people = [WantedAccount(f"{name}@a.example", name, name, licence="small") for name in ("anna", "ben", "carl")]
    there = Found(domains=VERIFIED, seats={"small": Seats(1, 3)})
    told = difference(_of(*people), there, PLAIN)
    assert [change.subject for change in told.changes if isinstance(change, AssignLicence)] == [
        "anna@a.example", "ben@a.example",
    ]  # fmt: skip
    assert [finding.code for finding in told.findings] == [Code.LICENCE_SHORT]
    # Google tells only what is assigned: the plan says what was bought.
    plan = _of(*people, bought={"small": 2})
    assert _codes(plan, Found(domains=VERIFIED, seats={"small": Seats(1)})) == [Code.LICENCE_SHORT] * 2


def test_microsofts_licences_wait_for_a_country() -> None:
    manners = Manners("Microsoft", usage_location=True)
    people = _of(WantedAccount("anna@a.example", "Anna", "Berg", licence="small"))
    there = Found(domains=VERIFIED, seats={"small": Seats(0, 9)})
    told = difference(people, there, manners)
    assert [type(change) for change in told.changes] == [CreateAccount]
    assert [finding.code for finding in told.findings] == [Code.USAGE_LOCATION]
    with_country = _of(WantedAccount("anna@a.example", "Anna", "Berg", licence="small", usage_location="FR"))
    assert len(difference(with_country, there, manners).changes) == 2


def test_a_licence_that_excludes_the_one_somebody_has_is_told_and_left() -> None:
    plan = _of(WantedAccount("anna@a.example", "Anna", "Berg", licence="large"))
    there = Account("anna@a.example", "Anna", "Berg", licences=frozenset({"small"}))
    seats = {"small": Seats(1), "large": Seats(0)}
    told = difference(plan, Found({there.user: there}, domains=VERIFIED, seats=seats), PLAIN)
    assert (told.changes, [finding.code for finding in told.findings]) == ([], [Code.LICENCE_OTHER])


def test_what_is_there_and_not_wanted_is_told_and_stays() -> None:
    anna = Account("anna@a.example", "Anna", "Berg", frozenset({"old@a.example"}))
    zoe = Account("zoe@a.example", "Zoe", "Z")
    group = Group("sales@a.example", members=frozenset({"zoe@a.example", "anna@a.example"}))
    plan = _of(ANNA, groups={group.address: WantedGroup(group.address, "", members=frozenset({ANNA.user}))})
    told = difference(plan, Found({anna.user: anna, zoe.user: zoe}, {group.address: group}, VERIFIED), PLAIN)
    assert told.changes == []
    assert [finding.code for finding in told.findings] == [Code.EXTRA_ALIAS, Code.EXTRA_MEMBER, Code.EXTRA_ACCOUNT]
    assert all(finding.note for finding in told.findings)


def test_people_of_other_sites_are_no_strangers_and_join_groups_when_they_have_accounts() -> None:
    group = WantedGroup("sales@a.example", "Sales", members=frozenset({"anna@a.example", "ben@a.example"}))
    plan = _of(ANNA, groups={group.address: group}, elsewhere={"ben@a.example": "paris"})
    without = difference(plan, Found(domains=VERIFIED), PLAIN)
    assert [change.member for change in without.changes if isinstance(change, AddMember)] == ["anna@a.example"]
    assert [(one.code, "paris" in one.mend) for one in without.findings] == [(Code.MEMBER_LATER, True)]
    ben = Account("ben@a.example", "Ben", "B")
    told = difference(plan, Found({ben.user: ben}, domains=VERIFIED), PLAIN)
    assert sum(isinstance(change, AddMember) for change in told.changes) == 2
    assert told.findings == []


def test_people_outside_join_once_the_group_lets_them() -> None:
    outside = frozenset({"x@out.example"})
    plan = Wanted(groups={"s@a.example": WantedGroup("s@a.example", "S", members=outside, external=outside)})
    there = Found(groups={"s@a.example": Group("s@a.example", "S", external=False)})
    changes = difference(plan, there, PLAIN).changes
    assert [type(change) for change in changes] == [SetGroup, AddMember]
    assert (SetGroup.code, "s@a.example") in changes[1].needs


def test_a_name_is_set_right_and_one_that_is_right_is_left() -> None:
    there = Account("anna@a.example", "Ana", "Berg")
    told = difference(_of(ANNA), Found({there.user: there}, domains=VERIFIED), PLAIN)
    assert told.changes == [SetNames("anna@a.example", "Anna", "Berg")]
    split = Account("anna@a.example", "Anna Berg", "")
    assert difference(_of(ANNA), Found({split.user: split}, domains=VERIFIED), PLAIN).changes == []


def test_a_persons_account_that_nobody_may_sign_in_to_is_told() -> None:
    there = Found({ANNA.user: Account(ANNA.user, "Anna", "Berg", shared=True)}, domains=VERIFIED)
    assert _codes(_of(ANNA), there) == [Code.SUSPENDED]
    shared = _of(replace(ANNA, shared=True))
    assert _codes(shared, there, EVERYTHING) == []
    # Where a shared mailbox is an account like others, one that is suspended takes no mail either.
    suspended = Found({ANNA.user: Account(ANNA.user, "Anna", "Berg", suspended=True)}, domains=VERIFIED)
    assert _codes(shared, suspended) == [Code.SUSPENDED]


def test_a_unit_is_the_same_in_other_letters() -> None:
    there = {ANNA.user: Account(ANNA.user, "Anna", "Berg", org_unit="/Sites/Lyon")}
    found = Found(there, domains=VERIFIED, org_units=frozenset({"/", "/Sites", "/Sites/Lyon"}))
    assert difference(_of(replace(ANNA, org_unit="/sites/lyon")), found, EVERYTHING).changes == []


class _Counted(dict[str, Account]):
    """Accounts that count how often somebody goes through all of them."""

    passes = 0

    def values(self):  # type: ignore[no-untyped-def]
        self.passes += 1
        return super().values()

    def items(self):  # type: ignore[no-untyped-def]
        self.passes += 1
        return super().items()


def test_many_people_are_compared_with_many_accounts_in_a_few_passes() -> None:
    passes = []
    for number in (1, 30):
        there = _Counted({ANNA.user: Account(ANNA.user, "Anna", "Berg")})
        people = [WantedAccount(f"p{one}@a.example", "P", str(one)) for one in range(number)]
        difference(_of(*people), Found(there, domains=VERIFIED), PLAIN)
        passes.append(there.passes)
    assert passes[0] == passes[1]
