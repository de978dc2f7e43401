"""What each rule changes, and that it changes nothing else."""

from __future__ import annotations

import base64
import email
import email.policy
from email.header import decode_header, make_header
from pathlib import Path

import pytest

from connectors.repairs import RULES
from connectors.wire import digest_bytes, wire_bytes
from tests.unit.repairs.apply import apply

HEAD = b"From: b@example.org\r\nDate: Mon, 05 Jan 2026 08:00:00 +0000\r\nMessage-ID: <1@example.org>\r\n"
LONG = b"word " * 400


def shown(data: bytes, field: str) -> str:
    """As a mail program shows a field."""
    value = email.message_from_bytes(data)[field]
    return str(make_header(decode_header(value.replace("\r\n", ""))))


def body_of(data: bytes) -> bytes:
    decoded = email.message_from_bytes(data, policy=email.policy.SMTP).get_payload(decode=True)
    assert isinstance(decoded, bytes)
    return decoded


@pytest.mark.parametrize("rule", RULES)
def test_a_sound_message_stays_as_it_is(rule: str) -> None:
    data = HEAD + b"Subject: s\r\n\r\nhello\r\n"
    assert apply(rule, data) == data


def test_a_nul_in_a_text_travels_as_quoted_printable() -> None:
    data = HEAD + b"Subject: s\r\n\r\nhel\0lo \r\ncaf\xe9\r\n"
    repaired = apply("nul", data)
    assert b"\0" not in repaired
    assert repaired.startswith(HEAD + b"Subject: s\r\n")
    assert b"\r\nMIME-Version: 1.0\r\n" in repaired
    assert repaired.endswith(b"\r\n\r\nhel=00lo=20\r\ncaf=E9\r\n")


def test_a_nul_in_an_attachment_travels_as_base64_and_comes_out_again() -> None:
    blob = bytes(range(256)).replace(b"\r", b"").replace(b"\n", b"") * 5
    parts = (
        b"preamble\r\n--b\r\nContent-Type: text/plain\r\n\r\nhello\r\n--b\r\nContent-Type: image/png\r\n"
        b"Content-Transfer-Encoding: binary\r\nContent-ID: <x>\r\n\r\n" + blob + b"\r\n--b--\r\nepilogue\r\n"
    )
    data = HEAD + b"MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n" + parts
    repaired = apply("nul", data)
    before, after = data.partition(b"binary")[0], data.partition(b"\r\n--b--")[2]
    assert repaired.startswith(before + b"base64\r\nContent-ID: <x>\r\n\r\n")
    assert repaired.endswith(b"\r\n--b--" + after)
    image = email.message_from_bytes(repaired).get_payload(1)
    assert image.get_payload(decode=True) == blob  # type: ignore[union-attr]  # a part


def test_a_nul_in_what_is_encoded_or_in_a_header_is_taken_out() -> None:
    data = (
        HEAD
        + b"Subject: a\0b\r\nMIME-Version: 1.0\r\nContent-Type: application/x\r\n"
        + b"Content-Transfer-Encoding: base64\r\n\r\naGVs\0bG8=\r\n"
    )
    assert apply("nul", data) == data.replace(b"\0", b"")


@pytest.mark.parametrize(
    ("raw", "text", "charset"),
    [
        ("Grüße aus Köln".encode(), "Grüße aus Köln", b"utf-8"),
        ("Grüße € aus Köln".encode("cp1252"), "Grüße € aus Köln", b"windows-1252"),
        (b"a \x81\x8d b", None, b"unknown-8bit"),
        ("été =?utf-8?q?d=C3=A9j=C3=A0?= été".encode(), "été déjà été", b"utf-8"),
        ("plain été été\r\n août plain".encode(), "plain été été août plain", b"utf-8"),
        (("é" * 200).encode(), "é" * 200, b"utf-8"),
    ],
)
def test_raw_bytes_of_a_subject_become_encoded_words(raw: bytes, text: str | None, charset: bytes) -> None:
    data = HEAD + b"Subject: " + raw + b"\r\nTo: x@example.org\r\n\r\nb\xf6dy\r\n"
    repaired = apply("raw-8bit-header", data)
    head, _, body = repaired.partition(b"\r\n\r\n")
    assert head.isascii()
    assert body == b"b\xf6dy\r\n"
    assert repaired.startswith(HEAD + b"Subject: ")
    assert head.endswith(b"\r\nTo: x@example.org")
    assert b"=?" + charset + b"?q?" in head
    assert max(map(len, head.split(b"\r\n"))) < 120
    if text is not None:
        assert shown(repaired, "Subject") == text


