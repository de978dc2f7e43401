"""Repair with proof: a message that the target refuses, or is known to change without a word, is sent repaired.

The original is on disk before the repaired message leaves, and both digests and the rules are in the ledger with the
intent.  An attempt carries the digest of what is really sent, so settling finds it like any other; a pass that was
killed between the refusal and the second sending begins again with the original, is refused again, and comes to the
same repaired bytes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from sqlalchemy import Connection

from connectors.body import SPOOL_OVER, MemoryBody, SpooledBody
from connectors.contract import Body, Message, Reason, Target
from connectors.repairs import RULES, TRAITS, Facts, marks_of, repaired, traits_of
from connectors.wire import Digests, digest_bytes, to_wire
from migrate.copy.batches import Place
from migrate.copy.hold import Hold
from migrate.copy.job import Job
from migrate.copy.reader import Prepared
from migrate.ledger import repairs
from migrate.ledger.repairs import Repair

#: Refusals that the bytes of a message may be the cause of.
_OF_BYTES = frozenset({Reason.CONTENT, Reason.REFUSED})


class Mender:
    """Repairs messages for one target session, in place."""

    def __init__(self, job: Job, hold: Hold, target: Target) -> None:
        self._job = job
        self._hold = hold
        self._target = target
        self._manners: dict[str, bool] = {}

    def mend_known(self, items: Sequence[Prepared]) -> Sequence[Prepared]:
        """Repair what the target is known to change; the same items."""
        for item in items:
            if item.traits:
                for rule in _in_order(item.traits):
                    if self._alters(rule):
                        self._mend(item, rule)
        return items

    def first_doubtful(self, items: Iterable[Prepared]) -> Prepared | None:
        """The first message of which the target may keep something else, or will: no rule could repair it."""
        return next((item for item in items if item.traits and self._doubts(item)), None)

    def mend_refused(self, item: Prepared, reason: Reason) -> bool:
        """Repair a message that was refused, by the first rule that has something to change; False when none has."""
        if not self._job.repair or self._job.kept is None or reason not in _OF_BYTES:
            return False
        return any(self._mend(item, rule) for rule in RULES)

    def record(self, connection: Connection, items: Sequence[Prepared]) -> None:
        """The proofs of what is about to be sent."""
        rows = [
            Repair(
                item.row, item.rules, item.digests.source, item.digests.wire, item.outgoing.wire_digest, item.sent_core
            )
            for item in items
            if item.rules
        ]
        repairs.record(connection, rows, self._job.clock.now())

    def look_back(self, place: Place, item: Prepared) -> None:
        """Read a message that was just stored, and record whether it is what was sent."""
        if item.key is None:
            return
        for answer in self._target.read(place.target, [item.key]):
            if isinstance(answer, Message):
                body, digests = to_wire(answer.body, self._job.resources.spool)
                try:
                    self._compare(item, body, digests)
                finally:
                    body.release()

    def _compare(self, item: Prepared, body: Body, found: Digests) -> None:
        now, system = self._job.clock.now(), self._job.target
        altered = None
        if found.wire != item.outgoing.wire_digest:
            sent, there = marks_of(item.outgoing.body), marks_of(body)
            altered = next((rule for rule in _in_order(item.traits) if sent[rule] != there[rule]), None)
        with self._hold.ledger.write() as connection:
            if altered is None:
                for rule in item.traits:
                    repairs.learn(connection, system, rule, now, alters=False)
                return
            # One change may show in several marks: only the first is sure.
            repairs.learn(connection, system, altered, now, alters=True)
            repairs.record_alteration(connection, item.row, [altered], item.outgoing.wire_digest, found.wire, now)
        self._manners.pop(altered, None)

    def _doubts(self, item: Prepared) -> bool:
        return any(self._alters(rule) is not False for rule in item.traits)

    def _alters(self, rule: str) -> bool | None:
        if rule not in self._manners:
            with self._hold.ledger.read() as connection:
                known = repairs.alters_by_itself(connection, self._job.target, rule)
            if known is None:
                return None
            self._manners[rule] = known
        return self._manners[rule]

    def _mend(self, item: Prepared, rule: str) -> bool:
        """Apply one rule; False when it has nothing to change.  The original is kept before."""
        body = item.outgoing.body
        facts = Facts(item.outgoing.received, item.digests.wire)
        pieces = repaired(rule, body.open, facts)
        if pieces is None:
            return False
        if not item.rules:
            assert self._job.kept is not None, "without a place for originals no message has traits, and none is mended"
            self._job.kept.keep(self._job.mailbox, item.digests.wire, body)
        new, digests = self._gathered(pieces, spooled=body.size > SPOOL_OVER)
        item.outgoing = replace(
            item.outgoing,
            body=new,
            wire_digest=digests.wire,
            header_digest=digests.header,
            message_id=digests.message_id,
        )
        item.rules, item.sent_core = (*item.rules, rule), digests.core
        # What is sealed keeps its traits.
        item.traits = traits_of(new)
        body.release()
        return True

    def _gathered(self, pieces: Iterator[bytes], *, spooled: bool) -> tuple[Body, Digests]:
        if not spooled:
            data = b"".join(pieces)
            return MemoryBody(data), digest_bytes(data)
        body = SpooledBody(self._job.resources.spool)
        try:
            for piece in pieces:
                body.write(piece)
            return to_wire(body, self._job.resources.spool)
        except BaseException:
            body.release()
            raise


def _in_order(traits: Iterable[str]) -> list[str]:
    return [rule for rule in TRAITS if rule in traits]
