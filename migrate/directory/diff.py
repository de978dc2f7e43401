"""From what is wanted and what is there to changes that work in their order.  Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property

from connectors.language import _
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
    domain_of,
    in_order,
)
from migrate.directory.findings import Code, Finding
from migrate.directory.model import Account, Found, Group, Manners, Wanted, WantedAccount, WantedGroup
from migrate.directory.skus import title_of


@dataclass(frozen=True, slots=True)
class Difference:
    """What to change, in its order, and what a person has to know or to decide."""

    changes: list[Change] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)


def difference(wanted: Wanted, found: Found, manners: Manners) -> Difference:
    """What differs.  Of two that want one address neither gets it by force: what is there stays, and is told."""
    return _Comparison(wanted, found, manners).difference()


class _Comparison:
    def __init__(self, wanted: Wanted, found: Found, manners: Manners) -> None:
        self._wanted = wanted
        self._found = found
        self._manners = manners
        self._changes: list[Change] = []
        self._findings: list[Finding] = []
        #: By alias, the account or group that has it.
        self._aliases = {alias: one.user for one in found.accounts.values() for alias in one.aliases | one.automatic}
        self._aliases |= {alias: group.address for group in found.groups.values() for alias in group.aliases}
        #: Accounts that are there, or will be when the changes are done.
        self._there = set(found.accounts)
        self._taken: Counter[str] = Counter()

    def difference(self) -> Difference:
        if self._manners.domains:
            missing = (one for one in self._wanted.domains if not self._found.domains.get(one, False))
            self._changes += (AddDomain(domain) for domain in sorted(missing))
        if self._manners.org_units:
            self._changes += map(CreateOrgUnit, self._missing_units())
        for _user, account in sorted(self._wanted.accounts.items()):
            self._account(account)
        if self._manners.groups:
            for _address, group in sorted(self._wanted.groups.items()):
                self._group(group)
        self._unknown()
        self._services()
        self._strangers()
        return Difference(in_order(self._changes), self._findings)

    def _tell(self, code: Code, subject: str, what: str, mend: str = "") -> None:
        self._findings.append(Finding(code, subject, what, mend))

    def _missing_units(self) -> list[str]:
        """Paths of units that are to be there, each after the one that it lies in."""
        wanted = {one.org_unit for one in self._wanted.accounts.values() if one.org_unit}
        parts = (path.strip("/").split("/") for path in wanted)
        paths = {"/" + "/".join(names[:depth]) for names in parts for depth in range(1, len(names) + 1)}
        there = {path.casefold() for path in self._found.org_units}
        return sorted(path for path in paths if path != "/" and path.casefold() not in there)

    # Accounts

    def _account(self, wanted: WantedAccount) -> None:
        found = self._found.accounts.get(wanted.user)
        if found is None:
            if self._stands_in_the_way(wanted):
                return
            self._changes.append(CreateAccount(wanted.user, wanted))
            self._there.add(wanted.user)
            # What a new account is made with need not be set again.
            found = Account(
                wanted.user, wanted.given_name, wanted.family_name, shared=wanted.shared,
                org_unit=wanted.org_unit, usage_location=wanted.usage_location,
            )  # fmt: skip
        else:
            self._state(wanted, found)
            self._changes += _settings(wanted, found, self._manners)
        if self._manners.aliases:
            self._account_aliases(wanted, found)
        if self._manners.licences:
            self._licence(wanted, found)

    def _stands_in_the_way(self, wanted: WantedAccount) -> bool:
        """Whether the account cannot be made, which is told."""
        user, before = wanted.user, len(self._findings)
        if user in self._aliases:
            what = _("{address} is an alias of {owner} there.").format(address=user, owner=self._aliases[user])
            mend = _("Take the alias away there, or name {owner} as this person's target user.")
            self._tell(Code.ADDRESS_IS_ALIAS, user, what, mend.format(owner=self._aliases[user]))
        elif user in self._found.groups:
            what = _("{address} is a group there.").format(address=user)
            self._tell(Code.ADDRESS_IS_GROUP, user, what, _("Give the group another address there, or the person."))
        elif user in self._found.deleted:
            self._deleted(user)
        elif (other := self._namesake(wanted)) is not None:
            what = _("{name} seems to have the account {other} there already.").format(name=wanted.name, other=other)
            mend = _(
                "Write {other} as the target user, or change its main address there; if it is another person's, change"
                " the name there or here."
            )
            self._tell(Code.OTHER_DOMAIN, user, what, mend.format(other=other))
        return len(self._findings) > before

    def _deleted(self, address: str) -> None:
        free = self._found.deleted[address]
        what = _("{address} belongs to an account that was deleted there.").format(address=address)
        if free is not None:
            what += " " + _("It is free again on {day}.").format(day=free.isoformat())
        mend = _("Restore the account in the admin centre, or delete it for good, or wait ({days} days at most).")
        self._tell(Code.ADDRESS_DELETED, address, what, mend.format(days=self._manners.deleted_days))

    def _namesake(self, wanted: WantedAccount) -> str | None:
        """An account of the same person in another domain: the same name before the @, and the same full name."""
        local, at, _domain = wanted.user.partition("@")
        return self._namesakes.get((local, wanted.name.casefold())) if at and wanted.name else None

    @cached_property
    def _namesakes(self) -> dict[tuple[str, str], str]:
        """Accounts that the plan does not name, by what stands before the @ and the full name; the first of several."""
        return {
            (user.partition("@")[0], one.name.casefold()): user
            for user, one in sorted(self._found.accounts.items(), reverse=True)
            if user not in self._wanted.accounts and user not in self._wanted.elsewhere
        }

    def _state(self, wanted: WantedAccount, found: Account) -> None:
        # To Microsoft an account without a licence that nobody may sign in to is a shared mailbox's, or a leaver's.
        if (found.suspended or found.shared) and not (wanted.shared and self._manners.shared):
            what = _("The account {user} is suspended: it takes no mail in.").format(user=wanted.user)
            self._tell(Code.SUSPENDED, wanted.user, what, _("Switch it on in the admin centre."))
        if not found.ready:
            what = _("The mailbox of {user} is not set up yet.").format(user=wanted.user)
            mend = _("Wait for it: bascule accounts wait SITE")
            self._tell(Code.NOT_READY, wanted.user, what, mend)

    def _account_aliases(self, wanted: WantedAccount, found: Account) -> None:
        room = None if self._manners.most_aliases is None else self._manners.most_aliases - len(found.aliases)
        for alias in sorted(wanted.aliases - found.aliases - found.automatic):
            if self._alias_is_taken(alias, wanted.user):
                continue
            if room is not None and room <= 0:
                most = self._manners.most_aliases
                what = _("{user} has {most} aliases, the most there can be; {alias} finds no place.")
                mend = _("Make a group of it, with this person as its member.")
                self._tell(
                    Code.TOO_MANY_ALIASES, wanted.user, what.format(user=wanted.user, most=most, alias=alias), mend
                )
                continue
            room = None if room is None else room - 1
            self._changes.append(AddAlias(wanted.user, alias))
        for alias in sorted(found.aliases - wanted.aliases):
            what = _("{user} has the alias {alias}, which the people file does not have. It stays.")
            self._tell(Code.EXTRA_ALIAS, wanted.user, what.format(user=wanted.user, alias=alias))

    def _alias_is_taken(self, alias: str, user: str) -> bool:
        owner = self._aliases.get(alias)
        values = {"alias": alias, "user": user, "owner": owner}
        if alias in self._found.groups:
            what = _("The alias {alias} of {user} is a group there.").format(**values)
            mend = _("Make the person a member of that group, or give the group another address there.")
            self._tell(Code.ADDRESS_IS_GROUP, user, what, mend)
        elif alias in self._found.accounts:
            what = _("The alias {alias} of {user} is an account of its own there.").format(**values)
            mend = _("Give that account another address there, or take the alias out of the people file.")
            self._tell(Code.ADDRESS_IS_ACCOUNT, user, what, mend)
        elif owner is not None and owner != user:
            what = _("The alias {alias} of {user} belongs to {owner} there.").format(**values)
            mend = _("Take it away from {owner} there, or out of the people file.").format(**values)
            self._tell(Code.ADDRESS_IS_ALIAS, user, what, mend)
        elif alias in self._found.deleted:
            self._deleted(alias)
        else:
            return False
        return True

    def _licence(self, wanted: WantedAccount, found: Account) -> None:
        licence = wanted.licence
        if licence is None or (wanted.shared and self._manners.shared_without_licence):
            return
        if licence in found.licences:
            if self._manners.services and wanted.services_off - found.services_off:
                self._changes.append(SetServices(wanted.user, licence, wanted.services_off | found.services_off))
            return
        if licence not in self._found.seats and self._found.seats:
            what = _("{user} is to have the licence {licence}, which the target does not have.")
            mend = _("Buy it, or correct the licence's sku in organisation.yaml. There are: {known}.")
            known = ", ".join(sorted(map(title_of, self._found.seats)))
            values = {"user": wanted.user, "licence": title_of(licence)}
            self._tell(Code.LICENCE_UNKNOWN, wanted.user, what.format(**values), mend.format(known=known))
            return
        if others := found.licences & self._manners.one_licence_of if licence in self._manners.one_licence_of else None:
            what = _("{user} has the licence {other}, and {licence} is wanted; there can be one of the two.")
            mend = _("Change it in the admin centre: with a smaller one, mail may lose its place.")
            values = {"user": wanted.user, "other": title_of(min(others)), "licence": title_of(licence)}
            self._tell(Code.LICENCE_OTHER, wanted.user, what.format(**values), mend)
            return
        if self._manners.usage_location and not (wanted.usage_location or found.usage_location):
            what = _("{user} is to have a licence, and has no usage location, without which there is none.")
            mend = _("Write into the target's part of organisation.yaml: accounts: {usage_location: FR}")
            self._tell(Code.USAGE_LOCATION, wanted.user, what.format(user=wanted.user), mend)
            return
        if self._none_is_left(licence):
            what = _("No licence {licence} is left for {user}.").format(licence=title_of(licence), user=wanted.user)
            mend = _("Order more: bascule licences order SITE")
            self._tell(Code.LICENCE_SHORT, wanted.user, what, mend)
            return
        self._taken[licence] += 1
        self._changes.append(AssignLicence(wanted.user, licence, wanted.services_off))

    def _none_is_left(self, licence: str) -> bool:
        seats = self._found.seats.get(licence)
        bought = self._wanted.bought.get(licence) if seats is None or seats.bought is None else seats.bought
        used = 0 if seats is None else seats.used
        return bought is not None and used + self._taken[licence] >= bought

    # Groups

    def _group(self, wanted: WantedGroup) -> None:
        address, found = wanted.address, self._found.groups.get(wanted.address)
        if found is None:
            if self._group_has_no_place(address):
                return
            self._changes.append(CreateGroup(address, wanted))
            found = Group(address, wanted.name, wanted.kind, wanted.posting, external=bool(wanted.external))
        elif _differs(wanted, found):
            self._changes.append(SetGroup(address, wanted))
        if found.members is None:
            what = _("Who is in {group} is not told by the target.").format(group=address)
            mend = _("See to it that these are: {members}.").format(members=", ".join(sorted(wanted.members)))
            self._tell(Code.MEMBERS_UNKNOWN, address, what, mend)
            return
        for member in sorted(wanted.members - found.members):
            self._member(wanted, member)
        for member in sorted(found.members - wanted.members):
            if member not in self._wanted.elsewhere:
                what = _("{member} is in {group}, and not by the plan. It stays.").format(member=member, group=address)
                self._tell(Code.EXTRA_MEMBER, address, what)

    def _group_has_no_place(self, address: str) -> bool:
        if address in self._there or address in self._wanted.accounts:
            what = _("The group {address} is an account there, or becomes one.").format(address=address)
            mend = _("Give the group or the person another address.")
            self._tell(Code.ADDRESS_IS_ACCOUNT, address, what, mend)
        elif address in self._aliases:
            what = _("The group {address} is an alias of {owner} there.")
            mend = _("Take the alias away there, or give the group another address.")
            self._tell(Code.ADDRESS_IS_ALIAS, address, what.format(address=address, owner=self._aliases[address]), mend)
        elif address in self._found.deleted:
            self._deleted(address)
        else:
            return False
        return True

    def _member(self, group: WantedGroup, member: str) -> None:
        external = member in group.external
        waits = member in self._wanted.elsewhere or member in self._wanted.accounts
        if not external and waits and member not in self._there:
            site = self._wanted.elsewhere.get(member)
            what = _("{member} is to be in {group}, and has no account there yet.")
            mend = _("Create the accounts of the site {site} first.").format(site=site) if site else ""
            self._tell(Code.MEMBER_LATER, group.address, what.format(member=member, group=group.address), mend)
            return
        self._changes.append(AddMember(group.address, member, external, group.kind))

    # What else is to be told

    def _unknown(self) -> None:
        for text, user in sorted(self._wanted.unknown_groups.items()):
            what = _('{user} is to be in "{group}", which is no group of the plan.').format(user=user, group=text)
            mend = _("Write its address, or name it in organisation.yaml under groups:")
            self._tell(Code.GROUP_UNKNOWN, user, what, mend)
        for text, user in sorted(self._wanted.unknown_licences.items()):
            what = _('{user} is to have the licence "{licence}", which the plan does not know.')
            mend = _("Name it in organisation.yaml under licences:")
            self._tell(Code.LICENCE_UNKNOWN, user, what.format(user=user, licence=text), mend)

    def _services(self) -> None:
        """Services that are to be off, where they are switched for an organisational unit and by a person alone."""
        off = {service for one in self._wanted.accounts.values() for service in one.services_off}
        if off and self._manners.org_units:
            units = sorted({one.org_unit or "/" for one in self._wanted.accounts.values()})
            what = _("These services are to be off: {services}.").format(services=", ".join(sorted(off)))
            mend = _("In the admin console, under Apps, switch them off for the organisational unit {unit}.")
            self._tell(Code.SERVICES_BY_HAND, units[0], what, mend.format(unit=", ".join(units)))

    def _strangers(self) -> None:
        """Accounts of the site's domains that no site names."""
        for user in sorted(self._found.accounts):
            known = user in self._wanted.accounts or user in self._wanted.elsewhere
            if not known and domain_of(user) in self._wanted.domains and user not in self._wanted.groups:
                what = _("The account {user} is there, and no site of the plan has it. It stays.").format(user=user)
                self._tell(Code.EXTRA_ACCOUNT, user, what)


def _settings(wanted: WantedAccount, found: Account, manners: Manners) -> Iterator[Change]:
    if manners.names and wanted.name and wanted.name != found.name:
        yield SetNames(wanted.user, wanted.given_name, wanted.family_name)
    unit = wanted.org_unit
    if manners.org_units and unit is not None and unit.casefold() != (found.org_unit or "").casefold():
        yield SetOrgUnit(wanted.user, unit)
    if manners.usage_location and wanted.usage_location is not None and wanted.usage_location != found.usage_location:
        yield SetUsageLocation(wanted.user, wanted.usage_location)
    if manners.shared and wanted.shared and not found.shared:
        yield MakeShared(wanted.user)


def _differs(wanted: WantedGroup, found: Group) -> bool:
    kind = wanted.kind != found.kind
    posting = found.posting is not None and wanted.posting != found.posting
    return kind or posting or (bool(wanted.external) and not found.external)
