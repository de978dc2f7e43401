"""Harm done to files on purpose, with checksums that fit again where they are to."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from connectors.pst.btree import BTree, Entry
from connectors.pst.disk import Disk
from connectors.pst.encoding import checksum
from connectors.pst.header import read_header
from connectors.pst.layout import BLOCK_PAGE, NODE_PAGE, Layout
from connectors.pst.problems import Problems


def blocks_of(path: Path) -> dict[int, Entry]:
    """Every block of a sound file by its identifier."""
    disk = Disk(path)
    try:
        header = read_header(disk)
        return {entry[0]: entry for entry in BTree(disk, header.layout, BLOCK_PAGE, header.blocks, Problems()).walk()}
    finally:
        disk.close()


def nodes_of(path: Path) -> dict[int, Entry]:
    """Every node of a sound file."""
    disk = Disk(path)
    try:
        header = read_header(disk)
        return {entry[0]: entry for entry in BTree(disk, header.layout, NODE_PAGE, header.nodes, Problems()).walk()}
    finally:
        disk.close()


def pages_of(path: Path, layout: Layout, kind: int) -> list[int]:
    """Where pages of one tree lie."""
    data = path.read_bytes()
    trailers = range(layout.page_body, len(data), layout.page)
    return [at - layout.page_body for at in trailers if data[at] == data[at + 1] == kind]


def overwrite(path: Path, offset: int, data: bytes) -> None:
    with path.open("r+b") as file:
        file.seek(offset)
        file.write(data)


def wipe(path: Path, layout: Layout, entry: Entry) -> None:
    """Nothing is left of a block."""
    size = entry[2] + layout.block_trailer.size
    overwrite(path, entry[1], bytes((size + layout.align - 1) // layout.align * layout.align))


def rewrite_page(path: Path, layout: Layout, offset: int, change: Callable[[bytearray], None]) -> None:
    """Change a page, and let its checksum say that all is well."""
    page = bytearray(path.read_bytes()[offset : offset + layout.page])
    change(page)
    mend_page(page, layout)
    overwrite(path, offset, bytes(page))


def mend_page(page: bytearray, layout: Layout) -> None:
    told = checksum(bytes(page[: layout.page_body])).to_bytes(4, "little")
    at = layout.page_body + (4 if layout.crc_first else 8)
    page[at : at + 4] = told


def mend_block(data: bytearray, layout: Layout, entry: Entry) -> None:
    """Let the checksum of a block fit the bytes it has now."""
    offset, size = entry[1], entry[2]
    tail = layout.block_trailer.size
    end = offset + (size + tail + layout.align - 1) // layout.align * layout.align
    at = end - tail + (4 if layout.crc_first else 8)
    data[at : at + 4] = checksum(bytes(data[offset : offset + size])).to_bytes(4, "little")
