"""Rows of several sources that are one message: whose copy stands for whom, one to one, never within one source."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import Boolean, Connection, Select, Table, and_, bindparam, delete, exists, or_, select, true, update
from sqlalchemy.sql import ColumnElement

from connectors.contract import Reason
from migrate.ledger.messages import in_pieces
from migrate.ledger.schema import ON_TARGET, Direction, Outcome, content, folder, likeness, message, source

_twin = message.alias("twin")

#: Evidence of a row that is to be copied although another source brought the same message.
APART = "apart"
#: Likeness of a copy that lacks a part, which nothing is like: the same message of another source may have it.
UNLIKE = b""


#: By what two messages were found to be one: their content, or what rebuilt mail has in common with the same mail
#: elsewhere.
Trait = Literal["core", "likeness"]


@dataclass(frozen=True, slots=True)
class Unread:
    """A copy of another source of which a trait is not known.

    Of its content: it was on the target before us.  Of its likeness: it was copied before there was need of it.
    """

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


def partner(connection: Connection, mailbox_id: int, direction: Direction, of: str, core: bytes) -> int | None:
    """The row of another source that has this content and stands for no message of source ``of`` yet."""
    values = {"mailbox": mailbox_id, "direction": direction, "source": of, "digest": core}
    row: int | None = connection.execute(_PARTNER, values).scalar()
    return row


def rebuilt_partner(
    connection: Connection, mailbox_id: int, direction: Direction, of: str, digest: bytes, *, rebuilt: bool
) -> int | None:
    """As :func:`partner`, by likeness.  Unless mail of this source is ``rebuilt``, that of the other has to be."""
    values = {"mailbox": mailbox_id, "direction": direction, "source": of, "digest": digest, "rebuilt": rebuilt}
    row: int | None = connection.execute(_REBUILT_PARTNER, values).scalar()
    return row


def apart(connection: Connection, rows: Sequence[int]) -> set[int]:
    """Those that a person wants copied although another source brought the same message."""
    found: set[int] = set()
    for some in in_pieces(rows):
        where = (message.c.id.in_(some), message.c.evidence == APART)
        found.update(connection.execute(select(message.c.id).where(*where)).scalars())
    return found


def stand_for(connection: Connection, row: int, other: int, now: float, evidence: Trait) -> None:
    """The copy of row ``other`` is the message of ``row`` too: nothing is sent for it."""
    connection.execute(
        update(message)
        .where(message.c.id == row)
        .values(
            outcome=Outcome.ALREADY_THERE,
            reason=Reason.IN_ANOTHER_SOURCE,
            evidence=evidence,
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


def has_unread(
    connection: Connection, mailbox_id: int, direction: Direction, of: str, trait: Trait, *, rebuilt: bool
) -> bool:
    """Whether sources beside ``of`` have copies of which the trait is not known."""
    where = _unread(mailbox_id, direction, of, trait, rebuilt=rebuilt)
    return connection.execute(select(message.c.id).where(*where).limit(1)).first() is not None


def unread(
    connection: Connection,
    mailbox_id: int,
    direction: Direction,
    of: str,
    headers: Sequence[bytes],
    trait: Trait,
    *,
    rebuilt: bool,
) -> list[Unread]:
    """Copies of other sources with one of these header digests of which the trait is not known."""
    found: list[Unread] = []
    columns = (message.c.id, message.c.target_folder_id, message.c.target_key)
    for some in in_pieces(headers):
        where = (*_unread(mailbox_id, direction, of, trait, rebuilt=rebuilt), message.c.header_digest.in_(some))
        found += [Unread(*row) for row in connection.execute(select(*columns).where(*where))]
    return found


def record_core(connection: Connection, row: int, core: bytes) -> None:
    """What the copy on the target holds, of which nothing was known."""
    nothing = (message.c.id == row, message.c.core_digest.is_(None))
    connection.execute(update(message).where(*nothing).values(core_digest=core))


def record_likeness(connection: Connection, mailbox_id: int, digests: Mapping[int, bytes]) -> None:
    """By row, what the message is recognised by where it is rebuilt."""
    for some in in_pieces(list(digests)):
        connection.execute(delete(likeness).where(likeness.c.message_id.in_(some)))
        rows = [{"message_id": row, "mailbox_id": mailbox_id, "digest": digests[row]} for row in some]
        connection.execute(likeness.insert(), rows)


def hand_over(connection: Connection, old: int, new: int) -> None:
    """The message of row ``old`` is seen under row ``new``."""
    connection.execute(delete(likeness).where(likeness.c.message_id == new))
    connection.execute(update(likeness).where(likeness.c.message_id == old).values(message_id=new))


def _is_copy(mailbox_id: int, direction: Direction) -> tuple[ColumnElement[bool], ...]:
    """Messages with a copy of their own on the target."""
    return (
        message.c.mailbox_id == mailbox_id,
        message.c.direction == direction,
        message.c.outcome.in_(ON_TARGET),
        message.c.successor.is_(None),
        message.c.same_as.is_(None),
    )


def _unread(
    mailbox_id: int, direction: Direction, of: str, trait: Trait, *, rebuilt: bool
) -> tuple[ColumnElement[bool], ...]:
    others = select(folder.c.id).where(folder.c.mailbox_id == mailbox_id, folder.c.source != of)
    if trait == "core":
        unknown: ColumnElement[bool] = message.c.core_digest.is_(None)
    else:
        unknown = ~exists().where(likeness.c.message_id == message.c.id)
        if not rebuilt:
            others = others.where(_is_rebuilt)
    return (
        *_is_copy(mailbox_id, direction),
        unknown,
        message.c.target_key.is_not(None),
        message.c.folder_id.in_(others),
    )


_twin_folder = folder.alias("twin_folder")
_TAKEN = (
    exists()
    .where(_twin.c.same_as == message.c.id)
    .where(and_(_twin_folder.c.id == _twin.c.folder_id, _twin_folder.c.source == bindparam("source")))
)
_is_rebuilt = exists().where(
    source.c.mailbox_id == folder.c.mailbox_id, source.c.name == folder.c.source, source.c.rebuilt
)


def _partners(known: Table, digest: ColumnElement[bytes]) -> Select[Any]:
    return (
        select(message.c.id)
        .join(known, known.c.message_id == message.c.id)
        .join(folder, folder.c.id == message.c.folder_id)
        .where(
            known.c.mailbox_id == bindparam("mailbox"),
            digest == bindparam("digest"),
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


_PARTNER = _partners(content, content.c.core_digest)
_REBUILT_PARTNER = _partners(likeness, likeness.c.digest).where(
    or_(bindparam("rebuilt", type_=Boolean) == true(), _is_rebuilt)
)
