"""What a listing means beside what the ledger knows.  Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from connectors.contract import Entry, FlagChange, Reason
from migrate.ledger.copies import CopyRow
from migrate.ledger.messages import Known
from migrate.ledger.schema import Outcome

#: Refusals that may have been the day's, not the message's: tried again by the next pass.
TRIED_AGAIN = frozenset(
    {
        Reason.UNREADABLE,
        Reason.WRONG_LENGTH,
        Reason.ARGUMENTS,
        Reason.OVER_QUOTA,
        Reason.NO_PERMISSION,
        Reason.FOLDER_REFUSED,
        Reason.REFUSED,
    }
)


@dataclass(slots=True)
class Changes:
    """What one window of a listing changes in the ledger."""

    new: list[tuple[Entry, Reason | None]] = field(default_factory=list)
    seen: list[tuple[int, frozenset[str]]] = field(default_factory=list)
    decided: list[tuple[int, Outcome, Reason | None]] = field(default_factory=list)
    #: Rows that the window names.
    named: list[int] = field(default_factory=list)


def compare(
    entries: Iterable[Entry], known: Mapping[str, Known], leaves_out: Callable[[Entry], Reason | None]
) -> Changes:
    """Every entry becomes a new row, or changes one, or leaves it as it is."""
    changes = Changes()
    for entry in {entry.key: entry for entry in entries}.values():
        row = known.get(entry.key)
        if row is None:
            changes.new.append((entry, leaves_out(entry)))
            continue
        changes.named.append(row.id)
        flags = row.flags_seen if entry.flags is None else entry.flags
        if row.gone or flags != row.flags_seen:
            changes.seen.append((row.id, flags))
        decision = _decide(row, leaves_out(entry))
        if decision is not None:
            changes.decided.append((row.id, *decision))
    return changes


def _decide(row: Known, left_out: Reason | None) -> tuple[Outcome, Reason | None] | None:
    """Rules that changed, and refusals that deserve another try."""
    if row.reason is Reason.CAME_FROM_THERE:
        return None  # no rule changes that
    if row.outcome is Outcome.PENDING and left_out:
        return Outcome.LEFT_OUT, left_out
    if row.outcome is Outcome.LEFT_OUT and row.reason != left_out:
        return (Outcome.LEFT_OUT, left_out) if left_out else (Outcome.PENDING, None)
    if row.outcome is Outcome.REFUSED and (row.reason in TRIED_AGAIN or row.reason is Reason.GONE):
        return (Outcome.LEFT_OUT, left_out) if left_out else (Outcome.PENDING, None)
    return None


def flag_change(copy: CopyRow) -> FlagChange:
    """What changed on the source since flags were last carried over; only what is ours is taken off."""
    assert copy.target_key is not None
    return FlagChange(
        copy.target_key,
        add=copy.flags_seen - copy.flags_synced,
        remove=(copy.flags_synced - copy.flags_seen) & copy.flags_ours,
    )


def is_untouched(copy: CopyRow, there: Entry | None) -> bool:
    """Whether our copy is still where we left it, with the flags we left it with."""
    return there is not None and (there.flags is None or there.flags == copy.flags_ours | copy.flags_theirs)
