"""Damaged files of Outlook Express: what cannot be read costs only itself, and is told."""

from __future__ import annotations

import os
import tempfile
from contextlib import closing
from dataclasses import replace
from io import BytesIO
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors.archives.contract import Archive, Damaged, NotAnArchive, Reading
from connectors.dbx import open_dbx
from tests.unit.dbx.writer import HEADER_SIZE, DbxWriter, Entry, Line, folder_file, folders_file, message

EXAMPLES = os.environ.get("BASCULE_EXAMPLES")
CHECKS = settings(
    max_examples=int(EXAMPLES or 60),
    deadline=None,
    derandomize=EXAMPLES is None,
    suppress_health_check=[HealthCheck.too_slow],
)
SENT = [message(number, lines=5 + number % 40) for number in range(50)]


def read(data: bytes, reading: Reading) -> tuple[list[bytes], list[str], Archive]:
    """Messages that could be read, codes of those that could not, and the archive, closed."""
    path = reading.spool / "file.dbx"
    path.write_bytes(data)
    texts: list[bytes] = []
    codes: list[str] = []
    with closing(open_dbx(path, reading)) as archive:
        for folder in archive.folders():
            for item in archive.items(folder):
                out = BytesIO()
                try:
                    archive.write_message(folder, item.key, out)
                except Damaged as damaged:
                    codes.append(damaged.code)
                else:
                    texts.append(out.getvalue())
                    assert item.size == len(texts[-1])
    return texts, codes, archive


def test_a_damaged_piece_costs_one_message(reading: Reading) -> None:
    data = bytearray(folder_file([Entry(text) for text in SENT]))
    place = data.find(b"Line of message 7,") // 4 * 4
    marker = next(at for at in range(place, 0, -4) if int.from_bytes(data[at : at + 4], "little") == at)
    data[marker] ^= 1
    texts, codes, archive = read(bytes(data), reading)
    assert texts == [text for text in SENT if text != SENT[7]]
    assert codes == ["damaged-message"]
    assert not archive.problems()


def test_pieces_that_lead_in_a_circle_end(reading: Reading) -> None:
    writer = DbxWriter()
    values = []
    for tail in (1, 2, 7):
        places = writer.blocks(b"Subject: x\r\n\r\n" + b"y" * 512 * 9)
        writer.put(places[-1] + 12, places[-tail])
        values.append(writer.info(Entry(b"").values(places[0])))
    good = writer.blocks(message(1))
    values.append(writer.info(Entry(b"").values(good[0])))
    texts, codes, _ = read(writer.finish(values), reading)
    assert texts == [message(1)]
    assert codes == ["damaged-message"] * 3


def test_an_index_that_leads_in_a_circle_ends(reading: Reading) -> None:
    writer = DbxWriter()
    values = [writer.info(Entry(b"").values(writer.blocks(text)[0])) for text in SENT]
    data = bytearray(writer.finish(values, fan=3))
    root = int.from_bytes(data[0xE4:0xE8], "little")
    data[root + 24 + 4 : root + 24 + 8] = data[0xE4:0xE8]
    texts, codes, archive = read(bytes(data), reading)
    assert set(texts) < set(SENT)
    assert [problem.code for problem in archive.problems()] == ["damaged-index"]
    missing = len(SENT) - len(texts)
    assert f"{missing} messages that it counts" in archive.problems()[0].message
    assert not codes


def test_salvage_finds_what_no_index_leads_to(reading: Reading) -> None:
    data = bytearray(folder_file([Entry(text) for text in SENT], seed=3))
    data[:HEADER_SIZE] = os.urandom(HEADER_SIZE)
    with pytest.raises(NotAnArchive):
        read(bytes(data), reading)
    texts, codes, _ = read(bytes(data), replace(reading, salvage=True))
    assert sorted(texts) == sorted(SENT)
    assert not codes


@pytest.mark.parametrize("share", [0.6, 0.8])
def test_a_file_that_was_cut_off_loses_what_was_cut_off(reading: Reading, share: float) -> None:
    # The index lies at the end: all of it is gone.
    whole = folder_file([Entry(text) for text in SENT])
    cut = whole[: int(len(whole) * share)]
    # Messages lie one behind the other here: each of them ends before the next one begins.
    there = [text for text, following in pairwise(SENT) if following[:30] in cut]
    texts, codes, archive = read(cut, reading)
    assert (texts, codes) == ([], [])
    assert [problem.code for problem in archive.problems()] == ["damaged-index"]
    texts, codes, _ = read(cut, replace(reading, salvage=True))
    assert len(there) > 20
    assert set(there) <= set(texts) <= set(SENT)
    assert len(texts) == len(set(texts))


def test_salvaged_messages_are_marked_and_no_message_is_told_twice(reading: Reading) -> None:
    writer = DbxWriter()
    values = [writer.info(Entry(b"").values(writer.blocks(text)[0])) for text in SENT[:5]]
    writer.blocks(SENT[5])
    path = reading.spool / "file.dbx"
    path.write_bytes(writer.finish(values))
    with closing(open_dbx(path, replace(reading, salvage=True))) as archive:
        [folder] = archive.folders()
        items = list(archive.items(folder))
    assert [item.salvaged for item in items] == [False] * 5 + [True]
    assert items[-1].flags is None
    assert len({item.key for item in items}) == 6


def check_any(data: bytes) -> None:
    """Whatever the bytes: only typed errors, an end, and no more bytes than the file can hold."""
    with tempfile.TemporaryDirectory() as place:
        spool = Path(place)
        for salvage in (False, True):
            try:
                texts, codes, _ = read(data, Reading(spool, salvage=salvage))
            except NotAnArchive:
                continue
            assert len(texts) + len(codes) <= len(data) // 12 + 1
            assert all(len(text) <= len(data) for text in texts)


@CHECKS
@given(st.data())
def test_any_damage_ends_in_bounded_time(data: st.DataObject) -> None:
    whole = bytearray(folder_file([Entry(text) for text in SENT[:8]], fan=2))
    for _ in range(data.draw(st.integers(1, 12))):
        # Numbers that look like addresses do more harm than noise.
        place = data.draw(st.integers(0, len(whole) // 4 - 1)) * 4
        value = data.draw(st.one_of(st.integers(0, len(whole) // 4).map(lambda at: at * 4), st.integers(0, 2**32 - 1)))
        whole[place : place + 4] = value.to_bytes(4, "little")
    check_any(bytes(whole[: data.draw(st.integers(0, len(whole)))]))


@CHECKS
@given(st.binary(max_size=3000), st.sampled_from([0, HEADER_SIZE - 8]))
def test_any_bytes_end_in_bounded_time(data: bytes, filled: int) -> None:
    check_any(b"\xcf\xad\x12\xfe\xc5\xfdto" + bytes(filled) + data)


@CHECKS
@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9), st.binary(max_size=9), st.binary(max_size=9))))
def test_any_hierarchy_has_an_end(lines: list[tuple[int, int, bytes, bytes]]) -> None:
    with tempfile.TemporaryDirectory() as place:
        store, spool = Path(place) / "store", Path(place)
        store.mkdir()
        (store / "Folders.dbx").write_bytes(folders_file([Line(*line) for line in lines], fan=3))
        with closing(open_dbx(store, Reading(spool))) as archive:
            folders = list(archive.folders())
            assert all(folder.path and all(folder.path) for folder in folders)
            assert len({folder.key for folder in folders}) == len(folders)
