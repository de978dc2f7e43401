"""The body of an import: the message as it is, its last byte held back."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.body import CHUNK, MemoryBody, SpooledBody
from connectors.google_workspace.line import AnswerLost
from connectors.google_workspace.uploads import Upload, rest_of


@given(st.binary(max_size=300), st.lists(st.text(max_size=10), max_size=3))
def test_any_bytes_travel_as_they_are(message: bytes, labels: list[str]) -> None:
    upload = Upload(message, labels)
    sent = b"".join(upload.once(lambda: None))
    assert len(sent) == int(upload.headers["content-length"])
    boundary = upload.headers["content-type"].partition('boundary="')[2].rstrip('"').encode()
    before, first, second, after = sent.split(b"--" + boundary)
    assert (before, after) == (b"", b"--")
    assert json.loads(first.partition(b"\r\n\r\n")[2]) == {"labelIds": labels}
    assert second.partition(b"\r\n\r\n")[2] == message + b"\r\n"


def test_the_last_byte_waits_for_leave() -> None:
    upload = Upload(b"message", [])
    sent: list[bytes] = []
    at_commit: list[int] = []
    sent.extend(upload.once(lambda: at_commit.append(sum(map(len, sent)))))
    assert at_commit == [sum(map(len, sent)) - 1]


def test_what_may_have_left_is_not_handed_out_again() -> None:
    body = Upload(b"message", []).once(lambda: None)
    list(body)
    with pytest.raises(AnswerLost):
        iter(body)


@pytest.mark.parametrize("size", [1, 2, CHUNK, CHUNK + 1, 3 * CHUNK])
@pytest.mark.parametrize("start", [0, 1])
def test_a_large_message_is_sent_from_where_it_broke(tmp_path: Path, size: int, start: int) -> None:
    data = bytes(number % 251 for number in range(size + start))
    body = SpooledBody(tmp_path)
    body.write(data)
    sent, at_commit = list[bytes](), list[int]()
    sent.extend(rest_of(body, start, lambda: at_commit.append(sum(map(len, sent)))))
    assert b"".join(sent) == data[start:]
    assert at_commit == [size - 1]
    body.release()


def test_a_message_in_memory_is_sent_in_the_same_way() -> None:
    assert b"".join(rest_of(MemoryBody(b"abc"), 0, lambda: None)) == b"abc"
