"""What a target refuses unsent asks for no commit: what follows it in the batch is in doubt none the less."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import pytest

from connectors.contract import Folder, Outgoing, Reason, Receipt
from connectors.memory import MemorySettings
from connectors.memory.faults import Cut
from connectors.memory.target import MemoryTarget
from tests.unit.passes.world import mail, new_sides, when


def test_a_message_behind_one_that_was_not_sent_is_looked_for_before_it_is_sent_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    writes_together = MemoryTarget._write_together

    def writes(
        self: MemoryTarget, folder: Folder, batch: Sequence[Outgoing], may_commit: Callable[[], None]
    ) -> Iterator[Receipt]:
        if batch[0].message_id == "<1@example.org>":
            return iter([Receipt(batch[0].ordinal, "refused", reason=Reason.TOO_LARGE)])
        return writes_together(self, folder, batch, may_commit)

    monkeypatch.setattr(MemoryTarget, "_write_together", writes)
    sides = new_sides(target=MemorySettings(atomic_batch=False))
    for number in (1, 2, 3):
        sides.source.deliver(mail(number), received=when(number))
    sides.worlds[1].faults.at("stored", Cut())
    sides.run()
    assert sorted(sides.on_target().values()) == [1, 1]
    sides.close()
