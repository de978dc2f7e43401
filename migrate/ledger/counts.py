"""Counting: where the messages of a mailbox stand."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import Connection, and_, func, or_, select

from connectors.contract import Reason
from migrate.ledger import repairs
from migrate.ledger.messages import in_pieces
from migrate.ledger.schema import ON_TARGET, Direction, Outcome, folder, mailbox, message
from migrate.ledger.schema import tally as kept


@dataclass(frozen=True, slots=True)
class Tally:
    """Counts of one mailbox or site; ``seen`` is always the sum of the outcomes."""

    outcomes: Counter[Outcome]
    reasons: Counter[str]
    #: On the target, and no longer on the source: our copy stays.
    gone: int
    #: On the target, and not as the source holds them: we repaired them, or the target altered them.
    repaired: int = 0
    altered: int = 0

    @property
    def seen(self) -> int:
        return self.outcomes.total()


def tally(connection: Connection, mailbox_ids: Sequence[int], direction: Direction) -> dict[int, Tally]:
    """Counts by mailbox; rows with a successor are the same message under an older name, and not counted."""
    counts = {id_: Tally(Counter(), Counter(), 0) for id_ in mailbox_ids}
    for some in in_pieces(mailbox_ids):
        rows = connection.execute(
            select(kept.c.mailbox_id, kept.c.outcome, kept.c.reason, kept.c.gone, kept.c.messages).where(
                kept.c.mailbox_id.in_(some), kept.c.direction == direction, kept.c.messages > 0
            )
        )
        for mailbox_id, outcome, reason, gone, count in rows:
            was = counts[mailbox_id]
            was.outcomes[Outcome(outcome)] += count
            if reason:
                was.reasons[reason] += count
            if gone and Outcome(outcome) in ON_TARGET:
                counts[mailbox_id] = replace(was, gone=was.gone + count)
    changed = repairs.count(connection, mailbox_ids, direction)
    for id_, (repaired, altered) in changed.items():
        counts[id_] = replace(counts[id_], repaired=repaired, altered=altered)
    return counts


def count_pending(
    connection: Connection, mailbox_id: int, direction: Direction, source: str
) -> dict[int, tuple[int, int]]:
    """Messages and bytes still to copy from one source, by folder; those in flight count too."""
    rows = connection.execute(
        select(message.c.folder_id, func.count(), func.coalesce(func.sum(message.c.size), 0))
        .where(
            message.c.mailbox_id == mailbox_id,
            message.c.direction == direction,
            message.c.outcome == Outcome.PENDING,
            message.c.folder_id.in_(
                select(folder.c.id).where(folder.c.mailbox_id == mailbox_id, folder.c.source == source)
            ),
        )
        .group_by(message.c.folder_id)
    )
    return {folder_id: (count, size) for folder_id, count, size in rows}


def count_by_reason(
    connection: Connection, mailbox_id: int, direction: Direction, outcome: Outcome
) -> dict[int, dict[Reason, int]]:
    """Messages of one outcome, by folder and reason."""
    rows = connection.execute(
        select(message.c.folder_id, message.c.reason, func.count())
        .where(message.c.mailbox_id == mailbox_id, message.c.direction == direction, message.c.outcome == outcome)
        .group_by(message.c.folder_id, message.c.reason)
    )
    found: dict[int, dict[Reason, int]] = {}
    for folder_id, reason, number in rows:
        found.setdefault(folder_id, {})[Reason(reason)] = number
    return found


def unfinished_folders(
    connection: Connection, mailbox_id: int, direction: Direction, tried_again: Iterable[Reason]
) -> set[int]:
    """Folders with messages that are pending, or refused for a reason that the next pass tries again."""
    again = and_(message.c.outcome == Outcome.REFUSED, message.c.reason.in_(sorted(tried_again)))
    rows = connection.execute(
        select(message.c.folder_id)
        .where(
            message.c.mailbox_id == mailbox_id,
            message.c.direction == direction,
            or_(message.c.outcome == Outcome.PENDING, again),
        )
        .distinct()
    )
    return set(rows.scalars())


def sizes(connection: Connection, site: str) -> dict[str, int]:
    """By mailbox of a site, the bytes of the messages that the target holds or is to hold; only where any were seen."""
    rows = connection.execute(
        select(mailbox.c.name, func.sum(message.c.size))
        .join(message, message.c.mailbox_id == mailbox.c.id)
        .where(
            mailbox.c.site == site,
            message.c.direction == Direction.FORTH,
            message.c.gone_at.is_(None),
            message.c.successor.is_(None),
            message.c.same_as.is_(None),
            message.c.outcome != Outcome.LEFT_OUT,
            message.c.size.is_not(None),
        )
        .group_by(mailbox.c.name)
    )
    return {name: int(size) for name, size in rows}
