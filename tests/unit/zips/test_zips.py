"""Zips as programs write them are read to the byte, and members as nobody should write them are refused."""

from __future__ import annotations

import os
import random
import stat
import struct
import tempfile
import tracemalloc
import zipfile
from contextlib import closing, suppress
from io import BytesIO, RawIOBase
from itertools import pairwise
from pathlib import Path
from typing import Any, BinaryIO, cast
from zlib import crc32

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors.archives.contract import Damaged
from connectors.zips import NotAZip, Zip

EXAMPLES = os.environ.get("BASCULE_EXAMPLES")
CHECKS = settings(
    max_examples=int(EXAMPLES or 60),
    deadline=None,
    derandomize=EXAMPLES is None,
    suppress_health_check=[HealthCheck.too_slow],
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "some.zip"


def written(path: Path, files: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", method) as out:
        for name, data in files.items():
            out.writestr(name, data)
    return path


def read(path: Path) -> dict[str, bytes]:
    with closing(Zip(path)) as opened:
        return {member.name: b"".join(opened.pieces(member)) for member in opened.members}


def refusals(path: Path) -> dict[str, str]:
    with closing(Zip(path)) as opened:
        return {refusal.name: refusal.code for refusal in opened.refused}


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2])
def test_members_are_read_to_the_byte(path: Path, method: int) -> None:
    noise = random.Random(1)
    # Sizes around those of the pieces, of what packs well and of what does not.
    sizes = (0, 1, 1 << 16, (1 << 18) - 1, 1 << 18, (1 << 18) + 1, 3 << 18, 1_000_003)
    files = {f"zero/{size}": bytes(size) for size in sizes} | {f"noise/{size}": noise.randbytes(size) for size in sizes}
    files["text"] = b"".join(b"line %d of some text\r\n" % number for number in range(50_000))
    assert read(written(path, files, method)) == files
    with closing(Zip(path)) as opened:
        largest = max(opened.members, key=lambda member: member.size)
        assert all(len(piece) <= 1 << 18 for piece in opened.pieces(largest))
        assert opened.head(largest, 40) == files[largest.name][:40]
        with opened.open(largest) as reader:
            assert (reader.read(7), reader.read()) == (files[largest.name][:7], files[largest.name][7:])


def test_two_members_are_read_by_turns(path: Path) -> None:
    files = {"a": os.urandom(600_000), "b": os.urandom(600_000)}
    with closing(Zip(written(path, files))) as opened:
        pairs = list(zip(*(opened.pieces(member) for member in opened.members), strict=True))
    assert (b"".join(a for a, _ in pairs), b"".join(b for _, b in pairs)) == (files["a"], files["b"])


def test_zips_of_64_bits(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zipfile, "ZIP_FILECOUNT_LIMIT", 1)
    monkeypatch.setattr(zipfile, "ZIP64_LIMIT", 10)
    files = {f"file {number}": b"text of a file %d" % number for number in range(5)}
    written(path, files)
    assert b"PK\6\6" in path.read_bytes()
    assert read(path) == files


def test_something_before_and_behind_a_zip(path: Path) -> None:
    files = {"a": b"1" * 1000, "b": b"2"}
    with zipfile.ZipFile(written(path, files), "a") as out:
        out.comment = b"made by hand PK\5\6 " + b"x" * 900
    path.write_bytes(b"MZ" + os.urandom(500) + path.read_bytes())
    assert read(path) == files


def entry(name: bytes, data: bytes, **changes: int) -> tuple[bytes, bytes]:
    """A member and its line in the list, by hand."""
    fields = {"made": 3, "flags": 0, "method": 0, "crc": crc32(data), "packed": len(data), "size": len(data),
              "mode": stat.S_IFREG | 0o644} | changes  # fmt: skip
    common = struct.pack("<HHHHIIIHH", fields["flags"], fields["method"], 0, 0, fields["crc"], fields["packed"],
                         fields["size"], len(name), 0)  # fmt: skip
    local = b"PK\3\4" + struct.pack("<H", 20) + common + name + data
    central = b"PK\1\2" + struct.pack("<BBH", 20, fields["made"], 20) + common
    return local, central + struct.pack("<HHHI", 0, 0, 0, fields["mode"] << 16) + b"OFFS" + name


def by_hand(path: Path, *entries: tuple[bytes, bytes], same_place: bool = False, count: int | None = None) -> Path:
    data, listed = b"", b""
    for local, central in entries:
        listed += central.replace(b"OFFS", struct.pack("<I", 0 if same_place else len(data)))
        data += local if not (same_place and data) else b""
    number = len(entries) if count is None else count
    end = b"PK\5\6" + struct.pack("<HHHHIIH", 0, 0, number, number, len(listed), len(data), 0)
    path.write_bytes(data + listed + end)
    return path


