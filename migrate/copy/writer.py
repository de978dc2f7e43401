"""The writing half of a pair: intents before the first byte, receipts with the next intents.

Between an intent and its receipt stands the attempt row.  Whatever happens in between - a cut line, a killed process -
the row is found by :mod:`migrate.copy.settle`, and nothing is sent again before it is known not to have arrived.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from uuid import uuid4

from connectors.contract import (
    Capabilities,
    ConnectorError,
    OverQuota,
    Reason,
    Receipt,
    Suspect,
    Target,
    Transient,
)
from migrate.copy.batches import Place
from migrate.copy.hold import Hold
from migrate.copy.job import Job
from migrate.copy.reader import Prepared, PreparedBatch
from migrate.ledger import attempts, copies, messages
from migrate.ledger.attempts import Intent
from migrate.ledger.claims import Claims
from migrate.ledger.schema import Outcome

#: An attempt may be committed for this long after its intent, and a second longer for each so many bytes: a line
#: slower than that is as good as cut.
_COMMIT_SECONDS = 120
_COMMIT_BYTES_A_SECOND = 16_000


class DeadlinePassed(Transient):
    """The batch took longer to send than its intent allows; nothing of it was stored."""


class Writer:
    """Writes prepared batches for one pair, on one target session."""

    def __init__(self, job: Job, hold: Hold, target: Target) -> None:
        self._job = job
        self._hold = hold
        self._ledger = hold.ledger
        self._target = target
        self._capabilities: Capabilities = target.capabilities()
        self._stored: list[dict[str, Any]] = []
        self._refused: list[tuple[int, Outcome, Reason | None]] = []

    def write(self, batch: PreparedBatch) -> None:
        """Send one batch.  The batch stays the caller's to release.

        Raises what the connector raised; what was in flight then is left to be settled.  Raises OverQuota when the
        mailbox is full; what was refused for it stays pending.
        """
        self._refused.extend(batch.unread)
        # A refused batch is cut in two until the guilty message is alone.
        parts: list[Sequence[Prepared]] = [batch.items] if batch.items else []
        while parts:
            part = parts.pop(0)
            if self._send(batch.place, part):
                middle = len(part) // 2
                parts[:0] = [part[:middle], part[middle:]]

    def flush(self) -> None:
        """Put what is known on disk, when no next intent is there to carry it."""
        if self._stored or self._refused:
            self._record([])

    def _send(self, place: Place, items: Sequence[Prepared]) -> bool:
        """One ``write``; True when the batch was refused as a whole and may go in halves."""
        numbered = [replace(item.outgoing, ordinal=ordinal) for ordinal, item in enumerate(items)]
        fence = self._target.fence(place.target, numbered)
        intents = self._intents(place, items, fence)
        self._record(intents, place, items)
        commits = 0

        def may_commit() -> None:
            nonlocal commits
            self._hold.check()
            if self._job.clock.now() >= intents[0].deadline:
                raise DeadlinePassed("the line is too slow: sending took longer than is safe")
            commits += 1

        receipts: dict[int, Receipt] = {}
        try:
            for receipt in self._target.write(place.target, numbered, may_commit):
                receipts[receipt.ordinal] = receipt
        except ConnectorError:
            sent = len(items) if commits and self._capabilities.atomic_batch else commits
            self._break_off(items, receipts, sent)
            self._take(place, items, receipts, split=False)
            self.flush()
            raise
        split = self._take(place, items, receipts, split=len(items) > 1 and self._capabilities.atomic_batch)
        self._resolve(place, fence, items, receipts)
        return split

    def _intents(self, place: Place, items: Sequence[Prepared], fence: str) -> list[Intent]:
        size = sum(item.outgoing.body.size for item in items)
        deadline = self._job.clock.now() + _COMMIT_SECONDS + size / _COMMIT_BYTES_A_SECOND
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
                wire_digest=item.digests.wire,
                wire_size=item.outgoing.body.size,
                header_digest=item.digests.header,
                rfc_message_id=item.digests.message_id,
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
                again = splits or full
                self._refused.append(
                    (item.row, Outcome.PENDING, None)
                    if again
                    else (item.row, Outcome.REFUSED, receipt.reason or Reason.REFUSED)
                )
            elif receipt.outcome != "uncertain" and receipt.key is not None:
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
            self._job.progress.copied(self._job.mailbox, done, size)
        doubtful = [items[ordinal].row for ordinal, receipt in receipts.items() if receipt.outcome == "uncertain"]
        if doubtful:
            with self._ledger.write() as connection:
                attempts.end_by(connection, doubtful, now)
        if full:
            self.flush()
            raise OverQuota("the mailbox is full")
        return splits

    def _break_off(self, items: Sequence[Prepared], receipts: dict[int, Receipt], sent: int) -> None:
        """The connection failed: what was not committed was not stored; the rest is in doubt."""
        never = [item.row for ordinal, item in enumerate(items) if ordinal not in receipts and ordinal >= sent]
        doubtful = [item.row for ordinal, item in enumerate(items) if ordinal not in receipts and ordinal < sent]
        with self._ledger.write() as connection:
            attempts.settle(connection, never)
            attempts.end_by(connection, doubtful, self._job.clock.now())

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
        item.digests.wire,
        item.outgoing.body.size,
        item.digests.header,
        item.outgoing.received,
        item.digests.message_id,
    )


def _digests(item: Prepared, place: Place) -> dict[str, Any]:
    return {
        "row": item.row,
        "source": item.digests.source,
        "wire": item.digests.wire,
        "core": item.digests.core,
        "header": item.digests.header,
        "mid": item.digests.message_id,
        "flags": item.flags,
        "to": place.row.id,
    }
