"""Items in memory, and what becomes of them."""

from __future__ import annotations

import email
import email.policy
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from email.message import EmailMessage
from io import BytesIO
from pathlib import Path
from typing import BinaryIO
from uuid import UUID

from connectors.archives.contract import Problem
from connectors.mapi.context import Context
from connectors.mapi.message import header, write_message

Tag = int | tuple[UUID, int | str]


@dataclass(frozen=True)
class Ansi:
    """Text that is stored in 8 bits."""

    data: bytes
    encoding: str = "windows-1252"


class Bag:
    def __init__(self, values: Mapping[Tag, object]) -> None:
        self.values = values

    def get(self, identifier: int) -> object | None:
        value = self.values.get(identifier)
        return value.data.decode(value.encoding, "replace") if isinstance(value, Ansi) else value

    def named(self, group: UUID, name: int | str) -> object | None:
        return self.values.get((group, name))

    def size(self, identifier: int) -> int | None:
        value = self.values.get(identifier)
        return None if value is None else len(self._stored(value))

    def open(self, identifier: int) -> BinaryIO | None:
        value = self.values.get(identifier)
        return None if value is None else BytesIO(self._stored(value))

    def is_unicode(self, identifier: int) -> bool:
        return isinstance(self.values.get(identifier), str)

    def identifiers(self) -> Iterator[int]:
        return iter(sorted(one for one in self.values if isinstance(one, int)))

    @staticmethod
    def _stored(value: object) -> bytes:
        if isinstance(value, Ansi):
            return value.data
        if isinstance(value, str):
            return value.encode("utf-16-le", "surrogatepass")
        return value if isinstance(value, bytes) else bytes(8)


@dataclass
class Attachment:
    values: Mapping[Tag, object]
    item: Message | None = None
    ole: bytes | None = None

    @property
    def properties(self) -> Bag:
        return Bag(self.values)

    def embedded(self) -> Message | None:
        return self.item

    def storage(self) -> BinaryIO | None:
        return None if self.ole is None else BytesIO(self.ole)


@dataclass
class Message:
    values: Mapping[Tag, object]
    to: Sequence[Mapping[Tag, object]] = ()
    attached: Sequence[Attachment] = field(default_factory=list)

    @property
    def properties(self) -> Bag:
        return Bag(self.values)

    def recipients(self) -> Iterator[Bag]:
        return iter([Bag(one) for one in self.to])

    def attachments(self) -> Iterator[Attachment]:
        return iter(self.attached)


def context(problems: list[Problem] | None = None, addresses: Mapping[str, str] | None = None) -> Context:
    found = [] if problems is None else problems
    return Context(Path("/nonexistent"), addresses, found.append)


def written(item: Message, known: Context | None = None) -> bytes:
    """The message, after what holds for every one: CRLF alone, the same each time, its header told alone."""
    out, again = BytesIO(), BytesIO()
    known = known or context()
    write_message(item, out, known)
    write_message(item, again, known.quiet())
    data = out.getvalue()
    assert data == again.getvalue()
    assert b"\n" not in data.replace(b"\r\n", b"")
    assert data.startswith(header(item, known.quiet()) + b"\r\n")
    return data


def parsed(data: bytes) -> EmailMessage:
    """As the standard library reads it, which finds nothing wrong with it."""
    message = email.message_from_bytes(data, policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    for part in message.walk():
        assert not part.defects, part.defects
    return message


def read(item: Message, known: Context | None = None) -> EmailMessage:
    return parsed(written(item, known))


def by_value(data: bytes, name: str | None = None, **more: object) -> Attachment:
    values: dict[Tag, object] = {0x3705: 1, 0x3701: data}
    if name is not None:
        values[0x3707] = name
    for tag, value in more.items():
        values[int(tag[1:], 16)] = value
    return Attachment(values)
