"""Rules on any message that can be made: what lies outside a rule's place stays, and twice is once."""

from __future__ import annotations

import email
import re
from pathlib import Path
from tempfile import gettempdir

from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.body import MemoryBody, SpooledBody
from connectors.repairs import RULES, TRAITS, traits_of
from connectors.wire import wire_bytes
from tests.unit.repairs.apply import apply

_PLAIN = st.binary(max_size=40).map(lambda data: data.replace(b"\r", b"").replace(b"\n", b""))
_LINE = st.one_of(
    _PLAIN,
    st.just(b"x" * 1200),
    st.just(b"word " * 300),
    st.sampled_from([b"--b", b"--b--", b"--s", b"--s--", b"a\0b", b"\xe9t\xe9", b" folded", b"Subject: \xe9\0", b""]),
)
_FIELDS = st.lists(
    st.sampled_from(
        [
            b"Subject: caf\xe9 =?utf-8?q?x?= \xe9", b"From: \xe9 <a@b>", b"Date: Mon, 05 Jan 2026 08:00:00 +0000",
            b"X-Long: " + b"word " * 300, b"X-Nul: a\0b", b"no field", b"Content-Transfer-Encoding: base64",
            b"Content-Transfer-Encoding: quoted-printable", b"MIME-Version: 1.0", b"Content-Type: text/plain",
            b"Content-Type: multipart/mixed; boundary=b", b"Content-Type: multipart/signed; boundary=s",
            b"Content-Type: message/rfc822", b"Content-Type: application/pkcs7-mime", b"Message-ID: <1@b>",
        ]
    ),
    max_size=5,
)  # fmt: skip


@st.composite
def messages(draw: st.DrawFn) -> bytes:
    """Mostly like mail: header blocks and bodies in any order."""
    pieces = []
    for _ in range(draw(st.integers(1, 3))):
        pieces += [*draw(_FIELDS), b"", *draw(st.lists(_LINE, max_size=5))]
    data = b"\r\n".join(pieces)
    return wire_bytes(data if draw(st.booleans()) else data + b"\r\n")


@given(messages(), st.sampled_from(RULES))
@settings(max_examples=400)
def test_twice_is_once(data: bytes, rule: str) -> None:
    once = apply(rule, data)
    assert apply(rule, once) == once


@given(messages(), st.permutations(RULES))
def test_the_rules_do_not_undo_each_other(data: bytes, rules: list[str]) -> None:
    for rule in rules:
        data = apply(rule, data)
    for rule in ("nul", "raw-8bit-header", "missing-date", "missing-from", "missing-message-id"):
        assert apply(rule, data) == data


@given(messages())
def test_a_rule_that_finds_nothing_changes_nothing(data: bytes) -> None:
    traits = traits_of(MemoryBody(data))
    for rule in TRAITS:
        if rule not in traits and rule != "long-line":
            assert apply(rule, data) == data
    if not any(len(line) > 998 for line in data.split(b"\r\n")):
        assert "long-line" not in traits
        assert apply("long-line", data) == data
    else:
        assert "long-line" in traits


@given(st.lists(_LINE, max_size=8), st.sampled_from(["nul", "raw-8bit-header", "long-line"]))
def test_the_bytes_of_a_signed_part_stay_and_so_do_those_around_it(lines: list[bytes], rule: str) -> None:
    inside = b"\r\n".join(line for line in lines if not line.startswith(b"--"))
    signed = (
        b"Content-Type: multipart/signed; boundary=sig\r\n\r\n--sig\r\n"
        + inside
        + b"\r\n--sig\r\n\r\nxyz\r\n--sig--\r\n"
    )
    before = b"Subject: caf\xe9\r\nContent-Type: multipart/mixed; boundary=out\r\n\r\n--out\r\n"
    after = b"--out\r\nContent-Type: text/x\r\n\r\na\0b" + b"x" * 999 + b"\r\n--out--\r\n"
    repaired = apply(rule, before + signed + after)
    assert signed in repaired
    assert repaired != before + signed + after


@given(messages())
def test_added_fields_are_all_that_is_added(data: bytes) -> None:
    for rule, name in (("missing-date", b"Date"), ("missing-from", b"From"), ("missing-message-id", b"Message-ID")):
        repaired = apply(rule, data)
        added = re.compile(rb"(?:^|(?<=\r\n))" + name + rb": [^\r\n]*\r\n")
        assert repaired == data or any(
            repaired[: found.start()] + repaired[found.end() :] == data for found in added.finditer(repaired)
        )


@given(st.binary(max_size=3000), st.sampled_from(["nul", "long-line"]), st.sampled_from(["text/plain", "image/png"]))
def test_what_travels_encoded_comes_out_as_it_was(blob: bytes, rule: str, kind: str) -> None:
    body = wire_bytes(b"\0" + blob.replace(b"--b", b"") + b"x" * 1000)
    head = b"MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: "
    data = head + kind.encode() + b"\r\n\r\n" + body + b"\r\n--b--\r\n"
    part = email.message_from_bytes(apply(rule, data)).get_payload(0)
    decoded = part.get_payload(decode=True)  # type: ignore[union-attr]  # a part
    if kind == "text/plain":
        # Python hands out line ends of quoted-printable as they are written.
        decoded = decoded.removesuffix(b"\r\n")  # type: ignore[union-attr]  # bytes
        body = body.removesuffix(b"\r\n")
    assert decoded == body


@given(messages())
@settings(max_examples=50)
def test_a_spooled_message_has_the_same_traits(data: bytes) -> None:
    spooled = SpooledBody(Path(gettempdir()))
    try:
        spooled.write(data * 40)
        assert traits_of(spooled) == traits_of(MemoryBody(data * 40))
    finally:
        spooled.release()
