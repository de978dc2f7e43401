"""Bodies and attachments arrive as they were, however they are nested, named or damaged."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from email.message import EmailMessage
from io import BytesIO
from typing import BinaryIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.archives.contract import Damaged, Problem
from connectors.mapi.message import DEEPEST, MOST, write_message
from tests.unit.mapi.items import Ansi, Attachment, Bag, Message, by_value, context, parsed, read, written

HTML = "<html><body>Grüße <img src=cid:Logo@1></body></html>"


def types(message: EmailMessage) -> list[str]:
    return [part.get_content_type() for part in message.walk()]


def payload(part: EmailMessage) -> bytes:
    data = part.get_payload(decode=True)
    assert isinstance(data, bytes)
    return data


def files(message: EmailMessage) -> list[tuple[str | None, bytes]]:
    """Names and bytes of all attachments that are no messages."""
    parts = [part for part in message.walk() if part.get_content_type() != "message/rfc822"]
    return [(part.get_filename(), payload(part)) for part in parts if part.get_content_disposition() == "attachment"]


def test_plain_text_and_html_are_alternatives() -> None:
    message = read(Message({0x1000: "Grüße\r\nA", 0x1013: HTML.encode("cp1252"), 0x3FDE: 1252}))
    assert types(message) == ["multipart/alternative", "text/plain", "text/html"]
    plain, html = message.iter_parts()
    assert payload(plain) == "Grüße\r\nA\r\n".encode()
    assert html.get_content_charset() == "windows-1252"
    assert payload(html) == HTML.encode("cp1252") + b"\r\n"


@pytest.mark.parametrize(
    ("data", "page", "charset"),
    [
        (HTML.encode("koi8-r", "ignore"), 20866, "koi8-r"),
        (HTML.encode(), 65001, "utf-8"),
        (b"<meta charset='iso-8859-2'>\xb1", None, "iso-8859-2"),
        (HTML.encode(), None, "utf-8"),
        (b"\xe9", None, "windows-1252"),
        (b"\xe9", 20127, "windows-1252"),  # what says that it is ASCII and is not
        (HTML.encode(), 1200, "utf-8"),  # what says that it is UTF-16 and is not
    ],
)
def test_html_is_told_in_the_charset_it_is_in(data: bytes, page: int | None, charset: str) -> None:
    message = read(Message({0x1013: data} | ({} if page is None else {0x3FDE: page})))
    assert message.get_content_charset() == charset
    assert payload(message) == data + b"\r\n"


def test_html_in_utf_16_is_recoded_for_no_program_reads_it() -> None:
    message = read(Message({0x1013: HTML.encode("utf-16-le"), 0x3FDE: 1200}))
    assert message.get_content_charset() == "utf-8"
    assert message.get_content().strip() == HTML


def test_a_message_that_says_nothing_is_an_empty_text() -> None:
    message = read(Message({}))
    assert (message.get_content_type(), message.get_content().strip()) == ("text/plain", "")


def test_what_the_html_shows_stands_with_it_and_the_rest_behind() -> None:
    logo = by_value(b"png", "logo.png", x3712="logo@1", x370E="image/png")
    other = by_value(b"gif", "other.gif", x3712="other@1")
    message = read(Message({0x1000: "x", 0x1013: HTML.encode(), 0x3FDE: 65001}, attached=[other, logo]))
    assert types(message) == [
        "multipart/mixed", "multipart/alternative", "text/plain", "multipart/related", "text/html", "image/png",
        "image/gif",
    ]  # fmt: skip
    shown = next(part for part in message.walk() if part.get_content_type() == "image/png")
    assert shown["Content-ID"] == "<logo@1>"
    assert shown.get_content_disposition() == "inline"
    assert files(message) == [("other.gif", b"gif")]


@pytest.mark.parametrize(
    "name",
    ["größe.pdf", "a b.pdf", 'quo"te\\.pdf', "日本語" * 60 + ".pdf", "x" * 250, "a=?utf-8?q?b?=", "tab\tand\nline.txt"],
)
def test_the_name_of_a_file_is_read_back(name: str) -> None:
    message = read(Message({}, attached=[by_value(b"1", name)]))
    told = files(message)[0][0]
    assert told is not None
    assert told == " ".join(name.split())[:255]
    part = next(message.iter_attachments())
    assert isinstance(part, EmailMessage)
    old = part["Content-Type"].params["name"]
    assert "".join(old.split()) == "".join(name.split())[:255]


@given(st.binary(max_size=2000), st.text(max_size=80))
@settings(max_examples=60)
def test_any_bytes_and_text_are_read_back(data: bytes, text: str) -> None:
    message = read(Message({0x1000: text, 0x39: None}, attached=[by_value(data, "x.bin")]))
    assert files(message) == [("x.bin", data)]
    bodies = [part for part in message.walk() if part.get_content_type() == "text/plain"]
    expected = text.rstrip("\0").replace("\r\n", "\n").replace("\r", "\n").encode("utf-8", "replace").decode()
    if expected:
        assert payload(bodies[0]).decode().replace("\r\n", "\n").removesuffix("\n") == expected.removesuffix("\n")


@pytest.mark.parametrize("told", ["multipart/mixed", "message/rfc822", "message/partial; id=1", "nonsense", ""])
def test_a_file_is_never_of_a_type_that_may_not_be_encoded(told: str) -> None:
    message = read(Message({}, attached=[by_value(b"From: x\n\ny", "mail.eml", x370E=told)]))
    assert types(message) == ["multipart/mixed", "application/octet-stream"]
    assert files(message) == [("mail.eml", b"From: x\n\ny")]


def test_an_ole_object_is_a_compound_file() -> None:
    item = Message({}, attached=[Attachment({0x3705: 6, 0x3001: "Chart"}, ole=b"\xd0\xcf\x11\xe0rest")])
    message = read(item)
    assert types(message)[1] == "application/x-ole-storage"
    assert files(message) == [("Chart", b"\xd0\xcf\x11\xe0rest")]


def test_what_lies_elsewhere_is_told_and_referred_to() -> None:
    problems: list[Problem] = []
    known = context(problems).about(("Inbox",), "k1")
    there = Attachment({0x3705: 2, 0x3707: "plan.doc", 0x370D: "\\\\server\\share\\plan.doc"})
    web = Attachment({0x3705: 7, 0x3707: "plan.doc", 0x370D: "https://example.org/plan.doc"})
    data = written(Message({}, attached=[there, web]), known)
    parts = [part for part in parsed(data).walk() if part.get_content_type() == "message/external-body"]
    assert [part["Content-Type"].params.get("name") for part in parts] == ["\\\\server\\share\\plan.doc", None]
    assert [part["Content-Type"].params.get("url") for part in parts] == [None, "https://example.org/plan.doc"]
    assert [(one.code, one.folder, one.key) for one in problems] == [("attached-by-reference", ("Inbox",), "k1")] * 2


def test_messages_within_messages_keep_all_they_hold() -> None:
    item = Message({0x1000: "bottom"}, attached=[by_value(b"deep", "deep.bin")])
    for level in range(50):
        item = Message({0x37: f"level {level}", 0x1000: str(level)}, attached=[Attachment({0x3705: 5}, item)])
    problems: list[Problem] = []
    message = read(item, context(problems))
    assert types(message).count("message/rfc822") == 50
    assert files(message)[-1] == ("deep.bin", b"deep")
    assert not problems


def test_messages_that_lie_deeper_than_anybody_nests_them_are_cut_and_told() -> None:
    item = Message({})
    item.attached = [Attachment({0x3705: 5}, item)]  # it holds itself
    problems: list[Problem] = []
    message = read(item, context(problems))
    assert types(message).count("message/rfc822") == DEEPEST
    assert [one.code for one in problems] == ["nested-too-deep"]


def test_messages_that_hold_the_same_ones_many_times_come_to_an_end() -> None:
    item = Message({})
    for _level in range(40):
        item = Message({}, attached=[Attachment({0x3705: 5}, item), Attachment({0x3705: 5}, item)])
    problems: list[Problem] = []
    data = written(item, context(problems))
    assert data.count(b"Content-Type: message/rfc822") == MOST
    assert {one.code for one in problems} == {"too-many-messages"}


def test_no_text_ends_a_part_before_its_end() -> None:
    first = written(Message({0x300B: b"k"}, attached=[by_value(b"", "x")]))
    line = first.partition(b'boundary="')[2].partition(b'"')[0].decode()
    evil = f"--{line}--\r\nFrom here\r\n--{line}\r\n"
    inner = Message({0x7D: f"From: a@b\r\n--{line}: x\r\n--{line}--", 0x1000: evil})
    message = read(
        Message({0x300B: b"k", 0x1000: evil}, attached=[Attachment({0x3705: 5}, inner), by_value(b"z", "x")])
    )
    texts = [payload(part) for part in message.walk() if part.get_content_type() == "text/plain"]
    assert texts == [evil.encode()] * 2
    assert files(message)[-1] == ("x", b"z")


ENTITY = (
    b'Content-Type: multipart/signed; protocol="application/pkcs7-signature";\r\n boundary="b1"\r\n\r\n'
    b"preamble\r\n--b1\r\nContent-Type: text/plain\r\n\r\nHello  \r\n.\r\n--b1\r\n"
    b"Content-Type: application/pkcs7-signature\r\n\r\nMIIB\r\n--b1--\r\n"
)


def signed(values: dict[int, object] | None = None) -> Message:
    kind = "IPM.Note.SMIME.MultipartSigned"
    return Message(
        {0x1A: kind, 0x1000: "Hello"} | (values or {}),
        attached=[by_value(ENTITY, "smime.p7m", x370E="multipart/signed")],
    )


def test_signed_bytes_stay_as_they_are() -> None:
    data = written(signed({0x7D: "From: a@example.org\r\nContent-Type: multipart/signed; boundary=b1\r\n"}))
    assert data.endswith(b"MIME-Version: 1.0\r\n" + ENTITY)


def test_signed_bytes_stay_as_they_are_within_another_message() -> None:
    assert ENTITY in written(Message({}, attached=[Attachment({0x3705: 5}, signed()), by_value(b"", "x")]))


def test_signed_bytes_that_would_end_the_message_around_them_become_a_file() -> None:
    outer = Message({0x300B: b"k"}, attached=[Attachment({0x3705: 5}, signed())])
    line = written(outer).partition(b'boundary="')[2].partition(b'"')[0]
    inner = signed()
    evil = ENTITY.replace(b"preamble", b"--" + line)
    inner.attached = [by_value(evil, "smime.p7m", x370E="multipart/signed")]
    message = read(Message({0x300B: b"k"}, attached=[Attachment({0x3705: 5}, inner), by_value(b"z", "x")]))
    assert files(message)[-1] == ("x", b"z")
    assert ("smime.p7m", evil) in files(message)


@pytest.mark.parametrize(
    "told", ["", 'Content-Type: application/x-pkcs7-mime; smime-type=enveloped-data; name="a.p7m"\r\n']
)
def test_a_sealed_message_is_its_pkcs_7_object(told: str) -> None:
    data = b"\x30\x80\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x03" + bytes(200)
    item = Message({0x1A: "IPM.Note.SMIME", 0x7D: "From: a@b.c\r\n" + told}, attached=[by_value(data, "smime.p7m")])
    message = read(item)
    assert message["Content-Type"].params["smime-type"] == "enveloped-data"
    assert payload(message) == data


def test_winmail_dat_is_kept() -> None:
    message = read(Message({}, attached=[by_value(b"\x78\x9f\x3e\x22", "winmail.dat", x370E="application/ms-tnef")]))
    assert files(message) == [("winmail.dat", b"\x78\x9f\x3e\x22")]
    assert types(message)[-1] == "application/ms-tnef"


def test_a_report_without_a_body_says_what_it_holds() -> None:
    to = {0x0C15: 1, 0x3001: "Bob", 0x3002: "SMTP", 0x3003: "bob@example.org", 0x1001: "550 no such user"}
    text = read(Message({0x1A: "REPORT.IPM.Note.NDR", 0x1001: "Not delivered"}, [to])).get_content()
    assert "Not delivered" in text
    assert "Bob <bob@example.org>" in text
    assert "550 no such user" in text


class _Broken(Bag):
    """Its content ends in damage."""

    def open(self, identifier: int) -> BinaryIO | None:
        whole = super().open(identifier)

        class Reader(BytesIO):
            def read(self, size: int | None = -1, /) -> bytes:
                if self.tell() >= 100_000:
                    raise Damaged("block", "")
                return super().read(size)

        return None if whole is None else Reader(whole.read())


def test_damage_in_an_attachment_costs_only_what_stands_behind_it() -> None:
    class Half(Attachment):
        @property
        def properties(self) -> Bag:
            return _Broken(self.values)

    problems: list[Problem] = []
    whole = hashlib.sha256(b"1").digest() * 20_000
    half = Half({0x3705: 1, 0x3701: whole, 0x3707: "half.bin"})
    message = read(Message({}, attached=[half, by_value(b"other", "other.bin")]), context(problems))
    (_name, data), other = files(message)
    assert whole.startswith(data)
    assert len(data) >= 100_000
    assert other == ("other.bin", b"other")
    assert [one.code for one in problems] == ["block"]


def test_an_attachment_without_content_is_told() -> None:
    problems: list[Problem] = []
    message = read(Message({}, attached=[Attachment({0x3705: 1, 0x3707: "gone"})]), context(problems))
    assert files(message) == [("gone", b"")]
    assert [one.code for one in problems] == ["attachment-missing"]


def test_long_bodies_are_copied_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("connectors.mapi.body.HELD", 100)
    text = "Grüße 日本 \U0001f600\r\n" * 20_000
    message = read(Message({0x1000: text, 0x1013: text.encode("cp932", "ignore"), 0x3FDE: 932}))
    plain, html = message.iter_parts()
    assert payload(plain) == text.encode()
    assert (payload(html), html.get_content_charset()) == (text.encode("cp932", "ignore"), "shift_jis")
    ansi = read(Message({0x1000: Ansi(("ü" * 200).encode("cp1252")), 0x3FFD: 1252}))
    assert ansi.get_content().strip() == "ü" * 200


_LARGE = """
import resource, sys
sys.path.insert(0, sys.argv[1])
from io import RawIOBase
from pathlib import Path
from connectors.mapi.context import Context
from connectors.mapi.message import write_message
from tests.unit.mapi.items import Attachment, Bag, Message

