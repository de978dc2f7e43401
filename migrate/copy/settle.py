"""Settling: finding out what became of messages that were in flight when something went wrong.

An attempt may be called absent, and its message sent again, only when nobody can commit it any more (its deadline), the
target has had its time to show it (the connector's ``settle``), and two looks agree.  It may be called present at once.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import groupby

from sqlalchemy import Connection

from connectors.contract import Folder, FolderMissing, Found, Reason, Suspect, Target
from migrate.copy.hold import Hold
from migrate.copy.job import Clock
from migrate.copy.late_flags import late_among
from migrate.ledger import attempts, copies, folders, messages
from migrate.ledger.attempts import AttemptRow
from migrate.ledger.claims import Claims
from migrate.ledger.schema import Direction, Outcome

#: The least time between two looks that are to agree (seconds).
_BETWEEN_LOOKS = 1.0


@dataclass(slots=True)
class _Verdicts:
    """What one look says about a mailbox's open attempts."""

    present: list[tuple[AttemptRow, str, int]] = field(default_factory=list)
    absent: list[AttemptRow] = field(default_factory=list)
    uncertain: list[tuple[AttemptRow, str | None, int]] = field(default_factory=list)
    #: Seconds until the first of the others can be settled; None when none is left.
    due_in: float | None = None

    def judge(self, row: AttemptRow, found: Found, folder_id: int, now: float, settle: timedelta) -> None:
        """Sort one answer; what cannot be settled yet says when it can."""
        if found.verdict == "present" and found.key is not None:
            self.present.append((row, found.key, folder_id))
            return
        final = row.deadline + settle.total_seconds()
        if now >= final and row.absent_at is not None and row.absent_at + _BETWEEN_LOOKS <= now:
            if found.verdict == "absent":
                self.absent.append(row)
            else:
                self.uncertain.append((row, found.key, folder_id))
            return
        first_look = now if row.absent_at is None else row.absent_at
        due_in = max(final, first_look + _BETWEEN_LOOKS) - now
        self.due_in = due_in if self.due_in is None else min(self.due_in, due_in)

    def decided(self) -> set[int]:
        rows = [row for row, _, _ in self.present + self.uncertain] + self.absent
        return {row.message_id for row in rows}


def look(hold: Hold, target: Target, direction: Direction, clock: Clock) -> float | None:
    """Look for every open attempt once, and record what is certain.

    Returns the seconds after which another look can settle more, None when nothing is open.
    """
    with hold.ledger.read() as connection:
        rows = attempts.unsettled(connection, hold.mailbox.id, direction)
    if not rows:
        return None
    now = clock.now()
    capabilities = target.capabilities()
    settle, by_label = capabilities.settle, capabilities.layout == "labels"
    verdicts = _Verdicts()
    given: dict[int, frozenset[str]] = defaultdict(frozenset)
    # The latest first: a late attempt's fence is the tighter one, so it takes what can only be its own.
    for (target_folder_id, fence), group in groupby(rows, key=lambda row: (row.target_folder_id, row.fence)):
        tried = list(group)
        suspects = [_suspect(ordinal, row) for ordinal, row in enumerate(tried)]
        places = _folders_now(hold, target, direction, target_folder_id)
        for number, (folder, folder_id) in enumerate(places):
            owner = 0 if by_label else folder_id
            claims = Claims(hold.ledger, folder_id, given[owner], anywhere=by_label)
            left: list[Suspect] = []
            for found in target.find(folder, fence, suspects, claims):
                if found.verdict == "absent" and number + 1 < len(places):
                    left.append(next(suspect for suspect in suspects if suspect.ordinal == found.ordinal))
                    continue
                verdicts.judge(tried[found.ordinal], found, folder_id, now, settle)
                if found.key is not None:
                    given[owner] |= {found.key}
            suspects = left
    _record(hold, target, verdicts, rows, now)
    return verdicts.due_in


def _folders_now(
    hold: Hold, target: Target, direction: Direction, target_folder_id: int
) -> Sequence[tuple[Folder, int]]:
    """Where an attempt may be found: the folder as it is today, and before it the one it was, if somebody renamed it.

    A renamed folder keeps its epoch.
    """
    with hold.ledger.read() as connection:
        was = folders.target_by_id(connection, target_folder_id)
    there = target.ensure(was.path, None)
    places = [there]
    if there.epoch != was.epoch:
        places[:0] = [one for one in target.folders() if one.epoch == was.epoch and one.path != there.path]
    with hold.ledger.write() as connection:
        return [(one, folders.target(connection, hold.mailbox.id, direction, one).id) for one in places]


