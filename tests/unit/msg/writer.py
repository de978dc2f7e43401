"""Writes .msg files of every shape ([MS-OXMSG]) out of items in memory."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import BinaryIO
from uuid import UUID

from connectors.mapi import tags
from connectors.msg.writing import write_compound
from tests.unit.mapi.items import Ansi, Attachment, Message, Tag

_TEXT, _BINARY = 0x1F, 0x102


@dataclass
class Store:
    """A storage in memory."""

    streams: dict[str, bytes] = field(default_factory=dict)
    storages: dict[str, Store] = field(default_factory=dict)
    class_id: bytes = bytes(16)

    def names(self) -> Iterator[tuple[str, bool]]:
        yield from ((name, False) for name in self.streams)
        yield from ((name, True) for name in self.storages)

    def storage(self, name: str) -> Store | None:
        return self.storages.get(name)

    def size(self, name: str) -> int | None:
        return len(self.streams[name]) if name in self.streams else None

    def open(self, name: str) -> BinaryIO | None:
        return BytesIO(self.streams[name]) if name in self.streams else None


class _Names:
    def __init__(self) -> None:
        self.known: dict[tuple[UUID, int | str], int] = {}

    def identifier(self, group: UUID, name: int | str) -> int:
        return 0x8000 + self.known.setdefault((group, name), len(self.known))

    def store(self) -> Store:
        groups: list[UUID] = []
        entries, texts = b"", b""
        for (group, name), index in self.known.items():
            if group == tags.PUBLIC_STRINGS:
                place = 2
            else:
                if group not in groups:
                    groups.append(group)
                place = groups.index(group) + 3
            number = len(texts) if isinstance(name, str) else name
            entries += struct.pack("<IHH", number, place << 1 | isinstance(name, str), index)
            if isinstance(name, str):
                data = name.encode("utf-16-le")
                texts += struct.pack("<I", len(data)) + data + bytes(-len(data) % 4)
        told = {2: b"".join(group.bytes_le for group in groups), 3: entries, 4: texts}
        return Store({f"__substg1.0_{stream:04X}0102": data for stream, data in told.items()})


def write_msg(item: Message, path: Path) -> Path:
    names = _Names()
    store = _message(item, names, 32)
    store.storages["__nameid_version1.0"] = names.store()
    with path.open("wb") as out:
        write_compound(store, out)
    return path


def _message(item: Message, names: _Names, header: int) -> Store:
    store = Store()
    for number, recipient in enumerate(item.to):
        store.storages[f"__recip_version1.0_#{number:08X}"] = below = Store()
        _properties(recipient, below, names, 8)
    for number, one in enumerate(item.attached):
        store.storages[f"__attach_version1.0_#{number:08X}"] = _attachment(one, names)
    _properties(item.values, store, names, header)
    return store


def _attachment(one: Attachment, names: _Names) -> Store:
    store = Store()
    _properties(one.values, store, names, 8)
    if one.item is not None:
        store.storages["__substg1.0_3701000D"] = _message(one.item, names, 24)
    elif isinstance(one.ole, Store):
        store.storages["__substg1.0_3701000D"] = one.ole
    return store


def _properties(values: Mapping[Tag, object], store: Store, names: _Names, header: int) -> None:
    told = bytes(header)
    for tag, value in values.items():
        identifier = tag if isinstance(tag, int) else names.identifier(*tag)
        kind, data, streams = _value(value)
        if streams is not None:
            for ending, stream in streams.items():
                store.streams[f"__substg1.0_{identifier:04X}{kind:04X}{ending}"] = stream
            data = struct.pack("<II", len(streams[""]), 0)
        told += struct.pack("<HHI", kind, identifier, 6) + data
    store.streams["__properties_version1.0"] = told


def _value(value: object) -> tuple[int, bytes, dict[str, bytes] | None]:
    match value:
        case bool():
            return 0x0B, struct.pack("<q", value), None
        case int():
            return 3, struct.pack("<iI", value, 0), None
        case float():
            return 5, struct.pack("<d", value), None
        case datetime():
            ticks = (value - datetime(1601, 1, 1, tzinfo=UTC)).total_seconds()
            return 0x40, struct.pack("<Q", int(ticks) * 10_000_000), None
        case str():
            return _TEXT, b"", {"": value.encode("utf-16-le", "surrogatepass")}
        case Ansi():
            return 0x1E, b"", {"": value.data}
        case bytes():
            return _BINARY, b"", {"": value}
        case tuple():
            return _several(value)
    raise TypeError(value)


def _several(values: tuple[object, ...]) -> tuple[int, bytes, dict[str, bytes]]:
    is_text = isinstance(values[0], str)
    pieces = [one.encode("utf-16-le") if isinstance(one, str) else one for one in values]
    assert all(isinstance(piece, bytes) for piece in pieces)
    lengths = b"".join(
        struct.pack("<I" if is_text else "<II", len(piece), *(() if is_text else (0,))) for piece in pieces
    )  # type: ignore[arg-type]
    streams = {f"-{place:08X}": piece for place, piece in enumerate(pieces)}
    return 0x1000 | (_TEXT if is_text else _BINARY), b"", {"": lengths} | streams  # type: ignore[return-value]
