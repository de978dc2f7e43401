"""Rows that may be one message under two keys: moved, renumbered, or in flight under the older one."""

from __future__ import annotations

from sqlalchemy import ColumnElement, Connection, and_, exists, or_, select

from migrate.ledger.messages import open_attempt
from migrate.ledger.schema import ON_TARGET, Direction, Outcome, attempt, message

#: Triples (new row, its folder, older row).
Lookalikes = list[tuple[int, int, int]]

_old = message.alias("old")
_elsewhere = or_(_old.c.folder_id != message.c.folder_id, _old.c.epoch != message.c.epoch)
_in_flight = exists().where(attempt.c.message_id == _old.c.id)
_sent = and_(_old.c.outcome.in_((*ON_TARGET, Outcome.UNCERTAIN)), _old.c.successor.is_(None))


def gone(connection: Connection, mailbox_id: int, direction: Direction) -> Lookalikes:
    """New rows beside copies whose message is no longer where it was."""
    return _pairs(connection, mailbox_id, direction, and_(_sent, _old.c.gone_at.is_not(None)))


def there(connection: Connection, mailbox_id: int, direction: Direction) -> Lookalikes:
    """New rows beside copies whose message is listed in another place too."""
    return _pairs(connection, mailbox_id, direction, and_(_sent, _old.c.gone_at.is_(None), _elsewhere))


def in_flight(connection: Connection, mailbox_id: int, direction: Direction) -> Lookalikes:
    """New rows beside messages in flight that are gone, or in another place."""
    return _pairs(connection, mailbox_id, direction, and_(_in_flight, or_(_old.c.gone_at.is_not(None), _elsewhere)))


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
