"""Rows of observations: what a command saw last of a site or a domain, part by part."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from sqlalchemy import Connection, bindparam, delete, select

from migrate.ledger.schema import observation

Kind = Literal["site", "domain"]


@dataclass(frozen=True, slots=True)
class Observed:
    """One part of a fact as it was seen: a mailbox, a route, or ``""`` where the fact has no parts."""

    good: bool
    #: Seconds since 1970.
    at: float
    #: The command that looked.
    source: str
    #: Figures, as the fact's gatherer reads them.
    detail: Mapping[str, Any] = field(default_factory=dict)


table = observation.c
_OBSERVED = (table.good, table.at, table.source, table.detail)
_NONE: Mapping[str, Any] = {}
#: By kind, subject, name of the fact and part.
Observations = dict[tuple[str, str], dict[str, dict[str, Observed]]]


def keep(
    connection: Connection, kind: Kind, subject: str, name: str, items: Mapping[str, Observed], *, whole: bool = False
) -> None:
    """Keep what was seen of these parts in the place of what was seen of them before.

    Of other parts nothing changes; when these are ``whole``, all there is, they are forgotten.
    """
    mine = (table.subject_kind == kind, table.subject == subject, table.name == name)
    if whole:
        connection.execute(delete(observation).where(*mine))
    elif items:
        earlier = delete(observation).where(*mine, table.item == bindparam("part"))
        connection.execute(earlier, [{"part": item} for item in items])
    rows = [
        {
            "subject_kind": kind,
            "subject": subject,
            "name": name,
            "item": item,
            "good": seen.good,
            "at": seen.at,
            "source": seen.source,
            "detail": json.dumps(seen.detail, ensure_ascii=False, sort_keys=True),
        }
        for item, seen in items.items()
    ]
    if rows:
        connection.execute(observation.insert(), rows)


def of(connection: Connection, kind: Kind, subject: str, name: str) -> dict[str, Observed]:
    """What was last seen of one fact, by its parts."""
    rows = connection.execute(
        select(table.item, *_OBSERVED).where(table.subject_kind == kind, table.subject == subject, table.name == name)
    )
    return {item: Observed(good, at, source, _detail(detail)) for item, good, at, source, detail in rows}


def every(connection: Connection) -> Observations:
    """All of it: by kind and subject, then by fact and part."""
    found: Observations = {}
    columns = (table.subject_kind, table.subject, table.name, table.item, *_OBSERVED)
    for kind, subject, name, item, good, at, source, detail in connection.execute(select(*columns)):
        parts = found.setdefault((kind, subject), {}).setdefault(name, {})
        parts[item] = Observed(good, at, source, _detail(detail))
    return found


def _detail(text: str) -> Mapping[str, Any]:
    return json.loads(text) if text != "{}" else _NONE
