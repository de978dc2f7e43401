"""RTF is unpacked as its specification says, and becomes what it was made of."""

from __future__ import annotations

import struct
import tracemalloc
from email.message import EmailMessage

import compressed_rtf
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.archives.contract import Damaged, Problem
from connectors.mapi.rtf import reader
from connectors.mapi.rtf.compressed import DICTIONARY, unpacked
from connectors.mapi.rtf.reader import as_html, as_text, kind_of
from tests.unit.mapi.items import Message, context, read

ENCAPSULATED = rb"""{\rtf1\ansi\ansicpg1251\fromhtml1 \deff0{\fonttbl
{\f0\fswiss Arial;}{\f2\fswiss\fcharset128 Gothic;}}{\colortbl\red0\green0\blue0;}
{\*\generator X}\uc1\pard\plain\deftab360 \f0\fs24
{\*\htmltag64}{\*\htmltag19 <html>}{\*\htmltag2 \par }{\*\htmltag50 <body title="\'ef">}\htmlrtf \lang1033 \htmlrtf0
{\*\htmltag64 <p>}\htmlrtf {\htmlrtf0 Text \{x\} \u8364?\'ef\~ {\f2 \'83\'66} a\'efb{\*\mhtmltag84 no}
{\*\htmltag84 &lt;}
\htmlrtf <\htmlrtf0 \line \lquote q\rquote {\*\htmltag92 </p>}\htmlrtf\par}\htmlrtf0
\u-10179?\u-8704?{\*\htmltag58 </body>}}"""
HTML = '<html>\r\n<body title="п"><p>Text {x} €п&nbsp; デ aпb&lt;\r\n&lsquo;q&rsquo;</p>\U0001f600</body>'
FROM_TEXT = rb"{\rtf1\ansi\ansicpg1252\fromtext \deff0{\fonttbl{\f0 A;}}\uc1\pard Gr\'fc\'dfe\line two\par\tab \{3\}}"
NATIVE = (
    rb"{\rtf1\ansi{\*\generator Word}{\info{\title secret}}\b Bold\b0  and {\v hidden}plain\cell x\row{\pict 0102}\par}"
)


def packed(rtf: bytes) -> bytes:
    data = compressed_rtf.compress(rtf)
    assert isinstance(data, bytes)
    return data


def sent(rtf: bytes, **more: object) -> tuple[EmailMessage, list[Problem]]:
    problems: list[Problem] = []
    values = {0x1009: rtf} | {int(tag[1:], 16): value for tag, value in more.items()}
    return read(Message(values), context(problems)), problems


@given(st.binary(max_size=3000) | st.text("ab\\{}", max_size=3000).map(str.encode), st.booleans())
@settings(max_examples=60)
def test_whatever_is_packed_is_unpacked(data: bytes, is_packed: bool) -> None:
    assert unpacked(compressed_rtf.compress(data, is_packed), 1 << 20) == (data, True)


def test_no_more_is_unpacked_than_asked_for() -> None:
    data = packed(b"x" * 100_000)
    assert unpacked(data, 1000) == (b"x" * 1000, True)


def test_a_checksum_of_zero_is_one_that_nobody_wrote() -> None:
    data = packed(FROM_TEXT)
    assert unpacked(data[:12] + bytes(4) + data[16:], 1 << 20) == (FROM_TEXT, True)


def test_a_run_from_a_part_of_the_dictionary_that_nobody_wrote_is_blank() -> None:
    token = struct.pack(">H", 4000 << 4 | 3)  # five bytes at 4,000
    end = struct.pack(">H", (len(DICTIONARY) + 5) << 4)
    body = b"\x03" + token + end
    assert unpacked(struct.pack("<III4x", len(body) + 12, 5, 0x75465A4C) + body, 100) == (b"     ", True)


