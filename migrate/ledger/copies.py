"""Rows of messages whose copies are on the target: where they are, whose flags they carry, who owns them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Select, and_, bindparam, case, func, select, update

from connectors.contract import Reason
from migrate.ledger import deliveries, identity, repairs
from migrate.ledger.messages import UNTOLD, flag_set, flags_text, in_pieces
from migrate.ledger.prepared import Prepared
from migrate.ledger.schema import ON_TARGET, Direction, Outcome, mailbox, message, tally, target_folder


@dataclass(frozen=True, slots=True)
class CopyRow:
    """A message whose copy is on the target, with what we know of that copy."""

    id: int
    folder_id: int
    epoch: str
    key: str
    object_id: str | None
    size: int | None
    received: int | None
    flags_seen: frozenset[str]
    flags_synced: frozenset[str]
    flags_ours: frozenset[str]
    flags_theirs: frozenset[str]
    source_digest: bytes | None
    wire_digest: bytes | None
    core_digest: bytes | None
    header_digest: bytes | None
    message_id: str | None
    target_folder_id: int
    target_key: str | None
    outcome: Outcome
    gone: bool
    #: The row of another source whose copy stands for this one.
    same_as: int | None
    reason: str | None


def record_stored(connection: Connection, rows: Sequence[dict[str, Any]]) -> None:
    """The copy is on the target: keys row, key, to, outcome, reason, evidence, ours, theirs, synced, when."""
    _STORED.run(connection, rows)


_STORED = Prepared(
    update(message)
    .where(message.c.id == bindparam("row"))
    .values(
        outcome=bindparam("what"),
        reason=bindparam("why"),
        evidence=bindparam("how"),
        target_folder_id=bindparam("to"),
        target_key=bindparam("key_there"),
        flags_synced=bindparam("synced"),
        flags_ours=bindparam("ours"),
        flags_theirs=bindparam("theirs"),
        settled_at=bindparam("when"),
    )
)


def stored(
    row: int,
    target_folder_id: int,
    key: str | None,
    now: float,
    *,
    synced: str,
    ours: str,
    theirs: str = "",
    outcome: Outcome = Outcome.STORED,
    reason: Reason | None = None,
    evidence: str = "receipt",
) -> dict[str, Any]:
    """One row for :func:`record_stored`."""
    return {
        "row": row, "what": outcome, "why": reason, "how": evidence, "to": target_folder_id, "key_there": key,
        "synced": synced, "ours": ours, "theirs": theirs, "when": now,
    }  # fmt: skip


def record_key(connection: Connection, row: int, target_folder_id: int, key: str) -> None:
    """A stored copy is known under a new place or key."""
    connection.execute(
        update(message).where(message.c.id == row).values(target_folder_id=target_folder_id, target_key=key)
    )


def record_flags(
    connection: Connection, row: int, synced: frozenset[str], ours: frozenset[str], theirs: frozenset[str]
) -> None:
    connection.execute(
        update(message)
        .where(message.c.id == row)
        .values(flags_synced=flags_text(synced), flags_ours=flags_text(ours), flags_theirs=flags_text(theirs))
    )


def hand_over(
    connection: Connection,
    old: int,
    new: int,
    target_folder_id: int,
    key: str | None,
    now: float,
    *,
    outcome: Outcome = Outcome.STORED,
    reason: Reason | None = None,
    evidence: str = "move",
) -> None:
    """The message of row ``old`` is seen under row ``new`` now, which owns the copy on the target from here on."""
    was = by_id(connection, [old])[old]
    connection.execute(
        update(message)
        .where(message.c.id == new)
        .values(
            outcome=outcome,
            reason=reason,
            evidence=evidence,
            target_folder_id=target_folder_id,
            target_key=key,
            flags_seen=case((message.c.flags_seen == UNTOLD, flags_text(was.flags_seen)), else_=message.c.flags_seen),
            flags_synced=flags_text(was.flags_synced),
            flags_ours=flags_text(was.flags_ours),
            flags_theirs=flags_text(was.flags_theirs),
            source_digest=was.source_digest,
            wire_digest=was.wire_digest,
            core_digest=was.core_digest,
            header_digest=was.header_digest,
            message_id=was.message_id,
            same_as=was.same_as,
            settled_at=now,
        )
    )
    connection.execute(update(message).where(message.c.id == old).values(successor=new, target_key=None, same_as=None))
    # What the copy stands for in other sources, it goes on standing for.
    connection.execute(update(message).where(message.c.same_as == old).values(same_as=new))
    # What the other direction saw of it is that copy still.
    connection.execute(update(message).where(message.c.counterpart == old).values(counterpart=new))
    repairs.hand_over(connection, old, new)
    identity.hand_over(connection, old, new)
    deliveries.hand_over(connection, old, new)


def is_claimed(connection: Connection, target_folder_id: int, key: str, *, anywhere: bool = False) -> bool:
    """Whether a row owns this key of a target folder; ``anywhere``: of any target folder of its mailbox."""
    owned = _CLAIMED_ANYWHERE if anywhere else _CLAIMED
    return connection.execute(owned, {"folder": target_folder_id, "key": key}).first() is not None


def claimed_keys(connection: Connection, target_folder_id: int, *, anywhere: bool = False) -> Iterator[str]:
    owned = _claimed(anywhere=anywhere).where(message.c.target_key.is_not(None))
    yield from connection.execute(owned, {"folder": target_folder_id}).scalars()


def _claimed(*, anywhere: bool) -> Select[Any]:
    if not anywhere:
        return select(message.c.target_key).where(message.c.target_folder_id == bindparam("folder"))
    beside = target_folder.alias()
    of_mailbox = (target_folder.c.mailbox_id == beside.c.mailbox_id, target_folder.c.direction == beside.c.direction)
    all_of_it = select(target_folder.c.id).join(beside, and_(*of_mailbox)).where(beside.c.id == bindparam("folder"))
    return select(message.c.target_key).where(message.c.target_folder_id.in_(all_of_it))


_CLAIMED, _CLAIMED_ANYWHERE = (
    _claimed(anywhere=anywhere).where(message.c.target_key == bindparam("key")) for anywhere in (False, True)
)


def keys_there(connection: Connection, mailbox_id: int) -> set[str]:
    """The keys of everything that is known to be on the target."""
    keys = connection.execute(
        select(message.c.target_key)
        .join(target_folder, target_folder.c.id == message.c.target_folder_id)
        .where(target_folder.c.mailbox_id == mailbox_id, message.c.target_key.is_not(None))
    )
    return set(keys.scalars())


def flags_to_carry(
    connection: Connection, mailbox_id: int, direction: Direction, after: int, limit: int
) -> list[CopyRow]:
    """Copies whose flags changed on the source since they were last carried over."""
    where = _select_copies(mailbox_id, direction).where(_FLAGS_DIFFER, message.c.id > after)
    return _copies(connection, where.order_by(message.c.id).limit(limit))


def count_flags_to_carry(connection: Connection, mailbox_id: int, direction: Direction) -> int:
    where = _select_copies(mailbox_id, direction).where(_FLAGS_DIFFER).with_only_columns(func.count())
    return int(connection.execute(where).scalar_one())


_FLAGS_DIFFER = and_(
    message.c.flags_seen != message.c.flags_synced, message.c.target_key.is_not(None), message.c.gone_at.is_(None)
)


@dataclass(frozen=True, slots=True)
class FlagSample:
    """The first and the last row of one set of flags in one target folder."""

    first: int
    last: int


def flag_samples(connection: Connection, mailbox_id: int, direction: Direction, since: float) -> list[FlagSample]:
    """Of the messages that we stored with flags since a moment."""
    where = _given_since(mailbox_id, direction, since).with_only_columns(func.min(message.c.id), func.max(message.c.id))
    rows = connection.execute(where.group_by(message.c.target_folder_id, message.c.flags_ours))
    return [FlagSample(first, last) for first, last in rows]


def stored_since(
    connection: Connection, mailbox_id: int, direction: Direction, since: float, after: int, limit: int
) -> list[CopyRow]:
    """Messages that we stored with flags since a moment, a page at a time."""
    where = _given_since(mailbox_id, direction, since).where(message.c.id > after)
    return _copies(connection, where.order_by(message.c.id).limit(limit))


def stripped_since(
    connection: Connection, mailbox_id: int, direction: Direction, since: float, after: int, limit: int
) -> list[CopyRow]:
    """Messages that we stored since a moment without some of the source's flags, a page at a time."""
    where = _stored_since(mailbox_id, direction, since).where(
        message.c.flags_synced != message.c.flags_ours, message.c.id > after
    )
    return _copies(connection, where.order_by(message.c.id).limit(limit))


