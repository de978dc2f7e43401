"""Blocks and pages on disk ([MS-PST] 2.2.2), and the two trees that find them."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from struct import pack

from connectors.pst.encoding import checksum, encode
from connectors.pst.layout import BLOCK_PAGE, NODE_PAGE, UNICODE_4K, Layout, signature

_FREE_MAP = 0x84
INTERNAL = 2


class BlockFile:
    """Blocks, one after the other, with the maps of free space at the places where readers expect them."""

    def __init__(self, path: Path, layout: Layout, method: int, *, compress: bool, spread: bool) -> None:
        self.layout = layout
        self.method = method
        self._compress = compress
        #: Leaves of the trees are written as soon as they are full, as Outlook does; else all at the end.
        self._spread = spread
        self._out = path.open("wb")
        first_map = 0x22000 if layout is UNICODE_4K else 0x4400
        map_bits = (layout.page_body - (4 if layout.name == "ansi" else 0)) * 8
        self._map_every = map_bits * layout.align
        self._next_map = first_map
        self._at = first_map
        self._maps: list[int] = []
        self._out.write(bytes(first_map))
        self.next_block = 4
        self._next_page = 4
        self._blocks = _Leaves(layout, BLOCK_PAGE)
        self._nodes = _Leaves(layout, NODE_PAGE)
        self._early_nodes: list[tuple[int, ...]] = []
        self.most = layout.largest - layout.block_trailer.size
        #: Where each block lies, for tests that damage one: identifier, offset, size of its data.
        self.places: list[tuple[int, int, int]] = []

    # -- blocks

    def block(self, data: bytes, *, internal: bool = False) -> int:
        """Its identifier."""
        layout = self.layout
        identifier = self.next_block | (INTERNAL if internal else 0)
        self.next_block += 4
        plain = len(data)
        if not internal:
            data = encode(data, self.method, identifier & 0xFFFFFFFF)
        if self._compress and not internal:
            packed = zlib.compress(data)
            data = packed if len(packed) < len(data) else data
        tail = layout.block_trailer.size
        whole = (len(data) + tail + layout.align - 1) // layout.align * layout.align
        offset = self._room(whole, layout.align)
        trailer = self._trailer(data, identifier, offset, plain)
        self._out.write(data + bytes(whole - len(data) - tail) + trailer)
        self._at = offset + whole
        self._told(identifier, offset, len(data), plain)
        return identifier

    def _trailer(self, data: bytes, identifier: int, offset: int, plain: int) -> bytes:
        told, own = checksum(data), identifier
        pair = (told, own) if self.layout.crc_first else (own, told)
        more = (2, plain) if self.layout.compresses else ()
        return self.layout.block_trailer.pack(len(data), signature(offset, identifier), *pair, *more)

    def _told(self, identifier: int, offset: int, size: int, plain: int) -> None:
        self.places.append((identifier, offset, size))
        more = (plain, 2, 0) if self.layout.compresses else (2, 0) if self.layout.identifier == "Q" else (2,)
        self._blocks.entries.append((identifier, offset, size, *more))
        if self._spread:
            self._flush(self._blocks)

    def data(self, pieces: Iterable[bytes]) -> int:
        """Long data, in as many blocks as it needs; their list, or the list of their lists."""
        identifiers: list[int] = []
        lists: list[tuple[int, int]] = []
        held = b""
        total = whole = 0
        width = 8 if self.layout.identifier == "Q" else 4
        room = (8192 - 16 - 8) // width
        for piece in pieces:
            held += piece
            while len(held) > self.most:
                identifiers.append(self.block(held[: self.most]))
                total += self.most
                held = held[self.most :]
                if len(identifiers) == room:
                    lists.append((self._list(1, identifiers, total), total))
                    whole, total, identifiers = whole + total, 0, []
        if held or not (identifiers or lists):
            identifiers.append(self.block(held))
            total += len(held)
        if not lists:
            return identifiers[0] if len(identifiers) == 1 else self._list(1, identifiers, total)
        if identifiers:
            lists.append((self._list(1, identifiers, total), total))
            whole += total
        return self._list(2, [one for one, _size in lists], whole)

    def _list(self, level: int, identifiers: list[int], total: int) -> int:
        head = pack("<BBHI", 1, level, len(identifiers), total & 0xFFFFFFFF)
        return self.block(head + pack(f"<{len(identifiers)}{self.layout.identifier}", *identifiers), internal=True)

    def subnodes(self, nodes: Mapping[int, tuple[int, int]]) -> int:
        """A list of subnodes, with a level above when there are many; 0 when there are none."""
        if not nodes:
            return 0
        layout = self.layout
        rows = sorted((node, data, below) for node, (data, below) in nodes.items())
        room = (8192 - 16 - layout.subnodes_at) // layout.subnode.size
        leaves = []
        for start in range(0, len(rows), room):
            part = rows[start : start + room]
            body = b"".join(layout.subnode.pack(*row) for row in part)
            leaves.append((part[0][0], self._subnode_block(0, len(part), body)))
        if len(leaves) == 1:
            return leaves[0][1]
        return self._subnode_block(1, len(leaves), b"".join(layout.subnode_branch.pack(*leaf) for leaf in leaves))

    def _subnode_block(self, level: int, count: int, body: bytes) -> int:
        head = pack("<BBH", 2, level, count).ljust(self.layout.subnodes_at, b"\0")
        return self.block(head + body, internal=True)

    # -- nodes

    def node(self, node: int, data: int, subnodes: int, parent: int, *, early: bool) -> None:
        """``early``: its number is below those that are written as they come."""
        entry = (node, data, subnodes, parent, *((0,) if self.layout.identifier == "Q" else ()))
        (self._early_nodes if early else self._nodes.entries).append(entry)
        if self._spread:
            self._flush(self._nodes)

    # -- pages

    def _room(self, size: int, align: int) -> int:
        """Where that many bytes fit, before or behind the next map."""
        at = (self._at + align - 1) // align * align
        while at + size > self._next_map:
            self._out.write(bytes(self._next_map - self._at))
            self._write_map()
            at = (self._at + align - 1) // align * align
        self._out.write(bytes(at - self._at))
        self._at = at
        return at

    def gap(self, size: int) -> None:
        """Leave a hole that takes no room on disk, in place of blocks that nobody is to read."""
        self._at = self._next_map = (self._at + size + self.layout.page - 1) // self.layout.page * self.layout.page
        self._out.seek(self._at)

    def _write_map(self) -> None:
        offset = self._next_map
        # All taken: whoever would write to the file has to look for room behind its end.
        body = bytes(4 if self.layout.name == "ansi" else 0).ljust(self.layout.page_body, b"\xff")
        self._out.write(self._page(body, _FREE_MAP, offset, offset))
        self._at = offset + self.layout.page
        self._next_map += self._map_every

    def _page(self, body: bytes, kind: int, identifier: int, offset: int) -> bytes:
        signed = 0 if kind == _FREE_MAP else signature(offset, identifier)
        told = checksum(body)
        pair = (told, identifier) if self.layout.crc_first else (identifier & 0xFFFFFFFF, told)
        return (body + self.layout.page_trailer.pack(kind, kind, signed, *pair)).ljust(self.layout.page, b"\0")

    def _flush(self, leaves: _Leaves) -> None:
        while len(leaves.entries) > leaves.room:  # one is kept back: a tree has at least one leaf
            part, leaves.entries = leaves.entries[: leaves.room], leaves.entries[leaves.room :]
            leaves.written.append(self._tree_page(leaves.kind, leaves.room, 0, part))

    def _tree_page(self, kind: int, room: int, level: int, entries: list[tuple[int, ...]]) -> tuple[int, int, int]:
        """First key, identifier and place of the page."""
        layout = self.layout
        shape = layout.branch if level else layout.block_entry if kind == BLOCK_PAGE else layout.node_entry
        body = b"".join(shape.pack(*entry) for entry in entries).ljust(layout.entries, b"\0")
        body += layout.counts.pack(len(entries), room, shape.size, level)
        identifier = self._next_page
        self._next_page += 4
        offset = self._room(layout.page, layout.page)
        self._out.write(self._page(body.ljust(layout.page_body, b"\0"), kind, identifier, offset))
        self._at = offset + layout.page
        return entries[0][0], identifier, offset

    def _tree(self, leaves: _Leaves, early: list[tuple[int, ...]]) -> tuple[int, int]:
        """Write what is left and the levels above; identifier and place of the root."""

        def written(entries: list[tuple[int, ...]], level: int, room: int) -> list[tuple[int, int, int]]:
            parts = (entries[at : at + room] for at in range(0, len(entries), room))
            return [self._tree_page(leaves.kind, room, level, part) for part in parts]

        pages = [*written(sorted(early), 0, leaves.room), *leaves.written, *written(leaves.entries, 0, leaves.room)]
        level = 1
        while len(pages) > 1:
            pages = written(list(pages), level, self.layout.entries // self.layout.branch.size)
            level += 1
        return pages[0][1], pages[0][2]

    # -- the end

    def close(self) -> None:
        nodes = self._tree(self._nodes, self._early_nodes)
        blocks = self._tree(self._blocks, [])
        end = self._at
        self._out.seek(0)
        self._out.write(self._header(nodes, blocks, end))
        self._out.close()

    def _header(self, nodes: tuple[int, int], blocks: tuple[int, int], end: int) -> bytes:
        layout = self.layout
        wide = layout.identifier == "Q"
        version = 14 if not wide else 36 if layout.compresses else 23
        head = bytearray(564 if wide else 512)
        head[0:4] = b"!BDN"
        head[8:12] = b"SM" + pack("<H", version)
        head[12:16] = pack("<HBB", 19, 1, 1)
        numbers = pack("<32I", *([0x400] * 32))
        last_map = self._next_map - self._map_every
        if wide:
            head[32:44] = pack("<QI", self._next_page, 1)
            head[44:172] = numbers
            head[184:216] = pack("<QQQQ", end, last_map, 0, 0)
            head[256:512] = b"\xff" * 256
            head[512:514] = bytes((0x80, self.method))
            head[516:524] = pack("<Q", self.next_block)
        else:
            head[24:36] = pack("<III", self.next_block, self._next_page, 1)
            head[36:164] = numbers
            head[168:184] = pack("<IIII", end, last_map, 0, 0)
            head[204:460] = b"\xff" * 256
            head[460:462] = bytes((0x80, self.method))
        at = layout.roots_at
        head[at : at + layout.roots.size] = layout.roots.pack(*nodes, *blocks)
        head[at + layout.roots.size] = 2
        head[4:8] = pack("<I", checksum(bytes(head[8:479])))
        if wide:
            head[524:528] = pack("<I", checksum(bytes(head[8:524])))
        return bytes(head)


class _Leaves:
    """Leaves of a tree: those that are written, and entries that wait."""

    def __init__(self, layout: Layout, kind: int) -> None:
        self.kind = kind
        entry = layout.block_entry if kind == BLOCK_PAGE else layout.node_entry
        self.room = layout.entries // entry.size
        self.entries: list[tuple[int, ...]] = []
        self.written: list[tuple[int, int, int]] = []
