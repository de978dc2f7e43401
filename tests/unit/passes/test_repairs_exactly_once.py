"""Nothing is lost and nothing doubled on a target that refuses what mail should not be, or changes it.

The machine of :mod:`tests.unit.passes.test_exactly_once`, its mail with everything that a rule repairs, its passes
killed and cut also between a refusal and the repaired message.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import get_args

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, rule
from sqlalchemy import select

from connectors.memory.settings import Defect
from connectors.memory.store import Stored
from connectors.wire import wire_bytes
from migrate.copy.kept import KeptMail
from migrate.ledger.schema import ON_TARGET, message, original, repair
from tests.unit.passes.test_exactly_once import CHECKS, EXAMPLES, FOLDERS, Company, manners
from tests.unit.passes.world import mail, when

DEFECTS = get_args(Defect)


class StrictCompany(Company):
    """One mailbox on its way to a strict server."""

    @initialize(
        source_ids=st.booleans(),
        incremental=st.booleans(),
        tokens=st.booleans(),
        how=manners,
        pairs=st.sampled_from([1, 2]),
        refuses=st.frozensets(st.sampled_from(DEFECTS)),
    )
    def start(  # type: ignore[override]  # one thing more is drawn
        self,
        source_ids: bool,
        incremental: bool,
        tokens: bool,
        how: dict[str, object],
        pairs: int,
        refuses: frozenset[str],
    ) -> None:
        super().start(source_ids, incremental, tokens, {**how, "refuses": refuses}, pairs)
        self.sides.kept = KeptMail(self.folder / "kept")

    @rule(path=st.sampled_from(FOLDERS), defects=st.sets(st.sampled_from(DEFECTS)), twins=st.sampled_from([1, 1, 2]))
    def arrive_broken(self, path: tuple[str, ...], defects: set[str], twins: int) -> None:
        self.number += 1
        named = "missing-message-id" not in defects or self.how["find_by"] == "message_id"
        data = mail(self.number, f"token-{self.number}-", message_id=named)
        if "nul" in defects:
            data += b"a\0b\r\n"
        if "raw-8bit-header" in defects:
            data = data.replace(b"Subject: s", b"Subject: caf\xe9 ")
        if "long-line" in defects:
            data += b"x" * 1200 + b"\r\n"
        if "missing-date" in defects:
            data = data.replace(b"Date: Mon, 05 Jan 2026 08:00:00 +0000\r\n", b"")
        if "missing-from" in defects:
            data = data.replace(b"From: b@example.org\r\n", b"")
        for _ in range(twins):
            self.sides.source.create(path)
            self.sides.source.deliver(data, path, received=when(self.number))
            self.delivered[str(self.number)] += 1

    def _is_in_doubt(self, message: Stored) -> bool:
        """A repaired message that the target changed as well is known by nothing that it had."""
        return super()._is_in_doubt(message) or self.how["rewrites"] == "alters-body"

    @invariant()
    def what_was_repaired_is_proved(self) -> None:
        """The original of every repaired copy is kept, whole, and both digests are in the ledger."""
        if not hasattr(self, "sides"):
            return
        with self.sides.ledger.read() as connection:
            rows = connection.execute(
                select(message.c.source_digest, repair.c.source_digest, original.c.digest)
                .select_from(repair)
                .join(message, message.c.id == repair.c.message_id)
                .outerjoin(original, original.c.message_id == repair.c.message_id)
                .where(message.c.outcome.in_(ON_TARGET), message.c.wire_digest == repair.c.wire_digest)
            ).all()
        kept = {file.stem: file.read_bytes() for file in Path(self.folder).glob("kept/*/*.eml")}
        assert all(hashlib.sha256(data).hexdigest() == name for name, data in kept.items())
        for source, proved, digest in rows:
            assert source == proved
            assert digest is not None
            assert hashlib.sha256(wire_bytes(kept[digest.hex()])).digest() == digest


TestExactlyOnceWithRepairs = StrictCompany.TestCase
TestExactlyOnceWithRepairs.settings = settings(CHECKS, max_examples=int(EXAMPLES or 25))
