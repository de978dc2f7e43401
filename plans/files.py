"""The shapes of ``organisation.yaml`` and of a person, as written; :mod:`plans.site_file` has those of a site.

Each key's description is what docs/plan.md and the JSON Schema for editors say of it.
"""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    PlainValidator,
    StringConstraints,
    WithJsonSchema,
    model_validator,
)

from connectors.language import _
from plans.addresses import Address, GmailAddress
from plans.cells import ArchiveField, FurtherSourceField, Several, SpokenLanguage, YesNo
from plans.problems import Worded, did_you_mean
from plans.quantities import Days, Duration, PlannedDay, Size, Speed
from plans.secrets import SecretField, SecretRef


class Shape(BaseModel):
    """What all shapes share: no key is taken that means nothing, and no error shows what was written."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, hide_input_in_errors=True, coerce_numbers_to_str=True, str_strip_whitespace=True
    )


def checked_name(value: str) -> str:
    """A name that commands take and files can have.  Raises :class:`Worded`."""
    if not re.fullmatch(r"\w[\w.-]*", value):
        message = _('"{value}" cannot be a name here.').format(value=value)
        raise Worded(message, _("Use letters, digits, dots, hyphens and underscores."))
    return value


def checked_domain(value: str) -> str:
    """A mail domain as DNS has it: in lower case, letters with accents in their form xn--.  Raises :class:`Worded`."""
    looks_right = re.fullmatch(r"(?=.{4,253}$)([^\W_]([\w-]{0,61}[^\W_])?\.)+[^\W\d_][\w-]*[^\W_]", value)
    if looks_right and (name := domain_name(value)).isascii():
        return name
    message = _('"{value}" is not a mail domain.').format(value=value)
    raise Worded(message, _("Write what stands after the @, such as company.example."))


def domain_name(text: str) -> str:
    """A name in the form that :func:`checked_domain` gives to those that are domains."""
    if text.isascii():
        return text.lower()
    import idna  # its tables are large, and most domains need none of them

    try:
        # RFC 5891: the standard library knows RFC 3490 alone, and makes another domain of one with ß.
        return idna.encode(text, uts46=True).decode()
    except idna.IDNAError:
        return text.lower()


def checked_time_zone(value: object) -> ZoneInfo:
    """The time zone of that name.  Raises :class:`Worded`."""
    try:
        return ZoneInfo(str(value))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        zones = sorted(zone for zone in available_timezones() if "/" in zone)
        city = next((zone for zone in zones if zone.lower().endswith(f"/{value}".lower())), None)
        hint = did_you_mean(city, [city]) if city else did_you_mean(str(value), zones)
        message = _('"{value}" is not a time zone.').format(value=value)
        raise Worded(message, hint or _("Write one such as Europe/Paris.")) from None


Text = Annotated[str, StringConstraints(min_length=1)]
Name = Annotated[str, AfterValidator(checked_name)]
Domain = Annotated[str, AfterValidator(checked_domain)]
Language = Literal["fr", "en"]
TimeZone = Annotated[
    ZoneInfo, PlainValidator(checked_time_zone), WithJsonSchema({"type": "string", "examples": ["Europe/Paris"]})
]
#: As typed: a number without quotes keeps its zeros, as plans are read.
Phone = Annotated[str, StringConstraints(min_length=1), WithJsonSchema({"type": ["string", "integer"]})]


class MasterEntry(Shape):
    user: Text = Field(description="its name")
    password: SecretField = Field(description="a [reference](#secrets) to its password")


class RatesEntry(Shape):
    """What may go to and from one mailbox."""

    bandwidth: Speed | None = Field(default=None, description="at most so fast")
    messages_per_second: float | None = Field(
        default=None, gt=0, allow_inf_nan=False, description="at most so many messages a second"
    )
    read_a_day: Size | None = Field(
        default=None, description="at most so much read in 24 hours; `2500 MB` for Gmail unless given"
    )
    written_a_day: Size | None = Field(
        default=None, description="at most so much written in 24 hours; `500 MB` for Gmail unless given"
    )


def _command(value: object) -> SecretRef:
    ref = SecretRef.parse(value)
    if ref.kind != "command":
        message = _("must be a program, with command: before it.")
        raise Worded(message, _("For example command:/usr/local/bin/mail-accounts."))
    return ref


def _private_file(value: object) -> SecretRef:
    ref = SecretRef.parse(value)
    if ref.kind != "file":
        raise Worded(_("must be a file, with file: before its name."), _("For example file:secrets/hashes.csv."))
    return ref


def _country(value: str) -> str:
    if not re.fullmatch(r"[A-Za-z]{2}", value):
        raise Worded(_('"{value}" is not a country.').format(value=value), _("Write its two letters, such as FR."))
    return value.upper()


def _org_unit(value: str) -> str:
    if not value.startswith("/"):
        message = _('"{value}" is not an organisational unit.').format(value=value)
        raise Worded(message, _("Write its path, such as /Sites/Lyon."))
    return value


class PasswdFileEntry(Shape):
    """Accounts in a file of Dovecot's."""

    path: Text = Field(description="the file, relative to the organisation's folder")
    home: Text | None = Field(
        default=None, description="the home of each new account; `{user}` stands for its name: `/srv/mail/{user}`"
    )
    uid: int | None = Field(default=None, ge=0, description="the system user that owns the mail, by number")
    gid: int | None = Field(default=None, ge=0, description="the system group that owns the mail, by number")


