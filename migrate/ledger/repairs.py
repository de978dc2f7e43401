"""Rows of repairs: which originals are kept, what was sent in their place, and what targets changed by themselves."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, and_, delete, exists, func, select, update

from connectors.contract import Reason
from migrate.ledger.messages import in_pieces
from migrate.ledger.schema import ON_TARGET, Direction, Outcome, alteration, folder, manner, message, original, repair


@dataclass(frozen=True, slots=True)
class Repair:
    """A repaired message that is about to be sent."""

    message_id: int
    rules: Sequence[str]
    #: As it was read; in wire form, as it is kept; as it is sent, and what of that survives added header fields.
    source_digest: bytes
    original_digest: bytes
    wire_digest: bytes
    core_digest: bytes


@dataclass(frozen=True, slots=True)
class TooLarge:
    """A message that was refused for its length, and is not kept yet."""

    id: int
    folder_id: int
    key: str
    size: int | None


@dataclass(frozen=True, slots=True)
class Changed:
    """A copy that is not what the source holds: we repaired it, or the target altered it."""

    id: int
    folder: tuple[str, ...]
    key: str
    #: Seconds since 1970, UTC.
    received: int | None
    size: int | None
    by_us: bool
    rules: tuple[str, ...]
    when: float
    #: As the original is kept (None where it is not), as it was sent, and as the target holds it where we know better.
    original: bytes | None
    sent: bytes
    found: bytes | None = None


def record(connection: Connection, repairs: Sequence[Repair], now: float) -> None:
    """In the transaction that records the attempt to send them."""
    for one in repairs:
        keep(connection, one.message_id, one.original_digest, now)
        same = and_(repair.c.message_id == one.message_id, repair.c.wire_digest == one.wire_digest)
        connection.execute(delete(repair).where(same))
        connection.execute(
            repair.insert().values(
                message_id=one.message_id,
                rules=" ".join(one.rules),
                source_digest=one.source_digest,
                wire_digest=one.wire_digest,
                core_digest=one.core_digest,
                made_at=now,
            )
        )


def keep(connection: Connection, message_id: int, digest: bytes, now: float) -> None:
    """The original of this message is kept, under its digest."""
    kept = connection.execute(select(original.c.digest).where(original.c.message_id == message_id)).scalar()
    if kept != digest:
        connection.execute(delete(original).where(original.c.message_id == message_id))
        connection.execute(original.insert().values(message_id=message_id, digest=digest, kept_at=now))


def record_alteration(
    connection: Connection, message_id: int, rules: Iterable[str], sent: bytes, found: bytes, now: float
) -> None:
    connection.execute(
        alteration.insert().values(
            message_id=message_id, rules=" ".join(rules), wire_digest=sent, found_digest=found, found_at=now
        )
    )


def learn(connection: Connection, system: str, rule: str, now: float, *, alters: bool) -> None:
    """What reading back taught of a system.  That it alters is never unlearnt."""
    known = alters_by_itself(connection, system, rule)
    if known is None:
        connection.execute(manner.insert().values(system=system, rule=rule, alters=alters, learnt_at=now))
    elif alters and not known:
        same = and_(manner.c.system == system, manner.c.rule == rule)
        connection.execute(update(manner).where(same).values(alters=True, learnt_at=now))


def alters_by_itself(connection: Connection, system: str, rule: str) -> bool | None:
    """Whether the system changes without a word what the rule is there for; None when that is not known."""
    found: bool | None = connection.execute(
        select(manner.c.alters).where(manner.c.system == system, manner.c.rule == rule)
    ).scalar()
    return found


def hand_over(connection: Connection, old: int, new: int) -> None:
    """The copy belongs to another row now, and with it what is known of its repair."""
    for table in (original, repair, alteration):
        if connection.execute(select(table.c.id).where(table.c.message_id == old)).first() is not None:
            connection.execute(delete(table).where(table.c.message_id == new))
            connection.execute(update(table).where(table.c.message_id == old).values(message_id=new))


def too_large_and_not_kept(connection: Connection, mailbox_id: int, direction: Direction) -> list[TooLarge]:
    """What the target does not take for its length and is still on the source."""
    rows = connection.execute(
        select(message.c.id, message.c.folder_id, message.c.key, message.c.size)
        .join(folder, and_(folder.c.id == message.c.folder_id, folder.c.epoch == message.c.epoch))
        .where(
            message.c.mailbox_id == mailbox_id,
            message.c.direction == direction,
            message.c.outcome == Outcome.REFUSED,
            message.c.reason == Reason.TOO_LARGE,
            message.c.gone_at.is_(None),
            message.c.successor.is_(None),
            ~exists().where(original.c.message_id == message.c.id),
        )
        .order_by(message.c.id)
    )
    return [TooLarge(*row) for row in rows]


def originals(connection: Connection, rows: Sequence[int]) -> dict[int, bytes]:
    """By row, the digest under which its original is kept."""
    found: dict[int, bytes] = {}
    for some in in_pieces(rows):
        kept = select(original.c.message_id, original.c.digest).where(original.c.message_id.in_(some))
        found.update((row.message_id, row.digest) for row in connection.execute(kept))
    return found


#: What was sent last was the repaired form: a row of an earlier try does not count.
_was_sent = and_(repair.c.message_id == message.c.id, repair.c.wire_digest == message.c.wire_digest)
_was_altered = and_(alteration.c.message_id == message.c.id, alteration.c.wire_digest == message.c.wire_digest)
_is_there = and_(message.c.outcome.in_(ON_TARGET), message.c.successor.is_(None))


def count(connection: Connection, mailbox_ids: Sequence[int], direction: Direction) -> dict[int, tuple[int, int]]:
    """Copies of these mailboxes that we repaired, and that the target altered; mailboxes without any are left out."""
    repaired, altered = (_counted(connection, table, how, direction) for table, how in _HOW_CHANGED)
    return {
        id_: (repaired.get(id_, 0), altered.get(id_, 0)) for id_ in mailbox_ids if id_ in repaired or id_ in altered
    }


_HOW_CHANGED = ((repair, _was_sent), (alteration, _was_altered))


def _counted(connection: Connection, table: Table, how: ColumnElement[bool], direction: Direction) -> dict[int, int]:
    """By mailbox.  Each repair looks up its message: a join would begin with the messages, which may be millions."""
    its = select(message.c.mailbox_id).where(how, message.c.direction == direction, _is_there).correlate(table)
    counted = select(its.scalar_subquery().label("its"), func.count(table.c.message_id.distinct())).group_by("its")
    return {mailbox_id: number for mailbox_id, number in connection.execute(counted) if mailbox_id is not None}


def of_mailbox(connection: Connection, mailbox_id: int, direction: Direction) -> list[Changed]:
    """Every copy of a mailbox that is not what the source holds, as far as that is known."""
    ours = _changed(connection, repair.c.rules, repair.c.made_at, None, _was_sent, mailbox_id, direction)
    theirs = _changed(
        connection, alteration.c.rules, alteration.c.found_at, alteration.c.found_digest, _was_altered, mailbox_id,
        direction,
    )  # fmt: skip
    return sorted((*ours, *theirs), key=lambda one: one.id)


def _changed(
    connection: Connection, rules: Any, when: Any, found: Any, how: Any, mailbox_id: int, direction: Direction
) -> list[Changed]:
    columns = (
        message.c.id, folder.c.path, message.c.key, message.c.received, message.c.size, message.c.wire_digest,
        original.c.digest, rules.label("rules"), when.label("when"),
    )  # fmt: skip
    rows = connection.execute(
        select(*columns, *(() if found is None else (found.label("found"),)))
        .join(folder, folder.c.id == message.c.folder_id)
        .join(rules.table, how)
        .outerjoin(original, original.c.message_id == message.c.id)
        .where(message.c.mailbox_id == mailbox_id, message.c.direction == direction, _is_there)
    )
    return [
        Changed(
            row.id, tuple(json.loads(row.path)), row.key, row.received, row.size, found is None,
            tuple(row.rules.split()), row.when, row.digest, row.wire_digest, None if found is None else row.found,
        )
        for row in rows
    ]  # fmt: skip
