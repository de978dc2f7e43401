"""The header that a message arrived with, brought back to its bytes (PidTagTransportMessageHeaders).

Fields stay in their order and to the byte.  Left out are Content-* and MIME-Version, which told of a body that is
written anew, and what is no header: Outlook's own first line, and everything behind the first empty line.
"""

from __future__ import annotations

import codecs
import re

from connectors.archives.contract import Damaged
from connectors.language import _
from connectors.mapi import tags
from connectors.mapi.codepages import charset_of
from connectors.mapi.context import Context
from connectors.mapi.properties import Properties

#: A field with its folded lines and the end of the last.  One that begins like a delimiter of MIME parts is none.
_FIELD = re.compile(rb"(?!--)[!-9;-~]++[ \t]*+:[^\r\n]*+(?:\r\n[ \t][^\r\n]*+)*+\r\n")
_NO_FIELD = re.compile(rb"^(?=--)|^(?![ \t]|[!-9;-~]+[ \t]*:)", re.MULTILINE)
_ENDS = re.compile(rb"\r+\n|\n")
_BARE = re.compile(rb"\r(?!\n)")
_OUTLOOKS = b"Microsoft Mail Internet Headers"
#: Bytes of a header; real ones have a thousandth of it.
_MOST = 4 << 20


class Transport:
    """The header of one message."""

    __slots__ = ("content_type", "fields", "names")

    def __init__(self, data: bytes) -> None:
        """``data`` as it is stored, in 8-bit bytes."""
        #: Content-Type as it arrived, with its line end; empty when there was none.
        self.content_type = b""
        names: list[bytes] = []
        kept: list[bytes] = []
        for field in _fields(data):
            name = field[: field.index(b":")].rstrip().lower()
            if name[:8] != b"content-" and name != b"mime-version":
                names.append(name)
                kept.append(field)
            elif name == b"content-type":
                self.content_type = field
        #: The fields that are kept, each with its line end, and their names in lower case.
        self.fields = b"".join(kept)
        self.names = frozenset(names)


def _fields(data: bytes) -> list[bytes]:
    """What does not look like a field belongs to the field before it."""
    if not data:
        return []
    if b"\0" in data:
        data = data.replace(b"\0", b"")
    if data.startswith(_OUTLOOKS):
        data = data.partition(b"\n")[2]
    if data.count(b"\n") != data.count(b"\r\n") or b"\r\r" in data:
        data = _ENDS.sub(b"\r\n", data)
    data = data.lstrip(b"\r\n").partition(b"\r\n\r\n")[0].rstrip(b"\r\n") + b"\r\n"
    fields = _FIELD.findall(data)
    if sum(map(len, fields)) == len(data):
        return fields
    first = _FIELD.search(_BARE.sub(b" ", data))
    if first is None:
        return []
    data = _BARE.sub(b" ", data)[first.start() :]
    # (The search ends before the last line end: behind it no field begins.)
    return _FIELD.findall(_NO_FIELD.sub(b" ", data[:-1]) + b"\n")


def transport(properties: Properties, context: Context) -> Transport:
    """The header that a message arrived with; it has no fields when there was none."""
    identifier = tags.TRANSPORT_HEADERS
    size = properties.size(identifier)
    if not size:
        return Transport(b"")
    if size > _MOST:
        context.problem(
            "header-too-large", _("The header of a message is larger than any real one; a new one is made.")
        )
        return Transport(b"")
    if not properties.is_unicode(identifier):
        stream = properties.open(identifier)
        if stream is None:
            return Transport(b"")
        try:
            with stream:
                return Transport(stream.read())
        except Damaged as damaged:
            context.problem(damaged.code, str(damaged))
            return Transport(b"")
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
    return text.encode("utf-8", "replace")