class AccountsEntry(Shape):
    """How the accounts of a target are made."""

    hook: (
        Annotated[SecretRef, PlainValidator(_command), WithJsonSchema({"type": "string", "pattern": "^command:"})]
        | None
    ) = Field(
        default=None,
        description="a program of yours that looks up and makes accounts: `command:` before it. "
        "See [Accounts](accounts.md#a-program-of-your-own)",
    )
    passwd_file: PasswdFileEntry | None = Field(
        default=None, description="a Dovecot passwd-file. See [Accounts](accounts.md#a-dovecot-passwd-file)"
    )
    hashes: (
        Annotated[SecretRef, PlainValidator(_private_file), WithJsonSchema({"type": "string", "pattern": "^file:"})]
        | None
    ) = Field(
        default=None,
        description="a CSV (`address`, `hash`) with the hashes of the old system's passwords, so that people keep "
        "theirs where the target takes such hashes",
    )
    licence: Name | None = Field(
        default=None, description="the licence (one of `licences`) of people whose line in the people file has none"
    )
    services_off: tuple[Text, ...] = Field(
        default=(),
        description="Microsoft: services of the licence that are off, by Microsoft's names (`YAMMER_ENTERPRISE`)",
    )
    org_unit: Annotated[Text, AfterValidator(_org_unit)] | None = Field(
        default=None,
        description="Google: the organisational unit of the accounts, where services are switched on and off; `{site}` "
        "stands for the site's name: `/Sites/{site}`",
    )
    usage_location: Annotated[Text, AfterValidator(_country)] | None = Field(
        default=None,
        description="Microsoft: the country where licences are used, `FR`; it must be set before one is assigned",
    )

    @model_validator(mode="after")
    def _one_way(self) -> AccountsEntry:
        if self.hook is not None and self.passwd_file is not None:
            message = _('"hook" and "passwd_file" both make accounts.')
            raise Worded(message, _("Take one of the two lines away."))
        return self


class SystemEntry(Shape):
    """The keys every system takes, whatever its connector; the connector's own keys stand beside them."""

    connector: Text = Field(
        description=(
            "how the system speaks: `imap`, `pop3` (as a source), [`google_workspace`](google.md),"
            " [`microsoft365`](microsoft365.md), or `maildir` for mail in files on this machine. "
            "(`memory`, a system in memory, is for tests.) "
            "Installed packages may bring [others](connectors.md). With `preset` it need not be said"
        )
    )
    preset: Text | None = Field(
        default=None,
        description=(
            "the mail system it is, such as `ovh` or `gmail`: what is known of it fills in what is not said here. "
            "`bascule systems list` shows [them all](systems.md)"
        ),
    )
    max_sessions: int = Field(
        default=10, ge=1, description="connections at a time, over all mailboxes; 10 unless given"
    )
    bandwidth: Speed | None = Field(
        default=None,
        description=(
            "at most so fast, over all connections: `20Mbit/s`, `500 kB/s`, `1,5 Mo/s`. "
            "`Mb/s` is refused, as some mean bits by it and some bytes"
        ),
    )
    messages_per_second: float | None = Field(
        default=None,
        gt=0,
        allow_inf_nan=False,
        description="at most so many messages a second, over all connections",
    )
    read_a_day: Size | None = Field(
        default=None, description="at most so much read from it in 24 hours, over all mailboxes: `20 GB`"
    )
    written_a_day: Size | None = Field(
        default=None, description="at most so much written to it in 24 hours, over all mailboxes"
    )
    each_mailbox: RatesEntry = Field(
        default=RatesEntry(),
        description="the same for each mailbox by itself. See [below](#limits-of-a-system)",
    )
    master: MasterEntry | None = Field(default=None, description="one account that may sign in for everyone")
    accounts: AccountsEntry | None = Field(
        default=None, description="how its [accounts](accounts.md) are made. See [below](#accounts-of-a-system)"
    )


