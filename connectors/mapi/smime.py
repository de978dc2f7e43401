"""Signed and sealed messages: the bytes that were signed stay as they are ([MS-OXOSMIME] 2.1.3).

Such an item has one attachment.  A clear-signed message's holds the whole MIME entity with its own Content-Type; that
of a sealed one (or one whose text lies within its signature) is the PKCS #7 object itself.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import BinaryIO

from connectors.archives.contract import Damaged
from connectors.language import _
from connectors.mapi import tags
from connectors.mapi.attachments import is_embedded
from connectors.mapi.context import Context
from connectors.mapi.encodings import copy_base64
from connectors.mapi.parts import Part, Written
from connectors.mapi.properties import MapiItem, Properties
from connectors.mapi.transport import Transport

_PIECE = 1 << 16
_SIGNED = re.compile(rb"content-type\s*:\s*multipart/signed", re.IGNORECASE)
_SEALED = re.compile(rb"content-type\s*:\s*application/(?:x-)?pkcs7-mime", re.IGNORECASE)
_FIELD = re.compile(rb"^content-[!-9;-~]*[ \t]*:[^\r\n]*(?:\r?\n[ \t][^\r\n]*)*\r?\n", re.MULTILINE | re.IGNORECASE)
_EMPTY_LINE = re.compile(rb"\r?\n\r?\n")
#: The identifier of PKCS #7's enveloped data (RFC 5652 6.1), which stands near the beginning of an object.
_ENVELOPED = b"\x2a\x86\x48\x86\xf7\x0d\x01\x07\x03"


def signed(item: MapiItem, name: str, arrived: Transport, context: Context, delimiter: bytes | None) -> Part | None:
    """The body of a signed or sealed message, None for any other.  ``name``: its class, in lower case.

    ``delimiter``: what must not occur in bytes that stand between delimiters of another message, None when none are.
    """
    if ".smime" not in name:
        return None
    try:
        return _signed(item, arrived, context, delimiter)
    except Damaged:
        # Then it is written as any other message, which tells what is damaged.
        return None


def _signed(item: MapiItem, arrived: Transport, context: Context, delimiter: bytes | None) -> Part | None:
    attachments = list(item.attachments())
    if len(attachments) != 1 or is_embedded(attachments[0].properties):
        return None
    properties = attachments[0].properties
    start = _start(properties)
    if _SIGNED.match(start.lstrip()) and (end := _EMPTY_LINE.search(start)):
        head = b"".join(found[0] for found in _FIELD.finditer(start, 0, end.end()))
        return None if _holds(properties, delimiter) else _verbatim(head, end.end(), properties, context)
    told = arrived.content_type
    if _SIGNED.match(told) and start.lstrip().startswith(b"--"):
        return None if _holds(properties, delimiter) else _verbatim(told, 0, properties, context)
    if not start.startswith(b"\x30"):  # no DER or BER sequence
        return None
    if not _SEALED.match(told):
        kind = b"enveloped-data" if _ENVELOPED in start[:64] else b"signed-data"
        told = b"Content-Type: application/pkcs7-mime; smime-type=" + kind + b';\r\n name="smime.p7m"\r\n'
    head = told + b'Content-Disposition: attachment; filename="smime.p7m"\r\nContent-Transfer-Encoding: base64\r\n'
    return _part(head, copy_base64, properties, context)


def _start(properties: Properties) -> bytes:
    stream = properties.open(tags.ATTACH_DATA)
    if stream is None:
        return b""
    with stream:
        return stream.read(_PIECE)


def _holds(properties: Properties, delimiter: bytes | None) -> bool:
    """Then it is written as an attachment like any other, where nothing in it can end a part."""
    if delimiter is None or (stream := properties.open(tags.ATTACH_DATA)) is None:
        return False
    last = b""
    with stream:
        while piece := stream.read(_PIECE):
            last = last[-len(delimiter) :] + piece
            if delimiter in last:
                return True
    return False


def _verbatim(head: bytes, begin: int, properties: Properties, context: Context) -> Part:
    def write(source: BinaryIO, out: BinaryIO) -> None:
        left = begin
        while left and (piece := source.read(left)):
            left -= len(piece)
        while piece := source.read(_PIECE):
            out.write(piece)

    return _part(head.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n"), write, properties, context)


def _part(head: bytes, write: Callable[[BinaryIO, BinaryIO], None], properties: Properties, context: Context) -> Part:
    def written(out: BinaryIO) -> None:
        try:
            stream = properties.open(tags.ATTACH_DATA)
            if stream is not None:
                with stream:
                    write(stream, out)
        except Damaged as error:
            context.problem(
                error.code, _("A signed or encrypted message is damaged; what stands before the damage arrives.")
            )

    return Written(head, written)
