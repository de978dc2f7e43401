"""What is wanted, as the rest of the program sees it: checked, joined and without its files' shapes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo

from pydantic import BaseModel

from plans.folder_rules import FolderRules
from plans.message_rules import MessageRules
from plans.private_folders import PrivateFolders
from plans.quantities import HoursOfDay
from plans.secrets import SecretRef


@dataclass(frozen=True, slots=True)
class Master:
    """Who signs in for everyone on a system."""

    user: str
    password: SecretRef


@dataclass(frozen=True, slots=True)
class Rates:
    """What may go to and from one mailbox; None for no limit."""

    #: Bytes and messages a second.
    bandwidth: int | None = None
    messages_per_second: float | None = None
    #: Bytes in any 24 hours.
    read_a_day: int | None = None
    written_a_day: int | None = None


@dataclass(frozen=True, slots=True)
class PasswdFile:
    """Accounts in a file of Dovecot's: where it is, and what a new line says besides user and password."""

    path: Path
    home: str | None
    uid: int | None
    gid: int | None


@dataclass(frozen=True, slots=True)
class AccountsOf:
    """How the accounts of a target are made."""

    hook: SecretRef | None = None
    passwd_file: PasswdFile | None = None
    hashes: SecretRef | None = None
    #: The name of the licence of people who have none of their own.
    licence: str | None = None
    services_off: tuple[str, ...] = ()
    org_unit: str | None = None
    usage_location: str | None = None


@dataclass(frozen=True, slots=True)
class System:
    """A mail system.  ``settings`` is the validated model of its connector."""

    name: str
    connector: str
    settings: BaseModel
    #: Sessions at a time, over all mailboxes.
    max_sessions: int
    #: Bytes a second over all sessions, None for no limit.
    bandwidth: int | None
    messages_per_second: float | None
    master: Master | None
    #: Of each mailbox by itself.
    each_mailbox: Rates = Rates()
    #: Bytes that may be read and written in a day, over all mailboxes.
    read_a_day: int | None = None
    written_a_day: int | None = None
    accounts: AccountsOf = AccountsOf()
    #: The preset that the plan names, and the keys that it filled in; those of a group are ``group.key``.
    preset: str | None = None
    from_preset: frozenset[str] = frozenset()
    #: The keys that the plan itself says.
    said: frozenset[str] = frozenset()

    @property
    def server(self) -> str:
        """What grants and asks: systems of one server share what it said.  Connectors name it in their settings."""
        return str(getattr(self.settings, "server", self.name))


@dataclass(frozen=True, slots=True)
class FurtherSource:
    """Another account whose mail goes into the same mailbox: a system's name, and who signs in there."""

    system: str
    user: str

    def __str__(self) -> str:
        return f"{self.system}:{self.user}"


@dataclass(frozen=True, slots=True)
class NamedArchive:
    """An archive file, or several by a wildcard, as the people file names it."""

    path: str
    #: The target folder whose place its own folders take; ``.`` for the mailbox itself, None for what the site says.
    folder: str | None = None

    @property
    def several(self) -> bool:
        """Whether the path has a wildcard."""
        return any(sign in self.path for sign in "*?")

    def __str__(self) -> str:
        return self.path if self.folder is None else f"{self.path} => {self.folder}"


@dataclass(frozen=True, slots=True)
class Person:
    """One person's (or shared) mailbox, and who signs in for it on each side."""

    address: str
    name: str
    source_user: str
    target_user: str
    source_password: SecretRef | None
    target_password: SecretRef | None
    #: Archive files that belong to the mailbox, in the order of the people file.
    archives: tuple[NamedArchive, ...] = ()
    #: The address of a private Gmail account that holds mail of the company's.
    gmail: str | None = None
    #: Further addresses of the same mailbox.
    aliases: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    licence: str = ""
    #: Nobody's own: a mailbox that several people work in.
    shared: bool = False
    #: Sources beside the site's own, in the order of the people file.
    further_sources: tuple[FurtherSource, ...] = ()
    first_name: str = ""
    last_name: str = ""
    #: Programs and devices with which the mailbox is read, in the person's own words.
    uses: tuple[str, ...] = ()
    #: What the person reads; None: the site's language.
    language: Literal["fr", "en"] | None = None

    @property
    def mailbox(self) -> str:
        """The mailbox's stable id in ledger and reports."""
        return self.address.lower()


@dataclass(frozen=True, slots=True)
class ZoneAccess:
    """With what a zone may be changed; which of these is needed says who keeps it."""

    token: SecretRef | None
    application_key: SecretRef | None
    application_secret: SecretRef | None
    consumer_key: SecretRef | None
    server: str | None
    key_name: str | None
    key: SecretRef | None
    algorithm: str