def _given_since(mailbox_id: int, direction: Direction, since: float) -> Select[Any]:
    return _stored_since(mailbox_id, direction, since).where(message.c.flags_ours != "")


def _stored_since(mailbox_id: int, direction: Direction, since: float) -> Select[Any]:
    return _select_copies(mailbox_id, direction).where(
        message.c.outcome == Outcome.STORED,
        message.c.settled_at > since,
        message.c.target_key.is_not(None),
        message.c.gone_at.is_(None),
    )


def by_id(connection: Connection, rows: Sequence[int]) -> dict[int, CopyRow]:
    """These rows by id, if their copies are on the target or may be."""
    found: dict[int, CopyRow] = {}
    for some in in_pieces(rows):
        where = select(*_COPY).where(message.c.id.in_(some), message.c.outcome.in_((*ON_TARGET, Outcome.UNCERTAIN)))
        found |= {row.id: row for row in _copies(connection, where)}
    return found


def brought(connection: Connection, site: str) -> dict[str, tuple[int, int]]:
    """Messages and bytes that passes brought to the target, by mailbox of a site; a mailbox without a pass has none."""
    forth = Direction.FORTH
    messages = (
        select(mailbox.c.id, mailbox.c.name, func.sum(tally.c.messages))
        .join(tally, tally.c.mailbox_id == mailbox.c.id)
        .where(mailbox.c.site == site, tally.c.direction == forth, tally.c.outcome.in_(ON_TARGET))
        .group_by(mailbox.c.id, mailbox.c.name)
    )
    sizes = (
        select(message.c.mailbox_id, func.sum(message.c.size))
        .join(mailbox, mailbox.c.id == message.c.mailbox_id)
        .where(
            mailbox.c.site == site,
            message.c.direction == forth,
            message.c.outcome.in_(ON_TARGET),
            message.c.successor.is_(None),
        )
        .group_by(message.c.mailbox_id)
    )
    bytes_of = {id_: int(size or 0) for id_, size in connection.execute(sizes)}
    return {name: (int(count), bytes_of.get(id_, 0)) for id_, name, count in connection.execute(messages)}


