"""What changed its place on the source: the copy we made follows, and no second one is sent.

A new row and a copy of ours are one message when the system says so (object id) and neither size nor date speaks
against it, or when received second, size and header digest agree.  Where the header cannot tell for sure - no
Message-ID, or several that look alike - the content decides.  In doubt the new row stays pending and is copied: better
twice than lost.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from uuid import uuid4

from sqlalchemy import Connection

from connectors.contract import ConnectorError, Folder, FolderMissing, Message, Reason, Receipt, Source, Target
from connectors.wire import Digests, header_digest, to_wire
from migrate.copy.batches import Place
from migrate.copy.compare import is_untouched
from migrate.copy.headers import names_itself
from migrate.copy.hold import Hold
from migrate.copy.job import Job
from migrate.copy.scan import Listed, ask_again
from migrate.ledger import attempts, copies, folders, lookalikes, messages
from migrate.ledger.attempts import Intent
from migrate.ledger.copies import CopyRow
from migrate.ledger.schema import Outcome

#: Seconds that a MOVE may take before it counts as failed.
_DEADLINE = 120


@dataclass(frozen=True, slots=True)
class Moved:
    """Row ``new`` is the message whose copy ``copy`` we made under another key."""

    new: int
    folder_id: int
    copy: CopyRow


def find_moved(job: Job, hold: Hold, source: Source, listed: Sequence[Listed]) -> list[Moved]:
    """Pair new rows with copies whose message left its old place.  Reads the source, writes gone marks only."""
    by_id = {one.row.id: one for one in listed}
    if not all(one.skipped for one in listed):
        with hold.ledger.write() as connection:
            lookalikes.reopen_returned(connection, hold.mailbox.id, job.direction)
    with hold.ledger.read() as connection:
        twins = lookalikes.there(connection, hold.mailbox.id, job.direction)
        there = copies.by_id(connection, sorted({copy for _, _, copy in twins})).values()
    ask_again(job, hold, source, by_id, [(one.id, one.folder_id, one.epoch, one.key) for one in there])
    with hold.ledger.read() as connection:
        pairs = lookalikes.gone(connection, hold.mailbox.id, job.direction)
        old = copies.by_id(connection, sorted({copy for _, _, copy in pairs}))
        new = messages.by_id(connection, sorted({row for row, _, _ in pairs}))
        known = {row.id: row for row in folders.of_mailbox(connection, hold.mailbox.id, job.direction, job.source)}
    left = {row.id for row in known.values() if row.gone_at}
    candidates: dict[int, list[CopyRow]] = defaultdict(list)
    for row, folder_id, copy in pairs:
        # Nothing moves from one source to another.
        if folder_id in by_id and old[copy].folder_id in known:
            candidates[row].append(old[copy])
    pairing = _Pairing()
    for row, alike in candidates.items():
        pairing.take(row, [copy for copy in alike if _is_named_the_same(new[row], copy, left)])
    digests = _header_digests(source, by_id, [new[row] for row in candidates if row not in pairing.chosen])
    for row, (header, has_message_id) in digests.items():
        alike = [copy for copy in pairing.free(candidates[row]) if copy.header_digest == header]
        if alike and not (has_message_id and len(alike) == 1):
            content = _digests(job, source, by_id[new[row].folder_id], new[row].key)
            alike = [copy for copy in alike if content is not None and _is_same_content(copy, content)]
        pairing.take(row, alike)
    return [Moved(row, new[row].folder_id, copy) for row, copy in pairing.chosen.items()]


class _Pairing:
    """One to one: a copy belongs to one new row only."""

    def __init__(self) -> None:
        self.chosen: dict[int, CopyRow] = {}
        self._taken: set[int] = set()

    def free(self, alike: Sequence[CopyRow]) -> list[CopyRow]:
        return [copy for copy in alike if copy.id not in self._taken]

    def take(self, row: int, alike: Sequence[CopyRow]) -> None:
        free = self.free(alike)
        if free:
            self.chosen[row] = free[0]
            self._taken.add(free[0].id)


def _is_named_the_same(new: messages.NewRow, copy: CopyRow, left: Collection[int]) -> bool:
    """The system says that it is the same message; or its whole folder was renamed, and epoch and keys stayed.

    Some give one id to many messages, so an id alone is not believed: with another size or date, the header decides.
    """
    if new.object_id is not None or copy.object_id is not None:
        return (new.object_id, new.size, new.received) == (copy.object_id, copy.size, copy.received)
    return copy.folder_id in left and (new.epoch, new.key) == (copy.epoch, copy.key)


def _header_digests(
    source: Source, listed: Mapping[int, Listed], rows: Iterable[messages.NewRow]
) -> dict[int, tuple[bytes, bool]]:
    """By row: the header digest, and whether a Message-ID is in it."""
    by_folder: dict[int, dict[str, int]] = defaultdict(dict)
    for row in rows:
        by_folder[row.folder_id][row.key] = row.id
    digests: dict[int, tuple[bytes, bool]] = {}
    for folder_id, keys in by_folder.items():
        with suppress(FolderMissing):
            for headers in source.headers(listed[folder_id].folder, list(keys)):
                digests[keys[headers.key]] = header_digest(headers.fields), names_itself(headers.fields)
    return digests


def _is_same_content(copy: CopyRow, content: Digests) -> bool:
    """By the bytes as read; by what makes the message, when it was adopted and never read as a whole."""
    if copy.source_digest is not None:
        return copy.source_digest == content.source
    return copy.core_digest == content.core


def _digests(job: Job, source: Source, listed: Listed, key: str) -> Digests | None:
    with suppress(FolderMissing):
        for answer in source.read(listed.folder, [key]):
            if isinstance(answer, Message):
                body, digests = to_wire(answer.body, job.resources.spool)
                body.release()
                return digests
    return None


def follow(job: Job, hold: Hold, target: Target, moved: Sequence[Moved], places: Mapping[int, Place]) -> int:
    """Let our copies follow where they may; returns how many were moved on the target.

    A copy follows only before its people went live, where the target can move, and while it is as we left it.
    Otherwise it stays, and the ledger says so.
    """
    may_move = hold.mailbox.went_live is None and target.capabilities().moves
    by_route: dict[tuple[int, int], list[Moved]] = defaultdict(list)
    stays: list[Moved] = []
    for one in moved:
        place = places.get(one.folder_id)
        elsewhere = place is not None and one.copy.target_folder_id != place.row.id
        # What dual delivery brought is its person's own: never ours to move.
        may_move_this = may_move and one.copy.reason != Reason.DUAL_DELIVERED
        if (
            may_move_this
            and elsewhere
            and one.copy.target_key is not None
            and one.copy.outcome is not Outcome.UNCERTAIN
        ):
            by_route[one.copy.target_folder_id, one.folder_id].append(one)
        else:
            stays.append(one)
    count = 0
    for (origin_id, folder_id), group in by_route.items():
        followed = _follow_route(job, hold, target, group, origin_id, places[folder_id])
        stays.extend(one for one in group if one not in followed)
        count += len(followed)
    with hold.ledger.write() as connection:
        for one in stays:
            _stay(connection, one, places.get(one.folder_id), job.clock.now())
    return count


def _follow_route(
    job: Job, hold: Hold, target: Target, group: Sequence[Moved], origin_id: int, to: Place
) -> list[Moved]:
    with hold.ledger.read() as connection:
        was = folders.target_by_id(connection, origin_id)
    origin = was.as_it_was
    try:
        states = {entry.key: entry for entry in target.states(origin, [one.copy.target_key or "" for one in group])}
    except FolderMissing:
        return []
    free = [one for one in group if is_untouched(one.copy, states.get(one.copy.target_key or ""))]
    if not free:
        return []
    fence = target.fence(to.target, [])
    with hold.ledger.write() as connection:
        attempts.record(connection, [_intent(job, hold, one, to, fence) for one in free])
    hold.check()
    followed: list[Moved] = []
    for receipt in _move(job, hold, target, origin, to, free):
        one = free[receipt.ordinal]
        if receipt.outcome == "uncertain" or (receipt.outcome == "stored" and receipt.key is None):
            # Settled later: the attempt stays open.
            followed.append(one)
            continue
        with hold.ledger.write() as connection:
            attempts.settle(connection, [one.new])
            if receipt.outcome == "stored":
                followed.append(one)
                copies.hand_over(connection, one.copy.id, one.new, to.row.id, receipt.key, job.clock.now())
    return followed


def _move(job: Job, hold: Hold, target: Target, origin: Folder, to: Place, free: Sequence[Moved]) -> Iterator[Receipt]:
    try:
        yield from target.move(origin, to.target, [one.copy.target_key or "" for one in free])
    except ConnectorError:
        # What is still open can only have happened by now; settling finds out.
        with hold.ledger.write() as connection:
            attempts.end_by(connection, [one.new for one in free], job.clock.now())
        raise


def _intent(job: Job, hold: Hold, one: Moved, to: Place, fence: str) -> Intent:
    return Intent(
        mailbox_id=hold.mailbox.id,
        message_id=one.new,
        kind="move",
        batch=uuid4().hex,
        ordinal=0,
        target_folder_id=to.row.id,
        fence=fence,
        wire_digest=one.copy.wire_digest or b"",
        wire_size=one.copy.size or 0,
        header_digest=one.copy.header_digest or b"",
        rfc_message_id=one.copy.message_id,
        received=one.copy.received or 0,
        flags=messages.flags_text(one.copy.flags_ours),
        deadline=job.clock.now() + _DEADLINE,
        origin_message_id=one.copy.id,
    )


def _stay(connection: Connection, one: Moved, place: Place | None, now: float) -> None:
    """Our copy stays where it is and is the new row's from now on."""
    same_place = place is not None and one.copy.target_folder_id == place.row.id
    outcome, reason = one.copy.outcome, None if same_place else Reason.MOVED_ON_SOURCE
    if outcome is Outcome.UNCERTAIN:
        reason = Reason.UNANSWERED
    elif one.copy.same_as is not None:
        reason = Reason.IN_ANOTHER_SOURCE
    elif one.copy.reason == Reason.DUAL_DELIVERED:
        reason = Reason.DUAL_DELIVERED
    elif not same_place:
        outcome = Outcome.ALREADY_THERE
    copies.hand_over(
        connection,
        one.copy.id,
        one.new,
        one.copy.target_folder_id,
        one.copy.target_key,
        now,
        outcome=outcome,
        reason=reason,
    )
