"""The shapes of ``organisation.yaml`` and of a person, as written.

:mod:`plans.system_file` has those of a system, :mod:`plans.site_file` those of a site.
Each key's description is what docs/plan.md and the JSON Schema for editors say of it.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from plans.addresses import Address, GmailAddress
from plans.cells import ArchiveField, FurtherSourceField, Several, SpokenLanguage, YesNo
from plans.quantities import Days, Duration, PlannedDay
from plans.secrets import SecretField
from plans.shapes import Domain, Language, Name, Phone, Shape, Text, TimeZone

#: How a server for sending is reached and signed in to.
_Port = Annotated[int, Field(ge=1, le=65535, description="its port; 587 unless given")]
_Tls = Annotated[
    Literal["starttls", "implicit", "plain"],
    Field(description="`starttls` (unless given), `implicit` (port 465), or `plain` for a server that offers neither"),
]
_User = Annotated[Text | None, Field(description="who signs in there; nobody unless given")]
_Password = Annotated[SecretField | None, Field(description="a [reference](#secrets) to its password")]


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
    port: _Port = 587
    tls: _Tls = "starttls"
    user: _User = None
    password: _Password = None


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
    port: _Port = 587
    tls: _Tls = "starttls"
    user: _User = None
    password: _Password = None


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
