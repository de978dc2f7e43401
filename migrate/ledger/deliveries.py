"""Since when a mailbox's mail is delivered on both sides, who said so, and what arrived that way."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import Connection, or_, select, update

from connectors.contract import Reason
from migrate.ledger import identity
from migrate.ledger.messages import in_pieces, open_attempt
from migrate.ledger.schema import (
    ON_TARGET,
    Direction,
    Outcome,
    arrival,
    delivery_event,
    folder,
    mailbox,
    message,
    target_folder,
)

What = Literal["on", "off"]
#: How a message of the source was known to be one that dual delivery brought: its content; its likeness, which needs a
#: Message-ID; its likeness with the Message-ID that Exchange had replaced.
Evidence = Literal["core", "likeness", "parent"]


@dataclass(frozen=True, slots=True)
class DeliveryEvent:
    """Somebody said that dual delivery of a mailbox is on, or off, from ``at`` on."""

    what: What
    at: float
    told_at: float
    told_by: str


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


def events(connection: Connection, mailbox_id: int) -> list[DeliveryEvent]:
    """All that was said of a mailbox, in order."""
    columns = (delivery_event.c.what, delivery_event.c.at, delivery_event.c.told_at, delivery_event.c.told_by)
    rows = select(*columns).where(delivery_event.c.mailbox_id == mailbox_id).order_by(delivery_event.c.id)
    return [DeliveryEvent(*row) for row in connection.execute(rows)]


def arrivals(connection: Connection, mailbox_id: int, direction: Direction) -> list[Arrival]:
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


@dataclass(frozen=True, slots=True)
class Delivered:
    """A message that was not copied because dual delivery had brought it."""

    source: str
    folder: str
    received: int | None
    size: int | None
    evidence: Evidence
    #: Where it was when it was last seen on the target, and whether it is there no longer.
    target: str
    gone: bool


def delivered(connection: Connection, mailbox_id: int, direction: Direction) -> list[Delivered]:
    """All of a mailbox, in the order of their rows.  Folders are paths as the ledger keeps them."""
    rows = connection.execute(
        select(
            folder.c.source,
            folder.c.path,
            message.c.received,
            message.c.size,
            message.c.evidence,
            target_folder.c.path.label("there"),
            arrival.c.gone_at,
        )
        .select_from(message)
        .join(folder, folder.c.id == message.c.folder_id)
        .join(arrival, arrival.c.message_id == message.c.id)
        .join(target_folder, target_folder.c.id == arrival.c.target_folder_id)
        .where(
            message.c.mailbox_id == mailbox_id,
            message.c.direction == direction,
            message.c.reason == Reason.DUAL_DELIVERED,
            message.c.successor.is_(None),
        )
        .order_by(message.c.id)
    )
    return [Delivered(*row[:6], gone=row.gone_at is not None) for row in rows]
