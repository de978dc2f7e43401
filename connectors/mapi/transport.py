"""The header that a message arrived with, brought back to its bytes (PidTagTransportMessageHeaders).

Fields stay in their order and to the byte.  Left out are Content-* and MIME-Version, which told of a body that is
written anew, and what is no header: Outlook's own first line, and everything behind the first empty line.
"""

from __future__ import annotations

import codecs
import re

from connectors.mapi import tags
from connectors.mapi.codepages import charset_of
from connectors.mapi.context import Context
from connectors.mapi.properties import Properties

_REST = rb"[ \t]*:[^\r\n]*(?:\r\n[ \t][^\r\n]*)*\r\n"
_OF_BODY = re.compile(rb"^(?:content-[!-9;-~]*|mime-version)" + _REST, re.MULTILINE | re.IGNORECASE)
_CONTENT_TYPE = re.compile(rb"^content-type" + _REST, re.MULTILINE | re.IGNORECASE)
_NO_FIELD = re.compile(rb"^(?![ \t]|[!-9;-~]+[ \t]*:)|^(?=--)", re.MULTILINE)
_NAMES = re.compile(rb"^([!-9;-~]+)[ \t]*:", re.MULTILINE)
_ENDS = re.compile(rb"\r+\n|\n")
_OUTLOOKS = re.compile(rb"\AMicrosoft Mail Internet Headers[^\n]*\n")
_UTF_8 = "utf-8"


class Transport:
    """The header of one message; falsy where it has none."""

    __slots__ = ("_all", "fields")

    def __init__(self, data: bytes) -> None:
        """``data`` as it is stored, in 8-bit bytes."""
        data = data.replace(b"\0", b"")
        if b"\n" in data:
            data = _ENDS.sub(b"\r\n", _OUTLOOKS.sub(b"", data))
        data = data.lstrip(b"\r\n").partition(b"\r\n\r\n")[0].rstrip(b"\r\n")
        if data:
            data += b"\r\n"
        if b"\r" in data.replace(b"\r\n", b""):
            data = re.sub(rb"\r(?!\n)", b" ", data)
        # Only a field's first line may begin a line: what does not look like one belongs to the field before it.
        first = _NAMES.search(data)
        data = data[first.start() :] if first else b""
        # (The search ends before the last line end: behind it no field begins either.)
        if data and _NO_FIELD.search(data, 0, len(data) - 1):
            data = _NO_FIELD.sub(b" ", data[:-1]) + b"\n"
        self._all = data
        #: The fields that are kept, each with its line end.
        self.fields = _OF_BODY.sub(b"", data)

    def __bool__(self) -> bool:
        return bool(self.fields)

    def names(self) -> frozenset[bytes]:
        """Names of the fields that are kept, in lower case."""
        return frozenset(name.lower() for name in _NAMES.findall(self.fields))

    def content_type(self) -> bytes:
        """Content-Type as it arrived, with its line end; empty when there was none."""
        found = _CONTENT_TYPE.search(self._all)
        return found[0] if found else b""


def transport(properties: Properties, context: Context) -> Transport:
    """The header that a message arrived with, without fields when it has none."""
    identifier = tags.TRANSPORT_HEADERS
    if not properties.size(identifier):
        return Transport(b"")
    if not properties.is_unicode(identifier):
        stream = properties.open(identifier)
        return Transport(stream.read() if stream is not None else b"")
    text = properties.get(identifier)
    return Transport(_bytes_again(text, properties, context) if isinstance(text, str) else b"")


def _bytes_again(text: str, properties: Properties, context: Context) -> bytes:
    """Text was decoded from the bytes that came over the wire by the code page of the message, or of the machine."""
    if text.isascii():
        return text.encode("ascii")
    for charset in (charset_of(properties), context.encoding):
        if charset is None or codecs.lookup(charset).name.startswith("utf-16"):
            continue
        try:
            return text.encode(charset)
        except UnicodeEncodeError:
            continue
    return text.encode(_UTF_8, "replace")
