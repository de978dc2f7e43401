"""A search of a damaged file finds the items whose bytes are still there."""

from __future__ import annotations

from pathlib import Path

import pytest

from connectors.archives.contract import Damaged, NotAnArchive
from connectors.pst.archive import PstArchive
from connectors.pst.encoding import CYCLIC, NONE, PERMUTE
from connectors.pst.layout import ANSI, UNICODE, UNICODE_4K, Layout
from tests.pst_writer import Attachment, PstWriter
from tests.pst_writer.harm import blocks_of, nodes_of
from tests.pst_writer.letters import letter
from tests.unit.pst.conftest import Opener
from tests.unit.pst.reading import listed, subjects
from tests.unit.pst.test_samples import SAMPLES

#: Of the items that are left, how many have their recipients at least: some lay in the part that is gone.
WITH_RECIPIENTS = 0.9
HARMS = ("cut at 60%", "cut at 80%", "no header", "one block gone")


def harmed(data: bytes, harm: str) -> bytes:
    match harm:
        case "cut at 60%":
            return data[: len(data) * 60 // 100]
        case "cut at 80%":
            return data[: len(data) * 80 // 100]
        case "no header":
            return bytes(4096) + data[4096:]
    middle = len(data) // 2 // 512 * 512
    return data[:middle] + bytes(8192) + data[middle + 8192 :]


def identities(archive: PstArchive) -> set[object]:
    """By their search keys or subjects: those that no page of the index tells of have no node of their own."""
    found = set()
    for _folder, item in listed(archive):
        try:
            bag = archive.item(item.key).properties
        except Damaged:
            continue
        found.add(bag.get(0x300B) or bag.get(0x37))
    return found


def survivors(path: Path, archive: PstArchive, harm: str) -> set[object]:
    """Items whose properties are not in the part that is gone."""
    size = path.stat().st_size
    middle = size // 2 // 512 * 512
    gone = {"cut at 60%": (size * 60 // 100, size), "cut at 80%": (size * 80 // 100, size), "no header": (0, 4096)}
    start, end = gone.get(harm, (middle, middle + 8192))
    blocks, nodes = blocks_of(path), nodes_of(path)
    found = set()
    for _folder, item in listed(archive):
        bag = archive.item(item.key).properties
        layout = archive._store.core.blocks.layout
        for part in archive._store.core.blocks.parts(nodes[int(item.key.partition("-")[0], 16)][1]):
            place = blocks[part & ~1]
            # A block is as good as gone without its trailer, at its very end.
            room = (place[2] + layout.block_trailer.size + layout.align - 1) // layout.align * layout.align
            if place[1] + room > start and place[1] < end:
                break
        else:
            found.add(bag.get(0x300B) or bag.get(0x37))
    return found


@pytest.mark.parametrize("harm", HARMS)
@pytest.mark.parametrize("name", [name for name in SAMPLES if name != "ms-Empty"])
def test_of_each_sample_all_that_is_left_is_found(
    name: str, harm: str, shared_corpus: Path, tmp_path: Path, opened: Opener
) -> None:
    source = shared_corpus / "archives" / f"{name}.pst"
    left = survivors(source, opened(source), harm)
    path = tmp_path / "harmed.pst"
    path.write_bytes(harmed(source.read_bytes(), harm))
    found = identities(opened(path, salvage=True))
    assert left <= found


@pytest.mark.parametrize("harm", HARMS)
@pytest.mark.parametrize("spread", [True, False], ids=["spread", "at-the-end"])
@pytest.mark.parametrize(
    ("layout", "method", "compress"),
    [(ANSI, CYCLIC, False), (UNICODE, PERMUTE, False), (UNICODE_4K, NONE, True)],
    ids=["ansi", "unicode", "4k"],
)
def test_of_each_shape_all_that_is_left_is_found(
    layout: Layout, method: int, compress: bool, spread: bool, harm: str, tmp_path: Path, opened: Opener
) -> None:
    """Even where all pages of the index lay in the part that is gone."""
    source = tmp_path / "sound.pst"
    with PstWriter(source, layout, method, compress=compress, spread=spread) as writer:
        inbox = writer.folder("Inbox")
        for number in range(200):
            more = [Attachment("a.bin", bytes([number]) * 5_000)] if number % 5 == 0 else []
            writer.message(inbox, letter(number, *more))
    left = survivors(source, opened(source), harm)
    assert len(left) > 50
    path = tmp_path / "harmed.pst"
    path.write_bytes(harmed(source.read_bytes(), harm))
    archive = opened(path, salvage=True)
    found = identities(archive)
    assert left <= found
    assert all(item.salvaged for _folder, item in listed(archive))
    with_recipients = sum(1 for _folder, item in listed(archive) if _recipients(archive, item.key))
    assert with_recipients >= WITH_RECIPIENTS * len(left)


def _recipients(archive: PstArchive, key: str) -> list[object]:
    try:
        return [one.get(0x3003) for one in archive.item(key).recipients()]
    except Damaged:
        return []


def test_a_wrecked_header_is_told_as_worth_a_search(tmp_path: Path, opened: Opener) -> None:
    path = tmp_path / "wrecked.pst"
    with PstWriter(path) as writer:
        writer.message(writer.folder("Inbox"), letter(1))
    path.write_bytes(harmed(path.read_bytes(), "no header"))
    with pytest.raises(NotAnArchive) as refused:
        opened(path)
    assert refused.value.salvageable
    assert subjects(opened(path, salvage=True)) == ["Letter 1"]


def test_a_search_of_a_sound_file_finds_it_as_it_is(tmp_path: Path, opened: Opener) -> None:
    path = tmp_path / "sound.pst"
    with PstWriter(path) as writer:
        inbox = writer.folder("Inbox")
        for number in range(50):
            writer.message(inbox, letter(number, Attachment("", embedded=letter(100 + number))))
    plain, salvaged = opened(path), opened(path, salvage=True)
    assert [(folder.path, item.key) for folder, item in listed(salvaged)] == [
        (folder.path, item.key) for folder, item in listed(plain)
    ]
    assert salvaged.identity == plain.identity
    assert salvaged.problems() == []


def test_an_older_state_of_a_message_is_not_found_beside_it(tmp_path: Path, opened: Opener) -> None:
    """Outlook writes a message anew when it is read or flagged; the old block stays until its room is needed."""
    path = tmp_path / "states.pst"
    with PstWriter(path) as writer:
        inbox = writer.folder("Inbox")
        key = b"0123456789abcdef"
        writer.write_item(letter(1, tags={0x300B0102: key, 0x0E070003: 0}))
        writer.message(inbox, letter(1, tags={0x300B0102: key}))
        writer.write_item(letter(2, tags={0x300B0102: b"another"}))
    archive = opened(path, salvage=True)
    assert [(folder.path, item.flags) for folder, item in listed(archive)] == [
        (("Inbox",), frozenset({"\\Seen"})),
        (("Lost and Found",), frozenset({"\\Seen"})),
    ]
    assert subjects(archive) == ["Letter 1", "Letter 2"]
