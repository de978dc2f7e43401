"""Files of every shape, made by the tests' writer: ours, readpst and libpff find the same in them."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256
from io import BytesIO
from pathlib import Path

import pytest

from connectors.pst.encoding import CYCLIC, NONE, PERMUTE
from connectors.pst.items import PstItem
from connectors.pst.layout import ANSI, UNICODE, UNICODE_4K, Layout
from tests.pst_writer import Attachment, PstWriter
from tests.pst_writer.letters import letter
from tests.pst_writer.oracles import by_libpff, by_readpst
from tests.unit.pst.conftest import Opener
from tests.unit.pst.reading import listed, subjects

SHAPES = [
    pytest.param(layout, method, compress, id=f"{layout.name}-{method}{'-compressed' if compress else ''}")
    for layout in (ANSI, UNICODE, UNICODE_4K)
    for method in (NONE, PERMUTE, CYCLIC)
    for compress in ((False, True) if layout.compresses else (False,))
]
LONG = b"".join(bytes([number]) * 60_000 for number in range(9))


@pytest.mark.parametrize(("layout", "method", "compress"), SHAPES)
def test_ours_readpst_and_libpff_agree_on_every_shape(
    layout: Layout, method: int, compress: bool, tmp_path: Path, opened: Opener
) -> None:
    path = tmp_path / "shape.pst"
    with PstWriter(path, layout, method, compress=compress) as writer:
        inbox = writer.folder("Inbox")
        below = writer.folder("Below", inbox)
        for number in range(60):
            writer.message(inbox, letter(number))
        inner = letter(101, Attachment("innermost.bin", b"12345"))
        writer.message(
            below, letter(99, Attachment("a.bin", b"abc"), Attachment("long.bin", LONG), Attachment("", embedded=inner))
        )
    archive = opened(path)
    found = listed(archive)
    ours = subjects(archive)
    assert ours == sorted([*(f"Letter {number}" for number in range(60)), "Letter 99"])
    assert {folder.path: folder.items for folder in archive.folders()} == {
        ("Deleted Items",): 0, ("Inbox",): 60, ("Inbox", "Below"): 1,
    }  # fmt: skip
    attached = list(archive.item(next(item.key for folder, item in found if len(folder.path) == 2)).attachments())
    assert [one.properties.get(0x3707) for one in attached] == ["a.bin", "long.bin", None]
    assert attached[1].properties.get(0x3701) == LONG
    embedded = attached[2].embedded()
    assert embedded is not None
    assert embedded.properties.get(0x37) == "Letter 101"
    assert [one.properties.get(0x3701) for one in embedded.attachments()] == [b"12345"]
    assert archive.problems() == []

    seen = by_libpff(path)
    assert sorted(one.subject for one in seen) == ours
    assert next(one.attachments for one in seen if one.subject == "Letter 99")[:2] == (3, len(LONG))  # type: ignore[index]
    theirs = by_readpst(path)
    assert sorted(str(one["Subject"]) for one in theirs) == ours
    parts = next(one for one in theirs if one["Subject"] == "Letter 99").walk()
    digests = {sha256(part.get_payload(decode=True)).digest() for part in parts if part.get_filename()}  # type: ignore[arg-type]
    assert sha256(LONG).digest() in digests


def test_messages_lie_in_messages_to_any_depth(tmp_path: Path, opened: Opener) -> None:
    path = tmp_path / "deep.pst"
    message = letter(0, Attachment("core.bin", b"core"))
    for number in range(1, 40):
        message = letter(number, Attachment("", embedded=message))
    with PstWriter(path) as writer:
        writer.message(writer.folder("Inbox"), message)
    archive = opened(path)
    [(_folder, item)] = listed(archive)
    current: PstItem | None = archive.item(item.key)
    for number in range(39, 0, -1):
        assert current is not None
        assert current.properties.get(0x37) == f"Letter {number}"
        [attachment] = current.attachments()
        current = attachment.embedded()
    assert current is not None
    assert [one.properties.get(0x3701) for one in current.attachments()] == [b"core"]


def test_a_long_attachment_is_read_in_pieces_and_whole(tmp_path: Path, opened: Opener) -> None:
    """12 MB are more than one list of blocks holds: the lists have a list of their own."""
    path = tmp_path / "long.pst"
    piece = bytes(range(256)) * 4096
    size = 12 * len(piece)

    def pieces() -> Iterator[bytes]:
        yield from (piece for _number in range(12))

    with PstWriter(path) as writer:
        writer.message(writer.folder("Inbox"), letter(1, Attachment("film.bin", pieces())))
    archive = opened(path)
    [(_folder, item)] = listed(archive)
    [attachment] = archive.item(item.key).attachments()
    assert attachment.properties.size(0x3701) == size
    reader = attachment.properties.open(0x3701)
    assert reader is not None
    digest, total = sha256(), 0
    while data := reader.read(57_000):
        assert len(data) <= 57_000
        total += len(data)
        digest.update(data)
    assert total == size
    assert digest.digest() == sha256(piece * 12).digest()


@pytest.mark.parametrize("layout", [ANSI, UNICODE])
def test_hundreds_of_attachments_and_recipients_and_many_properties_are_all_there(
    layout: Layout, tmp_path: Path, opened: Opener
) -> None:
    """Subnodes on two levels, a table in blocks of its own, a heap of several blocks, B-trees of several levels."""
    path = tmp_path / "many.pst"
    attachments = [Attachment(f"{number}.txt", str(number).encode()) for number in range(900)]
    message = letter(
        1, *attachments, tags={0x6000001F + (number << 16): f"value {number} " * 20 for number in range(700)}
    )
    bob = message.recipients[0]
    message.recipients = [{**bob, 0x3003001F: f"bob{number}@example.com"} for number in range(1_000)]
    with PstWriter(path, layout) as writer:
        writer.message(writer.folder("Inbox"), message)
    archive = opened(path)
    [(_folder, item)] = listed(archive)
    found = archive.item(item.key)
    assert [one.properties.get(0x3701) for one in found.attachments()] == [str(n).encode() for n in range(900)]
    assert [one.get(0x3003) for one in found.recipients()] == [f"bob{number}@example.com" for number in range(1_000)]
    assert [found.properties.get(0x6000 + n) for n in range(700)] == [f"value {n} " * 20 for n in range(700)]
    assert archive.problems() == []


def test_a_message_is_written_the_same_each_time_and_begins_with_its_header(tmp_path: Path, opened: Opener) -> None:
    path = tmp_path / "same.pst"
    with PstWriter(path) as writer:
        writer.message(writer.folder("Inbox"), letter(1, Attachment("a.bin", b"abc")))
    archive = opened(path)
    [(folder, item)] = listed(archive)
    first, second = BytesIO(), BytesIO()
    archive.write_message(folder, item.key, first)
    archive.write_message(folder, item.key, second)
    assert first.getvalue() == second.getvalue()
    assert first.getvalue().startswith(archive.header(folder, item.key) + b"\r\n")
    assert b"Subject: Letter 1\r\n" in first.getvalue()


@pytest.mark.parametrize("layout", [ANSI, UNICODE, UNICODE_4K])
def test_properties_in_several_blocks_are_found_where_their_numbers_say(
    layout: Layout, tmp_path: Path, opened: Opener
) -> None:
    """The subject lies in the third block of the longest shape: shapes differ in how they number such places."""
    path = tmp_path / "blocks.pst"
    before = {(number << 16) | 0x1F: chr(65 + number % 26) * 1_700 for number in range(1, 0x36) if number != 0x1A}
    with PstWriter(path, layout) as writer:
        writer.message(writer.folder("Inbox"), letter(1, tags=before))
    assert subjects(opened(path)) == ["Letter 1"]
    assert [one.subject for one in by_libpff(path)] == ["Letter 1"]
    assert [one["Subject"] for one in by_readpst(path)] == ["Letter 1"]