@pytest.mark.parametrize(
    ("field", "wanted"),
    [
        ('"Müller, Hans" <hans@example.org>', [("Müller, Hans", "hans@example.org")]),
        ("Jürgen Groß <j@example.org>, b@example.org", [("Jürgen Groß", "j@example.org"), ("", "b@example.org")]),
        ("Büro<b@example.org>", [("Büro", "b@example.org")]),
    ],
)
def test_names_beside_addresses_become_encoded_words(field: str, wanted: list[tuple[str, str]]) -> None:
    repaired = apply("raw-8bit-header", HEAD + f"To: {field}\r\n\r\n".encode())
    assert repaired.isascii()
    parsed = email.message_from_bytes(repaired, policy=email.policy.default)["To"]
    assert [(one.display_name, one.addr_spec) for one in parsed.addresses] == wanted


def test_a_blank_beside_an_encoded_word_of_a_name_is_still_shown() -> None:
    repaired = apply("raw-8bit-header", HEAD + "To: =?utf-8?q?d=C3=A9j=C3=A0?= été <b@example.org>\r\n\r\n".encode())
    assert shown(repaired, "To") == "déjà été <b@example.org>"


@pytest.mark.parametrize(
    "field",
    ["To: jürgen@example.org", "To: J <jürgen@example.org>", 'To: "jürgen"@example.org', "References: <é@example.org>"],
)
def test_an_address_or_identifier_is_not_made_another(field: str) -> None:
    data = HEAD + field.encode() + b"\r\n\r\n"
    assert apply("raw-8bit-header", data) == data


def test_a_raw_file_name_is_encoded_as_a_parameter() -> None:
    data = HEAD + 'Content-Type: application/pdf; name="été 1.pdf"; x=y\r\n\r\n'.encode()
    assert apply("raw-8bit-header", data) == HEAD + (
        b"Content-Type: application/pdf; name*=utf-8''%C3%A9t%C3%A9%201.pdf; x=y\r\n\r\n"
    )


def test_a_long_field_is_folded_and_says_the_same() -> None:
    data = HEAD + b"Subject: " + LONG + b"end\r\nX-Id: " + b"x" * 1500 + b"\r\n\r\nhello\r\n"
    repaired = apply("long-line", data)
    long = [line for line in repaired.split(b"\r\n") if len(line) > 998]
    assert long == [b" " + b"x" * 1500]
    assert digest_bytes(repaired).header == digest_bytes(data).header
    assert repaired.replace(b"\r\n ", b" ") == data.replace(b"\r\n ", b" ")


def test_a_long_line_of_text_travels_as_quoted_printable_and_comes_out_again() -> None:
    text = LONG + b"caf\xe9 =3D \r\nshort\r\n" + b"x" * 70_000 + b"\r\n"
    data = HEAD + b"MIME-Version: 1.0\r\nContent-Type: text/plain; charset=iso-8859-1\r\n\r\n" + text
    repaired = apply("long-line", data)
    assert max(map(len, repaired.split(b"\r\n"))) <= 76
    assert body_of(repaired) == text
    assert repaired.count(b"MIME-Version") == 1


@pytest.mark.parametrize("encoding", ["quoted-printable", "base64"])
def test_a_long_line_that_is_encoded_is_broken_where_that_means_nothing(encoding: str) -> None:
    plain = bytes(range(256)) * 400
    line = base64.b64encode(plain) if encoding == "base64" else b"".join(b"=%02X" % byte for byte in plain)
    data = HEAD + f"MIME-Version: 1.0\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n".encode() + line + b"\r\n"
    repaired = apply("long-line", data)
    assert max(map(len, repaired.split(b"\r\n"))) <= 76
    assert body_of(repaired).removesuffix(b"\r\n") == plain
    assert repaired.split(b"\r\n\r\n")[0] == data.split(b"\r\n\r\n")[0]


