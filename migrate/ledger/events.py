"""Rows of events: what people decided and did in a rollout, in the order in which they were added."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from sqlalchemy import Connection, func, select
from sqlalchemy.exc import IntegrityError

from connectors.language import _
from migrate.ledger.schema import event
from migrate.ledger.store import LedgerError

Kind = Literal["site", "domain", "case", "step", "organisation"]


class Overtaken(LedgerError):
    """Somebody else has added an event since the caller looked: what it was about to add may no longer be right."""

    def __init__(self) -> None:
        super().__init__(
            _("Another command has just changed the rollout. Nothing was done; look at bascule rollout status again.")
        )


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened.  ``at`` is seconds since 1970, ``detail`` what else belongs to an event of its kind."""

    kind: Kind
    subject: str
    #: ``advance``, ``force``, ``back``, ``confirm``, ``incident``, ``solved``, ``tested``, ``note``, ``handed-over``,
    #: ``accepted``, ``sign``, ``hours``, ``hours-taken-back``, ``evidence``.
    event: str
    who: str
    at: float
    from_phase: str | None = None
    to_phase: str | None = None
    #: A file below the organisation's folder, and its sha256.
    evidence: str | None = None
    evidence_digest: bytes | None = None
    note: str | None = None
    detail: Mapping[str, Any] = field(default_factory=dict)
    #: Its place among all events; 0 before it is added.
    id: int = 0


def newest(connection: Connection) -> int:
    """The place of the last event, 0 when there is none."""
    return int(connection.execute(select(func.coalesce(func.max(event.c.id), 0))).scalar_one())


def add(connection: Connection, one: Event, seen: int) -> None:
    """Add an event that was decided on when ``seen`` was the newest.

    Raises :class:`Overtaken` when that is no longer so; the caller's transaction is to be undone.
    """
    if newest(connection) != seen:
        raise Overtaken
    mine = (event.c.subject_kind == one.kind, event.c.subject == one.subject)
    ordinal = connection.execute(select(func.coalesce(func.max(event.c.ordinal), 0)).where(*mine)).scalar_one()
    row = {
        "subject_kind": one.kind,
        "subject": one.subject,
        "ordinal": ordinal + 1,
        "event": one.event,
        "from": one.from_phase,
        "to": one.to_phase,
        "who": one.who,
        "at": one.at,
        "evidence": one.evidence,
        "evidence_digest": one.evidence_digest,
        "note": one.note,
        "detail": json.dumps(one.detail, ensure_ascii=False, sort_keys=True),
    }
    try:
        connection.execute(event.insert(), row)
    except IntegrityError as error:
        raise Overtaken from error


def every(connection: Connection) -> list[Event]:
    """All events, the oldest first."""
    return [
        Event(
            row.subject_kind,
            row.subject,
            row.event,
            row.who,
            row.at,
            row._mapping["from"],
            row.to,
            row.evidence,
            row.evidence_digest,
            row.note,
            json.loads(row.detail),
            row.id,
        )
        for row in connection.execute(select(event).order_by(event.c.id))
    ]
