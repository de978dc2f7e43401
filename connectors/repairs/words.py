"""Raw 8-bit bytes of header fields as encoded words (RFC 2047) or encoded parameters (RFC 2231).  Pure.

The charset is what the bytes themselves allow: UTF-8 where they are valid UTF-8, else windows-1252 where every byte
means something in it, else unknown-8bit (RFC 1428).  The bytes themselves are in the encoded word whatever its name.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from connectors.repairs.head import Field

#: Longest encoded word (RFC 2047 2).
_WORD = 75
_SAFE = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!*+-/")
_ATTRIBUTE = _SAFE - frozenset(b"*") | frozenset(b"._")
_EIGHT_BIT = re.compile(rb"[\x80-\xff]")
_BLANKS = re.compile(rb"([ \t\r\n]+)")
_THEN_ENCODED = re.compile(rb"[ \t\r\n]+(?==\?[^?\s]+\?[bBqQ]\?[^?\s]*\?=)")
_ENCODED = re.compile(rb"=\?[^?\s]+\?[bBqQ]\?[^?\s]*\?=")

#: Fields that hold addresses or other things with a syntax; an encoded word may only stand for a word of a name.
_STRUCTURED = frozenset(
    {
        b"from", b"sender", b"reply-to", b"to", b"cc", b"bcc", b"resent-from", b"resent-sender", b"resent-to",
        b"resent-cc", b"resent-bcc", b"disposition-notification-to", b"received", b"mail-followup-to", b"errors-to",
    }
)  # fmt: skip
#: Fields where an encoded word would be another address, identifier, date or signature: they stay as they are.
_LEFT = frozenset(
    {
        b"message-id", b"in-reply-to", b"references", b"date", b"return-path", b"resent-message-id", b"resent-date",
        b"mime-version", b"content-transfer-encoding", b"content-id", b"dkim-signature", b"domainkey-signature",
        b"arc-seal", b"arc-message-signature", b"",
    }
)  # fmt: skip
_PARAMETERS = frozenset({b"content-type", b"content-disposition"})

#: A quoted string, what stands in angle brackets, or a word; what lies between stays.
_TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*"|<[^>]*>|[^ \t\r\n()<>\[\]:;\\,"]+')
#: Words with raw bytes behind such a word, none of them an address.
_MORE_WORDS = re.compile(
    rb'(?:[ \t]+[^ \t\r\n()<>\[\]:;\\,"@]*[\x80-\xff][^ \t\r\n()<>\[\]:;\\,"@]*(?![^ \t\r\n()<>\[\]:;\\,"]))+'
)
_PARAMETER = re.compile(rb'(;[ \t\r\n]*[A-Za-z0-9_.-]+)[ \t]*=[ \t]*("(?:[^"\\]|\\.)*"|[^\s;"]+)')


def encoded(field: Field) -> bytes:
    """The field with no raw 8-bit byte where an encoded form may stand; the same where there is nothing to do."""
    if field.raw.isascii() or field.name in _LEFT:
        return field.raw
    name, colon, value = field.raw.partition(b":")
    charset = _charset(value)
    if field.name in _PARAMETERS:
        return name + colon + _PARAMETER.sub(lambda found: _parameter(found, charset), value)
    if field.name in _STRUCTURED:
        return name + colon + _structured(value, charset)
    end = b"\r\n" if value.endswith(b"\r\n") else b""
    return name + colon + _unstructured(value[: len(value) - len(end)], charset) + end


def _charset(value: bytes) -> bytes:
    for charset in ("utf-8", "windows-1252"):
        try:
            value.decode(charset)
        except UnicodeDecodeError:
            continue
        return charset.encode()
    return b"unknown-8bit"


def _unstructured(value: bytes, charset: bytes) -> bytes:
    """Each run of words with raw bytes becomes encoded words; a blank beside another encoded word goes into it."""
    pieces = _BLANKS.split(value)  # word, blanks, word, ...
    written: list[bytes] = []
    after_encoded = False
    place = 0
    while place < len(pieces):
        word = pieces[place]
        if not _EIGHT_BIT.search(word):
            written += pieces[place : place + 2]
            after_encoded = bool(_ENCODED.fullmatch(word)) or (after_encoded and not word)
            place += 2
            continue
        run, end = word, place
        while end + 2 < len(pieces) and _EIGHT_BIT.search(pieces[end + 2]) and b"\n" not in pieces[end + 1]:
            run += pieces[end + 1] + pieces[end + 2]
            end += 2
        if after_encoded:
            run = _unfolded(pieces[place - 1]) + run
        if end + 2 < len(pieces) and _ENCODED.fullmatch(pieces[end + 2]):
            run += _unfolded(pieces[end + 1])
        written.append(_words(run, charset))
        written += pieces[end + 1 : end + 2]
        after_encoded = True
        place = end + 2
    return b"".join(written)


def _unfolded(blanks: bytes) -> bytes:
    return blanks.replace(b"\r\n", b"")


def _structured(value: bytes, charset: bytes) -> bytes:
    """Words of names and comments; what stands in angle brackets or holds an @ is an address, and stays."""
    written: list[bytes] = []
    last = after_encoded = place = 0
    while found := _TOKEN.search(value, place):
        token, place = found[0], found.end()
        if not _EIGHT_BIT.search(token) or _is_address(token, value[place : place + 1]):
            after_encoded = place if _ENCODED.fullmatch(token) else after_encoded
            continue
        if token.startswith(b'"'):
            text = re.sub(rb"\\(.)", rb"\1", token[1:-1])
        else:
            more = _MORE_WORDS.match(value, place)
            text, place = (token + more[0], more.end()) if more else (token, place)
        if after_encoded and not value[after_encoded : found.start()].strip():
            text = _unfolded(value[after_encoded : found.start()]) + text  # not shown between two encoded words
        if behind := _THEN_ENCODED.match(value, place):
            text += _unfolded(behind[0])
        # An encoded word stands apart, but for the brackets of a comment (RFC 2047 5).
        before, after = value[found.start() - 1 : found.start()], value[place : place + 1]
        written += [value[last : found.start()], b"" if before in (b" ", b"\t", b"\n", b"(") else b" "]
        written += [_words(text, charset), b"" if after in (b" ", b"\t", b"\r", b")", b"") else b" "]
        last = after_encoded = place
    return b"".join(written) + value[last:]


def _is_address(token: bytes, behind: bytes) -> bool:
    if token.startswith(b'"'):
        return behind == b"@"
    return token.startswith(b"<") or b"@" in token


def _parameter(found: re.Match[bytes], charset: bytes) -> bytes:
    start, value = found.groups()
    if not _EIGHT_BIT.search(value):
        return found[0]
    if value.startswith(b'"'):
        value = re.sub(rb"\\(.)", rb"\1", value[1:-1])
    return start + b"*=" + charset + b"''" + b"".join(_byte(byte, _ATTRIBUTE, b"%") for byte in value)


def _words(data: bytes, charset: bytes) -> bytes:
    """Encoded words on lines of their own; blanks between them are not shown (RFC 2047 6.2)."""
    start, room = b"=?" + charset + b"?q?", _WORD - len(charset) - 7
    words: list[bytes] = [b""]
    for character in _characters(data, charset):
        if len(words[-1]) + len(character) > room:
            words.append(b"")
        words[-1] += character
    return b"\r\n ".join(start + word + b"?=" for word in words)


def _characters(data: bytes, charset: bytes) -> Iterator[bytes]:
    """Encoded, and never cut in the middle of a character."""
    split: Callable[[], Iterator[bytes]] = (
        (lambda: (character.encode() for character in data.decode()))
        if charset == b"utf-8"
        else (lambda: (bytes((byte,)) for byte in data))
    )
    for character in split():
        yield b"".join(b"_" if byte == 0x20 else _byte(byte, _SAFE, b"=") for byte in character)


def _byte(byte: int, safe: frozenset[int], sign: bytes) -> bytes:
    return bytes((byte,)) if byte in safe else sign + b"%02X" % byte
