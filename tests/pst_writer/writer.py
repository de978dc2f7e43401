"""Stores, folders and messages ([MS-PST] 2.4)."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path
from struct import pack
from types import TracebackType
from typing import Self
from uuid import UUID

from connectors.pst.encoding import PERMUTE
from connectors.pst.layout import UNICODE, Layout
from tests.pst_writer.blocks import BlockFile
from tests.pst_writer.heaps import Tags, bag, table
from tests.pst_writer.items import Attachment, Message

_STORE, _NAMES, ROOT, SUBTREE = 0x21, 0x61, 0x122, 0x8022
_RECIPIENT_TABLE, _ATTACHMENT_TABLE = 0x692, 0x671
_RECIPIENT_COLUMNS = (
    0x0C150003, 0x0E0F000B, 0x0FF90102, 0x0FFE0003, 0x0FFF0102, 0x3001001F, 0x3002001F, 0x3003001F, 0x300B0102,
    0x39000003, 0x39FE001F, 0x39FF001F, 0x3A40000B,
)  # fmt: skip
_ATTACHMENT_COLUMNS = (0x0E200003, 0x3704001F, 0x37050003, 0x370B0003)
_FOLDER_COLUMNS = (0x3001001F, 0x36020003, 0x36030003, 0x360A000B)
_MESSAGE_COLUMNS = (0x0E070003,)
#: PSETID_Common: libpff opens no file whose map names no group of properties.
_COMMON = UUID("00062008-0000-0000-C000-000000000046")
_PUBLIC_STRINGS = UUID("00020329-0000-0000-C000-000000000046")


class PstWriter:
    """One new file.  Folders first, then messages; ``close`` (or the end of the block) makes it whole."""

    def __init__(
        self,
        path: Path,
        layout: Layout = UNICODE,
        method: int = PERMUTE,
        *,
        compress: bool = False,
        spread: bool = True,
        seed: str = "",
        encoding: str = "windows-1252",
        store_tags: Tags | None = None,
        names: dict[tuple[UUID, int | str], int] | None = None,
    ) -> None:
        self.file = BlockFile(path, layout, method, compress=compress, spread=spread)
        self._seed = seed
        self._encoding = encoding
        self._record_key = sha256(f"store {seed}".encode()).digest()[:16]
        self._folders: dict[int, tuple[int, str, dict[int, object]]] = {}
        self._contents: dict[int, list[int]] = {}
        self._next_folder = SUBTREE >> 5
        self._next_message = 0x10001
        self._store_tags = dict(store_tags or {})
        self._names = {(_PUBLIC_STRINGS, "Keywords"): 0x8000, (_COMMON, 0x8530): 0x8001, **(names or {})}
        self.subtree = self.folder("Top of Personal Folders", ROOT)
        self.deleted = self.folder("Deleted Items")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def entry_id(self, node: int) -> bytes:
        return bytes(4) + self._record_key + pack("<I", node)

    def folder(self, name: str, parent: int | None = None, tags: Tags | None = None, *, search: bool = False) -> int:
        """Its node.  Properties may be added until the end."""
        node = self._next_folder << 5 | (3 if search else 2)
        self._next_folder += 1
        self._folders[node] = (SUBTREE if parent is None else parent, name, dict(tags or {}))
        return node

    def message(self, folder: int, message: Message, *, associated: bool = False) -> int:
        """Its node."""
        number = self._next_message
        self._next_message += 1
        node = number << 5 | (8 if associated else 4)
        tags = {0x300B0102: sha256(f"{self._seed} {node}".encode()).digest()[:16], **message.tags}
        data, subnodes = self.write_item(Message(tags, message.recipients, message.attachments))
        self.file.node(node, data, subnodes, folder, early=False)
        if not associated:
            self._contents.setdefault(folder, []).append(node)
        return node

    def write_item(self, message: Message) -> tuple[int, int]:
        """Properties of an item and all below it: identifiers of its data and its subnodes."""
        below: dict[int, tuple[int, int]] = {}
        tags: dict[int, object] = {0x001A001F: "IPM.Note", 0x0E070003: 1, **message.tags}
        if message.recipients:
            rows = [(number, row) for number, row in enumerate(message.recipients)]
            columns = {*_RECIPIENT_COLUMNS, *(tag for _number, row in rows for tag in row)}
            below[_RECIPIENT_TABLE] = table(self.file, sorted(columns), rows, self._encoding)
        if message.attachments:
            rows = []
            for number, one in enumerate(message.attachments):
                node = (0x401 + number) << 5 | 5
                below[node] = self._attachment(number, one)
                row: dict[int, object] = {
                    0x0E200003: 1000,
                    0x37050003: 5 if one.embedded else one.method,
                    0x370B0003: -1,
                }
                if one.name:
                    row[0x3704001F] = one.name
                rows.append((node, row))
            below[_ATTACHMENT_TABLE] = table(self.file, _ATTACHMENT_COLUMNS, rows, self._encoding)
            tags.setdefault(0x0E1B000B, True)
            tags[0x0E070003] = int(tags[0x0E070003]) | 0x10  # type: ignore[call-overload]  # a number
        return bag(self.file, tags, below, self._encoding)

    def _attachment(self, number: int, one: Attachment) -> tuple[int, int]:
        tags: dict[int, object] = {0x0E200003: 1000, 0x0E210003: number, 0x370B0003: -1}
        if one.name:
            tags |= {0x3704001F: one.name, 0x3707001F: one.name, 0x3001001F: one.name}
        below: dict[int, tuple[int, int]] = {}
        if one.embedded is not None:
            inner = 0x10001 << 5 | 4
            below[inner] = self.write_item(one.embedded)
            tags |= {0x37050003: 5, 0x3701000D: (inner,)}
        elif one.method == 6:
            inner = 0x500 << 5 | 0x1F
            pieces = [one.data] if isinstance(one.data, bytes) else one.data
            below[inner] = (self.file.data(pieces), 0)
            tags |= {0x37050003: 6, 0x3701000D: (inner,)}
        else:
            tags |= {0x37050003: one.method, 0x37010102: one.data}
        return bag(self.file, {**tags, **one.tags}, below, self._encoding)

    def raw_node(self, node: int, data: int, subnodes: int, parent: int) -> None:
        """A node of any kind, for files that are wrong in one place."""
        self.file.node(node, data, subnodes, parent, early=node < 0x200000)

    def close(self) -> None:
        self._write_store()
        self._write_names()
        self._folders[ROOT] = (ROOT, "", {})
        for node, (parent, name, more) in sorted(self._folders.items()):
            children = [(one, told) for one, told in self._folders.items() if told[0] == node and one != node]
            inside = self._contents.get(node, [])
            tags = {0x3001001F: name, 0x36020003: len(inside), 0x36030003: 0, 0x360A000B: bool(children), **more}
            data, subnodes = bag(self.file, tags, {}, self._encoding)
            self.file.node(node, data, subnodes, parent, early=True)
            rows = [
                (one, {0x3001001F: told[1], 0x36020003: 0, 0x36030003: 0, 0x360A000B: False}) for one, told in children
            ]
            base = node & ~0x1F
            listed = [(one, {0x0E070003: 1}) for one in inside]
            for kind, columns, contents in (
                (0x0D, _FOLDER_COLUMNS, rows),
                (0x0E, _MESSAGE_COLUMNS, listed),
                (0x0F, (), []),
            ):
                data, subnodes = table(self.file, columns, contents, self._encoding)
                self.file.node(base | kind, data, subnodes, 0, early=True)
        self.file.close()

    def _write_store(self) -> None:
        tags = {
            0x0FF90102: self._record_key,
            0x3001001F: "Personal Folders",
            0x35DF0003: 0x89,
            0x35E00102: self.entry_id(self.subtree),
            0x35E30102: self.entry_id(self.deleted),
            0x67FF0003: 0,
            **self._store_tags,
        }
        self.file.node(_STORE, *bag(self.file, tags, {}, self._encoding), 0, early=True)

    def _write_names(self) -> None:
        guids = list(dict.fromkeys(group for group, _name in self._names if group != _PUBLIC_STRINGS))
        entries = strings = b""
        for (group, name), identifier in sorted(self._names.items(), key=lambda pair: pair[1]):
            at = 2 if group == _PUBLIC_STRINGS else 3 + guids.index(group)
            if isinstance(name, str):
                text = name.encode("utf-16-le")
                told = len(strings)
                strings += pack("<I", len(text)) + text + bytes(-len(text) % 4)
            else:
                told = name
            entries += pack("<IHH", told, at << 1 | isinstance(name, str), identifier - 0x8000)
        tags = {
            0x00010003: 251,
            0x00020102: b"".join(group.bytes_le for group in guids),
            0x00030102: entries,
            0x00040102: strings,
        }
        self.file.node(_NAMES, *bag(self.file, tags, {}, self._encoding), 0, early=True)
