"""Attachments as MIME parts ([MS-OXCMAIL] 2.1.3.4): by value, OLE objects, and what is only referred to."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import BinaryIO

from connectors.archives.contract import Damaged
from connectors.language import _
from connectors.mapi import tags
from connectors.mapi.context import Context
from connectors.mapi.encodings import copy_base64
from connectors.mapi.media import media_type
from connectors.mapi.parts import Part, Written, disposition
from connectors.mapi.properties import MapiAttachment, MapiItem, Properties
from connectors.mapi.words import clean, parameter

_BY_REFERENCE = frozenset((2, 3, 4, 7))
EMBEDDED = 5
_OLE = 6
_WEB = 7
#: A flag of attachments that the message's HTML shows ([MS-OXCMSG] 2.2.2.18).
_RENDERED = 0x4
_ID = re.compile(r"[!-;=?-~]{1,500}")
_BASE64 = b"Content-Transfer-Encoding: base64\r\n"


@dataclass(frozen=True, slots=True)
class Attached:
    """One attachment, before it is known whether it stands in the message's HTML or behind it."""

    kind: bytes
    name: str
    #: Fields behind its content type, each with its line end.
    more: bytes
    write: Callable[[BinaryIO], None]
    #: What HTML may call it by, in lower case, empty when it cannot.
    content_id: bytes = b""
    location: bytes = b""
    #: Its own word that the HTML shows it.
    rendered: bool = False

    def is_shown_in(self, html: bytes) -> bool:
        """Whether ``html``, in lower case, refers to it."""
        if self.content_id and b"cid:" + self.content_id in html:
            return True
        return self.rendered and bool(self.location) and self.location in html

    def part(self, *, inline: bool) -> Part:
        return Written(disposition(self.kind, self.name, inline=inline) + self.more, self.write)


def is_embedded(properties: Properties) -> bool:
    """Whether the attachment is another item."""
    return properties.get(tags.ATTACH_METHOD) == EMBEDDED


def by_value(attachment: MapiAttachment, context: Context) -> Attached:
    """An attachment of any kind but another item.  What is wrong with its bytes is told when they are written."""
    properties = attachment.properties
    method = properties.get(tags.ATTACH_METHOD)
    name = file_name(properties)
    if method in _BY_REFERENCE:
        return _referred_to(properties, name, context, is_web=method == _WEB)

    def opened() -> BinaryIO | None:
        return attachment.storage() if method == _OLE else properties.open(tags.ATTACH_DATA)

    def write(out: BinaryIO) -> None:
        _copy(opened, out, context)

    content_id = _ascii(properties, tags.ATTACH_CONTENT_ID).strip("<>")
    location = _ascii(properties, tags.ATTACH_CONTENT_LOCATION)
    more = _BASE64
    if _ID.fullmatch(content_id):
        more += f"Content-ID: <{content_id}>\r\n".encode("ascii")
    if _ID.fullmatch(location):
        more += f"Content-Location: {location}\r\n".encode("ascii")
    flags = properties.get(tags.ATTACH_FLAGS)
    return Attached(
        b"application/x-ole-storage" if method == _OLE else media_type(_ascii(properties, tags.ATTACH_MIME_TAG), name),
        name,
        more,
        write,
        content_id.lower().encode("ascii"),
        location.lower().encode("ascii"),
        isinstance(flags, int) and bool(flags & _RENDERED),
    )


def small(
    item: MapiItem, context: Context, most: int, leave: frozenset[int] = frozenset()
) -> Iterator[tuple[str, bytes]]:
    """Names and bytes of attachments by value, of ``most`` bytes together.  What is left out is told to the context.

    Attachments whose method is in ``leave`` are not asked for.
    """
    for attachment in item.attachments():
        properties = attachment.properties
        if properties.get(tags.ATTACH_METHOD) in leave:
            continue
        size = properties.size(tags.ATTACH_DATA)
        data = properties.get(tags.ATTACH_DATA) if size is not None and size <= most else None
        if isinstance(data, bytes) and not is_embedded(properties):
            most -= len(data)
            yield file_name(properties), data
        else:
            left_out(context)


def left_out(context: Context) -> None:
    context.problem(
        "attachment-left-out",
        _("An attachment of an item that is no mail has no place in the file made of it; it stays in the archive."),
    )


def file_name(properties: Properties) -> str:
    """The attachment's name on one line, of 255 characters at most; empty when it has none."""
    for identifier in (tags.ATTACH_LONG_NAME, tags.ATTACH_NAME, tags.DISPLAY_NAME):
        text = properties.get(identifier)
        if isinstance(text, str) and (name := clean(text.rstrip("\0")).strip()):
            return name[:255]
    return ""


def _copy(opened: Callable[[], BinaryIO | None], out: BinaryIO, context: Context) -> None:
    try:
        source = opened()
        if source is None:
            context.problem(
                "attachment-missing", _("An attachment has no content in the archive; it arrives as an empty file.")
            )
            return
        with source:
            copy_base64(source, out)
    except Damaged as error:
        context.problem(error.code, _("An attachment is damaged; what stands before the damage arrives."))


def _referred_to(properties: Properties, name: str, context: Context, *, is_web: bool) -> Attached:
    """Only a place is known: told by a part of the type that MIME has for it (RFC 2046 5.2.3, RFC 2017)."""
    place = ""
    for identifier in (tags.ATTACH_LONG_PATH, tags.ATTACH_PATH):
        text = properties.get(identifier)
        if isinstance(text, str) and text.strip("\0 "):
            place = text.strip("\0 ")
            break
    context.problem(
        "attached-by-reference",
        _("A message refers to a file that lies elsewhere, not in the archive; the reference arrives, not the file."),
    )
    access = (
        "access-type=URL" + parameter("URL", place) if is_web else "access-type=local-file" + parameter("name", place)
    )
    inner = disposition(b"application/octet-stream", name) + b"\r\n"

    def write(out: BinaryIO) -> None:
        out.write(inner)

    return Attached(b"message/external-body; " + access.encode("ascii"), "", b"", write)


def _ascii(properties: Properties, identifier: int) -> str:
    text = properties.get(identifier)
    return clean(text).strip() if isinstance(text, str) and text.isascii() else ""
