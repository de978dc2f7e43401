"""Rows of one direction that are the copies, or the originals, of rows of the other: what came from there is not sent
back.

A copy is known by its place and key as long as nobody moves it, and by its content afterwards.  Pairs are one to one:
a copy that is still listed stands for no second message.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, and_, bindparam, exists, func, select, update
from sqlalchemy.sql import ColumnElement

from connectors.contract import Folder, Reason
from migrate.ledger.folders import path_text
from migrate.ledger.messages import in_pieces, open_attempt
from migrate.ledger.schema import (
    ON_TARGET,
    Direction,
    Outcome,
    arrival,
    folder,
    message,
    repair,
    tally,
    target_folder,
)

_there = message.alias("there")
_seen = message.alias("seen")


@dataclass(frozen=True, slots=True)
class FreeCopy:
    """A copy that the other direction made and that is no longer listed where it was put."""

    id: int
    header_digest: bytes
    #: Of the message as it is on the source, and of what was sent in its place where it had to be repaired.
    cores: frozenset[bytes]


def any_of(connection: Connection, mailbox_id: int, direction: Direction) -> bool:
    """Whether anything was ever seen in this direction."""
    some = (tally.c.mailbox_id == mailbox_id, tally.c.direction == direction, tally.c.messages > 0)
    return connection.execute(select(tally.c.messages).where(*some).limit(1)).first() is not None


def leave_copies(connection: Connection, mailbox_id: int, direction: Direction, source: str, now: float) -> int:
    """Leave out what lies where the other direction put it, under the key that it has there; how many are new.

    ``source``: the one that the other direction writes to; under the same key another source has another message.
    """
    of_source = select(folder.c.id).where(
        folder.c.mailbox_id == mailbox_id, folder.c.direction == direction, folder.c.source == source
    )
    mine = and_(
        message.c.mailbox_id == mailbox_id, message.c.direction == direction, message.c.folder_id.in_(of_source)
    )
    # Of two messages that the target merged into one, either is its original.
    original = (
        select(func.min(_there.c.id))
        .select_from(_there)
        .join(target_folder, target_folder.c.id == _there.c.target_folder_id)
        .join(folder, folder.c.path == target_folder.c.path)
        .where(
            folder.c.id == message.c.folder_id,
            target_folder.c.mailbox_id == mailbox_id,
            target_folder.c.direction == direction.opposite,
            target_folder.c.epoch == message.c.epoch,
            _there.c.target_key == message.c.key,
            _there.c.outcome.in_(ON_TARGET),
        )
        .correlate(message)
        .scalar_subquery()
    )
    new = select(message.c.id, original.label("original")).where(mine, message.c.counterpart.is_(None)).subquery()
    found = connection.execute(select(new.c.id, new.c.original).where(new.c.original.is_not(None))).all()
    link(connection, [(row.id, row.original) for row in found])
    left = connection.execute(
        update(message)
        .where(mine, message.c.counterpart.is_not(None), message.c.outcome == Outcome.PENDING, ~open_attempt)
        .values(outcome=Outcome.LEFT_OUT, reason=Reason.CAME_FROM_THERE, settled_at=now)
    )
    return left.rowcount


def link(connection: Connection, pairs: Sequence[tuple[int, int]]) -> None:
    """Each first row is the copy that the second one, of the other direction, made."""
    if pairs:
        connection.execute(_LINK, [{"row": row, "original": original} for row, original in pairs])


_LINK = update(message).where(message.c.id == bindparam("row")).values(counterpart=bindparam("original"))


def listed_copies(
    connection: Connection, mailbox_id: int, direction: Direction, headers: Sequence[bytes]
) -> list[tuple[int, int, str, str]]:
    """What ``direction`` lists of the copies with one of these header digests that the other one made.

    Row, folder's row, epoch and key of each.
    """
    found: list[tuple[int, int, str, str]] = []
    for some in in_pieces(headers):
        rows = connection.execute(
            select(_seen.c.id, _seen.c.folder_id, _seen.c.epoch, _seen.c.key)
            .join(message, message.c.id == _seen.c.counterpart)
            .where(
                message.c.mailbox_id == mailbox_id,
                message.c.direction == direction.opposite,
                message.c.header_digest.in_(some),
                message.c.outcome.in_(ON_TARGET),
                _seen.c.direction == direction,
                _seen.c.gone_at.is_(None),
            )
        )
        found += [(row, folder_id, epoch, key) for row, folder_id, epoch, key in rows]
    return found


def free_copies(
    connection: Connection, mailbox_id: int, direction: Direction, headers: Sequence[bytes]
) -> list[FreeCopy]:
    """What ``direction`` put on its target, with one of these header digests, and the other lists no longer."""
    is_listed = exists().where(_seen.c.counterpart == message.c.id, _seen.c.gone_at.is_(None))
    columns = (message.c.id, message.c.header_digest, message.c.core_digest, message.c.wire_digest)
    found: list[FreeCopy] = []
    for some in in_pieces(headers):
        rows = connection.execute(
            select(*columns)
            .where(
                message.c.mailbox_id == mailbox_id,
                message.c.direction == direction,
                message.c.header_digest.in_(some),
                message.c.outcome.in_(ON_TARGET),
                message.c.successor.is_(None),
                message.c.same_as.is_(None),
                ~is_listed,
            )
            .order_by(message.c.id)
        ).all()
        for row in rows:
            repaired = select(repair.c.core_digest).where(
                repair.c.message_id == row.id, repair.c.wire_digest == row.wire_digest
            )
            cores = {row.core_digest, *connection.execute(repaired).scalars()} - {None}
            found.append(FreeCopy(row.id, row.header_digest, frozenset(cores)))
    return found


def is_original(
    connection: Connection, mailbox_id: int, direction: Direction, source: str, there: Folder, key: str
) -> bool:
    """Whether a message is one that ``direction`` listed on this source and has on its target."""
    rows = (
        select(message.c.id)
        .join(folder, folder.c.id == message.c.folder_id)
        .where(
            folder.c.mailbox_id == mailbox_id,
            folder.c.direction == direction,
            folder.c.source == source,
            folder.c.path == path_text(there.path),
            message.c.epoch == there.epoch,
            message.c.key == key,
            message.c.outcome.in_(ON_TARGET),
        )
    )
    return connection.execute(rows.limit(1)).first() is not None


def arrivals_with_copies(connection: Connection, mailbox_id: int, direction: Direction, target: str) -> set[int]:
    """Arrivals of ``direction`` that the other one listed there and has on its own target: they have their copy.

    ``target``: what the plan calls the system that they are on.
    """
    same: ColumnElement[bool] = and_(
        folder.c.mailbox_id == mailbox_id,
        folder.c.direction == direction.opposite,
        folder.c.source == target,
        folder.c.path == target_folder.c.path,
    )
    rows = connection.execute(
        select(arrival.c.id)
        .join(target_folder, target_folder.c.id == arrival.c.target_folder_id)
        .join(folder, same)
        .join(
            message,
            and_(
                message.c.folder_id == folder.c.id,
                message.c.epoch == target_folder.c.epoch,
                message.c.key == arrival.c.target_key,
            ),
        )
        .where(
            arrival.c.mailbox_id == mailbox_id,
            target_folder.c.direction == direction,
            message.c.outcome.in_(ON_TARGET),
        )
    )
    return set(rows.scalars())
