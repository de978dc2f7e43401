"""The rules, in the order in which they are tried."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import BinaryIO

from connectors.repairs.head import LINE_LIMIT, Field, Head, folded
from connectors.repairs.parts import Block, Piece, Unwalkable, walk
from connectors.repairs.recode import Base64, LineBreaks, QuotedPrintable, Recoder, Without
from connectors.repairs.words import encoded

#: Opens the message in wire form, at its first byte; called as often as needed.
Opens = Callable[[], BinaryIO]


@dataclass(frozen=True, slots=True)
class Facts:
    """What a rule may need to know beside the bytes."""

    #: When the message was received.
    received: datetime
    #: sha256 of the message as it would travel without a repair.
    digest: bytes


def repaired(rule: str, opens: Opens, facts: Facts) -> Iterator[bytes] | None:
    """The repaired message in pieces; None where the rule finds nothing that it may change.  Memory is bounded."""
    try:
        return _RULES[rule](opens, facts)
    except Unwalkable:
        return None


# -- bodies and all header blocks -----------------------------------------------------------------------------------


def _nul(opens: Opens, _facts: Facts) -> Iterator[bytes] | None:
    return _rewritten(opens, _has_nul, _nul_recoder, lambda raw: raw.replace(b"\0", b""), Without())


def _long_line(opens: Opens, _facts: Facts) -> Iterator[bytes] | None:
    return _rewritten(opens, _is_long, _long_recoder, folded, None)


def _has_nul(piece: Piece) -> bool:
    return b"\0" in piece.data


def _is_long(piece: Piece) -> bool:
    return piece.starts and len(piece.data.rstrip(b"\r\n")) > LINE_LIMIT


def _nul_recoder(head: Head) -> Recoder | None:
    """Written in an encoding that keeps the NUL; where the body travels encoded, one that is not data is taken out."""
    match head.encoding:
        case b"":
            return _encoder(head) or Without()
        case b"quoted-printable":
            return Without(b"=00")
        case b"base64":
            return Without()
        case _:
            return None


def _long_recoder(head: Head) -> Recoder | None:
    match head.encoding:
        case b"":
            return _encoder(head)
        case b"quoted-printable":
            return LineBreaks(soft=True, limit=LINE_LIMIT)
        case b"base64":
            return LineBreaks(soft=False, limit=LINE_LIMIT)
        case _:
            return None


def _encoder(head: Head) -> QuotedPrintable | Base64 | None:
    """How a body that stands for itself may be encoded; a part of these types must not be (RFC 2046 5)."""
    kind = head.media_type
    if not head.is_sound or kind.startswith((b"message/", b"multipart/")):
        return None
    return QuotedPrintable() if kind.startswith(b"text/") or not kind else Base64()


def _rewritten(
    opens: Opens,
    marked: Callable[[Piece], bool],
    recoder_of: Callable[[Head], Recoder | None],
    mend: Callable[[bytes], bytes],
    between: Recoder | None,
) -> Iterator[bytes] | None:
    """Two walks: the first finds the parts whose bodies are ``marked``, the second writes.

    ``mend`` is done to every field outside what is sealed, ``between`` to what stands around parts.
    """
    heads: dict[int, Head] = {}
    chosen: set[int] = set()
    changes = False
    with closing(opens()) as reader:
        for one in walk(reader):
            if isinstance(one, Block):
                if not one.is_sealed:
                    heads[one.number] = one.head
                changes = changes or _mended(one, mend) != one.head
            elif not one.sealed and marked(one):
                if one.number is None:
                    changes = changes or between is not None
                elif one.number not in chosen and recoder_of(heads[one.number]) is not None:
                    chosen.add(one.number)
    if not changes and not chosen:
        return None
    return _written(opens, chosen, recoder_of, mend, between)


def _mended(block: Block, mend: Callable[[bytes], bytes]) -> Head:
    if block.inside_sealed:
        return block.head
    # What a sealed message says of its own content belongs to the seal.
    untouched = b"content-" if block.head.is_sealed else b"\n"
    fields = tuple(
        field if field.name.startswith(untouched) else Field(field.name, mend(field.raw)) for field in block.head.fields
    )
    return replace(block.head, fields=fields)


def _written(
    opens: Opens,
    chosen: set[int],
    recoder_of: Callable[[Head], Recoder | None],
    mend: Callable[[bytes], bytes],
    between: Recoder | None,
) -> Iterator[bytes]:
    recoder: Recoder | None = None
    with closing(opens()) as reader:
        for one in walk(reader):
            if recoder is not None and (isinstance(one, Block) or one.number is None):
                yield recoder.close(at_boundary=True)
                recoder = None
            if isinstance(one, Block):
                head = _mended(one, mend)
                if one.number in chosen:
                    recoder = recoder_of(one.head)
                    if isinstance(recoder, QuotedPrintable | Base64):
                        head = head.with_encoding(recoder.encoding, of_message=one.of_message)
                yield head.block()
            elif recoder is not None:
                yield recoder.take(one.data, starts=one.starts, ends=one.ends)
            elif one.number is None and between is not None and not one.sealed:
                yield between.take(one.data, starts=one.starts, ends=one.ends)
            else:
                yield one.data
        if recoder is not None:
            yield recoder.close(at_boundary=False)


# -- the message's own header ---------------------------------------------------------------------------------------


def _raw_8bit_header(opens: Opens, _facts: Facts) -> Iterator[bytes] | None:
    def change(head: Head) -> Head:
        return replace(
            head,
            fields=tuple(
                field
                if head.is_sealed and field.name.startswith(b"content-")
                else Field(field.name, encoded(field))
                for field in head.fields
            ),
        )  # fmt: skip

    return _with_header(opens, change)


def _missing_date(opens: Opens, facts: Facts) -> Iterator[bytes] | None:
    when = datetime.fromtimestamp(int(facts.received.timestamp()), UTC)
    return _with_missing(opens, b"Date", format_datetime(when).encode("ascii"))


def _missing_from(opens: Opens, _facts: Facts) -> Iterator[bytes] | None:
    return _with_missing(opens, b"From", b"unknown@unknown.invalid")


def _missing_message_id(opens: Opens, facts: Facts) -> Iterator[bytes] | None:
    return _with_missing(opens, b"Message-ID", b"<%s@repaired.invalid>" % facts.digest.hex()[:40].encode("ascii"))


def _with_missing(opens: Opens, name: bytes, value: bytes) -> Iterator[bytes] | None:
    def change(head: Head) -> Head:
        begins_folded = not head.is_sound and head.fields and head.fields[0].raw[:1] in (b" ", b"\t")
        return head if head.has(name.lower()) or begins_folded else head.with_field(name, value)

    return _with_header(opens, change)


def _with_header(opens: Opens, change: Callable[[Head], Head]) -> Iterator[bytes] | None:
    with closing(opens()) as reader:
        first = next(walk(reader), None)
    head = first.head if isinstance(first, Block) else Head((), b"")
    length, changed = len(head.block()), change(head)
    if changed == head:
        return None
    return _behind(opens, length, changed.block())


def _behind(opens: Opens, length: int, head: bytes) -> Iterator[bytes]:
    yield head
    with closing(opens()) as reader:
        reader.seek(length)
        while chunk := reader.read(1 << 18):
            yield chunk


_RULES: Mapping[str, Callable[[Opens, Facts], Iterator[bytes] | None]] = {
    "nul": _nul,
    "raw-8bit-header": _raw_8bit_header,
    "long-line": _long_line,
    "missing-date": _missing_date,
    "missing-from": _missing_from,
    "missing-message-id": _missing_message_id,
}
RULES = tuple(_RULES)
