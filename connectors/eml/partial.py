"""Messages that Apple Mail keeps in pieces: ``Messages/7.partial.emlx``, its attachments in ``Attachments/7/2/name``.

In the message, the part that is an attachment has no body and a field X-Apple-Content-Length; its number (RFC 9051
6.4.5) names the directory with its file.  Put together again, it is the message with the attachment in base64; the
sender's own line breaks in that are lost.  Parts whose file is not there were never loaded from the server.
"""

from __future__ import annotations

import base64
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import BinaryIO

from connectors.archives import headers
from connectors.archives.headers import StoreFields
from connectors.language import _
from connectors.quiet import names_in, open_regular

_SUFFIX = ".partial.emlx"
_APPLE = b"x-apple-content-length"
#: What is left of a message without its attachments.
_LARGEST = 32 << 20
_DEEPEST, _MOST_PARTS = 20, 1000
_BOUNDARY = re.compile(rb';\s*boundary\s*=\s*(?:"([^"]{1,200})"|([^\s;]{1,200}))', re.IGNORECASE)
#: Bytes that make whole lines of base64.
_LINES = 57 * 1024


@dataclass(frozen=True, slots=True)
class _Part:
    number: tuple[int, ...]
    header: bytes
    #: Of the whole part in the message, and of its body.
    start: int
    body: int
    end: int


def further(reader: BinaryIO, path: Path, start: int, end: int) -> tuple[int, tuple[str, str] | None]:
    """Bytes that the attachments add, and what is missing.  Raises OSError."""
    if not path.name.endswith(_SUFFIX):
        return 0, None
    missing = ("partial", _("Apple Mail has not loaded all attachments of a message; it is copied without those"))
    if end - start > _LARGEST:
        return 0, missing
    size, absent = 0, False
    for part in _emptied(_read(reader, start, end)):
        file = _file(path, part)
        if file is None:
            absent = True
        else:
            size += file.stat().st_size * 78 // 57
    return size, missing if absent else None


def write_whole(reader: BinaryIO, path: Path, start: int, end: int, out: BinaryIO) -> bool:
    """Write the message with its attachments; False, and nothing written, when there are none to add.

    Raises OSError.
    """
    if not path.name.endswith(_SUFFIX) or end - start > _LARGEST:
        return False
    data = _read(reader, start, end)
    files = [(part, file) for part in _emptied(data) if (file := _file(path, part)) is not None]
    if not files:
        return False
    done = 0
    for part, file in files:
        out.write(data[done : part.start])
        _write_part(part, file, b"\r\n" if b"\r\n" in part.header else b"\n", out)
        done = part.end
    out.write(data[done:])
    return True


def _write_part(part: _Part, file: Path, line_end: bytes, out: BinaryIO) -> None:
    header = StoreFields((_APPLE, b"content-transfer-encoding")).without(part.header)
    whole = headers.fields(header).get(b"content-type", b"").lower().startswith(b"message/")
    out.write(header + b"Content-Transfer-Encoding: " + (b"8bit" if whole else b"base64") + line_end + line_end)
    with open_regular(file) as attachment:
        if whole:  # a message in a message is never encoded (RFC 2046 5.2)
            shutil.copyfileobj(attachment, out)
            out.write(line_end)
            return
        while piece := attachment.read(_LINES):
            encoded = base64.encodebytes(piece)
            out.write(encoded if line_end == b"\n" else encoded.replace(b"\n", line_end))


def _read(reader: BinaryIO, start: int, end: int) -> bytes:
    reader.seek(start)
    return reader.read(end - start)


def _emptied(data: bytes) -> Iterator[_Part]:
    """The parts whose bodies were taken out, in order."""
    for part in islice(_leaves(data, 0, len(data), (), 0), _MOST_PARTS):
        if _APPLE in headers.fields(part.header) and not data[part.body : part.end].strip():
            yield part


def _leaves(data: bytes, start: int, end: int, number: tuple[int, ...], depth: int) -> Iterator[_Part]:
    header, rest = headers.split(data[start:end])
    media = headers.fields(header).get(b"content-type", b"")
    boundary = _BOUNDARY.search(media) if media.lower().startswith(b"multipart/") else None
    if boundary is None or depth == _DEEPEST:
        yield _Part(number or (1,), header, start, end - len(rest), end)
        return
    line = re.compile(rb"^--" + re.escape(boundary[1] or boundary[2]) + rb"(--)?[ \t]*\r?(?:\n|\Z)", re.MULTILINE)
    before, place = None, 0
    for found in line.finditer(data, end - len(rest), end):
        if before is not None:
            place += 1
            yield from _leaves(data, before, found.start(), (*number, place), depth + 1)
        before = found.end()
        if found[1]:
            break


def _file(path: Path, part: _Part) -> Path | None:
    """The attachment of a part; None when there is none, or more than one."""
    number = path.name[: -len(_SUFFIX)]
    folder = path.parent.parent / "Attachments" / number / ".".join(map(str, part.number))
    try:
        files = [folder / name for name in names_in(folder) if not name.startswith(".")]
    except OSError:
        return None
    return files[0] if len(files) == 1 and files[0].is_file() else None
