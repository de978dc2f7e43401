"""Messages that were not copied as they were, a page at a time: a ledger may hold millions of them."""

from __future__ import annotations

import json
from dataclasses import dataclass

from sqlalchemy import Connection, or_, select, update

from connectors.contract import Reason
from migrate.ledger import deliveries, identity, sources
from migrate.ledger.messages import open_attempt
from migrate.ledger.schema import Direction, Outcome, folder, message

#: In the order of what a person has to look at first.
OUTCOMES = (Outcome.REFUSED, Outcome.UNCERTAIN, Outcome.MERGED, Outcome.ALREADY_THERE, Outcome.LEFT_OUT)


#: Not copied because they had come by another way.
BROUGHT = (Reason.IN_ANOTHER_SOURCE, Reason.DUAL_DELIVERED)


@dataclass(frozen=True, slots=True)
class NotCopied:
    """One message, as far as a person needs it to find it in its old mailbox."""

    id: int
    #: The name of the source it is in, and what people call that.
    source: str
    called: str
    folder: tuple[str, ...]
    key: str
    #: Seconds since 1970, UTC.
    received: int | None
    size: int | None
    outcome: Outcome
    reason: Reason | None
    #: It is no longer on the source.
    gone: bool


def page(
    connection: Connection, mailbox_id: int, direction: Direction, outcome: Outcome, after: int, limit: int
) -> list[NotCopied]:
    """The next messages of one outcome, in order of id.

    Of those that are there already, the ones that another source of the mailbox brought, or dual delivery.
    """
    names = sources.called(connection, mailbox_id)
    listed = () if outcome is not Outcome.ALREADY_THERE else (message.c.reason.in_(BROUGHT),)
    rows = connection.execute(
        select(
            message.c.id, folder.c.source, folder.c.path, message.c.key, message.c.received, message.c.size,
            message.c.reason, message.c.gone_at,
        )
        .join(folder, folder.c.id == message.c.folder_id)
        .where(
            message.c.mailbox_id == mailbox_id,
            message.c.direction == direction,
            message.c.outcome == outcome,
            message.c.successor.is_(None),
            message.c.id > after,
            *listed,
        )
        .order_by(message.c.id)
        .limit(limit)
    )  # fmt: skip
    return [
        NotCopied(
            row.id, row.source, names.get(row.source, row.source), tuple(json.loads(row.path)), row.key, row.received,
            row.size, outcome,
            Reason(row.reason) if row.reason else None, row.gone_at is not None,
        )
        for row in rows
    ]  # fmt: skip


def retry(connection: Connection, mailbox_id: int, direction: Direction) -> int:
    """Make what was refused pending again, unless it went away on the source; how many there were."""
    opened = connection.execute(
        update(message)
        .where(
            message.c.mailbox_id == mailbox_id,
            message.c.direction == direction,
            message.c.outcome == Outcome.REFUSED,
            or_(message.c.reason.is_(None), message.c.reason != Reason.GONE),
            message.c.gone_at.is_(None),
            message.c.successor.is_(None),
            ~open_attempt,
        )
        .values(outcome=Outcome.PENDING, reason=None, settled_at=None)
    )
    return opened.rowcount


def bring(connection: Connection, mailbox_id: int, direction: Direction) -> int:
    """Make what came by another way pending, to be copied for itself; how many there were."""
    parted = identity.separate(connection, mailbox_id, direction)
    return parted + deliveries.bring_anyway(connection, mailbox_id, direction)
