"""Containers of anything: typed errors, nothing outside the spool folder, nothing left in it, and keys that stay."""

from __future__ import annotations

import os
import tempfile
import warnings
import zipfile
from contextlib import closing
from io import BytesIO
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors.archives.contract import NotAnArchive, Reading
from connectors.archives.kinds import open_archive
from tests.unit.mixed.contents import dbx, fill, keyed, mbox, takeout, text, zipped

EXAMPLES = os.environ.get("BASCULE_EXAMPLES")
CHECKS = settings(
    max_examples=int(EXAMPLES or 50),
    deadline=None,
    derandomize=EXAMPLES is None,
    suppress_health_check=[HealthCheck.too_slow],
)
NAME = st.sampled_from(
    ["a.mbox", "b", "a/b.mbox", "a/b/c.eml", "x.eml", "d.dbx", "Folders.dbx", "a/Folders.dbx", "z.zip", "a/z.zip",
     "Takeout/Mail/All mail.mbox", "m.mbox/Messages/1.emlx", "cur/1:2,S", "new/x", "a/cur/2:2,", ".DS_Store", "é.mbox",
     "Mail/Local Folders/Inbox", "Mail/Local Folders/Inbox.msf", "n" * 250 + ".eml", "CON", "a b ", "0"]
)  # fmt: skip
HOSTILE = st.sampled_from(
    ["../x", "/x", "a/../../x", "C:\\x", "..\\x", ".", "a//b", "\x1b[2J", "a\0b", "/", "x" * 5000]
)
DATA = st.one_of(
    st.sampled_from(
        [mbox(1), mbox(1, 2), mbox(2, 3), dbx(1), dbx(1)[:9000], takeout((1, "Inbox")),
         takeout((2, "Work"), (1, "Inbox")),
         text(1), text(2), zipped({"a.mbox": mbox(5)}), zipped({"z.zip": zipped({"b.eml": text(6)})}), zipped({}),
         b"", b"PK\3\4", b"!BDN" + bytes(99), b"\xd0\xcf\x11\xe0" + bytes(600), b"103\n" + text(1) + b"<plist/>"]
    ),
    st.binary(max_size=40),
)  # fmt: skip


def read(place: Path, spool: Path) -> dict[str, bytes]:
    for salvage in (True, False):
        try:
            archive = open_archive(place, Reading(spool, salvage=salvage))
        except NotAnArchive:
            found: dict[str, bytes] = {}
        else:
            with closing(archive):  # type: ignore[type-var]
                found = keyed(archive)
                assert keyed(archive) == found
                assert all(problem.message for problem in archive.problems())
        assert not list(spool.iterdir())
    return found


@CHECKS
@given(st.dictionaries(NAME, DATA, max_size=7))
def test_any_directory(files: dict[str, bytes]) -> None:
    with tempfile.TemporaryDirectory() as place:
        tree, spool = Path(place) / "tree", Path(place) / "spool"
        tree.mkdir()
        spool.mkdir()
        for name, data in files.items():
            try:
                fill(tree, {name: data})
            except OSError:
                continue  # a name that is a directory already
        before = {path: path.stat().st_mtime_ns for path in tree.rglob("*")}
        found = read(tree, spool)
        assert {path: path.stat().st_mtime_ns for path in tree.rglob("*")} == before
        assert read(tree.rename(Path(place) / "moved"), spool) == found or "cur/1:2,S" in files


@CHECKS
@given(st.lists(st.tuples(st.one_of(NAME, HOSTILE), DATA), max_size=7))
def test_any_zip(files: list[tuple[str, bytes]]) -> None:
    out = BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        warnings.simplefilter("ignore")
        for name, data in files:
            made.writestr(name, data)
    with tempfile.TemporaryDirectory() as place:
        tree, spool = Path(place) / "tree", Path(place) / "spool"
        tree.mkdir()
        spool.mkdir()
        (tree / "a.zip").write_bytes(out.getvalue())
        found = read(tree / "a.zip", spool)
        assert read((tree / "a.zip").rename(tree / "another name"), spool) == found
        assert {path.name for path in Path(place).rglob("*")} == {"tree", "spool", "another name"}
