"""Bytes as the specification's own algorithms and types say."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from random import Random
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.pst import encoding
from connectors.pst.eight_bit import text_codecs
from connectors.pst.encoding import CYCLIC, PERMUTE, checksum, decode, encode
from connectors.pst.layout import ANSI, UNICODE, Layout
from tests.pst_writer import PstWriter
from tests.pst_writer.letters import letter
from tests.unit.pst.conftest import Opener
from tests.unit.pst.reading import listed

GROUP = UUID("11111111-2222-3333-4444-555555555555")


def one_by_one(data: bytes, key: int) -> bytes:
    """[MS-PST] 5.2 as it is written there, a byte at a time."""
    word = (key ^ key >> 16) & 0xFFFF
    out = bytearray()
    for byte in data:
        byte = encoding._R[byte + word & 0xFF]
        byte = encoding._S[byte + (word >> 8) & 0xFF]
        byte = encoding._I[byte - (word >> 8) & 0xFF]
        out.append(byte - word & 0xFF)
        word = word + 1 & 0xFFFF
    return bytes(out)


@given(st.binary(max_size=700), st.integers(0, 0xFFFFFFFF))
def test_the_cyclic_way_is_undone_for_all_bytes_at_once_as_for_one_by_one(data: bytes, key: int) -> None:
    assert decode(data, CYCLIC, key) == one_by_one(data, key)
    assert decode(encode(data, CYCLIC, key), CYCLIC, key) == data


@pytest.mark.parametrize("size", [0, 1, 255, 256, 8_176, 65_512])
def test_both_ways_are_undone_in_blocks_of_every_size(size: int) -> None:
    data = Random(size).randbytes(size)
    for method in (PERMUTE, CYCLIC):
        assert decode(encode(data, method, 0x1FFFC), method, 0x1FFFC) == data
    assert decode(data, CYCLIC, 0xFFF0) == one_by_one(data, 0xFFF0)


def test_the_checksum_is_that_of_the_specification() -> None:
    """A CRC-32 that begins with nothing and inverts nothing: of zeros it is zero, of a byte its table's entry."""
    assert checksum(bytes(100)) == 0
    assert checksum(b"\x01") == 0x77073096
    assert checksum(b"\xff") == 0x2D02EF8D


@pytest.mark.parametrize("layout", [ANSI, UNICODE])
def test_values_of_every_type_are_read_as_they_were(layout: Layout, tmp_path: Path, opened: Opener) -> None:
    when = datetime(2019, 5, 6, 7, 8, 9, 123456, tzinfo=UTC)
    told: dict[int, object] = {
        0x60010002: -5, 0x60020003: -70_000, 0x60030004: 1.5, 0x60040005: 2.25, 0x6006000B: True, 0x60070014: -(2**40),
        0x60080040: when, 0x60090048: GROUP, 0x600A0102: b"bytes", 0x600B001F: "Été", 0x600C1003: (1, 2, 3),
        0x600D101F: ("one", "", "three"), 0x600E1102: (b"", b"two"), 0x600F1040: (when,), 0x60101048: (GROUP,),
        0x6011001F: "long " * 5_000, 0x60120102: b"\0" * 20_000,
    }  # fmt: skip
    path = tmp_path / "values.pst"
    with PstWriter(path, layout) as writer:
        writer.message(writer.folder("Inbox"), letter(1, tags=told))
    archive = opened(path)
    [(_folder, item)] = listed(archive)
    bag = archive.item(item.key).properties
    for tag, value in told.items():
        assert bag.get(tag >> 16) == value
        reader = bag.open(tag >> 16)
        assert reader is not None
        assert len(reader.read()) == bag.size(tag >> 16)
    assert bag.is_unicode(0x600B) is (layout is UNICODE)
    assert bag.get(0x7000) is bag.open(0x7000) is bag.size(0x7000) is None
    assert {tag >> 16 for tag in told} <= set(bag.identifiers())
    assert list(bag.identifiers()) == sorted(bag.identifiers())
    assert archive.problems() == []


def test_named_properties_are_found_by_number_and_by_name(tmp_path: Path, opened: Opener) -> None:
    path = tmp_path / "named.pst"
    names: dict[tuple[UUID, int | str], int] = {(GROUP, 0x8205): 0x8002, (GROUP, "Färbung"): 0x8003}
    with PstWriter(path, names=names) as writer:
        writer.message(writer.folder("Inbox"), letter(1, tags={0x80020003: 7, 0x8003001F: "blue"}))
    archive = opened(path)
    [(_folder, item)] = listed(archive)
    bag = archive.item(item.key).properties
    assert bag.named(GROUP, 0x8205) == 7
    assert bag.named(GROUP, "Färbung") == "blue"
    assert bag.named(GROUP, "Farbe") is None
    assert bag.named(UUID(int=0), 0x8205) is None


def test_a_subject_is_told_without_the_mark_of_its_prefix(tmp_path: Path, opened: Opener) -> None:
    path = tmp_path / "subject.pst"
    with PstWriter(path) as writer:
        writer.message(writer.folder("Inbox"), letter(1, tags={0x0037001F: "\x01\x05RE: Plan"}))
    archive = opened(path)
    [(_folder, item)] = listed(archive)
    assert archive.item(item.key).properties.get(0x37) == "RE: Plan"


@pytest.mark.parametrize(
    ("message_page", "locale", "internet_page", "codecs"),
    [
        (1252, None, None, ("cp1252",)),
        (None, 1041, 50220, ("cp932",)),
        (None, None, 20866, ("cp1251",)),
        (None, 1049, 65001, ("cp1251", "utf-8")),
        (1250, 1036, 28591, ("cp1250", "cp1252")),
        (None, 0x0404, None, ("cp950",)),
        ("x", None, -5, ()),
        (None, None, None, ()),
    ],
)
def test_eight_bit_text_is_in_what_its_item_says(
    message_page: object, locale: object, internet_page: object, codecs: tuple[str, ...]
) -> None:
    assert text_codecs(message_page, locale, internet_page) == codecs


def test_ansi_text_of_another_language_is_read_by_its_item(tmp_path: Path, opened: Opener) -> None:
    path = tmp_path / "russian.pst"
    with PstWriter(path, ANSI, encoding="cp1251") as writer:
        writer.message(writer.folder("Входящие"), letter(1, tags={0x0037001F: "Привет", 0x3FFD0003: 1251}))
    archive = opened(path)
    [(folder, item)] = listed(archive)
    assert archive.item(item.key).properties.get(0x37) == "Привет"
    assert folder.path == ("Входящие",)