_COPY = (
    message.c.id, message.c.folder_id, message.c.epoch, message.c.key, message.c.object_id, message.c.size,
    message.c.received, message.c.flags_seen, message.c.flags_synced, message.c.flags_ours, message.c.flags_theirs,
    message.c.source_digest, message.c.wire_digest, message.c.core_digest, message.c.header_digest,
    message.c.message_id, message.c.target_folder_id, message.c.target_key, message.c.outcome, message.c.gone_at,
    message.c.same_as, message.c.reason,
)  # fmt: skip


def _select_copies(mailbox_id: int, direction: Direction) -> Select[Any]:
    return select(*_COPY).where(
        message.c.mailbox_id == mailbox_id,
        message.c.direction == direction,
        message.c.outcome.in_(ON_TARGET),
        message.c.successor.is_(None),
    )


def _copies(connection: Connection, statement: Select[Any]) -> list[CopyRow]:
    found = []
    for row in connection.execute(statement).mappings():
        values: dict[str, Any] = {name: row[name] for name in row if name != "gone_at"}
        values |= {name: flag_set(row[name]) for name in _FLAGS}
        found.append(CopyRow(**values | {"outcome": Outcome(row["outcome"]), "gone": row["gone_at"] is not None}))
    return found


_FLAGS = ("flags_seen", "flags_synced", "flags_ours", "flags_theirs")
