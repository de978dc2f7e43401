"""Whatever is signed stays byte for byte, however its Content-Type and those around it are written."""

from __future__ import annotations

from functools import reduce

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.repairs import RULES
from connectors.repairs.content_type import ContentType, content_type
from tests.unit.repairs.apply import apply

TEXT = b"a\0b\r\n" + b"x" * 1200 + b"\r\n"
SIGNED = (
    b"--s\r\nContent-Type: text/plain\r\nX-Raw: \xe9\0" + b" word" * 300 + b"\r\n\r\n" + TEXT
    + b"--s\r\nContent-Type: application/pgp-signature\r\n\r\nsig\r\n--s--\r\n"
)  # fmt: skip

#: Where blanks may stand, comments and folds may, too.
GAPS = st.sampled_from(
    [b"", b" ", b"\r\n\t", b"(x)", b" (a (b) \\) ; boundary=q) ", b'\r\n (":)\r\n ', b"(multipart/x;)"]
)
OTHER_PARAMETERS = st.lists(
    st.sampled_from(
        [
            b'name="a; boundary=q"', b'name="a\\"; boundary=q; \\""', b"micalg=pgp-sha1", b"charset=", b"x-boundary=q",
            b'protocol="application/pgp-signature"', b"title*0=a; title*1*=%20b", b"type=text/html", b"",
            b'name="(not a comment"', b"title*=utf-8''%3B%20boundary=q",
        ]
    ),
    max_size=3,
)  # fmt: skip
#: A second field beside the one that says it.
OTHER_FIELDS = st.sampled_from(
    [b"", b"", b"Content-Type: text/plain\r\n", b"content-type: multipart/mixed; boundary=q\r\n", b"Content-Type:\r\n"]
)


@st.composite
def boundaries(draw: st.DrawFn, boundary: bytes) -> bytes:
    """The parameter as RFC 2045 and RFC 2231 have it."""
    percent = b"".join(b"%%%02x" % byte for byte in boundary)
    return draw(
        st.sampled_from(
            [
                b"boundary=" + boundary, b'BOUNDARY = "' + boundary + b'"', b"Boundary*0=" + boundary,
                b"boundary*1=" + boundary[1:] + b"; boundary*0=" + boundary[:1], b"boundary*=us-ascii'en'" + percent,
                b"boundary*0*=''" + percent[:3] + b'; boundary*1="' + boundary[1:] + b'"',
                b"boundary=" + boundary + b"; boundary*0=" + boundary,
            ]
        )
    )  # fmt: skip


@st.composite
def fields(draw: st.DrawFn, media_type: bytes, boundary: bytes) -> bytes:
    """Content-Type fields, one of which says that it is this type with this boundary."""
    kind, _, subtype = (draw(st.sampled_from([media_type, media_type.upper(), media_type.title()]))).partition(b"/")
    words = [kind, b"/", subtype]
    parameters = draw(st.permutations([*draw(OTHER_PARAMETERS), draw(boundaries(boundary))]))
    for parameter in parameters:
        words += [b";", b" " + parameter]
    field = b"Content-Type:" + b"".join(draw(GAPS) + word for word in words) + draw(GAPS).rstrip() + b"\r\n"
    other = draw(OTHER_FIELDS)
    return field + other if draw(st.booleans()) else other + field


@st.composite
def around(draw: st.DrawFn, part: bytes, depth: int) -> bytes:
    """A part with something around it, with its header."""
    name = b"m%dx" % depth
    between = b"\r\n--" + name + b"\r\n"
    beside = between + b"\r\n" + TEXT
    match draw(st.sampled_from(["mixed", "digest", "attached", "news", "encoded", "partial", "boundless"])):
        case "mixed":
            head = draw(fields(b"multipart/mixed", name))
            return head + b"\r\n" + beside + between + part + beside + b"\r\n--" + name + b"--\r\n"
        case "digest":
            head = draw(fields(b"multipart/digest", name))
            return head + b"\r\n" + between + b"\r\n" + part + between + b"\r\n" + part + b"\r\n--" + name + b"--\r\n"
        case "attached":
            return b"Content-Type: (x)message/rfc822\r\nContent-Transfer-Encoding: 8bit\r\n\r\n" + part
        case "news":
            return b"Content-Type: message/news\r\n\r\n" + part
        case "encoded":
            return b"Content-Type: message/rfc822\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n" + part
        case "partial":
            return b"Content-Type: message/partial; number=1; id=x\r\n\r\n" + part
        case _:
            return b"Content-Type: multipart/mixed; charset=x\r\n\r\n" + beside + between + part


