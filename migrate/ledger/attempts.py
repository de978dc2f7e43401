"""Rows of attempts: what is being written at this moment, or was when something went wrong.

An attempt is committed before the first byte of its message leaves, and deleted in the transaction that records what
became of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Literal

from sqlalchemy import Connection, bindparam, delete, func, select, update

from migrate.ledger.prepared import Prepared
from migrate.ledger.schema import Direction, attempt, message


@dataclass(frozen=True, slots=True)
class Intent:
    """An attempt to be recorded."""

    mailbox_id: int
    message_id: int
    kind: Literal["write", "move"]
    batch: str
    ordinal: int
    target_folder_id: int
    fence: str
    wire_digest: bytes
    wire_size: int
    header_digest: bytes
    rfc_message_id: str | None
    received: int
    flags: str
    deadline: float
    #: The row that owns the copy before a move.
    origin_message_id: int | None = None


@dataclass(frozen=True, slots=True)
class AttemptRow(Intent):
    """An attempt that is open."""

    id: int = 0
    absent_at: float | None = None
    #: The target took it; only its key is not known yet.
    acknowledged: bool = False


def record(connection: Connection, intents: Sequence[Intent]) -> None:
    # asdict() would copy each value deeply.
    _INSERT.run(connection, [{name: getattr(intent, name) for name in _COLUMNS} for intent in intents])


_COLUMNS = tuple(field.name for field in fields(Intent))
_INSERT = Prepared(attempt.insert().values(acknowledged=False))
_SETTLE = Prepared(delete(attempt).where(attempt.c.message_id == bindparam("message")))


def settle(connection: Connection, message_ids: Sequence[int]) -> None:
    """What became of these messages is recorded: their attempts end."""
    _SETTLE.run(connection, [{"message": message_id} for message_id in message_ids])


def unsettled(connection: Connection, mailbox_id: int, direction: Direction) -> list[AttemptRow]:
    """Open attempts of a mailbox in one direction, the latest first."""
    rows = connection.execute(
        select(attempt)
        .join(message, message.c.id == attempt.c.message_id)
        .where(attempt.c.mailbox_id == mailbox_id, message.c.direction == direction)
        .order_by(attempt.c.id.desc())
    )
    return [AttemptRow(**row) for row in rows.mappings()]


def count_unsettled(connection: Connection, mailbox_id: int, direction: Direction) -> int:
    return int(
        connection.execute(
            select(func.count())
            .select_from(attempt.join(message, message.c.id == attempt.c.message_id))
            .where(attempt.c.mailbox_id == mailbox_id, message.c.direction == direction)
        ).scalar_one()
    )


def end_all_by(connection: Connection, mailbox_id: int, moment: float) -> None:
    """Nobody can commit an attempt of this mailbox after ``moment``: whoever could is known to be gone."""
    connection.execute(
        update(attempt).where(attempt.c.mailbox_id == mailbox_id, attempt.c.deadline > moment).values(deadline=moment)
    )


def end_by(connection: Connection, message_ids: Sequence[int], moment: float) -> None:
    """The connection of these attempts is cut: they cannot be committed after ``moment``."""
    if message_ids:
        connection.execute(
            update(attempt).where(attempt.c.message_id == bindparam("message")).values(deadline=bindparam("moment")),
            [{"message": message_id, "moment": moment} for message_id in message_ids],
        )


def acknowledge(connection: Connection, message_ids: Sequence[int]) -> None:
    """The target took them and did not tell their keys."""
    if message_ids:
        connection.execute(
            update(attempt).where(attempt.c.message_id == bindparam("message")).values(acknowledged=True),
            [{"message": message_id} for message_id in message_ids],
        )


def note_absent(connection: Connection, message_ids: Sequence[int], moment: float | None) -> None:
    """A look did not show them (``moment``), or showed something again (None)."""
    if message_ids:
        connection.execute(
            update(attempt).where(attempt.c.message_id == bindparam("message")).values(absent_at=bindparam("moment")),
            [{"message": message_id, "moment": moment} for message_id in message_ids],
        )