def test_damage_leaves_what_stands_before_it_and_is_told() -> None:
    whole = packed(NATIVE * 3)
    text, is_whole = unpacked(whole[: len(whole) // 2], 1 << 20)
    assert (NATIVE * 3).startswith(text)
    assert text
    assert not is_whole
    assert sent(whole[: len(whole) // 2])[1][0].code == "rtf-cut"
    assert not unpacked(whole[:20] + bytes((whole[20] ^ 0x20,)) + whole[21:], 1 << 20)[1]


@pytest.mark.parametrize("data", [b"", b"short", bytes(40), b"\x20\0\0\0\x10\0\0\0LZFX" + bytes(20)])
def test_what_is_no_rtf_is_attached_as_it_is_and_told(data: bytes) -> None:
    with pytest.raises(Damaged):
        unpacked(data, 100)
    if data:
        message, problems = sent(data, x1000="text")
        assert [one.code for one in problems] == ["rtf-unreadable"]
        attached = list(message.iter_attachments())
        assert [part.get_payload(decode=True) for part in attached] == [data]


def test_html_comes_back_from_rtf() -> None:
    assert kind_of(ENCAPSULATED) == "html"
    assert as_html(ENCAPSULATED).replace("\r\n<p>", "<p>") == HTML
    message, problems = sent(packed(ENCAPSULATED), x1000="as text")
    assert [part.get_content_type() for part in message.walk()] == ["multipart/alternative", "text/plain", "text/html"]
    assert "Text {x} €п&nbsp; デ" in list(message.iter_parts())[1].get_content()
    assert not problems


def test_html_from_rtf_is_in_the_charset_that_the_item_names_where_that_can_hold_it() -> None:
    rtf = packed(rb"{\rtf1\ansi\ansicpg1252\fromhtml1 {\*\htmltag84 <p>}Gr\'fc\'dfe}")
    assert sent(rtf, x3FDE=28591)[0].get_content_charset() == "iso-8859-1"
    assert sent(rtf, x3FDE=1251)[0].get_content_charset() == "utf-8"
    assert sent(rtf, x3FDE=1251)[0].get_content().strip() == "<p>Grüße"


def test_html_that_holds_nothing_does_not_hide_the_text() -> None:
    rtf = packed(rb"{\rtf1\ansi\fromhtml1 \htmlrtf only here\htmlrtf0 }")
    for message in (sent(rtf)[0], sent(rtf, x1000="only here")[0]):
        assert (message.get_content_type(), message.get_content().strip()) == ("text/plain", "only here")


def test_text_comes_back_from_rtf() -> None:
    assert kind_of(FROM_TEXT) == "text"
    assert as_text(FROM_TEXT) == "Grüße\ntwo\n\t{3}"
    message, problems = sent(packed(FROM_TEXT))
    assert message.get_content().replace("\r\n", "\n") == "Grüße\ntwo\n\t{3}\n"
    assert not problems


def test_text_that_is_there_is_taken_before_the_rtf_it_became() -> None:
    message, _problems = sent(packed(FROM_TEXT), x1000="the text")
    assert message.get_content().strip() == "the text"


def test_rtf_that_was_written_as_such_is_attached_behind_its_text() -> None:
    assert kind_of(NATIVE) == "native"
    assert as_text(NATIVE) == "Bold and plain\tx\n\n"
    message, problems = sent(packed(NATIVE))
    body, rtf = message.iter_parts()
    assert isinstance(body, EmailMessage)
    assert body.get_content().strip() == "Bold and plain\tx"
    assert (rtf.get_content_type(), rtf.get_filename(), rtf.get_payload(decode=True)) == (
        "application/rtf",
        "body.rtf",
        NATIVE,
    )
    assert not problems


def test_html_that_is_there_is_taken_before_rtf() -> None:
    assert sent(packed(NATIVE), x1013=b"<p>x", x3FDE=65001)[0].get_content_type() == "text/html"


@pytest.mark.parametrize(
    "rtf",
    [
        b"{\\rtf1" + b"{\\b " * 300_000,
        b"{\\rtf1\\fromhtml1 " + b"{\\*\\htmltag84 " * 200_000 + b"x" + b"}" * 10,
        b"{\\rtf1\\bin4294967295 x",
        b"{\\rtf1\\bin-5 x}" * 1000,
        b"{\\rtf1 \\uc99999999 \\u5 x" * 1000,
        b"}" * 100_000 + b"x",
        b"\\" * 100_001,
        b"{\\fonttbl" + b"{\\f1\\fcharset128 x;}" * 100_000,
        b"{\\rtf1 " + b"\\'83" * 100_001 + b"\\u-10179?",
    ],
)
def test_rtf_made_to_harm_ends_and_gives_no_more_than_it_holds(rtf: bytes) -> None:
    assert len(as_text(rtf)) <= len(rtf)
    assert len(as_html(rtf)) <= len(rtf)


def test_rtf_takes_memory_by_its_length_alone() -> None:
    rtf = b"{\\rtf1\\ansicpg932\\fromhtml1 " + b"\\'83\\'66\\par" * 40_000
    tracemalloc.start()
    try:
        as_html(rtf)
        assert tracemalloc.get_traced_memory()[1] < 3 * len(rtf)
    finally:
        tracemalloc.stop()


def test_rtf_beyond_all_measure_is_attached_and_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "_MOST", 10)
    rtf = packed(NATIVE)
    message, problems = sent(rtf)
    assert [one.code for one in problems] == ["rtf-too-large"]
    assert [part.get_payload(decode=True) for part in message.iter_attachments()] == [rtf]


TOKENS = st.sampled_from(
    [b"{", b"}", b"\\", b"\\*", b"\\'8", b"\\'83\\'66", b"\\u-10179?", b"\\uc0", b"\\bin3 ", b"\\f1", b"\\fonttbl",
     b"\\fcharset128", b"\\htmlrtf", b"\\htmlrtf0", b"\\*\\htmltag64 ", b"\\par", b"\\ansicpg65001", b"\\ansicpg932",
     b"\\fromhtml1", b"\\fromtext", b"\\v", b"text", b"\0", b"\x83", b"\xff"]
)  # fmt: skip


@given(st.lists(TOKENS | st.binary(max_size=8), max_size=60).map(b"".join))
@settings(max_examples=200)
def test_any_rtf_becomes_some_text(rtf: bytes) -> None:
    for made in (as_text(rtf), as_html(rtf)):
        made.encode("utf-8")
        assert len(made) <= 8 * len(rtf) + 8


@given(st.binary(max_size=200))
@settings(max_examples=200)
def test_any_packed_bytes_unpack_or_are_damaged(data: bytes) -> None:
    for start in (b"", struct.pack("<III4x", len(data) + 12, 4000, 0x75465A4C)):
        try:
            text, _whole = unpacked(start + data, 1000)
        except Damaged:
            continue
        assert len(text) <= 1000
