"""Rows that may be one message under two keys: moved, renumbered, or in flight under the older one."""

from __future__ import annotations

from sqlalchemy import ColumnElement, Connection, and_, exists, or_, select, update

from migrate.ledger import attempts
from migrate.ledger.messages import in_pieces, open_attempt
from migrate.ledger.schema import ON_TARGET, Direction, Outcome, attempt, message, tally

#: Triples (new row, its folder, older row).
Lookalikes = list[tuple[int, int, int]]

_old = message.alias("old")
_elsewhere = or_(_old.c.folder_id != message.c.folder_id, _old.c.epoch != message.c.epoch)
_in_flight = exists().where(attempt.c.message_id == _old.c.id)
_sent = and_(_old.c.outcome.in_((*ON_TARGET, Outcome.UNCERTAIN)), _old.c.successor.is_(None))


def gone(connection: Connection, mailbox_id: int, direction: Direction) -> Lookalikes:
    """New rows beside copies whose message is no longer where it was."""
    if not _has_sent(connection, mailbox_id, direction, gone=True):
        return []
    return _pairs(connection, mailbox_id, direction, and_(_sent, _old.c.gone_at.is_not(None)))


def there(connection: Connection, mailbox_id: int, direction: Direction) -> Lookalikes:
    """New rows beside copies whose message is listed in another place too."""
    if not _has_sent(connection, mailbox_id, direction, gone=False):
        return []
    return _pairs(connection, mailbox_id, direction, and_(_sent, _old.c.gone_at.is_(None), _elsewhere))


def in_flight(connection: Connection, mailbox_id: int, direction: Direction) -> Lookalikes:
    """New rows beside messages in flight that are gone, or in another place."""
    if not attempts.count_unsettled(connection, mailbox_id, direction):
        return []
    return _pairs(connection, mailbox_id, direction, and_(_in_flight, or_(_old.c.gone_at.is_not(None), _elsewhere)))


def reopen_returned(connection: Connection, mailbox_id: int, direction: Direction) -> None:
    """Messages that are where they were before they moved, and no longer where they had moved to: pending again.

    Their copy belongs to the row of that other place by now; as new ones they are paired with it, and it follows.
    """
    # Few rows, on an index of their own: no mailbox is gone through for them.
    there = select(message.c.id, message.c.successor).where(
        message.c.mailbox_id == mailbox_id,
        message.c.direction == direction,
        message.c.gone_at.is_(None),
        message.c.successor.is_not(None),
    )
    returned = [row for row, successor in connection.execute(there).all() if _is_gone(connection, row, successor)]
    for some in in_pieces(returned):
        connection.execute(
            update(message)
            .where(message.c.id.in_(some))
            .values(outcome=Outcome.PENDING, reason=None, evidence=None, successor=None, settled_at=None)
        )


def _is_gone(connection: Connection, row: int, successor: int) -> bool:
    """Whether the last of those that followed a row, each in the place of the one before, is gone."""
    seen = {row}
    gone_at: float | None = None
    following: int | None = successor
    while following is not None and following not in seen:
        seen.add(following)
        where = message.c.id == following
        following, gone_at = connection.execute(select(message.c.successor, message.c.gone_at).where(where)).one()
    return following is None and gone_at is not None


def _has_sent(connection: Connection, mailbox_id: int, direction: Direction, *, gone: bool) -> bool:
    """Whether there is any older row to pair with.

    Asked first, because a mailbox whose messages all have one date and size (another tool brought them) would be
    compared with itself, each message with every other.
    """
    counted = select(tally.c.messages).where(
        tally.c.mailbox_id == mailbox_id,
        tally.c.direction == direction,
        tally.c.outcome.in_((*ON_TARGET, Outcome.UNCERTAIN)),
        tally.c.gone == gone,
        tally.c.messages > 0,
    )
    return connection.execute(counted.limit(1)).first() is not None


def _pairs(connection: Connection, mailbox_id: int, direction: Direction, older: ColumnElement[bool]) -> Lookalikes:
    """New rows are pending and not in flight; they pair by object id, or by received second and size."""
    found: set[tuple[int, int, int]] = set()
    for same in (_SAME_OBJECT, _SAME_MOMENT):
        rows = connection.execute(
            select(message.c.id, message.c.folder_id, _old.c.id)
            .join(_old, and_(_old.c.mailbox_id == message.c.mailbox_id, same))
            .where(
                message.c.mailbox_id == mailbox_id,
                message.c.direction == direction,
                message.c.outcome == Outcome.PENDING,
                message.c.gone_at.is_(None),
                ~open_attempt,
                _old.c.direction == direction,
                _old.c.id != message.c.id,
                older,
            )
        )
        found.update((new, folder_id, old) for new, folder_id, old in rows)
    return sorted(found)


#: Two queries, each on an index of its own: joined by OR they would compare every row with every other.
_SAME_OBJECT = and_(_old.c.object_id == message.c.object_id, message.c.object_id.is_not(None))
_SAME_MOMENT = and_(
    _old.c.received == message.c.received,
    _old.c.size == message.c.size,
    or_(message.c.object_id.is_(None), _old.c.object_id.is_(None)),
)
