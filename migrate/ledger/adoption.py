"""Rows that a target folder may hold already, though the ledger does not know under which key."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import ColumnElement, Connection, and_, or_, select, update

from migrate.ledger.folders import TargetFolderRow, path_text
from migrate.ledger.messages import flag_set, in_pieces, open_attempt
from migrate.ledger.schema import ON_TARGET, Outcome, message, target_folder


@dataclass(frozen=True, slots=True)
class Unplaced:
    """A message without a known copy in the folder: to be copied, or copied before the folder got a new epoch."""

    id: int
    folder_id: int
    key: str
    size: int | None
    received: int | None
    flags_seen: frozenset[str]
    header_digest: bytes | None
    core_digest: bytes | None
    was_copied: bool


def second(when: datetime | None) -> int | None:
    """A date as the ledger keeps it."""
    return None if when is None else int(when.timestamp())


Trait = Literal["received", "size"]


def traits(
    connection: Connection, mailbox_id: int, place: TargetFolderRow, folder_ids: Sequence[int], by: Trait
) -> set[int]:
    """The received seconds or sizes that occur among unplaced rows."""
    column = message.c.received if by == "received" else message.c.size
    statement = select(column).where(_is_unplaced(mailbox_id, place, folder_ids), column.is_not(None)).distinct()
    return set(connection.execute(statement).scalars())


def unplaced(
    connection: Connection,
    mailbox_id: int,
    place: TargetFolderRow,
    folder_ids: Sequence[int],
    by: Trait,
    values: Sequence[int],
) -> list[Unplaced]:
    """Unplaced rows whose received second or size is one of ``values``, those copied before first."""
    column = message.c.received if by == "received" else message.c.size
    found = []
    for some in in_pieces(values):
        found += _read(connection, _is_unplaced(mailbox_id, place, folder_ids), column.in_(some))
    return _in_order(found)


def all_unplaced(
    connection: Connection, mailbox_id: int, place: TargetFolderRow, folder_ids: Sequence[int]
) -> list[Unplaced]:
    """Every unplaced row, those copied before first."""
    return _in_order(_read(connection, _is_unplaced(mailbox_id, place, folder_ids)))


def _read(connection: Connection, *conditions: ColumnElement[bool]) -> list[Unplaced]:
    return [
        Unplaced(*row[:5], flag_set(row.flags_seen), *row[6:8], was_copied=row.outcome != Outcome.PENDING)
        for row in connection.execute(select(*_UNPLACED).where(*conditions))
    ]


def _in_order(rows: list[Unplaced]) -> list[Unplaced]:
    return sorted(rows, key=lambda row: (not row.was_copied, row.id))


def record_digests(connection: Connection, row: int, header: bytes | None, core: bytes | None) -> None:
    connection.execute(update(message).where(message.c.id == row).values(header_digest=header, core_digest=core))


_UNPLACED = (
    message.c.id, message.c.folder_id, message.c.key, message.c.size, message.c.received, message.c.flags_seen,
    message.c.header_digest, message.c.core_digest, message.c.outcome,
)  # fmt: skip


def _is_unplaced(mailbox_id: int, place: TargetFolderRow, folder_ids: Sequence[int]) -> ColumnElement[bool]:
    """Rows to be copied into this folder, and rows copied into it before it got a new epoch."""
    old = target_folder.alias("old")
    stale = select(old.c.id).where(
        old.c.mailbox_id == mailbox_id, old.c.path == path_text(place.path), old.c.epoch != place.epoch
    )
    copied = and_(
        message.c.outcome.in_(ON_TARGET),
        message.c.successor.is_(None),
        message.c.target_key.is_not(None),
        message.c.target_folder_id.in_(stale),
    )
    to_copy = and_(message.c.outcome == Outcome.PENDING, message.c.folder_id.in_(folder_ids), ~open_attempt)
    return and_(message.c.mailbox_id == mailbox_id, or_(copied, to_copy))
