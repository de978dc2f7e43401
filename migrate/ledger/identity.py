"""Rows of several sources that are one message: whose copy stands for whom, one to one, never within one source."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, and_, bindparam, exists, select, update
from sqlalchemy.sql import ColumnElement

from connectors.contract import Reason
from migrate.ledger.messages import in_pieces
from migrate.ledger.schema import ON_TARGET, Direction, Outcome, content, folder, message

_twin = message.alias("twin")

#: Evidence of a row that is to be copied although another source brought the same message.
APART = "apart"


@dataclass(frozen=True, slots=True)
class Unread:
    """A copy of another source whose content was never read: it was on the target before us."""

    id: int
    target_folder_id: int
    target_key: str


def collect(connection: Connection, mailbox_id: int, direction: Direction) -> None:
    """Make the contents of a mailbox's copies known to :func:`partner`."""
    known = exists().where(content.c.message_id == message.c.id)
    copies = select(message.c.id, message.c.mailbox_id, message.c.core_digest).where(
        *_is_copy(mailbox_id, direction), message.c.core_digest.is_not(None), ~known
    )
    connection.execute(content.insert().from_select(["message_id", "mailbox_id", "core_digest"], copies))


def partner(connection: Connection, mailbox_id: int, direction: Direction, source: str, core: bytes) -> int | None:
    """The row of another source that has this content and stands for no message of ``source`` yet."""
    values = {"mailbox": mailbox_id, "direction": direction, "source": source, "core": core}
    row: int | None = connection.execute(_PARTNER, values).scalar()
    return row


def apart(connection: Connection, rows: Sequence[int]) -> set[int]:
    """Those that a person wants copied although another source brought the same message."""
    found: set[int] = set()
    for some in in_pieces(rows):
        where = (message.c.id.in_(some), message.c.evidence == APART)
        found.update(connection.execute(select(message.c.id).where(*where)).scalars())
    return found


def stand_for(connection: Connection, row: int, other: int, now: float) -> None:
    """The copy of row ``other`` is the message of ``row`` too: nothing is sent for it."""
    connection.execute(
        update(message)
        .where(message.c.id == row)
        .values(
            outcome=Outcome.ALREADY_THERE,
            reason=Reason.IN_ANOTHER_SOURCE,
            evidence="core",
            same_as=other,
            target_folder_id=select(_twin.c.target_folder_id).where(_twin.c.id == other).scalar_subquery(),
            settled_at=now,
        )
    )


def separate(connection: Connection, mailbox_id: int, direction: Direction) -> int:
    """What another source's copy stands for becomes pending, to be copied for itself; how many there were."""
    parted = connection.execute(
        update(message)
        .where(
            message.c.mailbox_id == mailbox_id,
            message.c.direction == direction,
            message.c.same_as.is_not(None),
            message.c.gone_at.is_(None),
            message.c.successor.is_(None),
        )
        .values(outcome=Outcome.PENDING, reason=None, evidence=APART, same_as=None, settled_at=None)
    )
    return parted.rowcount


def has_unread(connection: Connection, mailbox_id: int, direction: Direction, source: str) -> bool:
    """Whether other sources have copies whose content is not known."""
    where = _unread(mailbox_id, direction, source)
    return connection.execute(select(message.c.id).where(*where).limit(1)).first() is not None


def unread(
    connection: Connection, mailbox_id: int, direction: Direction, source: str, headers: Sequence[bytes]
) -> list[Unread]:
    """Copies of other sources with one of these header digests whose content is not known."""
    found: list[Unread] = []
    columns = (message.c.id, message.c.target_folder_id, message.c.target_key)
    for some in in_pieces(headers):
        where = (*_unread(mailbox_id, direction, source), message.c.header_digest.in_(some))
        found += [Unread(*row) for row in connection.execute(select(*columns).where(*where))]
    return found


def record_core(connection: Connection, row: int, core: bytes) -> None:
    connection.execute(update(message).where(message.c.id == row).values(core_digest=core))


def _is_copy(mailbox_id: int, direction: Direction) -> tuple[ColumnElement[bool], ...]:
    """Messages with a copy of their own on the target."""
    return (
        message.c.mailbox_id == mailbox_id,
        message.c.direction == direction,
        message.c.outcome.in_(ON_TARGET),
        message.c.successor.is_(None),
        message.c.same_as.is_(None),
    )


def _unread(mailbox_id: int, direction: Direction, source: str) -> tuple[ColumnElement[bool], ...]:
    others = select(folder.c.id).where(folder.c.mailbox_id == mailbox_id, folder.c.source != source)
    return (
        *_is_copy(mailbox_id, direction),
        message.c.core_digest.is_(None),
        message.c.target_key.is_not(None),
        message.c.folder_id.in_(others),
    )


_twin_folder = folder.alias("twin_folder")
_TAKEN = (
    exists()
    .where(_twin.c.same_as == message.c.id)
    .where(and_(_twin_folder.c.id == _twin.c.folder_id, _twin_folder.c.source == bindparam("source")))
)
_PARTNER = (
    select(message.c.id)
    .join(content, content.c.message_id == message.c.id)
    .join(folder, folder.c.id == message.c.folder_id)
    .where(
        content.c.mailbox_id == bindparam("mailbox"),
        content.c.core_digest == bindparam("core"),
        message.c.direction == bindparam("direction"),
        message.c.outcome.in_(ON_TARGET),
        message.c.successor.is_(None),
        message.c.same_as.is_(None),
        folder.c.source != bindparam("source"),
        ~_TAKEN,
    )
    .order_by(message.c.id)
    .limit(1)
)