def test_an_attached_message_is_repaired_within_and_never_encoded_as_a_whole() -> None:
    inner = HEAD + b"Subject: inner\r\n\r\n" + LONG + b"\r\n"
    data = (
        HEAD + b"MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n"
        b"Content-Type: message/rfc822\r\n\r\n" + inner + b"\r\n--b--\r\n"
    )
    repaired = apply("long-line", data)
    attached = email.message_from_bytes(repaired).get_payload(0).get_payload(0)  # type: ignore[union-attr]  # a part
    assert attached.get_payload(decode=True).rstrip() == LONG.rstrip()  # type: ignore[union-attr]  # a message
    assert b"Content-Type: message/rfc822\r\n\r\n" in repaired


@pytest.mark.parametrize("rule", ["nul", "long-line"])
@pytest.mark.parametrize(
    "kind",
    [
        b'multipart/signed; protocol="application/pgp-signature"; boundary=s',
        b"multipart/encrypted; boundary=s",
        b"application/pkcs7-mime; smime-type=signed-data",
    ],
)
def test_nothing_inside_what_is_signed_or_encrypted_is_touched(rule: str, kind: bytes) -> None:
    text = b"a\0b\r\n" + LONG + b"\r\n"
    inside = b"--s\r\nContent-Type: text/plain; name=" + b"x \0" * 600 + b"\r\n\r\n" + text + b"--s--\r\n"
    data = HEAD + b"MIME-Version: 1.0\r\nContent-Type: " + kind + b"\r\n\r\n" + inside
    assert apply(rule, data) == data
    # As a part among others, too: what stands beside it is repaired.
    mixed = (
        HEAD + b"MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=m\r\n\r\n--m\r\nContent-Type: "
        + kind + b"\r\n\r\n" + inside + b"--m\r\n\r\n" + text + b"--m--\r\n"
    )  # fmt: skip
    repaired = apply(rule, mixed)
    assert repaired != mixed
    assert b"Content-Type: " + kind + b"\r\n\r\n" + inside + b"--m\r\n" in repaired


def test_the_own_header_of_a_signed_message_is_no_part_of_what_is_signed() -> None:
    signed = b"Content-Type: multipart/signed; boundary=s; name=\xe9\r\n\r\n--s\r\nSubject: \xe9\r\n\r\nx\r\n--s--\r\n"
    assert apply("raw-8bit-header", HEAD + b"Subject: \xe9\r\n" + signed) == (
        HEAD + b"Subject: =?windows-1252?q?=E9?=\r\n" + signed
    )


def test_what_is_missing_is_added_and_nothing_else() -> None:
    data = b"Subject: s\r\n\r\nhello\r\n"
    assert apply("missing-date", data) == b"Subject: s\r\nDate: Mon, 05 Jan 2026 08:00:07 +0000\r\n\r\nhello\r\n"
    assert apply("missing-from", data) == b"Subject: s\r\nFrom: unknown@unknown.invalid\r\n\r\nhello\r\n"
    named = apply("missing-message-id", data)
    assert named.startswith(b"Subject: s\r\nMessage-ID: <")
    assert named.endswith(b"@repaired.invalid>\r\n\r\nhello\r\n")
    assert apply("missing-message-id", data + b"x") != named + b"x", "another message has another name"


@pytest.mark.parametrize("data", [b"", b"\r\nonly a body\r\n", b"no header at all", b"Subject: s\r\n"])
def test_what_is_missing_is_added_where_there_is_no_header(data: bytes) -> None:
    for rule in ("missing-date", "missing-from", "missing-message-id"):
        repaired = apply(rule, data)
        assert repaired.endswith(data) or repaired.startswith(data)
        assert len(repaired) > len(data)


def test_every_message_of_the_corpus_is_repaired_once_and_stays_readable(shared_corpus: Path) -> None:
    for file in sorted((shared_corpus / "eml").glob("*.eml")):
        data = wire_bytes(file.read_bytes())
        for rule in RULES:
            once = apply(rule, data)
            assert apply(rule, once) == once, (file.name, rule)
            assert len(email.message_from_bytes(once).keys()) >= len(email.message_from_bytes(data).keys()), file.name
