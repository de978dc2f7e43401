"""What the ledger says of single messages, for explaining what a verification finds on the servers.  Reads only."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, func, select

from connectors.contract import Reason
from migrate.ledger.folders import FolderRow, path_text
from migrate.ledger.messages import flag_set, in_pieces
from migrate.ledger.schema import (
    ON_TARGET,
    Direction,
    Outcome,
    alteration,
    arrival,
    folder,
    message,
    original,
    repair,
    target_folder,
)


@dataclass(frozen=True, slots=True)
class Fate:
    """What became of a message of the source, as far as the ledger knows."""

    outcome: Outcome
    reason: Reason | None
    #: The target folder that its copy was put in, as the ledger keeps paths; None when there is no copy.
    placed_in: str | None
    flags_synced: frozenset[str]
    flags_ours: frozenset[str]
    flags_theirs: frozenset[str]
    #: Dual delivery had brought it, and a pass has seen that it is no longer on the target.
    was_deleted: bool = False

    def is_placed_in(self, path: tuple[str, ...]) -> bool:
        return self.placed_in == path_text(path)


def of_keys(connection: Connection, row: FolderRow, keys: Sequence[str]) -> dict[str, Fate]:
    """By key, what is known of these messages of a source folder in its present epoch."""
    columns = (
        message.c.key, message.c.outcome, message.c.reason, target_folder.c.path,
        message.c.flags_synced, message.c.flags_ours, message.c.flags_theirs, arrival.c.gone_at,
    )  # fmt: skip
    found: dict[str, Fate] = {}
    for some in in_pieces(keys):
        rows = connection.execute(
            select(*columns)
            .select_from(
                message.outerjoin(target_folder, message.c.target_folder_id == target_folder.c.id).outerjoin(
                    arrival, arrival.c.message_id == message.c.id
                )
            )
            .where(message.c.folder_id == row.id, message.c.epoch == row.epoch, message.c.key.in_(some))
        )
        for key, outcome, reason, placed_in, synced, ours, theirs, gone_at in rows:
            found[key] = Fate(
                Outcome(outcome),
                Reason(reason) if reason else None,
                placed_in,
                flag_set(synced),
                flag_set(ours),
                flag_set(theirs),
                gone_at is not None,
            )
    return found


def stand_ins(connection: Connection, row: FolderRow) -> dict[str, tuple[tuple[str, ...], str]]:
    """By key, where the copies lie (folder and key) that stand for messages of a source folder in its present epoch."""
    other = message.alias("other")
    rows = connection.execute(
        select(message.c.key, target_folder.c.path, other.c.target_key)
        .join(other, message.c.same_as == other.c.id)
        .join(target_folder, other.c.target_folder_id == target_folder.c.id)
        .where(message.c.folder_id == row.id, message.c.epoch == row.epoch, other.c.target_key.is_not(None))
    )
    return {key: (tuple(json.loads(path)), target_key) for key, path, target_key in rows}


@dataclass(frozen=True, slots=True)
class SentOtherwise:
    """A copy that is not what the source holds, and why: we repaired it, or the target altered it."""

    rules: tuple[str, ...]
    #: Digests of the original in wire form, and of the repaired message; None where the target altered it.
    original: bytes | None = None
    wire: bytes | None = None
    core: bytes | None = None
    #: Where the target altered it: as it was read back.
    found: bytes | None = None


def sent_otherwise(connection: Connection, row: FolderRow) -> dict[str, SentOtherwise]:
    """By key, the messages of a source folder in its present epoch whose copies are known not to be the same."""
    here = (message.c.folder_id == row.id, message.c.epoch == row.epoch, message.c.outcome.in_(ON_TARGET))
    altered = connection.execute(
        select(message.c.key, alteration.c.rules, alteration.c.found_digest)
        .join(alteration, alteration.c.message_id == message.c.id)
        .where(*here, alteration.c.wire_digest == message.c.wire_digest)
    )
    found = {key: SentOtherwise(tuple(rules.split()), found=digest) for key, rules, digest in altered}
    repaired = connection.execute(
        select(message.c.key, repair.c.rules, original.c.digest, repair.c.wire_digest, repair.c.core_digest)
        .join(repair, repair.c.message_id == message.c.id)
        .join(original, original.c.message_id == message.c.id)
        .where(*here, repair.c.wire_digest == message.c.wire_digest)
    )
    return found | {key: SentOtherwise(tuple(rules.split()), *digests) for key, rules, *digests in repaired}


def newest_received(connection: Connection, row: FolderRow) -> int | None:
    """The date of the newest message that was ever seen in a source folder's present epoch."""
    newest = select(func.max(message.c.received)).where(message.c.folder_id == row.id, message.c.epoch == row.epoch)
    found: int | None = connection.execute(newest).scalar()
    return found


def is_copy(connection: Connection, mailbox_id: int, direction: Direction, path: tuple[str, ...], key: str) -> bool:
    """Whether a message on the target is a copy that the ledger knows of."""
    rows = (
        select(message.c.id)
        .join(target_folder, message.c.target_folder_id == target_folder.c.id)
        .where(
            target_folder.c.mailbox_id == mailbox_id,
            target_folder.c.direction == direction,
            target_folder.c.path == path_text(path),
            message.c.target_key == key,
        )
    )
    return connection.execute(rows).first() is not None


def places(connection: Connection, mailbox_id: int, direction: Direction, source: str) -> dict[int, tuple[str, ...]]:
    """By row of the source folder, the path of the target folder that its messages go to."""
    rows = connection.execute(
        select(folder.c.id, target_folder.c.path)
        .join(target_folder, folder.c.target_folder_id == target_folder.c.id)
        .where(folder.c.mailbox_id == mailbox_id, folder.c.direction == direction, folder.c.source == source)
    )
    return {row.id: tuple(json.loads(row.path)) for row in rows}


def of_other_sources(
    connection: Connection, mailbox_id: int, direction: Direction, source: str, path: tuple[str, ...], epoch: str
) -> set[str]:
    """Keys of copies in a target folder that other sources of the mailbox brought."""
    rows = connection.execute(
        select(message.c.target_key)
        .join(target_folder, message.c.target_folder_id == target_folder.c.id)
        .join(folder, message.c.folder_id == folder.c.id)
        .where(
            message.c.mailbox_id == mailbox_id,
            message.c.direction == direction,
            message.c.target_key.is_not(None),
            folder.c.source != source,
            target_folder.c.path == path_text(path),
            target_folder.c.epoch == epoch,
        )
    )
    return set(rows.scalars())


def left_source(
    connection: Connection, mailbox_id: int, direction: Direction, path: tuple[str, ...], epoch: str
) -> set[str]:
    """Keys of copies in a target folder whose messages are no longer on the source."""
    rows = connection.execute(
        select(message.c.target_key)
        .join(target_folder, message.c.target_folder_id == target_folder.c.id)
        .where(
            message.c.mailbox_id == mailbox_id,
            message.c.direction == direction,
            message.c.gone_at.is_not(None),
            message.c.target_key.is_not(None),
            target_folder.c.path == path_text(path),
            target_folder.c.epoch == epoch,
        )
    )
    return set(rows.scalars())