class ZoneAccessEntry(Shape):
    """How the domain's zone is changed from here; each provider takes some of the keys."""

    token: SecretField | None = Field(default=None, description="`gandi`, `cloudflare`: a token that may edit the zone")
    application_key: SecretField | None = Field(default=None, description="`ovh`: the application's key")
    application_secret: SecretField | None = Field(default=None, description="`ovh`: its secret")
    consumer_key: SecretField | None = Field(default=None, description="`ovh`: the consumer key")
    server: Text | None = Field(
        default=None,
        description="`update`: the address of the name server that takes DNS updates, with its port if not 53",
    )
    key_name: Text | None = Field(default=None, description="`update`: the name of the key (TSIG)")
    key: SecretField | None = Field(default=None, description="`update`: the key, as BIND writes it")
    algorithm: Text = Field(default="hmac-sha256", description="`update`: of the key; `hmac-sha256` unless given")


class DomainEntry(Shape):
    """A mail domain: it owns the MX, and several sites can share it."""

    zone_at: Text | None = Field(
        default=None,
        description=(
            "who keeps the domain's DNS zone; `ovh`, `gandi`, `cloudflare` and `update` (DNS updates, RFC 2136) can be"
            " [changed from here](dns.md#changing-the-zone-from-here)"
        ),
    )
    zone_access: ZoneAccessEntry | None = Field(
        default=None, description="with what `bascule dns apply` may change the zone"
    )
    mx_first: Literal["old", "new"] = Field(
        default="old",
        description=(
            "the side that receives mail from outside while sites move: `old` (unless given; the MX changes last) "
            "or `new` (the MX changes first)"
        ),
    )
    technical_domain: Domain | None = Field(
        default=None,
        description=(
            "the domain of the new side that cannot loop: mail to `person@` it reaches the new mailbox and goes "
            "nowhere else. Google's (`d.test-google-a.com` for the domain `d`) is known; give Microsoft's "
            "(`tenant.onmicrosoft.com`) or a subdomain of your own"
        ),
    )
    new_host: Text | None = Field(
        default=None,
        description="the host that takes mail for the technical domain, where its MX does not say so",
    )
    old_host: Text | None = Field(
        default=None,
        description="the host that takes mail for people who have not moved, where it is not the source's own",
    )
    mixed_group: Address | None = Field(
        default=None, description="a group with people of both sides, for [probes](delivery.md#probes)"
    )


class SubmissionEntry(Shape):
    """A server and an account that send probes."""

    address: Address = Field(description="the sender's address")
    host: Text = Field(description="its server for sending")
    port: int = Field(default=587, ge=1, le=65535, description="its port; 587 unless given")
    tls: Literal["starttls", "implicit", "plain"] = Field(
        default="starttls",
        description="`starttls` (unless given), `implicit` (port 465), or `plain` for a server that offers neither",
    )
    user: Text | None = Field(default=None, description="who signs in there; nobody unless given")
    password: SecretField | None = Field(default=None, description="a [reference](#secrets) to its password")


class SubmissionsEntry(Shape):
    """From where probes are sent."""

    outside: SubmissionEntry | None = Field(default=None, description="an account that is not of the organisation")
    old: SubmissionEntry | None = Field(default=None, description="an account on the old side")
    new: SubmissionEntry | None = Field(default=None, description="an account on the new side")


class MessagesEntry(Shape):
    """Whom messages to people come from, and the server that posts them."""

    address: Address = Field(description="whom they come from: an address that people know")
    name: Text | None = Field(default=None, description="the sender's name; the organisation's unless given")
    reply_to: Address | None = Field(default=None, description="where answers go, if elsewhere")
    host: Text | None = Field(default=None, description="its server for sending; only `--send` needs it")
    port: int = Field(default=587, ge=1, le=65535, description="its port; 587 unless given")
    tls: Literal["starttls", "implicit", "plain"] = Field(
        default="starttls",
        description="`starttls` (unless given), `implicit` (port 465), or `plain` for a server that offers neither",
    )
    user: Text | None = Field(default=None, description="who signs in there; nobody unless given")
    password: SecretField | None = Field(default=None, description="a [reference](#secrets) to its password")


class LicenceEntry(Shape):
    bought: int = Field(ge=0, description="how many were bought")
    renews: PlannedDay | None = Field(default=None, description="the day they renew, or end")
    sku: Text | None = Field(
        default=None,
        description="what the vendor calls it: `bascule licences skus` lists those that are known; "
        "the name itself unless given",
    )
    price: float | None = Field(
        default=None, ge=0, allow_inf_nan=False, description="what one costs a month, in the currency of your orders"
    )


