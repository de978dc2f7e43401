"""What the files of a plan are shaped from: names, domains, time zones, and what all shapes share."""

from __future__ import annotations

import re
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from pydantic import AfterValidator, BaseModel, ConfigDict, PlainValidator, StringConstraints, WithJsonSchema

from connectors.language import _
from plans.problems import Worded, did_you_mean


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
    import idna  # its tables are large, and few domains need them

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
