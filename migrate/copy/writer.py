"""The writing half of a pair: intents before the first byte, receipts with the next intents.

Between an intent and its receipt stands the attempt row.  Whatever happens in between - a cut line, a killed process -
the row is found by :mod:`migrate.copy.settle`, and nothing is sent again before it is known not to have arrived.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import uuid4

from connectors.contract import (
    Capabilities,
    ConnectionLost,
    ConnectorError,
    Fatal,
    OverQuota,
    Reason,
    Receipt,
    Suspect,
    Target,
)
from connectors.language import _
from migrate.copy.batches import Place
from migrate.copy.hold import DeadlinePassed, Hold
from migrate.copy.identity import Identity, is_shared
from migrate.copy.job import Job
from migrate.copy.portions import Portions
from migrate.copy.reader import Prepared, PreparedBatch
from migrate.copy.repair import Mender
from migrate.ledger import attempts, copies, identity, messages
from migrate.ledger.attempts import Intent
from migrate.ledger.claims import Claims
from migrate.ledger.schema import Outcome

#: An attempt may be committed for this long after its intent, and a second longer for each so many bytes, or for fewer
#: where our own limit asks for it: a line slower than that is as good as cut.
_COMMIT_SECONDS = 120
_COMMIT_BYTES_A_SECOND = 16_000


@dataclass(slots=True)
class _Flight:
    """Messages of one batch that were sent, or are just being sent, and whose receipts are not all heard."""

    batch: PreparedBatch
    items: Sequence[Prepared]
    fence: str
    #: How many of the messages, from the first on, may have been committed.
    commits: int = 0
    receipts: Iterator[Receipt] = field(default_factory=lambda: iter(()))
    heard: dict[int, Receipt] = field(default_factory=dict)

    def hear(self) -> None:
        for receipt in self.receipts:
            self.heard[receipt.ordinal] = receipt
            # What was refused before it was sent asked for no commit: the next one that asks is behind it.
            self.commits = max(self.commits, len(self.heard))


class Writer:
    """Writes prepared batches for one pair, on one target session, as many under way as the target takes."""

    def __init__(self, job: Job, hold: Hold, target: Target, portions: Portions) -> None:
        self._job = job
        self._hold = hold
        self._portions = portions
        self._ledger = hold.ledger
        self._target = target
        self._capabilities: Capabilities = target.capabilities()
        self._identity = Identity(job, hold) if is_shared(job, hold) else None
        self._flights: deque[_Flight] = deque()
        #: Messages that were stored so far.
        self.stored = 0
        self._stored: list[dict[str, Any]] = []
        self._refused: list[tuple[int, Outcome, Reason | None]] = []
        self._mender = Mender(job, hold, target)
        #: Refused and repaired since: to be sent again.
        self._mended: list[Prepared] = []
        #: Why an original could not be kept: raised when all receipts are noted.
        self._unkept: Fatal | None = None

    def write(self, batch: PreparedBatch) -> None:
        """Send one batch, which is the writer's from now on: released when its receipts are heard.

        Raises what the connector raised, for this batch or one before; what was in flight then is left to be settled.
        Raises OverQuota when the mailbox is full; what was refused for it stays pending.
        """
        self._refused.extend(batch.unread)
        items = batch.items if self._identity is None else self._identity.new(batch.items)
        if not items:
            batch.release()
            return
        try:
            with self._failing_together():
                self._begin(batch, items)
        except BaseException:
            batch.release()
            raise

    def flush(self) -> None:
        """Hear all receipts and put them on disk, when no next intent is there to carry them."""
        with self._failing_together():
            while self._flights:
                self._land()
        if self._stored or self._refused:
            self._record([])

    def _begin(self, batch: PreparedBatch, items: Sequence[Prepared]) -> None:
        """Send a batch; what the target may change goes alone and is read back before the others follow."""
        waiting = self._mender.mend_known(items)
        batch.flights += 1
        while (doubtful := self._mender.first_doubtful(waiting)) is not None:
            self._send(batch, [doubtful])
            while self._flights:
                self._land()
            self._mender.look_back(batch.place, doubtful)
            waiting = self._mender.mend_known([item for item in waiting if item is not doubtful])
        while waiting:
            at_once = self._portions.at_once or len(waiting)
            self._send(batch, waiting[:at_once])
            waiting = waiting[at_once:]
        batch.landed()

    def _send(self, batch: PreparedBatch, items: Sequence[Prepared]) -> None:
        while len(self._flights) >= self._capabilities.under_way:
            self._land()
        numbered = [replace(item.outgoing, ordinal=ordinal) for ordinal, item in enumerate(items)]
        flight = _Flight(batch, items, self._target.fence(batch.place.target, numbered))
        intents = self._intents(batch.place, items, flight.fence)
        self._record(intents, batch.place, items)

        def may_commit() -> None:
            self._hold.check()
            if self._job.clock.now() >= intents[0].deadline:
                raise DeadlinePassed
            flight.commits += 1

        batch.flights += 1
        self._flights.append(flight)
        flight.receipts = self._target.write(batch.place.target, numbered, may_commit)
        if self._capabilities.under_way == 1:
            self._land()

    def _land(self) -> None:
        """Hear the receipts of the first batch under way, and send it in halves when it was refused as a whole."""
        flight = self._flights[0]
        flight.hear()
        self._flights.popleft()
        place, items = flight.batch.place, flight.items
        try:
            splits = self._take(place, items, flight.heard, split=len(items) > 1 and self._capabilities.atomic_batch)
            self._resolve(place, flight.fence, items, flight.heard)
            if splits:
                # Until the guilty message is alone.
                middle = len(items) // 2
                self._send(flight.batch, items[:middle])
                self._send(flight.batch, items[middle:])
            mended, self._mended = self._mended, []
            for item in mended:
                self._send(flight.batch, [item])
        finally:
            flight.batch.landed()
        self._portions.went_through()

    @contextmanager
    def _failing_together(self) -> Iterator[None]:
        """When the connection fails, it fails for every batch under way: each is in doubt as far as it was sent."""
        try:
            yield
        except ConnectorError as error:
            if isinstance(error, ConnectionLost | DeadlinePassed) and self._flights:
                self._portions.broke(max(len(flight.items) for flight in self._flights))
            while self._flights:
                self._break_off(self._flights.popleft())
            self._mended = []  # pending again, as they are on the source
            self._record([])
            raise
        except BaseException:
            # The hold is lost, or we are: all of this is for whoever comes next.
            self._stored, self._refused, self._mended = [], [], []
            while self._flights:
                self._flights.popleft().batch.landed()
            raise

    def _intents(self, place: Place, items: Sequence[Prepared], fence: str) -> list[Intent]:
        size = sum(item.outgoing.body.size for item in items)
        rate = min(_COMMIT_BYTES_A_SECOND, self._capabilities.pace or _COMMIT_BYTES_A_SECOND)
        deadline = self._job.clock.now() + _COMMIT_SECONDS + size / rate
        batch = uuid4().hex
        return [
            Intent(
                mailbox_id=self._hold.mailbox.id,
                message_id=item.row,
                kind="write",
                batch=batch if self._capabilities.atomic_batch else uuid4().hex,
                ordinal=ordinal,
                target_folder_id=place.row.id,
                fence=fence,
                wire_digest=item.outgoing.wire_digest,
                wire_size=item.outgoing.body.size,
                header_digest=item.outgoing.header_digest,
                rfc_message_id=item.outgoing.message_id,
                received=int(item.outgoing.received.timestamp()),
                flags=item.flags,
                deadline=deadline,
            )
            for ordinal, item in enumerate(items)
        ]

    def _record(self, intents: Sequence[Intent], place: Place | None = None, items: Sequence[Prepared] = ()) -> None:
        """One transaction: what became of the last batch, and the intents of the next."""
        stored, self._stored = self._stored, []
        refused, self._refused = self._refused, []
        with self._ledger.write() as connection:
            copies.record_stored(connection, stored)
            messages.decide(connection, refused, self._job.clock.now())
            attempts.settle(connection, [row["row"] for row in stored] + [row for row, _, _ in refused])
            if place is not None:
                messages.record_digests(connection, [_digests(item, place) for item in items])
                like = {
                    item.row: item.likeness if item.is_whole else identity.UNLIKE
                    for item in items
                    if item.likeness is not None
                }
                identity.record_likeness(connection, self._hold.mailbox.id, like)
                self._mender.record(connection, items)
            attempts.record(connection, intents)

    def _take(self, place: Place, items: Sequence[Prepared], receipts: dict[int, Receipt], *, split: bool) -> bool:
        """Note receipts for the next transaction; True when the batch is refused and is to be split."""
        refusals = [receipt for receipt in receipts.values() if receipt.outcome == "refused"]
        full = any(receipt.reason is Reason.OVER_QUOTA for receipt in refusals)
        splits = bool(refusals) and split and not full
        now = self._job.clock.now()
        done = size = 0
        for ordinal, receipt in receipts.items():
            item = items[ordinal]
            if receipt.outcome == "refused":
                again = splits or full or self._mends(item, receipt.reason or Reason.REFUSED)
                self._refused.append(
                    (item.row, Outcome.PENDING, None)
                    if again
                    else (item.row, Outcome.REFUSED, receipt.reason or Reason.REFUSED)
                )
            elif receipt.outcome != "uncertain" and receipt.key is not None:
                item.key = receipt.key
                kept = item.outgoing.flags if receipt.kept_flags is None else receipt.kept_flags
                self._stored.append(
                    copies.stored(
                        item.row,
                        place.row.id,
                        receipt.key,
                        now,
                        synced=item.flags,
                        ours=messages.flags_text(kept),
                        outcome=Outcome.MERGED if receipt.outcome == "merged" else Outcome.STORED,
                    )
                )
                done, size = done + 1, size + item.outgoing.body.size
        if done:
            self.stored += done
            self._job.progress.copied(self._job.mailbox, done, size)
        doubtful = [items[ordinal].row for ordinal, receipt in receipts.items() if receipt.outcome == "uncertain"]
        if doubtful:
            with self._ledger.write() as connection:
                attempts.end_by(connection, doubtful, now)
        if full:
            raise OverQuota(_("the mailbox is full"))
        if self._unkept is not None:
            raise self._unkept
        return splits

    def _mends(self, item: Prepared, reason: Reason) -> bool:
        """Whether the message that was refused could be repaired by one rule more, and is to be sent again."""
        try:
            if not self._mender.mend_refused(item, reason):
                return False
        except Fatal as unkept:
            self._unkept = unkept
        else:
            self._mended.append(item)
        return True

    def _break_off(self, flight: _Flight) -> None:
        """The connection failed: what was not committed was not stored; of the rest, what was not heard is in doubt."""
        items, heard = flight.items, flight.heard
        with suppress(ConnectorError):
            flight.hear()
        sent = len(items) if flight.commits and self._capabilities.atomic_batch else flight.commits
        never = [item.row for ordinal, item in enumerate(items) if ordinal not in heard and ordinal >= sent]
        doubtful = [item.row for ordinal, item in enumerate(items) if ordinal not in heard and ordinal < sent]
        with self._ledger.write() as connection:
            attempts.settle(connection, never)
            attempts.end_by(connection, doubtful, self._job.clock.now())
        with suppress(OverQuota, Fatal):
            self._take(flight.batch.place, items, heard, split=len(items) > 1 and self._capabilities.atomic_batch)
        flight.batch.landed()

    def _resolve(self, place: Place, fence: str, items: Sequence[Prepared], receipts: dict[int, Receipt]) -> None:
        """Look for the keys that the target did not tell; what is not found yet is settled later, never sent again."""
        unkeyed = [ordinal for ordinal, r in receipts.items() if r.outcome in ("stored", "merged") and r.key is None]
        if not unkeyed:
            return
        with self._ledger.write() as connection:
            attempts.acknowledge(connection, [items[ordinal].row for ordinal in unkeyed])
        self.flush()
        suspects = [_suspect(ordinal, items[ordinal]) for ordinal in unkeyed]
        found = {
            f.ordinal: replace(receipts[f.ordinal], key=f.key)
            for f in self._target.find(place.target, fence, suspects, Claims(self._ledger, place.row.id))
            if f.verdict == "present"
        }
        self._take(place, items, found, split=False)


def _suspect(ordinal: int, item: Prepared) -> Suspect:
    return Suspect(
        ordinal,
        # Each on its own: the target said it took them all.
        str(ordinal),
        item.outgoing.wire_digest,
        item.outgoing.body.size,
        item.outgoing.header_digest,
        item.outgoing.received,
        item.outgoing.message_id,
    )


def _digests(item: Prepared, place: Place) -> dict[str, Any]:
    return {
        "row": item.row,
        "source": item.digests.source,
        "wire": item.outgoing.wire_digest,
        "core": item.digests.core,
        "header": item.digests.header,
        "mid": item.digests.message_id,
        "flags": item.flags,
        "to": place.row.id,
    }
