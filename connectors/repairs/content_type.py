"""What a part says that it is: its Content-Type fields, read so that in doubt nothing is touched.  Pure.

Comments, quoted strings and continued parameters are read as RFC 5322 and RFC 2231 have them, with what many programs
write beside: unquoted values with signs in them, and parameters that are empty.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes

#: Bytes matter in these, whoever may read them: they are signed, or encrypted.
_SEALED = frozenset(
    {
        b"multipart/signed",
        b"multipart/encrypted",
        b"application/pkcs7-mime",
        b"application/x-pkcs7-mime",
        b"application/pgp-encrypted",
    }
)
_WITH_PARTS = (b"multipart/", b"message/")
#: What a type that cannot be read must not speak of to be taken for text.
_WORDS_OF_DOUBT = re.compile(rb"multipart|message|signed|encrypted|pkcs7|pgp", re.IGNORECASE)

_TOKEN = re.compile(rb"[!#-'*+\-.0-9A-Z^-~]+")
_QUOTED = re.compile(rb'"((?:[^"\\]|\\.)*)"', re.DOTALL)
_UNQUOTED = re.compile(rb'[^\s;"()]*')
_BLANKS = re.compile(rb"[ \t]*")
_IN_COMMENT = re.compile(rb"\\.|[()]", re.DOTALL)
_NOT_SHOWN = bytes(range(0x21)) + b"\x7f"
#: What all readers find again in a line: nothing that is escaped, or written in some charset, and no blanks around it.
_BOUNDARY = re.compile(rb"[!#-\[\]-~](?:[ !#-\[\]-~]*[!#-\[\]-~])?")


@dataclass(frozen=True, slots=True)
class ContentType:
    """``media_type`` in lower case, empty where there is none that can be read."""

    media_type: bytes = b""
    #: Of a multipart; every one that is not sealed has it.
    boundary: bytes | None = None
    #: It is signed or encrypted, or in doubt: readers may differ about where its parts are.
    is_sealed: bool = False


_IN_DOUBT = ContentType(is_sealed=True)


def content_type(values: Sequence[bytes]) -> ContentType:
    """What the Content-Type fields say together, given all that stands behind their colons."""
    found = [_of_field(value.replace(b"\r\n", b"")) for value in values]
    if len(set(found)) > 1 and any(one.is_sealed or one.media_type.startswith(_WITH_PARTS) for one in found):
        return _IN_DOUBT
    return found[0] if found else ContentType()


def _of_field(value: bytes) -> ContentType:
    reading = _Reading(value)
    try:
        media_type = reading.media_type()
    except _Unreadable:
        # It is text (RFC 2045 5.2), unless somebody may read more into it.
        return _IN_DOUBT if _WORDS_OF_DOUBT.search(value.translate(None, _NOT_SHOWN)) else ContentType()
    if not media_type.startswith(b"multipart/"):
        return ContentType(media_type, None, media_type in _SEALED)
    try:
        boundary = _boundary(reading.parameters())
    except _Unreadable:
        return ContentType(media_type, None, is_sealed=True)
    return ContentType(media_type, boundary, media_type in _SEALED)


class _Unreadable(Exception):
    """The field follows no grammar."""


class _Reading:
    """An unfolded field and how far it was read."""

    def __init__(self, value: bytes) -> None:
        self._value = value
        self._place = 0

    def media_type(self) -> bytes:
        self._skip()
        kind = self._take(_TOKEN)[0]
        self._skip()
        self._sign(b"/")
        self._skip()
        kind += b"/" + self._take(_TOKEN)[0]
        self._skip()
        if not self._at_end and self._next != b";":
            raise _Unreadable
        return kind.lower()

    def parameters(self) -> Sequence[tuple[bytes, bytes]]:
        """Names in lower case, and values as they are written between their quotes."""
        found = []
        while not self._at_end:
            self._sign(b";")
            self._skip()
            if self._at_end or self._next == b";":
                continue
            name = self._take(_TOKEN)[0].lower()
            self._skip()
            self._sign(b"=")
            self._skip()
            found.append((name, self._parameter_value()))
        return found

    def _parameter_value(self) -> bytes:
        if self._next == b'"':
            value = self._take(_QUOTED)[1]
        else:
            value = self._take(_UNQUOTED)[0]
            if self._next == b"(":
                raise _Unreadable  # for many it is no comment but the value's next sign
        self._skip()
        return value

    @property
    def _at_end(self) -> bool:
        return self._place == len(self._value)

    @property
    def _next(self) -> bytes:
        return self._value[self._place : self._place + 1]

    def _take(self, pattern: re.Pattern[bytes]) -> re.Match[bytes]:
        found = pattern.match(self._value, self._place)
        if found is None:
            raise _Unreadable
        self._place = found.end()
        return found

    def _sign(self, sign: bytes) -> None:
        if self._next != sign:
            raise _Unreadable
        self._place += 1

    def _skip(self) -> None:
        """Blanks and comments, which may hold comments."""
        self._take(_BLANKS)
        while self._next == b"(":
            self._comment()
            self._take(_BLANKS)

    def _comment(self) -> None:
        depth = 0
        while True:
            found = _IN_COMMENT.search(self._value, self._place)
            if found is None:
                raise _Unreadable
            self._place = found.end()
            depth += {b"(": 1, b")": -1}.get(found[0], 0)
            if not depth:
                return


def _boundary(parameters: Sequence[tuple[bytes, bytes]]) -> bytes:
    """Raises _Unreadable where there is none that all readers find."""
    given: dict[bytes, bytes] = {}
    for name, value in parameters:
        if name.partition(b"*")[0] == b"boundary" and given.setdefault(name, value) != value:
            raise _Unreadable
    forms = {given.pop(b"boundary")} if b"boundary" in given else set()
    if b"boundary*" in given:
        forms.add(_decoded(given.pop(b"boundary*"), first=True))
    if given:
        forms.add(_continued(given))
    if len(forms) != 1 or not _BOUNDARY.fullmatch(boundary := forms.pop()):
        raise _Unreadable
    return boundary


def _continued(pieces: Mapping[bytes, bytes]) -> bytes:
    """The pieces in the order of their numbers, each as it is or percent-encoded (RFC 2231 3, 4.1)."""
    whole = b""
    for number in range(len(pieces)):
        name = b"boundary*%d" % number
        if name in pieces:
            whole += pieces[name]
        elif name + b"*" in pieces:
            whole += _decoded(pieces[name + b"*"], first=not number)
        else:
            raise _Unreadable
    return whole


def _decoded(value: bytes, *, first: bool) -> bytes:
    """What is percent-encoded; the first piece begins with charset and language (RFC 2231 4)."""
    if first:
        if value.count(b"'") < 2:
            raise _Unreadable
        value = value.split(b"'", 2)[2]
    return unquote_to_bytes(value)