class OrderingEntry(Shape):
    """How licences are ordered."""

    takes: Days | None = Field(
        default=None,
        description="how long an order takes until the licences are there: `14 days` unless given",
    )
    warn: Days | None = Field(
        default=None,
        description="how long before an order or a renewal is due it is told: `30 days` unless given",
    )
    partner: Text | None = Field(default=None, description="whom the order goes to: one of `contacts`")


class GroupEntry(Shape):
    """A group on the target."""

    name: str = Field(default="", description="what people see; what stands before the @ unless given")
    kind: Literal["forum", "collaborative_inbox", "list"] = Field(
        default="list",
        description="`list` (unless given: hands on what it gets), `forum` (keeps its conversations), "
        "`collaborative_inbox` (a mailbox that several people work in)",
    )
    posting: Literal["anyone", "organisation", "members"] = Field(
        default="anyone", description="who may write to it: `anyone` (unless given), `organisation` or `members`"
    )
    members: tuple[Address, ...] = Field(
        default=(),
        description="members beside those whose line in the people file names the group; also people outside",
    )
    archive: Text | None = Field(
        default=None,
        description="mail that the group is to hold: an archive file or a folder, relative to the organisation's; "
        "`bascule groups archive` puts it there (Google)",
    )


class SupportEntry(Shape):
    """Help from outside that was agreed on."""

    hours: float = Field(ge=0, allow_inf_nan=False, description="hours that were agreed on")
    until: PlannedDay | None = Field(default=None, description="the last day they can be used")
    slice: Duration | None = Field(default=None, description="the shortest time that is counted, such as `30min`")


class ContactEntry(Shape):
    name: Text = Field(description="who it is")
    phone: Phone | None = Field(default=None, description="a telephone number")
    mail: Address | None = Field(default=None, description="a mail address, better one that does not move")


class OrganisationFile(Shape):
    name: Text = Field(description="the organisation's name")
    language: Language = Field(description="`en` or `fr`: the language of what people read")
    time_zone: TimeZone = Field(description="such as `Europe/Paris`; days and hours in plans are meant there")
    #: Each is read in two parts: by SystemEntry, and by the settings of its connector.
    systems: dict[Name, dict[str, Any]] = Field(
        min_length=1, description="the mail systems, each under a name of your own"
    )
    domains: dict[Domain, DomainEntry] = Field(default_factory=dict, description="the mail domains that move")
    probes: SubmissionsEntry = Field(
        default=SubmissionsEntry(),
        description="accounts that send [probes](delivery.md#probes): `outside`, `old` and `new`, each a group of keys",
    )
    messages: MessagesEntry | None = Field(
        default=None, description="whom [messages to people](runbooks.md#messages) come from, and what posts them"
    )
    licences: dict[Name, LicenceEntry] = Field(
        default_factory=dict, description="licences of the target, each kind under a name of your own"
    )
    support: SupportEntry | None = Field(default=None, description="help from outside that was agreed on")
    ordering: OrderingEntry = Field(default=OrderingEntry(), description="how licences are ordered")
    groups: dict[Address, GroupEntry] = Field(
        default_factory=dict,
        description="groups on the target, each under its address. See [Accounts](accounts.md#groups)",
    )
    contacts: dict[Name, ContactEntry] = Field(
        default_factory=dict, description="whom to ask, each under a word of your own, such as `it`"
    )
    x500_addresses: Text | None = Field(
        default=None,
        description=(
            "a CSV with the mail addresses of people whom Outlook's archives name by X.500 addresses alone. "
            "See [below](#x500-addresses)"
        ),
    )


class PersonEntry(Shape):
    address: Address
    name: str = ""
    first_name: str = ""
    last_name: str = ""
    source_user: Text | None = None
    target_user: Text | None = None
    source_password: SecretField | None = None
    target_password: SecretField | None = None
    #: Archive files beside the server's mail: paths, each with the target folder it goes to behind ``=>``, or without.
    archives: Annotated[tuple[ArchiveField, ...], Several] = ()
    gmail: GmailAddress | None = None
    aliases: Annotated[tuple[Address, ...], Several] = ()
    groups: Annotated[tuple[Text, ...], Several] = ()
    licence: str = ""
    shared: YesNo = False
    #: Further accounts whose mail goes into the same mailbox.
    sources: Annotated[tuple[FurtherSourceField, ...], Several] = ()
    #: Programs and devices: each has to be tried once before anybody depends on it.
    uses: Annotated[tuple[Text, ...], Several] = ()
    #: What the person reads; the site's language unless given.
    language: SpokenLanguage | None = None
