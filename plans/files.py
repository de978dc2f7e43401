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
)

from connectors.language import _
from plans.addresses import Address, GmailAddress
from plans.cells import ArchiveField, FurtherSourceField, Several, YesNo
from plans.problems import Worded, did_you_mean
from plans.quantities import Duration, PlannedDay, Size, Speed
from plans.secrets import SecretField


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
    """A mail domain, in lower case.  Raises :class:`Worded`."""
    if not re.fullmatch(r"(?=.{4,253}$)([^\W_]([\w-]{0,61}[^\W_])?\.)+[^\W\d_][\w-]*[^\W_]", value):
        message = _('"{value}" is not a mail domain.').format(value=value)
        raise Worded(message, _("Write what stands after the @, such as company.example."))
    return value.lower()


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


class SystemEntry(Shape):
    """The keys every system takes, whatever its connector; the connector's own keys stand beside them."""

    connector: Text = Field(
        description=(
            "how the system speaks: `imap`, `pop3` (as a source), [`google_workspace`](google.md), `microsoft365`, or "
            "`maildir` for mail in files on this machine. "
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


class DomainEntry(Shape):
    """A mail domain: it owns the MX, and several sites can share it."""

    zone_at: Text | None = Field(default=None, description="who keeps the domain's DNS zone, such as `ovh`")
    mx_first: Literal["old", "new"] = Field(
        default="old",
        description=(
            "the side that receives mail from outside while sites move: `old` (unless given; the MX changes last) "
            "or `new` (the MX changes first)"
        ),
    )


class LicenceEntry(Shape):
    bought: int = Field(ge=0, description="how many were bought")
    renews: PlannedDay | None = Field(default=None, description="the day they renew, or end")


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
    licences: dict[Name, LicenceEntry] = Field(
        default_factory=dict, description="licences of the target, each kind under a name of your own"
    )
    support: SupportEntry | None = Field(default=None, description="help from outside that was agreed on")
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
