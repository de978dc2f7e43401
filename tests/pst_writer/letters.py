"""Messages for tests, each told from every other by its number."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from tests.pst_writer.items import Attachment, Message

START = datetime(2020, 1, 2, 3, 4, 5, tzinfo=UTC)


def letter(number: int, *attachments: Attachment, tags: Mapping[int, object] | None = None) -> Message:
    """Delivered ``number`` minutes after START."""
    told: dict[int, object] = {
        0x0037001F: f"Letter {number}",
        0x00390040: START,
        0x0C1A001F: "Anna",
        0x0C1E001F: "SMTP",
        0x0C1F001F: "anna@example.org",
        0x0E060040: START + timedelta(minutes=number),
        0x1000001F: f"Text of letter {number}.\r\n" * 5,
        **(tags or {}),
    }
    bob = {0x0C150003: 1, 0x3001001F: "Bob", 0x3002001F: "SMTP", 0x3003001F: "bob@example.com"}
    return Message(told, [bob], list(attachments))
