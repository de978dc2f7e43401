"""What a message is made of, in tests."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

#: Properties by tag: identifier in the upper half, type in the lower one.
Tags = Mapping[int, object]


@dataclass
class Attachment:
    """``data``: bytes, or pieces of them.  ``embedded``: a message instead."""

    name: str = "file.bin"
    data: bytes | Iterable[bytes] = b""
    embedded: Message | None = None
    method: int = 1
    tags: Tags = field(default_factory=dict)


@dataclass
class Message:
    tags: Tags = field(default_factory=dict)
    #: Rows of the table of recipients.
    recipients: list[Tags] = field(default_factory=list)
    attachments: list[Attachment] = field(default_factory=list)
