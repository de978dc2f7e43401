"""Rows of messages: seen on the source, and what became of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy import Connection, and_, bindparam, exists, func, select, update

from connectors.contract import Entry, Reason
from migrate.ledger.prepared import Prepared
from migrate.ledger.schema import Direction, Outcome, attempt, message

#: In the place of flags that the source does not tell: they are decided when the message is read, and then stay.
UNTOLD = "?"
#: Keys named in one statement; well under SQLite's limit of variables.
_NAMED = 500

_T = TypeVar("_T")

open_attempt = exists().where(attempt.c.message_id == message.c.id)


@dataclass(frozen=True, slots=True)
class Known:
    """What the ledger knows of a listed message."""

    id: int
    flags_seen: frozenset[str]
    outcome: Outcome
    reason: Reason | None
    gone: bool


@dataclass(frozen=True, slots=True)
class PendingRow:
    """A message to copy."""

    id: int
    key: str
    size: int | None
    received: int | None


@dataclass(frozen=True, slots=True)
class NewRow:
    """A message that may be one we know under another key, or that the target may hold already."""

    id: int
    folder_id: int
    epoch: str
    key: str
    object_id: str | None
    size: int | None
    received: int | None
    header_digest: bytes | None
    core_digest: bytes | None


def flags_text(flags: Iterable[str]) -> str:
    return " ".join(sorted(flags))


def flag_set(text: str) -> frozenset[str]:
    return frozenset(text.split())


def known(connection: Connection, folder_id: int, epoch: str, keys: Sequence[str]) -> dict[str, Known]:
    """The rows of these keys, by key."""
    found: dict[str, Known] = {}
    columns = (
        message.c.key, message.c.id, message.c.flags_seen, message.c.outcome, message.c.reason, message.c.gone_at
    )  # fmt: skip
    for some in in_pieces(keys):
        rows = connection.execute(
            select(*columns).where(message.c.folder_id == folder_id, message.c.epoch == epoch, message.c.key.in_(some))
        )
        for key, id_, flags, outcome, reason, gone_at in rows:
            found[key] = Known(
                id_, flag_set(flags), Outcome(outcome), Reason(reason) if reason else None, gone_at is not None
            )
    return found


def add(
    connection: Connection,
    mailbox_id: int,
    direction: Direction,
    folder_id: int,
    epoch: str,
    entries: Iterable[tuple[Entry, Reason | None]],
    now: float,
) -> None:
    """New rows, pending, or left out for the reason that stands beside the entry."""
    rows = [
        {
            "mailbox_id": mailbox_id,
            "direction": direction,
            "folder_id": folder_id,
            "epoch": epoch,
            "key": entry.key,
            "object_id": entry.object_id,
            "size": entry.size,
            "received": None if entry.received is None else int(entry.received.timestamp()),
            "flags_seen": UNTOLD if entry.flags is None else flags_text(entry.flags),
            "outcome": Outcome.LEFT_OUT if reason else Outcome.PENDING,
            "reason": reason,
            "settled_at": now if reason else None,
        }
        for entry, reason in entries
    ]
    _INSERT.run(connection, rows)


_INSERT = Prepared(message.insert().values(flags_synced="", flags_ours="", flags_theirs=""))


def see(connection: Connection, changes: Sequence[tuple[int, frozenset[str]]]) -> None:
    """These rows are on the source, with these flags."""
    if changes:
        connection.execute(
            update(message).where(message.c.id == bindparam("row")).values(flags_seen=bindparam("flags"), gone_at=None),
            [{"row": row, "flags": flags_text(flags)} for row, flags in changes],
        )


def decide(connection: Connection, decisions: Sequence[tuple[int, Outcome, Reason | None]], now: float) -> None:
    """Outcomes that need no receipt: left out, refused, uncertain, or pending again."""
    if decisions:
        connection.execute(
            update(message)
            .where(message.c.id == bindparam("row"))
            .values(outcome=bindparam("what"), reason=bindparam("why"), settled_at=bindparam("when")),
            [
                {"row": row, "what": outcome, "why": reason, "when": None if outcome is Outcome.PENDING else now}
                for row, outcome, reason in decisions
            ],
        )


def newest(connection: Connection, folder_id: int) -> int:
    """The highest row of a folder, 0 when it has none."""
    highest = connection.execute(select(func.max(message.c.id)).where(message.c.folder_id == folder_id)).scalar()
    return highest or 0


def ids(connection: Connection, folder_id: int, epoch: str, upto: int) -> Iterator[int]:
    """Rows of a folder that are not gone, in order, as far as row ``upto``."""
    where = (
        message.c.folder_id == folder_id,
        message.c.epoch == epoch,
        message.c.gone_at.is_(None),
        message.c.id <= upto,
    )
    yield from connection.execute(select(message.c.id).where(*where).order_by(message.c.id)).scalars()


def ids_of_other_epochs(connection: Connection, folder_id: int, epoch: str) -> list[int]:
    where = (message.c.folder_id == folder_id, message.c.epoch != epoch, message.c.gone_at.is_(None))
    return list(connection.execute(select(message.c.id).where(*where)).scalars())


def mark_gone(connection: Connection, rows: Sequence[int], now: float) -> None:
    """No longer on the source.  What was never sent is accounted for as gone; what was sent keeps its outcome."""
    for some in in_pieces(rows):
        connection.execute(update(message).where(message.c.id.in_(some)).values(gone_at=now))
        connection.execute(
            update(message)
            .where(message.c.id.in_(some), message.c.outcome == Outcome.PENDING, ~open_attempt)
            .values(outcome=Outcome.REFUSED, reason=Reason.GONE, settled_at=now)
        )


def pending(connection: Connection, folder_id: int, epoch: str, after: int, limit: int) -> list[PendingRow]:
    """The next rows to copy, in order of id; those in flight are left to be settled."""
    rows = connection.execute(_PENDING, {"folder": folder_id, "epoch": epoch, "after": after, "most": limit})
    return [PendingRow(*row) for row in rows]


_PENDING = (
    select(message.c.id, message.c.key, message.c.size, message.c.received)
    .where(
        message.c.folder_id == bindparam("folder"),
        message.c.epoch == bindparam("epoch"),
        message.c.id > bindparam("after"),
        message.c.outcome == Outcome.PENDING,
        ~open_attempt,
    )
    .order_by(message.c.id)
    .limit(bindparam("most"))
)


def by_id(connection: Connection, rows: Sequence[int]) -> dict[int, NewRow]:
    found: dict[int, NewRow] = {}
    for some in in_pieces(rows):
        for row in connection.execute(select(*_NEW).where(message.c.id.in_(some))):
            found[row.id] = NewRow(*row)
    return found


_NEW = (
    message.c.id, message.c.folder_id, message.c.epoch, message.c.key, message.c.object_id, message.c.size,
    message.c.received, message.c.header_digest, message.c.core_digest,
)  # fmt: skip


def apply_limit(
    connection: Connection, mailbox_id: int, direction: Direction, max_message: int | None, now: float
) -> None:
    """Refuse what is longer than the target takes, and open again what was too long for an earlier limit."""
    of_mailbox = and_(message.c.mailbox_id == mailbox_id, message.c.direction == direction)
    too_large = and_(message.c.outcome == Outcome.REFUSED, message.c.reason == Reason.TOO_LARGE)
    if max_message is not None:
        connection.execute(
            update(message)
            .where(of_mailbox, message.c.outcome == Outcome.PENDING, message.c.size > max_message, ~open_attempt)
            .values(outcome=Outcome.REFUSED, reason=Reason.TOO_LARGE, settled_at=now)
        )
        connection.execute(
            update(message)
            .where(of_mailbox, too_large, message.c.size <= max_message, message.c.gone_at.is_(None))
            .values(outcome=Outcome.PENDING, reason=None, settled_at=None)
        )


def open_again(connection: Connection, mailbox_id: int, direction: Direction, reason: Reason, since: float) -> bool:
    """Pending again: what was refused for this reason since then.  True when anything was."""
    opened = connection.execute(
        update(message)
        .where(
            message.c.mailbox_id == mailbox_id,
            message.c.direction == direction,
            message.c.outcome == Outcome.REFUSED,
            message.c.reason == reason,
            message.c.settled_at >= since,
        )
        .values(outcome=Outcome.PENDING, reason=None, settled_at=None)
    )
    return opened.rowcount > 0


def record_digests(connection: Connection, rows: Sequence[dict[str, Any]]) -> None:
    """What reading the message taught: keys row, source, wire, core, header (digests), message_id, flags, size."""
    _DIGESTS.run(connection, rows)


_DIGESTS = Prepared(
    update(message)
    .where(message.c.id == bindparam("row"))
    .values(
        source_digest=bindparam("source"),
        wire_digest=bindparam("wire"),
        core_digest=bindparam("core"),
        header_digest=bindparam("header"),
        message_id=bindparam("mid"),
        flags_seen=bindparam("flags"),
        target_folder_id=bindparam("to"),
    )
)


def in_pieces(items: Sequence[_T]) -> Iterator[Sequence[_T]]:
    for start in range(0, len(items), _NAMED):
        yield items[start : start + _NAMED]
