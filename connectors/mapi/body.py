"""The bodies of an item as parts: plain text, HTML, RTF ([MS-OXBBODY] for which of them is the message's own).

HTML stands as it is, in its charset.  Without it, RTF gives the HTML or the text that it was made of; only RTF that
was written as such is attached, behind the text that it shows.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from io import BytesIO
from typing import BinaryIO

from connectors.archives.contract import Damaged
from connectors.language import _
from connectors.mapi import tags
from connectors.mapi.codepages import charset, charset_of, codec
from connectors.mapi.context import Context
from connectors.mapi.encodings import Recoded, copy_base64
from connectors.mapi.parts import Part, Text, Written, disposition
from connectors.mapi.properties import Properties
from connectors.mapi.rtf.compressed import unpacked
from connectors.mapi.rtf.reader import HEAD, as_html, as_text, kind_of, too_large

#: A body of more bytes than this is not held in memory; it is copied in pieces.
HELD = 8 << 20
#: RTF is held while it is unpacked and read: packed, and unpacked.
_PACKED, _UNPACKED = 16 << 20, 48 << 20
RTF_NAME = "body.rtf"
_META = re.compile(rb"<meta[^>]{0,200}charset\s*=\s*[\"']?\s*([A-Za-z0-9_:.-]{1,40})", re.IGNORECASE)
_WIDE = re.compile(r"utf[-_]?(?:16|32)")
_OBJECTS = re.compile(rb"\\(?:pict|object)\b")
_BASE64 = b"Content-Transfer-Encoding: base64\r\n"


@dataclass(slots=True)
class Bodies:
    """What a message says, each None when it does not."""

    plain: Part | None
    html: Part | None
    #: The HTML in lower case where it is held in memory, for what it refers to.
    html_text: bytes = b""
    #: The RTF behind them, where it was written as such or could not be read.
    rtf: Part | None = None


def bodies(properties: Properties, context: Context) -> Bodies:
    """What is wrong with one of them is told to the context, and leaves the others as they are."""
    html, html_text = _html(properties, context)
    said = Bodies(_plain(properties, context), html, html_text.lower())
    if html is None and (size := properties.size(tags.RTF_COMPRESSED)):
        _add_rtf(properties, size, said, context)
    return said


def plain_part(text: str) -> Text:
    data = text.encode("utf-8", "replace")
    return Text(b"text/plain; charset=us-ascii" if text.isascii() else b"text/plain; charset=utf-8", data)


def _plain(properties: Properties, context: Context) -> Part | None:
    size = properties.size(tags.BODY)
    if not size:
        return None
    if size > HELD:
        name = "utf-16-le" if properties.is_unicode(tags.BODY) else charset_of(properties) or context.encoding
        return _streamed(b"text/plain; charset=utf-8", properties, tags.BODY, name, context)
    text = properties.get(tags.BODY)
    if not isinstance(text, str):
        return None
    text = text.rstrip("\0")
    return plain_part(text) if text else None


def _html(properties: Properties, context: Context) -> tuple[Part | None, bytes]:
    """In the charset that it is declared in, to the byte but for the ends of its lines."""
    size = properties.size(tags.HTML)
    if not size:
        return None, b""
    if size > HELD:
        recode = "utf-16-le" if properties.is_unicode(tags.HTML) else None
        name = "utf-8" if recode else _html_charset(b"", properties, context)
        return _streamed(b"text/html; charset=" + name.encode("ascii"), properties, tags.HTML, recode, context), b""
    data = properties.get(tags.HTML)
    if isinstance(data, str):
        data = data.encode("utf-8", "replace")
        return Text(b"text/html; charset=utf-8", data), data
    if not isinstance(data, bytes) or not data.strip(b"\0"):
        return None, b""
    name = _html_charset(data, properties, context)
    if _WIDE.match(name):
        data, name = data.decode(name, "replace").encode("utf-8", "replace"), "utf-8"
    return Text(b"text/html; charset=" + name.encode("ascii"), data), data


def _html_charset(data: bytes, properties: Properties, context: Context) -> str:
    """By the item's own word, else the HTML's; UTF-16 only where it looks like that."""
    page = properties.get(tags.INTERNET_CODEPAGE)
    named = charset(page) if isinstance(page, int) else None
    is_wide = named is not None and _WIDE.match(named) is not None
    is_fit = is_wide == (b"\0" in data[:256]) and (named != "us-ascii" or data.isascii())
    if named is not None and codec(named) is not None and is_fit:
        return named
    if (found := _META.search(data, 0, 4096)) is not None:
        named = found[1].decode("ascii").lower()
        if codec(named) is not None and not _WIDE.match(named):
            return named
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return context.encoding
    return "utf-8"


def _add_rtf(properties: Properties, size: int, said: Bodies, context: Context) -> None:
    """Whatever happens, the bytes are not lost: what cannot be read is attached as it is."""
    try:
        data = properties.get(tags.RTF_COMPRESSED) if size <= _PACKED else None
        if not isinstance(data, bytes):
            raise too_large()
        _read_rtf(data, properties, said, context)
    except Damaged as error:
        context.problem(error.code, str(error))
        head = disposition(b"application/octet-stream", RTF_NAME + ".compressed") + _BASE64
        said.rtf = _copied(head, properties, tags.RTF_COMPRESSED, None, context)


def _read_rtf(data: bytes, properties: Properties, said: Bodies, context: Context) -> None:
    kind = kind_of(unpacked(data, HEAD)[0])
    if kind == "text" and said.plain is not None:
        return
    rtf, is_whole = unpacked(data, _UNPACKED)
    if not is_whole:
        context.problem("rtf-cut", _("A formatted body is damaged; what stands before the damage arrives."))
    # Programs show the HTML when there is any: an empty one would hide the text.
    if kind == "html" and (html := as_html(rtf)).strip():
        name = _charset_for(html, properties)
        data = html.encode(name, "replace")
        said.html, said.html_text = Text(b"text/html; charset=" + name.encode("ascii"), data), data.lower()
        return
    text = "" if said.plain is not None else as_text(rtf)
    if text.strip():
        said.plain = plain_part(text)
    if kind == "native" and (said.plain is not None or _OBJECTS.search(rtf)):

        def write(out: BinaryIO) -> None:
            copy_base64(BytesIO(rtf), out)

        said.rtf = Written(disposition(b"application/rtf", RTF_NAME) + _BASE64, write)


def _charset_for(html: str, properties: Properties) -> str:
    """The item's own charset where it can hold the HTML, which may name it."""
    page = properties.get(tags.INTERNET_CODEPAGE)
    named = charset(page) if isinstance(page, int) else None
    if named is not None and codec(named) is not None and not _WIDE.match(named):
        try:
            html.encode(named)
        except (UnicodeEncodeError, LookupError):
            return "utf-8"
        return named
    return "utf-8"


