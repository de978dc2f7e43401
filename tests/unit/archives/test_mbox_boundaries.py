"""Where messages of an mbox begin and end, and that none is lost, cut or joined."""

from __future__ import annotations

import mailbox
import os
import random
import re
from collections.abc import Iterator
from contextlib import closing
from hashlib import sha256
from itertools import pairwise
from pathlib import Path
from unittest.mock import patch

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors.archives import headers
from connectors.archives.headers import HEADER_LIMIT, STORE_FIELDS, StoreFields, split
from connectors.mbox import scanner
from connectors.mbox.archive import is_mbox, open_mbox
from connectors.mbox.boundary import separator
from tests.unit.archives.looking import codes, holdings, items, messages, reading

FROM = b"From anna@example.org Sat Jan  3 01:05:34 1996\n"
#: From_ lines of the corpus's files, counted by grep.
BOUNDARIES = {
    "aspose-ExampleMbox.mbox": 1,
    "gyb-odd-mails.mbox": 6,
    "gyb-rfc2047-samples.mbox": 11,
    "gyb-sample.mbox": 15,
    "gyb-takeout.mbox": 39,
}


def test_every_boundary_of_the_real_files_is_found_and_every_message_is_as_python_reads_it(
    shared_corpus: Path, tmp_path: Path
) -> None:
    files = sorted((shared_corpus / "archives").glob("*.mbox"))
    assert {file.name: len(re.findall(rb"^From ", file.read_bytes(), re.MULTILINE)) for file in files} == BOUNDARIES
    for file in files:
        with closing(open_mbox(file, reading(tmp_path))) as archive:
            found = messages(archive)
        oracle = mailbox.mbox(file, create=False)
        expected = [oracle.get_bytes(key) for key in oracle.keys()]  # noqa: SIM118  # no dictionary
        oracle.close()
        assert len(found) == BOUNDARIES[file.name]
        assert [data.rstrip(b"\r\n") for data in found] == [data.rstrip(b"\r\n") for data in expected]


def test_the_corpus_of_messages_goes_through_an_mbox_that_python_writes(shared_corpus: Path, tmp_path: Path) -> None:
    sources = [file.read_bytes() for file in sorted((shared_corpus / "eml").glob("*.eml"))]
    box = mailbox.mbox(tmp_path / "box")
    for data in sources:
        box.add(data)
    box.close()
    with closing(open_mbox(tmp_path / "box", reading(tmp_path))) as archive:
        found = messages(archive)
    box = mailbox.mbox(tmp_path / "box", create=False)
    expected = [box.get_bytes(key) for key in box.keys()]  # noqa: SIM118
    box.close()
    assert len(found) == len(sources)
    without = StoreFields(STORE_FIELDS).without
    parts = [split(data) for data in expected]
    assert [data.rstrip(b"\r\n") for data in found] == [
        (without(header) + body).rstrip(b"\r\n") for header, body in parts
    ]


ONE, TWO = b"A: 1\n\none\n", b"A: 2\n\ntwo\n"
BOXES = {
    "no empty line between": (FROM + b"A: 1\n\none\n" + FROM + b"A: 2\n\ntwo\n", [ONE, TWO]),
    "empty lines between": (
        FROM + ONE + b"\n" + FROM + TWO + b"\n",
        [ONE, TWO],
    ),
    "empty lines of the message": (
        FROM + b"A: 1\n\none\n\n\n\n" + FROM + b"A: 2\n\n",
        [b"A: 1\n\none\n\n\n", b"A: 2\n"],
    ),
    "CRLF": (
        (FROM + ONE + b"\n" + FROM + TWO + b"\n").replace(b"\n", b"\r\n"),
        [b"A: 1\r\n\r\none\r\n", b"A: 2\r\n\r\ntwo\r\n"],
    ),
    "no header": (
        FROM + b"\none\n\n" + FROM + b"two:\n\n\n" + FROM + b"three\nfour\n",
        [b"\none\n", b"two:\n\n", b"three\nfour\n"],
    ),
    "no header and no empty line": (FROM + b"A: 1\n\none\n" + FROM + b"two\n", [b"A: 1\n\none\n" + FROM + b"two\n"]),
    "no line end at the end": (FROM + b"A: 1\n\none", [b"A: 1\n\none"]),
    "headers alone": (FROM + b"A: 1\n" + FROM + b"A: 2\n", [b"A: 1\n", b"A: 2\n"]),
    "prose": (
        FROM + b"A: 1\n\nFrom here on\nto there\n\nFrom 10:30 on\nwe talk\n\nFrom now on\nNote: this\n",
        [b"A: 1\n\nFrom here on\nto there\n\nFrom 10:30 on\nwe talk\n\nFrom now on\nNote: this\n"],
    ),
    "no date": (
        FROM + b"A: 1\n\none\n\nFrom bruno@example.org\nReceived: x\n\ntwo\n",
        [b"A: 1\n\none\n", b"Received: x\n\ntwo\n"],
    ),
    "no date and no empty line": (
        FROM + b"A: 1\n\none\nFrom b\nTo: x\n\ntwo\n",
        [b"A: 1\n\none\nFrom b\nTo: x\n\ntwo\n"],
    ),
    "the right Content-Length": (
        FROM + b"A: 1\nContent-Length: 56\n\n" + FROM + b"B: 2\n\n12\n\n" + FROM + b"A: 2\n\ntwo\n",
        [b"A: 1\n\n" + FROM + b"B: 2\n\n12\n", b"A: 2\n\ntwo\n"],
    ),
    "a wrong Content-Length": (
        FROM + b"A: 1\nContent-Length: 60\n\n" + FROM + b"B: 2\n\n12\n\n" + FROM + b"A: 2\n\ntwo\n",
        [b"A: 1\n", b"B: 2\n\n12\n", b"A: 2\n\ntwo\n"],
    ),
    "a Content-Length beyond the end": (
        FROM + b"A: 1\nContent-Length: 99999\n\none\n\n" + FROM + b"A: 2\n\ntwo\n",
        [ONE, TWO],
    ),
    "leading empty lines": (b"\n\n" + FROM + b"A: 1\n\none\n", [b"A: 1\n\none\n"]),
}


