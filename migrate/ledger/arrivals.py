"""Rows of arrivals: mail on the target that we did not bring, and where it was last seen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, or_, select, update

from connectors.contract import Reason
from migrate.ledger.messages import in_pieces
from migrate.ledger.schema import ON_TARGET, Direction, arrival, message, target_folder


@dataclass(frozen=True, slots=True)
class Arrival:
    """A message of the target that we did not bring."""

    id: int
    target_folder_id: int
    target_key: str
    core_digest: bytes
    header_digest: bytes
    likeness: bytes | None
    parent_header_digest: bytes | None
    parent_likeness: bytes | None
    gone: bool
    #: The row of the source's message that it is.
    message_id: int | None


@dataclass(frozen=True, slots=True)
class NewArrival:
    """The same, seen for the first time; ``claimed`` is the row of a copy of ours that a person moved here."""

    target_folder_id: int
    target_key: str
    core_digest: bytes
    header_digest: bytes
    likeness: bytes | None
    parent_header_digest: bytes | None
    parent_likeness: bytes | None
    claimed: int | None = None


@dataclass(frozen=True, slots=True)
class OwnCopy:
    """A copy of ours, where it was put; without a key where the target never told it."""

    id: int
    header_digest: bytes
    target_folder_id: int
    target_key: str | None


def every(connection: Connection, mailbox_id: int, direction: Direction) -> list[Arrival]:
    """All that is known to have arrived on the target of this direction, what is there before what is gone."""
    rows = connection.execute(
        select(*_ARRIVAL)
        .join(target_folder, target_folder.c.id == arrival.c.target_folder_id)
        .where(arrival.c.mailbox_id == mailbox_id, target_folder.c.direction == direction)
        .order_by(arrival.c.gone_at, arrival.c.id)
    ).all()
    found = [Arrival(*row[:8], row.gone_at is not None, row.message_id) for row in rows]
    return sorted(found, key=lambda one: (one.gone, one.id))


_ARRIVAL = (
    arrival.c.id, arrival.c.target_folder_id, arrival.c.target_key, arrival.c.core_digest, arrival.c.header_digest,
    arrival.c.likeness, arrival.c.parent_header_digest, arrival.c.parent_likeness, arrival.c.gone_at,
    arrival.c.message_id,
)  # fmt: skip


def add(connection: Connection, mailbox_id: int, new: Sequence[NewArrival]) -> None:
    if new:
        rows = [
            {
                "mailbox_id": mailbox_id,
                "target_folder_id": one.target_folder_id,
                "target_key": one.target_key,
                "core_digest": one.core_digest,
                "header_digest": one.header_digest,
                "likeness": one.likeness,
                "parent_header_digest": one.parent_header_digest,
                "parent_likeness": one.parent_likeness,
                "message_id": one.claimed,
            }
            for one in new
        ]
        connection.execute(arrival.insert(), rows)


def relocate(connection: Connection, arrival_id: int, target_folder_id: int, target_key: str) -> None:
    """It lies here by now; so does the copy that stands for a message of the source."""
    here = {"target_folder_id": target_folder_id, "target_key": target_key}
    connection.execute(update(arrival).where(arrival.c.id == arrival_id).values(gone_at=None, **here))
    taken = select(arrival.c.message_id).where(arrival.c.id == arrival_id).scalar_subquery()
    delivered = (message.c.id == taken, message.c.reason == Reason.DUAL_DELIVERED, message.c.successor.is_(None))
    connection.execute(update(message).where(*delivered).values(**here))


def mark_gone(connection: Connection, arrival_ids: Sequence[int], now: float) -> None:
    """No longer on the target: what they are is remembered."""
    for some in in_pieces(arrival_ids):
        there = (arrival.c.id.in_(some), arrival.c.gone_at.is_(None))
        connection.execute(update(arrival).where(*there).values(gone_at=now))


def tokens(connection: Connection, mailbox_id: int, direction: Direction) -> dict[int, str]:
    """By target folder, its token when all its arrivals were known."""
    known = (
        target_folder.c.mailbox_id == mailbox_id,
        target_folder.c.direction == direction,
        target_folder.c.arrivals_token.is_not(None),
    )
    rows = connection.execute(select(target_folder.c.id, target_folder.c.arrivals_token).where(*known)).all()
    return {row.id: row.arrivals_token for row in rows}


def save_token(connection: Connection, target_folder_id: int, token: str | None) -> None:
    row = update(target_folder).where(target_folder.c.id == target_folder_id)
    connection.execute(row.values(arrivals_token=token))


def copies_like(
    connection: Connection, mailbox_id: int, direction: Direction, headers: Sequence[bytes], since: float
) -> list[OwnCopy]:
    """Our own copies with one of these header digests, received since then, that no arrival is known to be."""
    columns = (message.c.id, message.c.header_digest, message.c.target_folder_id, message.c.target_key)
    known = select(arrival.c.message_id).where(arrival.c.mailbox_id == mailbox_id, arrival.c.message_id.is_not(None))
    found: list[OwnCopy] = []
    for some in in_pieces(headers):
        rows = connection.execute(
            select(*columns).where(
                message.c.mailbox_id == mailbox_id,
                message.c.direction == direction,
                message.c.header_digest.in_(some),
                message.c.outcome.in_(ON_TARGET),
                message.c.successor.is_(None),
                message.c.same_as.is_(None),
                or_(message.c.received.is_(None), message.c.received >= since),
                message.c.id.not_in(known),
            )
        )
        found += [OwnCopy(*row) for row in rows]
    return found
