"""The plan as one short number: the same for the same wishes, whatever the files look like and wherever they lie."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from datetime import date, time, timedelta
from enum import Enum
from pathlib import Path
from re import Pattern
from typing import Any
from zoneinfo import ZoneInfo

from pydantic import BaseModel

from plans.model import Organisation, Site
from plans.secrets import SecretRef

#: Hexadecimal digits that are shown.
SHOWN = 16


def fingerprint(organisation: Organisation, site: Site | None = None) -> str:
    """The first digits of the SHA-256 over what the plan says: of one site, without the others, or of all.

    References to secrets count, secrets themselves are not looked at.
    """
    sites = {site.name: site} if site is not None else organisation.sites
    told = _plain(replace(organisation, sites=sites, folder=Path()), organisation.folder)
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()[:SHOWN]


def _plain(value: Any, home: Path) -> Any:
    """As JSON has it.  Raises TypeError for what it does not know, so that nothing is passed over."""
    if value is None or isinstance(value, str | int | float):
        return value
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, SecretRef | date | time | ZoneInfo | timedelta):
        return str(value)
    if isinstance(value, Path):
        return str(value.relative_to(home) if value.is_relative_to(home) else value)
    if isinstance(value, Pattern):
        return value.pattern
    if isinstance(value, BaseModel):
        return {name: _plain(getattr(value, name), home) for name in type(value).model_fields}
    if is_dataclass(value):
        told = {one.name: getattr(value, one.name) for one in fields(value)}
        # How a secret is looked up is no wish.
        return {name: _plain(one, home) for name, one in told.items() if not callable(one)}
    if isinstance(value, Mapping):
        return {str(key): _plain(one, home) for key, one in value.items()}
    if isinstance(value, set | frozenset):
        return sorted(json.dumps(_plain(one, home), sort_keys=True) for one in value)
    if isinstance(value, list | tuple):
        return [_plain(one, home) for one in value]
    raise TypeError(type(value).__name__)
