"""Uploads to Google's stand-in: every byte comes out as it went in, and what breaks the rules is refused."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migrate.sandbox.google.discovery import Media, routes
from migrate.sandbox.google.errors import ApiError
from migrate.sandbox.google.uploads import CHUNK, Session, add_chunk, multipart, simple, split

_MEDIA = Media(1000, ("message/*",))
_BYTES = st.binary(max_size=400) | st.text(alphabet="\r\n-b\x00\xffx", max_size=60).map(
    lambda text: text.encode("latin-1")
)


@given(_BYTES, st.sampled_from([b"\r\n", b"\n"]))
def test_any_message_comes_out_of_a_multipart_body_as_it_was(raw: bytes, line: bytes) -> None:
    boundary = b"===limit-of-parts==="
    body = line.join(
        [
            b"--" + boundary, b"Content-Type: application/json; charset=UTF-8", b"", b'{"labelIds": ["INBOX"]}',
            b"--" + boundary, b"Content-Type: message/rfc822", b"MIME-Version: 1.0", b"", raw, b"--" + boundary + b"--",
        ]
    )  # fmt: skip
    if line == b"\n" and raw.endswith(b"\r"):
        return  # RFC 2046: the line end before a boundary is CR LF, so this CR would be the boundary's
    uploaded = multipart('multipart/related; boundary="===limit-of-parts==="', body + line, _MEDIA)
    assert uploaded.media == raw
    assert uploaded.metadata == {"labelIds": ["INBOX"]}


@given(_BYTES)
def test_any_message_comes_out_of_a_simple_body_as_it_was(raw: bytes) -> None:
    assert simple("message/rfc822", raw, _MEDIA).media == raw


@given(st.data(), st.integers(0, 3 * CHUNK + 7))
def test_a_resumable_upload_in_any_pieces_is_what_was_sent_each_byte_once(data: Any, size: int) -> None:
    sent = bytes(size)
    session = Session(routes(), "", {}, "anna", None)  # type: ignore[arg-type]  # its route is not looked at
    at, complete = 0, False
    while not complete:
        # Now and then a piece is sent again from earlier, as after a reply that was lost.
        at = data.draw(st.sampled_from([at, max(0, at - CHUNK)]))
        end = data.draw(st.sampled_from([min(size, at + CHUNK), min(size, at + 2 * CHUNK), size]))
        told = f"bytes {at}-{end - 1}/{size}" if end > at else f"bytes */{size}"
        complete = add_chunk(session, told, sent[at:end])
        at = len(session.received)
    assert bytes(session.received) == sent


@pytest.mark.parametrize(
    ("content_range", "body"),
    [
        ("bytes 10-19/40", b"x" * 10),
        ("bytes 0-9/40", b"x" * 11),
        ("bytes 0-9/40", b"x" * 10),
        ("chars 0-9/40", b"x" * 10),
    ],
)
def test_a_piece_that_leaves_a_gap_is_odd_or_does_not_fit_its_range_is_refused(content_range: str, body: bytes) -> None:
    with pytest.raises(ApiError) as refused:
        add_chunk(Session(routes(), "", {}, "anna", None), content_range, body)  # type: ignore[arg-type]
    assert refused.value.code == 400


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("multipart/related", b"--b\r\n\r\n{}\r\n--b--"),
        ("multipart/related; boundary=b", b"--b\r\n\r\n{}\r\n--b\r\n\r\nno end"),
        ("multipart/related; boundary=b", b"--b\r\n\r\n{}\r\n--b--"),
        ("multipart/related; boundary=b", b"--b\r\n\r\n{}\r\n--b\r\nContent-Type: text/plain\r\n\r\nx\r\n--b--"),
        ("multipart/related; boundary=b", b"--b\r\n\r\n[1]\r\n--b\r\nContent-Type: message/rfc822\r\n\r\nx\r\n--b--"),
        (
            "multipart/related; boundary=b",
            (
                b"--b\r\n\r\n{}\r\n--b\r\nContent-Type: message/rfc822\r\n"
                b"Content-Transfer-Encoding: base64\r\n\r\nx\r\n--b--"
            ),
        ),
    ],
)
def test_a_multipart_body_that_is_none_is_refused(kind: str, body: bytes) -> None:
    with pytest.raises(ApiError) as refused:
        multipart(kind, body, _MEDIA)
    assert refused.value.code == 400


def test_what_is_larger_than_the_api_takes_is_refused() -> None:
    simple("message/rfc822", b"x" * 1000, _MEDIA)
    with pytest.raises(ApiError) as refused:
        simple("message/rfc822", b"x" * 1001, _MEDIA)
    assert (refused.value.code, refused.value.reason) == (413, "uploadTooLarge")


def test_the_limits_are_those_of_the_discovery_documents() -> None:
    methods = routes().methods
    found = {name: one.media.max_size for name, one in methods.items() if one.media is not None}
    assert found["gmail.users.messages.import"] == found["gmail.users.messages.insert"] == 157_286_400
    assert found["groupsmigration.archive.insert"] == 26_214_400


def test_a_part_without_a_header_is_all_content() -> None:
    assert split("multipart/mixed; boundary=b", b"--b\n\nall of it\n--b--\n") == [({}, b"all of it")]
