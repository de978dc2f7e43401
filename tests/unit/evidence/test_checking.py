"""A file that says it is one of ours: whatever is wrong with it, that is told and nothing else happens."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile

import pytest

from migrate.evidence.checking import NoPack, check_pack
from migrate.evidence.zipping import KIND, MANIFEST, Entry, write_pack


def _damaged(file: Path) -> None:
    """The manifest's bytes are no longer what was deflated."""
    with file.open("wb") as out:
        write_pack(out, [Entry("a.txt", [b"a"])], {"organisation": "x", "site": "y"})
    with ZipFile(file) as archive:
        begin = archive.getinfo(MANIFEST).header_offset + 30 + len(MANIFEST)
    data = bytearray(file.read_bytes())
    data[begin : begin + 8] = b"\xff" * 8
    file.write_bytes(data)


def _endless(file: Path) -> None:
    told = {
        "kind": KIND,
        "organisation": "x",
        "site": "y",
        "files": [{"path": "a", "size": float("inf"), "sha256": ""}],
    }
    with ZipFile(file, "w", ZIP_DEFLATED) as archive:
        archive.writestr(MANIFEST, json.dumps(told))


@pytest.mark.parametrize("harm", [_damaged, _endless])
def test_a_manifest_that_cannot_be_read_is_told_as_such(tmp_path: Path, harm: Callable[[Path], None]) -> None:
    harm(file := tmp_path / "proofs.zip")
    with pytest.raises(NoPack):
        check_pack(file)
