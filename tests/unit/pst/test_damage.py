"""Damage costs what is damaged, and is told; what leads in circles is refused."""

from __future__ import annotations

from email import message_from_bytes
from io import BytesIO
from pathlib import Path
from struct import pack

import pytest

from connectors.archives.contract import ArchiveFolder, Damaged, NotAnArchive
from connectors.pst.archive import PstArchive
from connectors.pst.encoding import NONE
from connectors.pst.header import is_pst
from connectors.pst.layout import ANSI, BLOCK_PAGE, NODE_PAGE, UNICODE, UNICODE_4K, Layout
from tests.pst_writer import Attachment, PstWriter
from tests.pst_writer.harm import blocks_of, nodes_of, overwrite, pages_of, rewrite_page, wipe
from tests.pst_writer.letters import letter
from tests.unit.pst.conftest import Opener
from tests.unit.pst.reading import listed, subjects


def make(path: Path, count: int = 60, layout: Layout = UNICODE, method: int = NONE) -> list[int]:
    """Nodes of its messages; every tenth has a long attachment."""
    with PstWriter(path, layout, method) as writer:
        inbox = writer.folder("Inbox")
        film = Attachment("film.bin", b"film" * 9_000)
        return [writer.message(inbox, letter(n, *([film] if n % 10 == 0 else []))) for n in range(count)]


def written(archive: PstArchive, folder: ArchiveFolder, key: str) -> bytes:
    out = BytesIO()
    archive.write_message(folder, key, out)
    return out.getvalue()


def test_a_block_with_a_wrong_byte_is_read_and_told(tmp_path: Path, opened: Opener) -> None:
    path = tmp_path / "byte.pst"
    nodes = make(path)
    sound = opened(path)
    before = {item.key: written(sound, folder, item.key) for folder, item in listed(sound)}
    block = blocks_of(path)[nodes_of(path)[nodes[7]][1]]
    at = path.read_bytes().index("Text of letter 7".encode("utf-16-le"), block[1])
    overwrite(path, at, b"T\0e\0s\0t\0")
    archive = opened(path)
    after = {item.key: written(archive, folder, item.key) for folder, item in listed(archive)}
    assert list(after) == list(before)
    [changed] = [key for key in before if before[key] != after[key]]
    assert int(changed.partition("-")[0], 16) == nodes[7]
    assert b"Test of letter 7" in after[changed]
    assert [(problem.code, problem.key) for problem in archive.problems()] == [("checksum", changed)]
    # What is damaged may lack what another copy of it has.
    assert [key for key in after if not archive.is_whole(listed(archive)[0][0], key)] == [changed]


def test_a_lost_block_of_properties_costs_its_message_alone(tmp_path: Path, opened: Opener) -> None:
    path = tmp_path / "lost.pst"
    nodes = make(path)
    block = blocks_of(path)[nodes_of(path)[nodes[7]][1]]
    wipe(path, UNICODE, block)
    archive = opened(path)
    found = listed(archive)
    assert len(found) == 60
    [(folder, lost)] = [(folder, item) for folder, item in found if item.received is None]
    assert lost.key == f"{nodes[7]:x}"
    with pytest.raises(Damaged):
        archive.write_message(folder, lost.key, BytesIO())
    assert [problem.key for problem in archive.problems()] == [lost.key]
    for _folder, item in found:
        assert item is lost or archive.item(item.key).properties.get(0x37)


def test_a_lost_block_of_an_attachment_costs_that_attachment_alone(tmp_path: Path, opened: Opener) -> None:
    path = tmp_path / "attachment.pst"
    make(path, 1)
    parts = [entry for entry in blocks_of(path).values() if b"filmfilm" in path.read_bytes()[entry[1] : entry[1] + 8]]
    wipe(path, UNICODE, parts[2])
    archive = opened(path)
    [(folder, item)] = listed(archive)
    data = written(archive, folder, item.key)
    assert b"Text of letter 0" in data
    [film] = [part for part in message_from_bytes(data).walk() if part.get_filename() == "film.bin"]
    payload = film.get_payload(decode=True)
    # Of it arrives what stands before the damage, but for the last line.
    assert isinstance(payload, bytes)
    assert 2 * 8_000 < len(payload) < 3 * 8_192
    assert set(payload) == set(b"film")
    assert {problem.key for problem in archive.problems()} == {item.key}
    assert not archive.is_whole(folder, item.key)


def test_a_lost_table_of_recipients_costs_the_recipients_alone(tmp_path: Path, opened: Opener) -> None:
    path = tmp_path / "recipients.pst"
    make(path, 1)
    data = path.read_bytes()
    tables = [
        entry
        for entry in blocks_of(path).values()
        if "bob@example.com".encode("utf-16-le") in data[entry[1] : entry[1] + entry[2]]
    ]
    wipe(path, UNICODE, tables[0])
    archive = opened(path)
    [(folder, item)] = listed(archive)
    assert b"Text of letter 0" in written(archive, folder, item.key)
    assert list(archive.item(item.key).recipients()) == []
    assert {problem.code for problem in archive.problems()} == {"recipients"}


