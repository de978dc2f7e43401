"""What other tools take for one message, or for none: each arrives, as often as it was there."""

from __future__ import annotations

from collections import Counter

from connectors.wire import wire_bytes
from tests.unit.passes.world import Sides, when

NAMELESS = b"From: a@example.org\r\nSubject: no name\r\n\r\none\r\n"
CALLED = b"From: a@example.org\r\nMessage-ID: <same@example.org>\r\nDate: Thu, 1 Jan 2015 00:00:00 +0000\r\n\r\n%s\r\n"
MAIL = [
    NAMELESS, NAMELESS.replace(b"one", b"two"), NAMELESS, b"\r\nno header at all\r\n",
    CALLED % b"one", CALLED % b"two", CALLED % b"one",
]  # fmt: skip


def test_mail_without_a_message_id_with_a_borrowed_one_and_twins_all_arrive_once(sides: Sides) -> None:
    for data in MAIL:
        sides.source.deliver(data, received=when(1))
    first = sides.run()
    assert first.complete
    there = Counter(data for (_, data), count in sides.on_target().items() for _ in range(count))
    assert there == Counter(map(wire_bytes, MAIL))
    sides.run()
    assert sum(sides.on_target().values()) == len(MAIL)