@pytest.mark.parametrize("name", BOXES)
def test_messages_are_told_apart(tmp_path: Path, name: str) -> None:
    data, expected = BOXES[name]
    file = tmp_path / "box"
    file.write_bytes(data)
    os.utime(file, (1, 1))
    assert is_mbox(file)
    with closing(open_mbox(file, reading(tmp_path))) as archive:
        assert list(holdings(archive).values()) == [expected]
        assert [item.size for item in items(archive)] == [len(message) for message in expected]
        assert not codes(archive)


def test_what_is_before_the_first_message_is_told(tmp_path: Path) -> None:
    file = tmp_path / "box"
    file.touch()
    with closing(open_mbox(file, reading(tmp_path))) as archive:
        file.write_bytes(b"not a message\n\n" + FROM + ONE)  # a live file may lose its beginning while it is open
        assert messages(archive) == [ONE]
        assert codes(archive) == {"no-message"}


LINES = [
    b"", b"text", b"A: 1", b" folded", b"Subject: x", b"From a Sat Jan  3 01:05:34 1996", b"From - 1:05", b"From",
    b"From now on", b"From a@b", b">From a Sat Jan  3 01:05:34 1996", b"Content-Length: 7", b"Status: RO", b"\0" * 9,
    b"X-Mozilla-Status: 0001", b"x" * 70, b"\r", b"\xff\xfe", b"a\r",
]  # fmt: skip


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    lines=st.lists(st.sampled_from(LINES), max_size=40),
    seed=st.integers(0, 1 << 32),
    ends=st.sampled_from([b"\n", b"\r\n"]),
    chunk=st.integers(1, 100),
    limit=st.sampled_from([HEADER_LIMIT, 60]),
)
def test_a_file_is_the_same_however_it_is_cut_into_pieces(
    tmp_path: Path, lines: list[bytes], seed: int, ends: bytes, chunk: int, limit: int
) -> None:
    many = random.Random(seed).choices(LINES, k=80)
    data = ends.join([b"From a Sat Jan  3 01:05:34 1996", b"A: 0", *lines, *many])
    file = tmp_path / "box"
    file.write_bytes(data)
    with patch.object(scanner, "HEADER_LIMIT", limit), patch.object(headers, "HEADER_LIMIT", limit):
        whole = list(_scanned(file))
        # The longest From_ line here, with the field behind it, is shorter than what is looked at ahead.
        with patch.object(scanner, "_CHUNK", chunk), patch.object(scanner, "LOOK", 150):
            assert list(_scanned(file)) == whole
        assert [start for start, _digest in whole] == list(_by_lines(data))
        for (start, digest), (end, _next) in pairwise([*whole, (len(data), b"")]):
            stored = data[start : end - separator(data, end)]
            header, body = split(stored.partition(b"\n")[2])
            assert digest == sha256(StoreFields().without(header) + body).digest()[:16]


def _scanned(file: Path) -> Iterator[tuple[int, bytes]]:
    with file.open("rb") as reader:
        index = scanner.scan(reader.fileno(), file.stat().st_size, StoreFields(), lambda _line, _header: 0)
    return ((index.starts[number], index.digest(number)) for number in range(len(index)))


def _by_lines(data: bytes) -> Iterator[int]:
    """The rule once more, line by line over the whole file.  No Content-Length of these files is right."""
    place, before = 0, b""
    lines = data.splitlines(keepends=True) if b"\r" not in data else [*_with_ends(data)]
    for number, line in enumerate(lines):
        following = lines[number + 1] if number + 1 < len(lines) else b""
        field = re.match(rb"[!-9;-~]{1,80}[ \t]*:|>From ", following)
        timed = re.search(rb"\b\d{1,2}:\d\d\b", line)
        stamped = re.search(rb"[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \d{4}", line)
        usual = re.match(rb"(?:subject|status|x-mozilla-status|content-type):", following, re.IGNORECASE)
        empty = before in (b"\n", b"\r\n") or not number
        if (
            line.startswith(b"From ")
            and line.endswith(b"\n")
            and ((timed and field) or (empty and stamped) or (empty and usual and not timed))
        ):
            yield place
        place, before = place + len(line), line


def _with_ends(data: bytes) -> Iterator[bytes]:
    pieces = data.split(b"\n")
    yield from (piece + b"\n" for piece in pieces[:-1])
    yield pieces[-1]