@dataclass(frozen=True, slots=True)
class Domain:
    """A mail domain.  ``mx_first``: the side that receives mail from outside while sites move."""

    name: str
    zone_at: str | None
    mx_first: Literal["old", "new"]
    zone_access: ZoneAccess | None = None
    #: Of the new side, and cannot loop: mail to it goes nowhere else.
    technical: str | None = None
    #: Hosts that take mail for the technical domain, and for people who have not moved.
    new_host: str | None = None
    old_host: str | None = None
    #: A group with people of both sides.
    mixed_group: str | None = None


@dataclass(frozen=True, slots=True)
class Submission:
    """An account that sends probes, and its server.  ``password``: where it is; None signs nobody in."""

    address: str
    host: str
    port: int
    tls: Literal["starttls", "implicit", "plain"]
    user: str | None = None
    password: SecretRef | None = None


@dataclass(frozen=True, slots=True)
class Messages:
    """Whom messages to people come from.  ``server``: what posts them; None: they are only written."""

    address: str
    name: str
    reply_to: str | None
    server: Submission | None


@dataclass(frozen=True, slots=True)
class Licence:
    """Licences of one kind, of the target.  ``price``: of one, a month."""

    name: str
    bought: int
    renews: date | None
    #: What the vendor calls it.
    sku: str = ""
    price: float | None = None


@dataclass(frozen=True, slots=True)
class Ordering:
    """How licences are ordered.  ``partner``: the name of a contact."""

    takes: timedelta = timedelta(days=14)
    warn: timedelta = timedelta(days=30)
    partner: str | None = None


@dataclass(frozen=True, slots=True)
class GroupPlan:
    """A group on the target.  ``archive``: what the group is to hold, absolute."""

    address: str
    name: str
    kind: Literal["forum", "collaborative_inbox", "list"]
    posting: Literal["anyone", "organisation", "members"]
    members: tuple[str, ...]
    archive: Path | None


@dataclass(frozen=True, slots=True)
class Support:
    """Help from outside: hours agreed on, the last day they can be used, the shortest time that is counted."""

    hours: float
    until: date | None
    slice: timedelta | None


@dataclass(frozen=True, slots=True)
class Contact:
    """Somebody to ask."""

    name: str
    phone: str | None
    mail: str | None


@dataclass(frozen=True, slots=True)
class Archives:
    """Archive files of a site: the folder they are collected in, absolute, and the target folder they go below."""

    collected_in: Path
    put_under: str
    #: Of an archive that does not say what was read, all was but what is newer than this; None: all was.
    unread_if_newer_than: timedelta | None = None
    #: Those that several people name on purpose, as they name them.
    shared: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PersonalGmail:
    """What is taken from private Gmail accounts, and whether their people must have agreed."""

    only: Literal["our_domains", "everything"]
    consent: Literal["required", "not_required"]
    #: The desktop application that people are asked by; None: nobody can be asked, and nothing is read.
    client: SecretRef | None = None


@dataclass(frozen=True, slots=True)
class Site:
    """People moved as a unit, from ``source`` to ``target`` (names of systems)."""

    name: str
    source: str
    target: str
    people: tuple[Person, ...]
    folder_rules: FolderRules
    message_rules: MessageRules
    #: The site's passwords file, relative to the organisation's folder.
    passwords: SecretRef | None
    private_folders: PrivateFolders
    language: Literal["fr", "en"]
    time_zone: ZoneInfo
    wave: int | None = None
    #: One of the organisation's domains, in lower case.
    domain: str | None = None
    switch: date | None = None
    correspondent: Contact | None = None
    #: The hours for copying, in ``time_zone``; None for any hour.
    copy_window: HoursOfDay | None = None
    #: Bytes a second outside the window, None for no limit.
    daytime_limit: int | None = None
    #: Messages that the target refuses or is known to change are repaired, and their originals kept.
    repair: bool = True
    archives: Archives | None = None
    personal_gmail: PersonalGmail | None = None


@dataclass(frozen=True, slots=True)
class Organisation:
    """The customer: one folder on disk."""

    name: str
    language: Literal["fr", "en"]
    time_zone: ZoneInfo
    systems: Mapping[str, System]
    sites: Mapping[str, Site]
    folder: Path
    domains: Mapping[str, Domain] = field(default_factory=dict)
    #: Accounts that send probes: ``outside``, ``old`` and ``new``, as far as they are given.
    probes: Mapping[str, Submission] = field(default_factory=dict)
    messages: Messages | None = None
    licences: Mapping[str, Licence] = field(default_factory=dict)
    support: Support | None = None
    contacts: Mapping[str, Contact] = field(default_factory=dict)
    #: Mail addresses for X.500 ones, which are in small letters.
    x500_addresses: Mapping[str, str] = field(default_factory=dict)
    ordering: Ordering = Ordering()
    #: By address, in small letters.
    groups: Mapping[str, GroupPlan] = field(default_factory=dict)
