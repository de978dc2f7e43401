"""A message without a Message-ID is never taken for another because of words in its subject."""

from __future__ import annotations

import pytest

from migrate.copy.headers import names_itself
from tests.unit.passes.world import mail, new_sides, when


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        (b"From: a@b\r\nMessage-ID: <1@b>\r\n", True),
        (b"MESSAGE-ID :\r\n <1@b>\r\nFrom: a@b\r\n", True),
        (b"Subject: about message-id: <1@b>\r\n", False),
        (b"Subject: about\r\n message-id: <1@b>\r\n", False),
        (b"Resent-Message-ID: <1@b>\r\n", False),
        (b"Message-ID: \r\nDate: today\r\n", False),
        (b"", False),
    ],
)
def test_only_a_field_of_its_own_names_a_message(fields: bytes, named: bool) -> None:
    assert names_itself(fields) is named


def test_of_two_that_look_alike_without_one_the_content_decides() -> None:
    sides = new_sides()
    try:
        here, there = (
            mail(1, text, message_id=False).replace(b"Subject: s1", b"Subject: the message-id: field")
            for text in ("hello", "howdy")
        )
        sides.source.deliver(here, received=when(1))
        sides.target.deliver(there, received=when(1))
        result = sides.run()
        assert (result.copied, result.adopted) == (1, 0)
    finally:
        sides.close()