@pytest.mark.parametrize(
    ("raw", "flags", "name"),
    [
        (b"plain.mbox", 0, "plain.mbox"),
        ("Boîte.mbox".encode(), 1 << 11, "Boîte.mbox"),
        ("Boîte.mbox".encode(), 0, "Boîte.mbox"),
        ("Reçus élus.mbox".encode("cp437"), 0, "Reçus élus.mbox"),
        ("ÀÈÊ Envoyés.mbox".encode("cp850"), 0, "ÀÈÊ Envoyés.mbox"),
        (b"Mail\\Inbox\\a.mbox", 0, "Mail/Inbox/a.mbox"),
    ],
)
def test_names_are_read_in_the_encoding_they_were_written_in(path: Path, raw: bytes, flags: int, name: str) -> None:
    assert read(by_hand(path, entry(raw, b"text", flags=flags))) == {name: b"text"}


@pytest.mark.parametrize(
    "name",
    [
        "../a",
        "a/../../b",
        "/etc/passwd",
        "\\\\server\\share",
        "C:\\a",
        "c:/a",
        "..",
        "a\\..\\b",
        "x\0y",
        "",
        "n" * 5000,
    ],
)
def test_names_that_lead_elsewhere_are_refused(path: Path, name: str) -> None:
    with closing(Zip(by_hand(path, entry(name.encode(), b"text"), entry(b"good", b"text")))) as opened:
        assert [member.name for member in opened.members] == ["good"]
        assert [refusal.code for refusal in opened.refused] == ["unsafe-name"]


def test_links_devices_locked_and_oddly_packed_members_are_refused(path: Path) -> None:
    entries = [
        entry(b"link", b"/etc/passwd", mode=stat.S_IFLNK | 0o777), entry(b"pipe", b"", mode=stat.S_IFIFO),
        entry(b"locked", b"text", flags=1), entry(b"new", b"text", method=9), entry(b"lzma", b"text", method=14),
        entry(b"good", b"text", mode=0), entry(b"dos", b"text", made=0, mode=stat.S_IFLNK),
        entry(b"folder/", b"", mode=stat.S_IFDIR),
    ]  # fmt: skip
    by_hand(path, *entries)
    told = {"link": "link", "pipe": "link", "locked": "encrypted", "new": "method", "lzma": "method"}
    assert refusals(path) == told
    assert read(path) == {"good": b"text", "dos": b"text"}
    with closing(Zip(path)) as opened:
        assert opened.directories == ["folder/"]


def test_a_member_that_grows_beyond_all_measure_is_refused_unread(path: Path) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as out, out.open("bomb", "w", force_zip64=True) as member:
        for _ in range(70):
            member.write(bytes(1 << 20))
    assert refusals(path) == {"bomb": "bomb"}
    assert read(path) == {}


def test_a_member_is_never_longer_than_it_says(path: Path) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as out:
        out.writestr("bomb", bytes(40 << 20))
    lie = path.read_bytes().replace(struct.pack("<I", 40 << 20), struct.pack("<I", 1000))
    path.write_bytes(lie)
    with closing(Zip(path)) as opened:
        tracemalloc.start()
        with pytest.raises(Damaged):
            list(opened.pieces(opened.members[0]))
        assert tracemalloc.get_traced_memory()[1] < 4 << 20
        tracemalloc.stop()


def test_members_that_share_their_bytes_are_refused(path: Path) -> None:
    kernel = bytes(100)
    by_hand(path, *(entry(b"f%d" % number, kernel) for number in range(50)), same_place=True)
    assert set(refusals(path).values()) == {"bomb"}


