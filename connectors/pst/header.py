"""The header of the file ([MS-PST] 2.2.2.6)."""

from __future__ import annotations

from dataclasses import dataclass
from struct import unpack_from

from connectors.archives.contract import NotAnArchive
from connectors.language import _
from connectors.pst.disk import Disk
from connectors.pst.encoding import CYCLIC, checksum
from connectors.pst.layout import Layout, layout_of

MAGIC = b"!BDN"
#: Personal folders, offline folders, and the address book of old, which holds no mail.
_STORES = (b"SM", b"SO")
_ADDRESS_BOOK = b"AB"


def is_pst(head: bytes) -> bool:
    """Whether a file that begins so (12 bytes suffice) is a PST or OST file."""
    return head[:4] == MAGIC and head[8:10] in _STORES


@dataclass(frozen=True, slots=True)
class Header:
    layout: Layout
    #: How data blocks are disguised, as :mod:`connectors.pst.encoding` numbers the ways.
    method: int
    #: Where the roots of the two B-trees are: identifier, then offset.
    nodes: tuple[int, int]
    blocks: tuple[int, int]
    #: Where the file ended when it was closed.
    end: int
    #: Whether the header's checksum fits it.
    intact: bool


def read_header(disk: Disk) -> Header:
    """Raises NotAnArchive, OSError."""
    head = disk.read(0, 564)
    if head[:4] != MAGIC:
        # A wrecked beginning is no reason to give up on what lies behind it.
        message = _("{path} does not begin as a PST or OST file does.").format(path=disk.path)
        raise NotAnArchive(disk.path, message, salvageable=disk.size > len(head))
    if head[8:10] == _ADDRESS_BOOK:
        raise NotAnArchive(
            disk.path, _("{path} is an address book of Outlook; it holds no mail.").format(path=disk.path)
        )
    layout = layout_of(unpack_from("<H", head, 10)[0]) if len(head) >= 12 else None
    if layout is None or len(head) < layout.full_header or head[8:10] not in _STORES:
        message = _("The beginning of {path} is damaged.").format(path=disk.path)
        raise NotAnArchive(disk.path, message, salvageable=True)
    first, first_at, second, second_at = layout.roots.unpack_from(head, layout.roots_at)
    method = head[layout.method_at]
    intact = checksum(head[8:479]) == unpack_from("<I", head, 4)[0] and method <= CYCLIC
    end: int = unpack_from(f"<{layout.identifier}", head, layout.end_at)[0]
    return Header(layout, method, (first, first_at), (second, second_at), end, intact)
