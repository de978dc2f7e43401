"""What a target's directory is to hold, and what it holds.  Data only: nothing here talks to a system.

Addresses and users are in small letters.  ``user`` is what an account is called on the target: its main address in a
cloud, the name it signs in with elsewhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

#: ``forum``: a group whose conversations are kept; ``collaborative_inbox``: a mailbox that several people work in;
#: ``list``: hands on what it gets, and keeps nothing.
GroupKind = Literal["forum", "collaborative_inbox", "list"]
#: Who may write to a group.
Posting = Literal["anyone", "organisation", "members"]


def full_name(given: str, family: str) -> str:
    """Both names, and one where it stands for both: clouds ask for two, and ``Info`` has one."""
    return given if given == family else f"{given} {family}".strip()


@dataclass(frozen=True, slots=True)
class WantedAccount:
    """One mailbox of the plan."""

    user: str
    given_name: str
    family_name: str
    aliases: frozenset[str] = frozenset()
    #: The vendor's own name of the licence; None for none.
    licence: str | None = None
    #: Services of the licence that are to be off, by the vendor's names.
    services_off: frozenset[str] = frozenset()
    #: Nobody's own: a mailbox that several people work in.
    shared: bool = False
    #: Google's organisational unit, such as ``/Lyon``; None to leave it as it is.
    org_unit: str | None = None
    #: Two letters, Microsoft's condition for a licence; None to leave it as it is.
    usage_location: str | None = None

    @property
    def name(self) -> str:
        return full_name(self.given_name, self.family_name)


@dataclass(frozen=True, slots=True)
class WantedGroup:
    address: str
    name: str
    kind: GroupKind = "list"
    posting: Posting = "anyone"
    members: frozenset[str] = frozenset()
    #: Members of other domains than the organisation's.
    external: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the plan asks of one site's target."""

    accounts: Mapping[str, WantedAccount] = field(default_factory=dict)
    groups: Mapping[str, WantedGroup] = field(default_factory=dict)
    #: Domains that the accounts, aliases and groups are in.
    domains: frozenset[str] = frozenset()
    #: By address, the other site that it belongs to: no stranger, and not yet an account perhaps.
    elsewhere: Mapping[str, str] = field(default_factory=dict)
    #: By licence, how many were bought, where the plan says so.
    bought: Mapping[str, int] = field(default_factory=dict)
    #: Groups that people name and that cannot be understood: by the text, who names it.
    unknown_groups: Mapping[str, str] = field(default_factory=dict)
    #: Licences that people name and the plan does not: by the text, who names it.
    unknown_licences: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Account:
    """An account as it is."""

    user: str
    given_name: str = ""
    family_name: str = ""
    aliases: frozenset[str] = frozenset()
    #: Addresses that the system gives by itself: those of an alias domain.
    automatic: frozenset[str] = frozenset()
    licences: frozenset[str] = frozenset()
    services_off: frozenset[str] = frozenset()
    shared: bool = False
    suspended: bool = False
    #: Its mailbox takes mail already.
    ready: bool = True
    org_unit: str | None = None
    usage_location: str | None = None

    @property
    def name(self) -> str:
        return full_name(self.given_name, self.family_name)


@dataclass(frozen=True, slots=True)
class Group:
    """A group as it is.  ``members`` is None where the system does not tell them."""

    address: str
    name: str = ""
    kind: GroupKind = "list"
    posting: Posting | None = "anyone"
    members: frozenset[str] | None = frozenset()
    #: People of other domains may be members.
    external: bool = True
    aliases: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Seats:
    """Licences of one kind: ``bought`` is None where the system does not tell it."""

    used: int
    bought: int | None = None
    #: The day they renew, or end.
    renews: date | None = None
    trial: bool = False
    #: As the vendor says it where it is not in force: ``Suspended``, ``LockedOut``.
    status: str = ""


@dataclass(frozen=True, slots=True)
class Found:
    """What a target's directory holds."""

    accounts: Mapping[str, Account] = field(default_factory=dict)
    groups: Mapping[str, Group] = field(default_factory=dict)
    #: By domain, whether it is verified.
    domains: Mapping[str, bool] = field(default_factory=dict)
    #: By address that a deleted account still has, the day it becomes free; None where that is not told.
    deleted: Mapping[str, date | None] = field(default_factory=dict)
    seats: Mapping[str, Seats] = field(default_factory=dict)
    org_units: frozenset[str] = frozenset({"/"})


@dataclass(frozen=True, slots=True)
class Manners:
    """What a kind of directory knows."""

    title: str
    names: bool = True
    aliases: bool = True
    groups: bool = True
    licences: bool = True
    domains: bool = True
    #: A mailbox of nobody's own is another kind of account.
    shared: bool = False
    #: Accounts lie in organisational units, which say what services are on; and whether units can be made.
    org_units: bool = False
    #: Accounts have a country, without which they get no licence.
    usage_location: bool = False
    #: Services of a licence are switched off for each account.
    services: bool = False
    #: The most aliases that an account can have.
    most_aliases: int | None = None
    #: Days for which a deleted account keeps its addresses.
    deleted_days: int = 0
    #: Licences that exclude each other: an account holds one of each of these sets.
    one_licence_of: frozenset[str] = frozenset()
    #: A shared mailbox needs no licence.
    shared_without_licence: bool = False