@st.composite
def messages(draw: st.DrawFn) -> bytes:
    kind = draw(st.sampled_from([b"multipart/signed", b"multipart/encrypted", b"application/pkcs7-mime"]))
    part = draw(fields(kind, b"s")) + b"\r\n" + SIGNED
    part = reduce(lambda inner, depth: draw(around(inner, depth)), range(draw(st.integers(0, 3))), part)
    return b"Subject: caf\xe9\0\r\nMIME-Version: 1.0\r\n" + part


@given(messages())
@settings(max_examples=500)
def test_no_rule_changes_a_byte_of_what_is_signed(data: bytes) -> None:
    for rule in RULES:
        data, before = apply(rule, data), data
        assert data.count(SIGNED) == before.count(SIGNED)


@pytest.mark.parametrize(
    "around",
    [
        b"multipart/mixed (x); boundary=m",
        b"(x) multipart / (y) mixed; (z) boundary = m",
        b"multipart/mixed; boundary*0=m",
        b"multipart/mixed; boundary*1=; boundary*0*=us-ascii'en'%6d",
        b'multipart/mixed; name="a; boundary=q"; boundary=m',
        b"multipart/mixed; type=text/html; charset=; boundary=m;",
    ],
)
@pytest.mark.parametrize("rule", ["nul", "long-line"])
def test_what_stands_beside_a_signed_part_is_repaired_however_the_boundary_is_written(around: bytes, rule: str) -> None:
    signed = b"--m\r\nContent-Type: multipart/signed (x); boundary=s\r\n\r\n" + SIGNED
    head = b"MIME-Version: 1.0\r\nContent-Type: " + around + b"\r\n\r\n"
    repaired = apply(rule, head + signed + b"--m\r\n\r\n" + TEXT + b"--m--\r\n")
    assert repaired.startswith(head + signed)
    assert b"Content-Transfer-Encoding: quoted-printable\r\n\r\na=00b\r\n" in repaired


@pytest.mark.parametrize(
    "fields",
    [
        b"Content-Type: text/plain\r\nContent-Type: text/html\r\n",
        b"Content-Type: text\r\n",
        b"Content-Type: text/plain charset=us-ascii\r\n",
        b"Content-Type:\r\n",
        b'Content-Type: text/plain; name="a(b\r\n',
    ],
)
def test_a_text_whose_fields_nobody_could_take_for_anything_else_is_repaired(fields: bytes) -> None:
    assert apply("nul", fields + b"\r\na\0b\r\n").endswith(b"\r\n\r\na=00b\r\n")


@pytest.mark.parametrize(
    "value",
    [
        b"multipart/mixed; boundary=m; boundary=n",
        b"multipart/mixed; boundary=m; boundary*0=n",
        b"multipart/mixed; boundary*0=m; boundary*2=n",
        b"multipart/mixed; boundary*=m",
        b"multipart/mixed; boundary=m(x)",
        b'multipart/mixed; boundary="m\\n"',
        b'multipart/mixed; boundary="m "',
        b"multipart/mixed; boundary=m\xe9",
        b'multipart/mixed; boundary="m',
        b"multipart/mixed (x; boundary=m",
        b"multipart/mixed boundary=m",
        b"multipart/mixed; boundary=",
        b"multi\0part/sig\0ned; boundary=m",
        b"multi\r\n part/signed; boundary=m",
        b"x-multipart signed",
    ],
)
def test_where_readers_may_differ_everything_is_taken_for_signed(value: bytes) -> None:
    assert content_type([value + b"\r\n"]).is_sealed
    data = b"MIME-Version: 1.0\r\nContent-Type: " + value + b"\r\n\r\n--m\r\n\r\n" + TEXT + b"--m--\r\n"
    for rule in ("nul", "long-line"):
        assert apply(rule, data) == data


def test_a_long_boundary_in_pieces_is_put_together() -> None:
    pieces = b"; ".join(b"boundary*%d=%d" % (number, number) for number in reversed(range(12)))
    assert content_type([b" Multipart/Mixed; " + pieces]) == ContentType(b"multipart/mixed", b"01234567891011")
