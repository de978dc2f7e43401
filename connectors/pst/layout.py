"""The three shapes of the format: ANSI, Unicode, and Unicode with pages of 4 KB, which Outlook 2013 gives to OST files.

[MS-PST] 2.2.2 tells the first two; the third differs by longer pages, blocks and trailers, and by blocks that may be
compressed.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from struct import Struct

#: Page types ([MS-PST] 2.2.2.7.1).
BLOCK_PAGE, NODE_PAGE = 0x80, 0x81


@dataclass(frozen=True, slots=True)
class Layout:
    """Sizes in bytes."""

    name: str
    #: A page; of it, what comes before its trailer; where its entries end and their count stands.
    page: int
    page_body: int
    entries: int
    #: Count of entries, most entries, size of one, level.
    counts: Struct
    #: Type, type again, signature, then checksum and identifier in the order of ``crc_first``.
    page_trailer: Struct
    #: Size of data, signature, then checksum and identifier likewise; one more, the size before compression, or not.
    block_trailer: Struct
    crc_first: bool
    #: Entries of B-trees: key, identifier, offset; identifier, offset, size, … (before compression where there is any);
    #: node, data, subnodes, parent, ….
    branch: Struct
    block_entry: Struct
    node_entry: Struct
    #: Blocks begin at multiples of this and are no longer than that.
    align: int
    largest: int
    #: A list of block identifiers; entries of subnode blocks (leaves, then branches) and where they begin.
    identifier: str
    subnode: Struct
    subnode_branch: Struct
    subnodes_at: int
    #: The number of a table's row within its index.
    row_number: str
    #: How far the number of its block lies in an identifier within a heap ([MS-PST] 2.3.1.1).
    heap_shift: int
    compresses: bool
    #: Header: where its end of file, the references to the two roots and the encoding stand.
    end_at: int
    roots_at: int
    roots: Struct
    method_at: int
    full_header: int


ANSI = Layout(
    name="ansi",
    page=512,
    page_body=500,
    entries=496,
    counts=Struct("<BBBB"),
    page_trailer=Struct("<BBHII"),
    block_trailer=Struct("<HHII"),
    crc_first=False,
    branch=Struct("<III"),
    block_entry=Struct("<IIHH"),
    node_entry=Struct("<IIII"),
    align=64,
    largest=8192,
    identifier="I",
    subnode=Struct("<III"),
    subnode_branch=Struct("<II"),
    subnodes_at=4,
    row_number="H",
    heap_shift=16,
    compresses=False,
    end_at=168,
    roots_at=184,
    roots=Struct("<IIII"),
    method_at=461,
    full_header=512,
)

UNICODE = Layout(
    name="unicode",
    page=512,
    page_body=496,
    entries=488,
    counts=Struct("<BBBB"),
    page_trailer=Struct("<BBHIQ"),
    block_trailer=Struct("<HHIQ"),
    crc_first=True,
    branch=Struct("<QQQ"),
    block_entry=Struct("<QQHHI"),
    node_entry=Struct("<QQQII"),
    align=64,
    largest=8192,
    identifier="Q",
    subnode=Struct("<QQQ"),
    subnode_branch=Struct("<QQ"),
    subnodes_at=8,
    row_number="I",
    heap_shift=16,
    compresses=False,
    end_at=184,
    roots_at=216,
    roots=Struct("<QQQQ"),
    method_at=513,
    full_header=564,
)

UNICODE_4K = replace(
    UNICODE,
    name="unicode-4k",
    page=4096,
    page_body=4072,
    entries=4056,
    counts=Struct("<HHBB"),
    block_trailer=Struct("<HHIQHH4x"),
    block_entry=Struct("<QQHHHH"),
    align=512,
    largest=65536,
    heap_shift=19,
    compresses=True,
)

LAYOUTS = (UNICODE, ANSI, UNICODE_4K)


def layout_of(version: int) -> Layout | None:
    """The shape that goes with a header's ``wVer`` ([MS-PST] 2.2.2.6), None for none that is known."""
    if version in (14, 15):
        return ANSI
    if 20 <= version < 36:
        return UNICODE
    return UNICODE_4K if 36 <= version < 48 else None


def signature(offset: int, identifier: int) -> int:
    """What trailers hold to tie a page or block to its place ([MS-PST] 5.5)."""
    mixed = offset ^ identifier
    return ((mixed >> 16) ^ mixed) & 0xFFFF