def _streamed(kind: bytes, properties: Properties, identifier: int, recode: str | None, context: Context) -> Part:
    return _copied(b"Content-Type: " + kind + b"\r\n" + _BASE64, properties, identifier, recode, context)


def _copied(head: bytes, properties: Properties, identifier: int, recode: str | None, context: Context) -> Part:
    """A long property as it is stored, or recoded to UTF-8 from the codec ``recode``."""

    def write(out: BinaryIO) -> None:
        try:
            if (source := properties.open(identifier)) is not None:
                with source:
                    copy_base64(source if recode is None else Recoded(source, recode), out)
        except Damaged as error:
            context.problem(error.code, _("A long body is damaged; what stands before the damage arrives."))

    return Written(head, write)


def text_of(properties: Properties, context: Context) -> str:
    """What an item says, as plain text; empty when it says nothing.  What cannot be read is told to the context."""
    size = properties.size(tags.BODY)
    if size and size <= HELD:
        text = properties.get(tags.BODY)
        if isinstance(text, str) and text.strip("\0\r\n\t "):
            return text.rstrip("\0")
    packed = properties.size(tags.RTF_COMPRESSED)
    if not packed or packed > _PACKED:
        return ""
    data = properties.get(tags.RTF_COMPRESSED)
    try:
        return as_text(unpacked(data, _UNPACKED)[0]).strip() if isinstance(data, bytes) else ""
    except Damaged as error:
        context.problem(error.code, str(error))
        return ""
