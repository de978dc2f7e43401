"""The bodies of an item as parts: plain text, HTML, RTF ([MS-OXBBODY] for which of them is the message's own)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from connectors.mapi import tags
from connectors.mapi.codepages import charset, codec, codec_of_page
from connectors.mapi.context import Context
from connectors.mapi.parts import Part, Text
from connectors.mapi.properties import Properties

#: A body of more bytes than this is not held in memory; it is copied in pieces.
HELD = 8 << 20
_META = re.compile(rb"<meta[^>]{0,200}charset\s*=\s*[\"']?\s*([A-Za-z0-9_:.-]{1,40})", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Bodies:
    """What a message says, each None when it does not."""

    plain: Part | None
    html: Part | None
    #: The HTML in lower case where it is held in memory, for what it refers to.
    html_text: bytes = b""
    #: Parts behind them: the native RTF that the plain text was made of.
    attached: Sequence[Part] = ()


def bodies(properties: Properties, context: Context) -> Bodies:
    html, html_text = _html(properties, context)
    return Bodies(_plain(properties), html, html_text.lower())


def plain_part(text: str) -> Text:
    data = text.encode("utf-8", "replace")
    return Text(b"text/plain; charset=us-ascii" if text.isascii() else b"text/plain; charset=utf-8", data)


def _plain(properties: Properties) -> Part | None:
    size = properties.size(tags.BODY)
    if not size:
        return None
    text = properties.get(tags.BODY)
    if not isinstance(text, str) or not text:
        return None
    return plain_part(text.rstrip("\0"))


def _html(properties: Properties, context: Context) -> tuple[Part | None, bytes]:
    """In the charset that it is declared in, to the byte but for line ends."""
    size = properties.size(tags.HTML)
    if not size:
        return None, b""
    data = properties.get(tags.HTML)
    if isinstance(data, str):
        return Text(b"text/html; charset=utf-8", data.encode("utf-8", "replace")), data.encode("utf-8", "replace")
    if not isinstance(data, bytes) or not data:
        return None, b""
    name = _html_charset(data, properties, context)
    return Text(b"text/html; charset=" + name.encode("ascii"), data), data


def _html_charset(data: bytes, properties: Properties, context: Context) -> str:
    page = properties.get(tags.INTERNET_CODEPAGE)
    if isinstance(page, int) and (named := charset(page)) is not None and codec_of_page(page) is not None:
        return named
    found = _META.search(data, 0, 4096)
    if found is not None and codec(found[1].decode("ascii")) is not None:
        return found[1].decode("ascii").lower()
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return context.encoding
    return "utf-8"
