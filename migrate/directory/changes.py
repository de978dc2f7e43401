"""What is to be changed on a target.  There is no change that deletes: what is there and not wanted is told and left.

Each is idempotent: done twice it is as done once.  They are done in the order of their classes here.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

from connectors.language import _
from migrate.directory.model import WantedAccount, WantedGroup, full_name
from migrate.directory.skus import title_of


@dataclass(frozen=True, slots=True)
class Change(ABC):
    """One thing to do.  ``subject`` is the address, user or domain that it is about."""

    subject: str
    #: Stable and English, for programs and the record.
    code: ClassVar[str] = ""

    @property
    def needs(self) -> frozenset[tuple[str, str]]:
        """Changes (code and subject) that must be done before this one, where they are to be done at all."""
        return frozenset()

    @abstractmethod
    def told(self) -> str:
        """What will be done, as a sentence without a verb in time: a line of a list."""


@dataclass(frozen=True, slots=True)
class AddDomain(Change):
    """The domain is not there, or not verified: ``bascule domain add`` walks through it."""

    code: ClassVar[str] = "add-domain"

    def told(self) -> str:
        return _("add the domain: bascule domain add {domain}").format(domain=self.subject)


@dataclass(frozen=True, slots=True)
class CreateOrgUnit(Change):
    """``subject`` is its path."""

    code: ClassVar[str] = "create-org-unit"

    @property
    def needs(self) -> frozenset[tuple[str, str]]:
        return frozenset({(CreateOrgUnit.code, self.subject.rpartition("/")[0])})

    def told(self) -> str:
        return _("create the organisational unit")


@dataclass(frozen=True, slots=True)
class CreateAccount(Change):
    account: WantedAccount
    code: ClassVar[str] = "create-account"

    @property
    def needs(self) -> frozenset[tuple[str, str]]:
        return _domain_of(self.subject) | _unit(self.account.org_unit)

    def told(self) -> str:
        if self.account.shared:
            return _("create the shared mailbox of {name}").format(name=self.account.name)
        return _("create the account of {name}").format(name=self.account.name)


@dataclass(frozen=True, slots=True)
class OfAccount(Change):
    """A change of an account that must be there."""

    @property
    def needs(self) -> frozenset[tuple[str, str]]:
        return frozenset({(CreateAccount.code, self.subject)})


@dataclass(frozen=True, slots=True)
class SetNames(OfAccount):
    given_name: str
    family_name: str
    code: ClassVar[str] = "set-names"

    def told(self) -> str:
        return _("call it {name}").format(name=full_name(self.given_name, self.family_name))


@dataclass(frozen=True, slots=True)
class SetOrgUnit(OfAccount):
    org_unit: str
    code: ClassVar[str] = "set-org-unit"

    @property
    def needs(self) -> frozenset[tuple[str, str]]:
        return frozenset({(CreateAccount.code, self.subject)}) | _unit(self.org_unit)

    def told(self) -> str:
        return _("put it into the organisational unit {unit}").format(unit=self.org_unit)


@dataclass(frozen=True, slots=True)
class SetUsageLocation(OfAccount):
    usage_location: str
    code: ClassVar[str] = "set-usage-location"

    def told(self) -> str:
        return _("set the usage location {country}").format(country=self.usage_location)


@dataclass(frozen=True, slots=True)
class MakeShared(OfAccount):
    code: ClassVar[str] = "make-shared"

    def told(self) -> str:
        return _("make it a shared mailbox")


@dataclass(frozen=True, slots=True)
class AddAlias(OfAccount):
    alias: str
    code: ClassVar[str] = "add-alias"

    @property
    def needs(self) -> frozenset[tuple[str, str]]:
        return frozenset({(CreateAccount.code, self.subject), *_domain_of(self.alias)})

    def told(self) -> str:
        return _("add the alias {alias}").format(alias=self.alias)


@dataclass(frozen=True, slots=True)
class AssignLicence(OfAccount):
    licence: str
    #: Services of it that are off from the start.
    services_off: frozenset[str] = frozenset()
    code: ClassVar[str] = "assign-licence"

    @property
    def needs(self) -> frozenset[tuple[str, str]]:
        return frozenset({(CreateAccount.code, self.subject), (SetUsageLocation.code, self.subject)})

    def told(self) -> str:
        return _("assign the licence {licence}").format(licence=title_of(self.licence))


@dataclass(frozen=True, slots=True)
class SetServices(OfAccount):
    licence: str
    services_off: frozenset[str]
    code: ClassVar[str] = "set-services"

    @property
    def needs(self) -> frozenset[tuple[str, str]]:
        return frozenset({(AssignLicence.code, self.subject)})

    def told(self) -> str:
        return _("switch off: {services}").format(services=", ".join(sorted(self.services_off)))


@dataclass(frozen=True, slots=True)
class CreateGroup(Change):
    """A group without its members."""

    group: WantedGroup
    code: ClassVar[str] = "create-group"

    @property
    def needs(self) -> frozenset[tuple[str, str]]:
        return _domain_of(self.subject)

    def told(self) -> str:
        return _("create the group {name} ({kind})").format(name=self.group.name, kind=self.group.kind)


@dataclass(frozen=True, slots=True)
class SetGroup(Change):
    """What kind it is, who may write to it, and whether people outside may be members."""

    group: WantedGroup
    code: ClassVar[str] = "set-group"

    @property
    def needs(self) -> frozenset[tuple[str, str]]:
        return frozenset({(CreateGroup.code, self.subject)})

    def told(self) -> str:
        return _("make it a {kind} that {posting} may write to").format(
            kind=self.group.kind, posting=self.group.posting
        )


@dataclass(frozen=True, slots=True)
class AddMember(Change):
    member: str
    external: bool = False
    #: The group's kind, where systems keep the members of each kind in another place.
    kind: str = "list"
    code: ClassVar[str] = "add-member"

    @property
    def needs(self) -> frozenset[tuple[str, str]]:
        before = {(CreateGroup.code, self.subject), (CreateAccount.code, self.member), (CreateGroup.code, self.member)}
        return frozenset({*before, (SetGroup.code, self.subject)} if self.external else before)

    def told(self) -> str:
        if self.external:
            return _("add the member {member}, who is outside").format(member=self.member)
        return _("add the member {member}").format(member=self.member)


#: The order in which they work.
ORDER: tuple[type[Change], ...] = (
    AddDomain, CreateOrgUnit, CreateAccount, SetNames, SetOrgUnit, SetUsageLocation, AddAlias, AssignLicence,
    SetServices, MakeShared, CreateGroup, SetGroup, AddMember,
)  # fmt: skip


def in_order(changes: list[Change]) -> list[Change]:
    """Domain before account before alias before licence before group before member; else as they were."""
    return sorted(changes, key=lambda change: ORDER.index(type(change)))


def key_of(change: Change) -> tuple[str, str]:
    """What :attr:`Change.needs` names a change by."""
    return change.code, change.subject


def domain_of(address: str) -> str | None:
    """The domain of an address, None for a user name that is none."""
    _local, at, domain = address.rpartition("@")
    return domain.lower() if at else None


def _unit(path: str | None) -> frozenset[tuple[str, str]]:
    return frozenset({(CreateOrgUnit.code, path)}) if path else frozenset()


def _domain_of(address: str) -> frozenset[tuple[str, str]]:
    domain = domain_of(address)
    return frozenset({(AddDomain.code, domain)}) if domain else frozenset()
