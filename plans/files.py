"""The shapes of ``organisation.yaml``, ``sites/*.yaml`` and a person, as written.  :mod:`plans.loading` joins them."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PlainValidator, StringConstraints

from plans.addresses import Address, GmailAddress
from plans.cells import FurtherSourceField, Several, YesNo
from plans.folder_rules import FolderRules
from plans.problems import Worded, did_you_mean
from plans.quantities import Day, Size, Speed
from plans.secrets import SecretField, SecretRef


class Shape(BaseModel):
    """What all shapes share: no key is taken that means nothing, and no error shows what was written."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, hide_input_in_errors=True, coerce_numbers_to_str=True, str_strip_whitespace=True
    )


def _name(value: str) -> str:
    if not re.fullmatch(r"\w[\w.-]*", value):
        raise Worded(f'"{value}" cannot be a name here.', "Use letters, digits, dots, hyphens and underscores.")
    return value


def _time_zone(value: object) -> ZoneInfo:
    try:
        return ZoneInfo(str(value))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        zones = sorted(zone for zone in available_timezones() if "/" in zone)
        city = next((zone for zone in zones if zone.lower().endswith(f"/{value}".lower())), None)
        hint = f'Did you mean "{city}"?' if city else did_you_mean(str(value), zones)
        raise Worded(f'"{value}" is not a time zone.', hint or "Write one such as Europe/Paris.") from None


def _passwords_file(value: object) -> SecretRef:
    if isinstance(value, str) and not value.strip().startswith("file:"):
        raise Worded("The passwords file is named with file: before it.", "For example file:secrets/lyon.csv.")
    return SecretRef.parse(value)


Text = Annotated[str, StringConstraints(min_length=1)]
Name = Annotated[str, AfterValidator(_name)]


class MasterEntry(Shape):
    user: Text
    password: SecretField


class SystemEntry(Shape):
    """The keys every system takes, whatever its connector; the connector's own keys stand beside them."""

    connector: Text
    max_sessions: int = Field(default=10, ge=1)
    bandwidth: Speed | None = None
    messages_per_second: float | None = Field(default=None, gt=0, allow_inf_nan=False)
    master: MasterEntry | None = None


class OrganisationFile(Shape):
    name: Text
    language: Literal["fr", "en"]
    time_zone: Annotated[ZoneInfo, PlainValidator(_time_zone)]
    #: Each is read in two parts: by SystemEntry, and by the settings of its connector.
    systems: dict[Name, dict[str, Any]] = Field(min_length=1)


class PersonEntry(Shape):
    address: Address
    name: str = ""
    source_user: Text | None = None
    target_user: Text | None = None
    source_password: SecretField | None = None
    target_password: SecretField | None = None
    #: Archive files beside the server's mail, as paths.
    archives: Annotated[tuple[Text, ...], Several] = ()
    gmail: GmailAddress | None = None
    aliases: Annotated[tuple[Address, ...], Several] = ()
    groups: Annotated[tuple[Text, ...], Several] = ()
    licence: str = ""
    shared: YesNo = False
    #: Further accounts whose mail goes into the same mailbox.
    sources: Annotated[tuple[FurtherSourceField, ...], Several] = ()


class LeaveOutEntry(Shape):
    before: Day | None = None
    larger_than: Size | None = None


class SiteFile(Shape):
    site: Name
    source: Text
    target: Text
    #: The name of a CSV beside the site's file, or the people themselves.
    people: Any
    passwords: Annotated[SecretRef, PlainValidator(_passwords_file)] | None = None
    folders: FolderRules = FolderRules()
    leave_out: LeaveOutEntry = LeaveOutEntry()
