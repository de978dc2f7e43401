"""Whatever bytes a PST holds: reading ends, stays within the file's size, and raises nothing but what it promises."""

from __future__ import annotations

from contextlib import suppress
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors.archives.contract import Damaged, Nature, NotAnArchive, Reading
from connectors.pst.archive import PstArchive, open_pst
from connectors.pst.encoding import CYCLIC, NONE, PERMUTE
from connectors.pst.layout import ANSI, BLOCK_PAGE, LAYOUTS, NODE_PAGE, UNICODE, UNICODE_4K, Layout
from tests.pst_writer import Attachment, PstWriter
from tests.pst_writer.harm import blocks_of, mend_block, mend_page, pages_of
from tests.pst_writer.letters import letter

_METHODS = {ANSI.name: CYCLIC, UNICODE.name: NONE, UNICODE_4K.name: PERMUTE}


class Sink:
    """Takes what is written and keeps nothing; more than the file can hold is an error of the reader."""

    def __init__(self, most: int) -> None:
        self.left = most

    def write(self, data: bytes) -> int:
        self.left -= len(data)
        assert self.left >= 0, "more was written than the file holds"
        return len(data)


@cache
def sound(layout: Layout) -> tuple[bytes, dict[int, tuple[int, ...]], list[int]]:
    """A small file; its blocks; its pages."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "sound.pst"
        with PstWriter(path, layout, _METHODS[layout.name], compress=layout.compresses) as writer:
            inbox = writer.folder("Inbox")
            for number in range(8):
                inner = letter(100 + number, Attachment("b.bin", b"b" * 9_000))
                more = [Attachment("a.bin", b"a" * 100), Attachment("", embedded=inner)] if number % 4 == 0 else []
                writer.message(inbox, letter(number, *more))
            writer.message(writer.folder("Contacts"), letter(50, tags={0x001A001F: "IPM.Contact"}))
        pages = [*pages_of(path, layout, NODE_PAGE), *pages_of(path, layout, BLOCK_PAGE)]
        return path.read_bytes(), blocks_of(path), pages


def read_all(archive: PstArchive, size: int) -> None:
    """All that a copy or an export asks for."""
    for folder in archive.folders():
        for item in archive.items(folder):
            with suppress(Damaged, KeyError):
                if item.nature is Nature.MAIL:
                    archive.header(folder, item.key)
                    # Base64, and text that is written both plain and as HTML.
                    archive.write_message(folder, item.key, Sink(40 * size))  # type: ignore[arg-type]  # writes alone
                else:
                    archive.personal_item(folder, item.key)
    archive.problems()
    archive.unknown_addresses()


def survives(data: bytes, *, salvage: bool) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "fuzzed.pst"
        path.write_bytes(data)
        try:
            archive = open_pst(path, Reading(Path(folder), salvage=salvage))
        except NotAnArchive:
            return
        try:
            read_all(archive, len(data) * (20 if archive._store.core.blocks.layout.compresses else 1))
        finally:
            archive.close()


_CHANGES = st.lists(
    st.tuples(st.floats(0, 1, exclude_max=True), st.one_of(st.binary(min_size=1, max_size=8), st.just(b"\xff" * 4))),
    min_size=1,
    max_size=12,
)


def changed(layout: Layout, changes: list[tuple[float, bytes]], *, mended: bool) -> bytes:
    """Bytes within blocks and pages are changed; their checksums say that all is well, or not."""
    data, blocks, pages = sound(layout)
    fuzzed = bytearray(data)
    places = [(entry[1], entry[2], entry) for entry in blocks.values()] + [
        (page, layout.page_body, None) for page in pages
    ]
    for where, new in changes:
        at = int(where * len(places))
        offset, size, entry = places[at]
        start = offset + int((where * len(places) - at) * size)
        new = new[: offset + size - start]
        fuzzed[start : start + len(new)] = new
        if not mended:
            continue
        if entry is not None:
            mend_block(fuzzed, layout, entry)
        else:
            page = fuzzed[offset : offset + layout.page]
            mend_page(page, layout)
            fuzzed[offset : offset + layout.page] = page
    return bytes(fuzzed)


_QUICK = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))


@_QUICK
@given(st.sampled_from(LAYOUTS), _CHANGES, st.booleans(), st.booleans())
def test_changed_bytes_do_no_harm(
    layout: Layout, changes: list[tuple[float, bytes]], mended: bool, salvage: bool
) -> None:
    survives(changed(layout, changes, mended=mended), salvage=salvage)


@_QUICK
@given(st.sampled_from(LAYOUTS), st.floats(0, 1), st.booleans())
def test_cut_files_do_no_harm(layout: Layout, share: float, salvage: bool) -> None:
    data = sound(layout)[0]
    survives(data[: int(len(data) * share)], salvage=salvage)


@_QUICK
@given(st.sampled_from(LAYOUTS), st.lists(st.tuples(st.integers(8, 563), st.integers(0, 255)), max_size=8))
def test_changed_headers_do_no_harm(layout: Layout, changes: list[tuple[int, int]]) -> None:
    fuzzed = bytearray(sound(layout)[0])
    for offset, byte in changes:
        fuzzed[offset] = byte
    survives(bytes(fuzzed), salvage=False)


@pytest.mark.nightly
@settings(max_examples=6_000, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.sampled_from(LAYOUTS), _CHANGES, st.booleans(), st.booleans())
def test_many_changed_bytes_do_no_harm(
    layout: Layout, changes: list[tuple[float, bytes]], mended: bool, salvage: bool
) -> None:
    survives(changed(layout, changes, mended=mended), salvage=salvage)