class Zeros(RawIOBase):
    left = 150_000_000
    def read(self, size=-1):
        count = min(size, self.left)
        self.left -= count
        return bytes(count)

class Large(Bag):
    def open(self, identifier):
        return Zeros()

class One(Attachment):
    @property
    def properties(self):
        return Large(self.values)

class Out:
    size = 0
    def write(self, data):
        self.size += len(data)

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

one = One({0x3705: 1, 0x3701: b"", 0x3707: "large.bin"})
inner = Message({}, attached=[one])
before, out = peak(), Out()
write_message(Message({}, attached=[Attachment({0x3705: 5}, inner), one]), out, Context(Path("/nonexistent")))
print(out.size, peak() - before)
"""


def test_an_attachment_of_150_megabytes_is_never_held(request: pytest.FixtureRequest) -> None:
    run = subprocess.run(
        [sys.executable, "-c", _LARGE, str(request.config.rootpath)], capture_output=True, text=True, check=True
    )
    size, more = map(int, run.stdout.split())
    assert size > 2 * 150_000_000 * 4 // 3
    assert more < 10_000  # kilobytes


def test_a_message_is_written_in_pieces_of_bounded_size() -> None:
    class Out(BytesIO):
        longest = 0

        def write(self, data: bytes) -> int:  # type: ignore[override]
            self.longest = max(self.longest, len(data))
            return super().write(data)

    out = Out()
    write_message(Message({}, attached=[by_value(bytes(3_000_000), "x")]), out, context())
    assert out.longest < 100_000


def test_a_signed_message_that_cannot_be_read_is_written_as_any_other() -> None:
    class Unreadable(Bag):
        def open(self, identifier: int) -> BinaryIO | None:
            raise Damaged("block", "")

    class One(Attachment):
        @property
        def properties(self) -> Bag:
            return Unreadable(self.values)

    item = signed()
    item.attached = [One({0x3705: 1, 0x3707: "smime.p7m", 0x3701: b""})]
    problems: list[Problem] = []
    message = read(item, context(problems))
    assert types(message) == ["multipart/mixed", "text/plain", "application/pkcs7-mime"]
    assert [one.code for one in problems] == ["block"]
