"""Since when a mailbox's mail is delivered on both sides, who said so, and which messages came that way."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import Connection, or_, select, update

from connectors.contract import Reason
from migrate.ledger import identity
from migrate.ledger.arrivals import Arrival
from migrate.ledger.messages import in_pieces, open_attempt
from migrate.ledger.schema import (
    Direction,
    Outcome,
    arrival,
    delivery_event,
    mailbox,
    message,
)

What = Literal["on", "off"]
#: How a message of the source was known to be one that dual delivery brought: its content; its likeness, which needs a
#: Message-ID; its likeness with the Message-ID that Exchange had replaced.
Evidence = Literal["core", "likeness", "parent"]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A message to copy that dual delivery may have brought."""

    id: int
    folder_id: int
    epoch: str
    key: str
    received: int | None


def switch(connection: Connection, mailbox_id: int, what: What, at: float, told_at: float, told_by: str) -> None:
    """Dual delivery is on, or off, from ``at`` on.

    Said again, ``on`` counts from the earlier time, and ends an earlier end: a time too early looks for copies in
    vain, one too late would bring them a second time.
    """
    events = delivery_event.insert().values(mailbox_id=mailbox_id, what=what, at=at, told_at=told_at, told_by=told_by)
    connection.execute(events)
    row = update(mailbox).where(mailbox.c.id == mailbox_id)
    if what == "off":
        connection.execute(row.where(mailbox.c.dual_delivery_since.is_not(None)).values(dual_delivery_until=at))
        return
    connection.execute(row.values(dual_delivery_until=None))
    earlier = or_(mailbox.c.dual_delivery_since.is_(None), mailbox.c.dual_delivery_since > at)
    connection.execute(row.where(earlier).values(dual_delivery_since=at))


def candidates(
    connection: Connection,
    mailbox_id: int,
    direction: Direction,
    folder_ids: Collection[int],
    since: float,
    until: float | None,
) -> list[Candidate]:
    """Messages to copy that were received in the window, or of which that is not known."""
    columns = (message.c.id, message.c.folder_id, message.c.epoch, message.c.key, message.c.received)
    in_window = message.c.received >= since
    if until is not None:
        in_window &= message.c.received <= until
    rows = connection.execute(
        select(*columns)
        .where(
            message.c.mailbox_id == mailbox_id,
            message.c.direction == direction,
            message.c.outcome == Outcome.PENDING,
            message.c.gone_at.is_(None),
            message.c.folder_id.in_(folder_ids),
            or_(message.c.received.is_(None), in_window),
            or_(message.c.evidence.is_(None), message.c.evidence != identity.APART),
            ~open_attempt,
        )
        .order_by(message.c.id)
    )
    return [Candidate(*row) for row in rows]


def take(connection: Connection, one: Arrival, row: int, evidence: Evidence, now: float, *, carry_flags: bool) -> None:
    """The message of row ``row`` is this arrival: it is on the target, or was until its person deleted it.

    ``carry_flags``: what it bears on the source is still to be carried over.
    """
    connection.execute(update(arrival).where(arrival.c.id == one.id).values(message_id=row))
    connection.execute(
        update(message)
        .where(message.c.id == row)
        .values(
            outcome=Outcome.ALREADY_THERE,
            reason=Reason.DUAL_DELIVERED,
            evidence=evidence,
            target_folder_id=one.target_folder_id,
            target_key=None if one.gone else one.target_key,
            flags_synced="" if carry_flags else message.c.flags_seen,
            settled_at=now,
        )
    )


def bring_anyway(connection: Connection, mailbox_id: int, direction: Direction) -> int:
    """What dual delivery is held to have brought becomes pending, to be copied; how many there were."""
    where = (
        message.c.mailbox_id == mailbox_id,
        message.c.direction == direction,
        message.c.reason == Reason.DUAL_DELIVERED,
        message.c.gone_at.is_(None),
        message.c.successor.is_(None),
    )
    rows = list(connection.execute(select(message.c.id).where(*where)).scalars())
    for some in in_pieces(rows):
        connection.execute(update(arrival).where(arrival.c.message_id.in_(some)).values(message_id=None))
        connection.execute(
            update(message)
            .where(message.c.id.in_(some))
            .values(
                outcome=Outcome.PENDING,
                reason=None,
                evidence=identity.APART,
                target_folder_id=None,
                target_key=None,
                settled_at=None,
            )
        )
    return len(rows)


def hand_over(connection: Connection, old: int, new: int) -> None:
    """The message of row ``old`` is seen under row ``new``."""
    connection.execute(update(arrival).where(arrival.c.message_id == old).values(message_id=new))