def test_a_zip_that_claims_to_be_all_the_disk_is_refused(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("connectors.zips.directory.SMALL_ZIP", 1 << 20)
    files = {f"f{number}": bytes(60_000) for number in range(60)}
    with pytest.raises(NotAZip, match="times its own size"):
        Zip(written(path, files))


def test_what_is_damaged_costs_itself(path: Path) -> None:
    files = {name: os.urandom(3000) for name in "abc"}
    written(path, files, zipfile.ZIP_STORED)
    data = bytearray(path.read_bytes())
    place = data.find(files["b"][:100])
    data[place] ^= 1
    path.write_bytes(data)
    with closing(Zip(path)) as opened:
        good, bad, last = opened.members
        assert b"".join(opened.pieces(good)) == files["a"]
        with pytest.raises(Damaged):
            list(opened.pieces(bad))
        assert b"".join(opened.pieces(last)) == files["c"]


def test_files_that_are_no_whole_zips_are_said_so(path: Path) -> None:
    files = {name: os.urandom(3000) for name in "abc"}
    whole = written(path, files).read_bytes()
    for data in (whole[:-30], whole[: len(whole) // 2], b"PK\3\4", b"", b"text"):
        path.write_bytes(data)
        with pytest.raises(NotAZip, match="end is missing"):
            Zip(path)
    path.write_bytes(whole[:-18] + b"\1\0" + whole[-16:])
    with pytest.raises(NotAZip, match="several parts"):
        Zip(path)
    by_hand(path, entry(b"a", b"text"), count=5)  # a wrong count is no reason to lose what is there
    assert read(path) == {"a": b"text"}


class Stream:
    """Cannot be gone back in: zipfile then tells sizes behind each member."""

    def __init__(self) -> None:
        self.data = b""

    def write(self, data: bytes) -> int:
        self.data += data
        return len(data)

    def flush(self) -> None: ...


@pytest.mark.parametrize("streamed", [False, True])
def test_members_of_a_zip_without_its_list_are_found(path: Path, streamed: bool) -> None:
    noise = random.Random(5)
    # One member holds a zip of its own: what is in it is not told as if it lay beside it.
    inner = written(path, {"inner.txt": noise.randbytes(3000)}).read_bytes()
    files = {f"d/{number}": noise.randbytes(number * 999) + bytes(number * 999) for number in range(40)} | {"z": inner}
    stream = Stream()
    with zipfile.ZipFile(stream if streamed else path, "w", zipfile.ZIP_DEFLATED) as out:  # type: ignore[arg-type]
        for name, data in files.items():
            out.writestr(name, data)
    whole = stream.data if streamed else path.read_bytes()
    offsets = {info.filename: info.header_offset for info in zipfile.ZipFile(BytesIO(whole)).infolist()}
    listed = whole.find(b"PK\1\2")
    wrecked = whole[: listed + 300] + bytes(40) + whole[listed + 340 :]
    for data in (whole[: len(whole) * 6 // 10], whole[: len(whole) * 8 // 10], whole[:listed], wrecked):
        path.write_bytes(data)
        names = list(files)
        there = [name for name, after in pairwise(names) if offsets[after] <= len(data)]
        with closing(Zip(path, salvage=True)) as opened:
            assert opened.salvaged
            found = {member.name: b"".join(opened.pieces(member)) for member in opened.members}
            assert len(opened.members) + len(opened.refused) in (len(there), len(there) + 1)
        assert set(there) <= set(found)
        assert found.items() <= files.items()


def test_a_whole_zip_is_not_searched(path: Path) -> None:
    with closing(Zip(written(path, {"a": b"1"}), salvage=True)) as opened:
        assert not opened.salvaged


@pytest.mark.parametrize("salvage", [False, True])
@CHECKS
@given(st.data())
def test_any_damage_ends_in_bounded_time(salvage: bool, data: st.DataObject) -> None:
    with tempfile.TemporaryDirectory() as place:
        path = Path(place) / "a.zip"
        written(path, {"a/b.mbox": b"From a\n" * 300, "../c": b"x", "d": os.urandom(400)})
        whole = bytearray(path.read_bytes())
        for _ in range(data.draw(st.integers(1, 8))):
            position = data.draw(st.integers(0, len(whole) - 1))
            value = data.draw(st.binary(min_size=1, max_size=4))
            whole[position : position + len(value)] = value
        path.write_bytes(whole[: data.draw(st.integers(len(whole) // 2, len(whole)))])
        try:
            opened = Zip(path, salvage=salvage)
        except NotAZip:
            return
        with closing(opened):
            for member in opened.members:
                with suppress(Damaged):
                    assert sum(map(len, opened.pieces(member))) == member.size


class _Unseekable(RawIOBase):
    """What a zip is streamed into: sizes then stand behind the bytes of each member."""

    def __init__(self) -> None:
        super().__init__()
        self.data = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self.data += data
        return len(data)


def test_a_damaged_member_costs_a_search_nothing_but_itself(tmp_path: Path) -> None:
    out = _Unseekable()
    chance = random.Random(5)
    with zipfile.ZipFile(cast("BinaryIO", out), "w", zipfile.ZIP_DEFLATED) as packed:
        for number in range(60):
            packed.writestr(f"{number}.xml", "".join(chance.choices("abcdefgh ", k=3000)))
    begin = out.data.index(b"20.xml") + 200
    out.data[begin : begin + 400] = bytes(reversed(range(200))) * 2
    path = tmp_path / "cut.zip"
    path.write_bytes(out.data[: out.data.index(b"PK\1\2")])
    found = Zip(path, salvage=True)
    whole = []
    for member in found.members:
        with suppress(Damaged):
            b"".join(found.pieces(member))
            whole.append(member.name)
    found.close()
    assert whole == [f"{number}.xml" for number in range(60) if number != 20]
    assert {*(member.name for member in found.members), *(one.name for one in found.refused)} >= {"20.xml"}
