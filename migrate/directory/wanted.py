"""From the plan to what a site's target is to hold.  Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from migrate.directory.changes import domain_of
from migrate.directory.model import Wanted, WantedAccount, WantedGroup
from migrate.directory.names import names_of
from migrate.directory.skus import sku_named
from plans.model import GroupPlan, Organisation, Person, Site


def wanted_of(organisation: Organisation, site: Site) -> Wanted:
    """What ``site`` asks of its target, and who belongs to other sites."""
    reading = _Reading(organisation, site)
    accounts = {one.user: one for one in map(reading.account, site.people)}
    groups = {group.address: group for group in reading.groups()}
    elsewhere = {
        user: other.name
        for other in organisation.sites.values()
        if other.name != site.name
        for person in other.people
        for user in {user_of(person), person.mailbox}
    }
    names = {*accounts, *groups, *(alias for one in accounts.values() for alias in one.aliases)}
    return Wanted(
        accounts=accounts,
        groups=groups,
        domains=frozenset(domain for name in names if (domain := domain_of(name))),
        elsewhere={user: other for user, other in elsewhere.items() if user not in accounts},
        bought=bought_of(organisation, site.target),
        unknown_groups=reading.unknown_groups,
        unknown_licences=reading.unknown_licences,
    )


def user_of(person: Person) -> str:
    """What the person's account is called on the target, in small letters."""
    return person.target_user.lower()


def bought_of(organisation: Organisation, system: str) -> Mapping[str, int]:
    """By the vendor's name of each licence, how many the plan says were bought."""
    connector = organisation.systems[system].connector
    return {sku_named(one.sku, connector).key: one.bought for one in organisation.licences.values()}


def licence_of(organisation: Organisation, site: Site, person: Person) -> str | None:
    """The plan's name of the licence that a person is to have; what is written there where the plan knows none such."""
    written = person.licence or organisation.systems[site.target].accounts.licence or ""
    if not written:
        return None
    return next((name for name in organisation.licences if _same(name, written)), written)


class _Reading:
    def __init__(self, organisation: Organisation, site: Site) -> None:
        self._organisation = organisation
        self._site = site
        self._settings = organisation.systems[site.target].accounts
        self._connector = organisation.systems[site.target].connector
        #: By each address of a person, the account that takes its mail.
        self._users = {
            address: user_of(person)
            for one in organisation.sites.values()
            for person in one.people
            for address in (person.mailbox, user_of(person), *(alias.lower() for alias in person.aliases))
        }
        self._ours = {domain.lower() for domain in organisation.domains}
        self._ours |= {domain for address in self._users if (domain := domain_of(address))}
        #: By what a person's line may call it, the first group of that name.
        self._groups: dict[str, str] = {}
        for address, plan in organisation.groups.items():
            for name in (plan.name, address.partition("@")[0]):
                self._groups.setdefault(_plain(name), address)
        self.unknown_groups: dict[str, str] = {}
        self.unknown_licences: dict[str, str] = {}

    def account(self, person: Person) -> WantedAccount:
        given, family = names_of(person)
        unit = self._settings.org_unit
        user = user_of(person)
        return WantedAccount(
            user=user,
            given_name=given,
            family_name=family,
            aliases=self._further(person) - {user},
            licence=self._licence(person),
            services_off=frozenset(self._settings.services_off),
            shared=person.shared,
            org_unit=None if unit is None else unit.replace("{site}", self._site.name),
            usage_location=self._settings.usage_location,
        )

    def _further(self, person: Person) -> frozenset[str]:
        """The aliases, and the address that people write to, where the account is called by another.

        One of a domain that the target is not to receive for, as in a move to another domain, stays behind; where
        accounts are called by names, the mail server beside them knows their addresses.
        """
        aliases = {alias.lower() for alias in person.aliases}
        main = domain_of(user_of(person))
        stays = main is not None and domain_of(person.mailbox) in {main, *self._organisation.domains}
        return frozenset(aliases | {person.mailbox} if stays else aliases)

    def _licence(self, person: Person) -> str | None:
        name = licence_of(self._organisation, self._site, person)
        if name is None:
            return None
        if name in self._organisation.licences:
            return sku_named(self._organisation.licences[name].sku, self._connector).key
        self.unknown_licences[name] = user_of(person)
        return None

    def groups(self) -> Iterator[WantedGroup]:
        """The groups that the site's people are in, with all their members, whichever site these are of."""
        members: dict[str, set[str]] = {}
        plans = dict(self._organisation.groups)
        for site in self._organisation.sites.values():
            if site.target != self._site.target:
                continue
            for person in site.people:
                for text in person.groups:
                    address = self._address(text)
                    if address is not None:
                        members.setdefault(address, set()).add(user_of(person))
                    elif site.name == self._site.name:
                        self.unknown_groups[text] = user_of(person)
        here = {user_of(person) for person in self._site.people}
        addresses = {address for address, users in members.items() if users & here}
        for address, plan in plans.items():
            own = {self._users.get(member, member) for member in plan.members}
            members.setdefault(address, set()).update(own)
            if own & here or domain_of(address) == self._site.domain:
                addresses.add(address)
        for address in sorted(addresses):
            yield self._group(address, plans.get(address), frozenset(members[address]))

    def _group(self, address: str, plan: GroupPlan | None, members: frozenset[str]) -> WantedGroup:
        external = frozenset(member for member in members if (domain := domain_of(member)) and domain not in self._ours)
        if plan is None:
            return WantedGroup(address, address.partition("@")[0], members=members, external=external)
        return WantedGroup(address, plan.name, plan.kind, plan.posting, members, external)

    def _address(self, text: str) -> str | None:
        """The group that a person's line names: by its address, its name, or what stands before the @."""
        if "@" in text:
            return text.strip().lower()
        return self._groups.get(_plain(text))


def _same(one: str, other: str) -> bool:
    """Whether two names are one, whatever their case, spaces, hyphens and underscores."""
    return _plain(one) == _plain(other)


def _plain(text: str) -> str:
    return re.sub(r"[\s_-]+", "", text).casefold()