def _record(hold: Hold, target: Target, verdicts: _Verdicts, rows: Sequence[AttemptRow], now: float) -> None:
    unmoved = {row.message_id for row in verdicts.absent if row.kind == "move" and _still_there(hold, target, row)}
    decided = verdicts.decided()
    waiting = [row.message_id for row in rows if row.message_id not in decided and row.absent_at is None]
    shown = _flags_shown(hold, target, verdicts.present)
    late = target.capabilities().late_flags
    with hold.ledger.write() as connection:
        for row, key, folder_id in verdicts.present:
            _record_present(connection, row, key, folder_id, now, shown.get(row.message_id), late)
        for row in verdicts.absent:
            _record_absent(connection, row, now, unmoved=row.message_id in unmoved)
        for row, found_key, folder_id in verdicts.uncertain:
            _record_uncertain(connection, row, found_key, folder_id, now)
        attempts.note_absent(connection, waiting, now)
        attempts.settle(connection, list(decided))


def _flags_shown(
    hold: Hold, target: Target, present: Sequence[tuple[AttemptRow, str, int]]
) -> dict[int, frozenset[str]]:
    """The flags that a system of labels shows for what was found, by message: it holds no others of those sent.

    Elsewhere a flag may have been taken and forgotten, and is set again later.
    """
    if target.capabilities().layout != "labels":
        return {}
    found: dict[int, frozenset[str]] = {}
    for folder_id in {folder_id for _, _, folder_id in present}:
        keys = {key: row.message_id for row, key, there in present if there == folder_id}
        with hold.ledger.read() as connection:
            was = folders.target_by_id(connection, folder_id)
        with suppress(FolderMissing):
            for state in target.states(was.as_it_was, list(keys)):
                if state.flags is not None:
                    found[keys[state.key]] = state.flags
    return found


def _record_present(
    connection: Connection,
    row: AttemptRow,
    key: str,
    folder_id: int,
    now: float,
    shown: frozenset[str] | None,
    late: frozenset[str],
) -> None:
    if row.origin_message_id is not None:
        copies.hand_over(connection, row.origin_message_id, row.message_id, folder_id, key, now, evidence="found")
        return
    sent = messages.flag_set(row.flags)
    ours = messages.flags_text(sent - late_among(sent, late) if shown is None else sent & shown)
    found = copies.stored(row.message_id, folder_id, key, now, synced=row.flags, ours=ours, evidence="found")
    copies.record_stored(connection, [found])


def _record_absent(connection: Connection, row: AttemptRow, now: float, *, unmoved: bool) -> None:
    """Pending again; what the target acknowledged, or held before a move, was taken away by somebody else."""
    if row.acknowledged:
        _record_acknowledged(connection, row, now)
    elif row.origin_message_id is not None and not unmoved:
        copies.hand_over(
            connection,
            row.origin_message_id,
            row.message_id,
            row.target_folder_id,
            None,
            now,
            outcome=Outcome.ALREADY_THERE,
            reason=Reason.MOVED_ON_SOURCE,
        )


def _record_uncertain(connection: Connection, row: AttemptRow, key: str | None, folder_id: int, now: float) -> None:
    if row.acknowledged:
        _record_acknowledged(connection, row, now)
        return
    messages.decide(connection, [(row.message_id, Outcome.UNCERTAIN, Reason.UNANSWERED)], now)
    if key is not None:
        copies.record_key(connection, row.message_id, folder_id, key)


def _record_acknowledged(connection: Connection, row: AttemptRow, now: float) -> None:
    took = copies.stored(row.message_id, row.target_folder_id, None, now, synced=row.flags, ours=row.flags)
    copies.record_stored(connection, [took])


def _still_there(hold: Hold, target: Target, row: AttemptRow) -> bool:
    """Whether the copy that was to be moved is where it was."""
    assert row.origin_message_id is not None
    with hold.ledger.read() as connection:
        copy = copies.by_id(connection, [row.origin_message_id]).get(row.origin_message_id)
        if copy is None or copy.target_key is None:
            return False
        was = folders.target_by_id(connection, copy.target_folder_id)
    with suppress(FolderMissing):
        return any(target.states(was.as_it_was, [copy.target_key]))
    return False


def _suspect(ordinal: int, row: AttemptRow) -> Suspect:
    return Suspect(
        ordinal,
        row.batch,
        row.wire_digest,
        row.wire_size,
        row.header_digest,
        datetime.fromtimestamp(row.received, UTC),
        row.rfc_message_id,
    )
