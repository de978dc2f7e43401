"""A directory in memory: what a change makes of what was found, and strategies for both."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TypeVar

from hypothesis import strategies as st

from migrate.directory.changes import (
    AddAlias,
    AddDomain,
    AddMember,
    AssignLicence,
    Change,
    CreateAccount,
    CreateGroup,
    CreateOrgUnit,
    MakeShared,
    SetGroup,
    SetNames,
    SetOrgUnit,
    SetServices,
    SetUsageLocation,
)
from migrate.directory.model import Account, Found, Group, Manners, Seats, Wanted, WantedAccount, WantedGroup

T = TypeVar("T")
EVERYTHING = Manners(
    "All",
    shared=True,
    org_units=True,
    usage_location=True,
    services=True,
    most_aliases=3,
    deleted_days=20,
    one_licence_of=frozenset({"small", "large"}),
    shared_without_licence=True,
)


def applied(found: Found, change: Change) -> Found:
    """What is there once the change is made.  Fails as a real directory does where the order is wrong."""
    match change:
        case AddDomain(subject=domain):
            return replace(found, domains={**found.domains, domain: True})
        case CreateOrgUnit(subject=path):
            assert path.rpartition("/")[0] in {*found.org_units, ""}
            return replace(found, org_units=found.org_units | {path})
        case CreateAccount(subject=user, account=wanted):
            assert found.domains[user.partition("@")[2]], "its domain must be there"
            assert user not in addresses(found)
            assert wanted.org_unit is None or wanted.org_unit in found.org_units
            made = Account(
                user, wanted.given_name, wanted.family_name, shared=wanted.shared,
                org_unit=wanted.org_unit, usage_location=wanted.usage_location,
            )  # fmt: skip
            return replace(found, accounts={**found.accounts, user: made})
        case CreateGroup(subject=address, group=group):
            assert address not in addresses(found)
            made_group = Group(address, group.name, group.kind, group.posting, external=bool(group.external))
            return replace(found, groups={**found.groups, address: made_group})
        case SetGroup(subject=address, group=group):
            external = found.groups[address].external or bool(group.external)
            return _group(found, address, kind=group.kind, posting=group.posting, external=external)
        case AddMember(subject=address, member=member, external=external):
            assert not external or found.groups[address].external
            members = found.groups[address].members
            assert members is not None
            return _group(found, address, members=members | {member})
    return _of_account(found, change)


def _of_account(found: Found, change: Change) -> Found:
    match change:
        case SetNames(subject=user, given_name=given, family_name=family):
            return _account(found, user, given_name=given, family_name=family)
        case SetOrgUnit(subject=user, org_unit=unit):
            assert unit in found.org_units
            return _account(found, user, org_unit=unit)
        case SetUsageLocation(subject=user, usage_location=country):
            return _account(found, user, usage_location=country)
        case MakeShared(subject=user):
            return _account(found, user, shared=True)
        case AddAlias(subject=user, alias=alias):
            assert found.domains[alias.partition("@")[2]]
            assert alias not in addresses(found) or alias in found.accounts[user].aliases
            return _account(found, user, aliases=found.accounts[user].aliases | {alias})
        case AssignLicence(subject=user, licence=licence, services_off=off):
            one = found.accounts[user]
            seats = found.seats[licence]
            assert licence in one.licences or seats.bought is None or seats.used < seats.bought
            used = seats.used + (licence not in one.licences)
            found = replace(found, seats={**found.seats, licence: replace(seats, used=used)})
            return _account(found, user, licences=one.licences | {licence}, services_off=one.services_off | off)
        case SetServices(subject=user, services_off=off):
            return _account(found, user, services_off=off)
    raise AssertionError(change)


def addresses(found: Found) -> set[str]:
    """All addresses that are taken."""
    taken = {*found.accounts, *found.groups, *found.deleted}
    taken |= {alias for one in found.accounts.values() for alias in one.aliases | one.automatic}
    return taken | {alias for group in found.groups.values() for alias in group.aliases}


def holds(after: Found, before: Found) -> bool:
    """Whether nothing of ``before`` is missing in ``after``."""
    accounts = all(
        user in after.accounts
        and one.aliases <= after.accounts[user].aliases
        and one.licences <= after.accounts[user].licences
        for user, one in before.accounts.items()
    )
    groups = all(
        address in after.groups and (group.members or frozenset()) <= (after.groups[address].members or frozenset())
        for address, group in before.groups.items()
    )
    return accounts and groups and before.domains.keys() <= after.domains.keys()


def _account(found: Found, user: str, **changed: object) -> Found:
    one = replace(found.accounts[user], **changed)  # type: ignore[arg-type]  # fields by their names
    return replace(found, accounts={**found.accounts, user: one})


def _group(found: Found, address: str, **changed: object) -> Found:
    group = replace(found.groups[address], **changed)  # type: ignore[arg-type]  # as above
    return replace(found, groups={**found.groups, address: group})


_DOMAINS = ("a.example", "b.example")
_ADDRESSES = [f"{local}@{domain}" for local in ("anna", "ben", "carl", "dora", "info") for domain in _DOMAINS]
_address = st.sampled_from(_ADDRESSES)
_addresses = st.frozensets(_address, max_size=4)
_name = st.sampled_from(("Anna", "Ben", "Berg"))
_licence = st.sampled_from(("small", "large", "other"))
_unit = st.sampled_from((None, "/Sites", "/Sites/Lyon"))
_country = st.sampled_from((None, "FR"))
_services = st.frozensets(st.sampled_from(("chat", "video")), max_size=2)
_kind = st.sampled_from(("forum", "collaborative_inbox", "list"))
_posting = st.sampled_from(("anyone", "organisation", "members"))


def _keyed(values: list[T], key: str) -> Mapping[str, T]:
    return {getattr(one, key): one for one in values}


@st.composite
def wanted(draw: st.DrawFn) -> Wanted:
    """A plan that ``plan check`` lets pass: no address is named twice."""
    free = list(draw(st.permutations(_ADDRESSES)))
    accounts: dict[str, WantedAccount] = {}
    for _number in range(draw(st.integers(0, 3))):
        user = free.pop()
        aliases = frozenset(free.pop() for _alias in range(draw(st.integers(0, min(1, len(free) - 3)))))
        accounts[user] = WantedAccount(
            user, draw(_name), draw(_name), aliases, draw(st.none() | _licence), draw(_services),
            draw(st.booleans()), draw(_unit), draw(_country),
        )  # fmt: skip
    groups: dict[str, WantedGroup] = {}
    for _number in range(draw(st.integers(0, 2))):
        address = free.pop()
        members = draw(_addresses) - {address}
        outside = draw(st.frozensets(st.sampled_from(("x@out.example", "y@out.example")), max_size=1))
        groups[address] = WantedGroup(address, draw(_name), draw(_kind), draw(_posting), members | outside, outside)
    elsewhere = {free.pop(): "paris" for _number in range(draw(st.integers(0, min(2, len(free)))))}
    bought = draw(st.dictionaries(_licence, st.integers(0, 3), max_size=3))
    return Wanted(accounts, groups, frozenset(_DOMAINS), elsewhere, bought)


@st.composite
def found(draw: st.DrawFn) -> Found:
    """A directory that can be: no address belongs to two."""
    free = list(draw(st.permutations(_ADDRESSES)))
    accounts = []
    for _number in range(draw(st.integers(0, 3))):
        aliases = frozenset(free.pop() for _alias in range(draw(st.integers(0, 1))))
        licences = draw(st.frozensets(_licence, max_size=1))
        accounts.append(
            Account(
                free.pop(), draw(_name), draw(_name), aliases, licences=licences, services_off=draw(_services),
                shared=draw(st.booleans()), suspended=draw(st.booleans()), ready=draw(st.booleans()),
                usage_location=draw(_country),
            )
        )  # fmt: skip
    groups = []
    for _number in range(draw(st.integers(0, 2))):
        members = draw(st.none() | _addresses)
        groups.append(Group(free.pop(), draw(_name), draw(_kind), draw(_posting), members, draw(st.booleans())))
    deleted = {free.pop(): None for _number in range(draw(st.integers(0, 1)))}
    used = {licence: sum(licence in one.licences for one in accounts) for licence in ("small", "large", "other")}
    more = draw(st.none() | st.integers(0, 2))
    seats = {name: Seats(count, None if more is None else count + more) for name, count in used.items()}
    domains = {domain: draw(st.booleans()) for domain in _DOMAINS}
    return Found(_keyed(accounts, "user"), _keyed(groups, "address"), domains, deleted, seats)