@pytest.mark.parametrize("layout", [ANSI, UNICODE])
def test_a_lost_page_of_the_index_is_told_and_costs_what_it_led_to(
    layout: Layout, tmp_path: Path, opened: Opener
) -> None:
    path = tmp_path / "page.pst"
    make(path, 200, layout)
    page = pages_of(path, layout, NODE_PAGE)[1]
    overwrite(path, page + 40, b"\xff" * 8)
    archive = opened(path)
    room = layout.entries // layout.node_entry.size
    assert len(listed(archive)) == 200 - room
    assert "index" in {problem.code for problem in archive.problems()}
    assert len(subjects(opened(path, salvage=True))) == 200


@pytest.mark.parametrize("wrecked", [b"", b"!BDN", b"!BDN" + bytes(600), bytes(2_000), b"PK\x03\x04" * 500])
def test_what_is_no_pst_is_refused_with_a_word_for_people(wrecked: bytes, tmp_path: Path, opened: Opener) -> None:
    path = tmp_path / "none.pst"
    path.write_bytes(wrecked)
    for salvage in (False, True):
        with pytest.raises(NotAnArchive, match=r"none\.pst"):
            opened(path, salvage=salvage)


def test_a_pst_is_known_by_its_first_bytes(tmp_path: Path) -> None:
    path = tmp_path / "some"
    make(path, 1)
    assert is_pst(path.read_bytes()[:12])
    assert not is_pst(b"!BDN\0\0\0\0AB\x17\0")
    assert not is_pst(b"!BD")


@pytest.mark.parametrize("kind", [NODE_PAGE, BLOCK_PAGE])
@pytest.mark.parametrize("layout", [ANSI, UNICODE, UNICODE_4K])
def test_a_tree_that_leads_back_to_itself_ends(layout: Layout, kind: int, tmp_path: Path, opened: Opener) -> None:
    path = tmp_path / "circle.pst"
    make(path, 300, layout)
    root = pages_of(path, layout, kind)[-1]

    def circle(page: bytearray) -> None:
        count, _most, size, _level = layout.counts.unpack_from(page, layout.entries)
        trailer = layout.page_trailer.unpack_from(page, layout.page_body)
        own = trailer[4] if layout.crc_first else trailer[3]
        for number in range(count):
            key = layout.branch.unpack_from(page, number * size)[0]
            layout.branch.pack_into(page, number * size, key, own, root)

    rewrite_page(path, layout, root, circle)
    if kind == NODE_PAGE:
        archive = opened(path)
        assert listed(archive) == []
    else:
        archive = opened(path)
        assert all(item.received is None for _folder, item in listed(archive))
    assert archive.problems()


def _one_node(path: Path, data: int, subnodes: int, writer: PstWriter) -> None:
    writer.raw_node(0x200024, data, subnodes, writer.subtree)
    writer.close()


def test_lists_of_blocks_that_name_themselves_or_each_other_are_refused(tmp_path: Path, opened: Opener) -> None:
    path = tmp_path / "list.pst"
    writer = PstWriter(path, UNICODE, NONE)
    plain = writer.file.block(b"x" * 8_000)
    twice = writer.file.block(pack("<BBHIQQ", 1, 1, 2, 16_000, plain, plain), internal=True)
    own = writer.file.block(pack("<BBHIQ", 1, 2, 1, 8_000, twice + 4), internal=True)
    _one_node(path, own, 0, writer)
    archive = opened(path)
    assert [item.key for _folder, item in listed(archive)] == ["200024"]
    blocks = archive._store.core.blocks
    for identifier in (twice, own):
        with pytest.raises(Damaged):
            blocks.data(identifier)


def test_subnodes_that_lead_to_their_own_list_are_refused(tmp_path: Path, opened: Opener) -> None:
    path = tmp_path / "subnodes.pst"
    writer = PstWriter(path, UNICODE, NONE)
    item = letter(1)
    data, _subnodes = writer.write_item(item)
    own = writer.file.next_block | 2
    listing = writer.file.block(pack("<BBHIQQ", 2, 1, 1, 0, 0x692, own), internal=True)
    assert listing == own
    _one_node(path, data, own, writer)
    archive = opened(path)
    [(_folder, told)] = listed(archive)
    assert list(archive.item(told.key).recipients()) == []
    assert {problem.code for problem in archive.problems()} == {"recipients"}


def test_an_item_that_is_attached_to_itself_is_written_without_end_of_memory(tmp_path: Path, opened: Opener) -> None:
    path = tmp_path / "itself.pst"
    writer = PstWriter(path, UNICODE, NONE)
    # The list of the attachment's subnodes names the very item that the attachment belongs to.
    data, subnodes = writer.write_item(letter(1, Attachment("", embedded=letter(2))))
    _one_node(path, data, subnodes, writer)
    raw = bytearray(path.read_bytes())
    listing = pack("<BBHIQ", 2, 0, 1, 0, 0x10001 << 5 | 4)
    inner = raw.index(listing) + len(listing)
    raw[inner : inner + 16] = pack("<QQ", data, subnodes)
    path.write_bytes(raw)
    archive = opened(path)
    [(folder, item)] = listed(archive)
    assert len(written(archive, folder, item.key)) < 10_000
    assert "loop" in {problem.code for problem in archive.problems()}
