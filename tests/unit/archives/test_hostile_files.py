"""Files that are no archives, or broken ones: typed errors, bounded time and memory, and nothing waited for."""

from __future__ import annotations

import os
import plistlib
import socket
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors.archives.contract import Archive, Damaged, NotAnArchive, Reading
from connectors.eml.apple import is_emlx, open_emlx
from connectors.eml.archive import is_eml_folder, open_eml_folder
from connectors.mbox.archive import is_mbox, open_mbox
from connectors.mbox.takeout import is_takeout, open_takeout
from connectors.mbox.thunderbird import is_thunderbird, open_thunderbird
from tests.unit.archives.looking import codes, holdings, reading

EXAMPLES = os.environ.get("BASCULE_EXAMPLES")
KINDS: dict[str, tuple[Callable[[Path], bool], Callable[[Path, Reading], Archive]]] = {
    "mbox": (is_mbox, open_mbox),
    "takeout": (is_takeout, open_takeout),
    "thunderbird": (is_thunderbird, open_thunderbird),
    "eml": (is_eml_folder, open_eml_folder),
    "emlx": (is_emlx, open_emlx),
}
FROM = b"From anna@example.org Sat Jan  3 01:05:34 1996\n"


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ["pipe.eml", "pipe.emlx", "pipe", "socket"])
def test_pipes_and_sockets_are_refused_and_not_waited_for(tmp_path: Path, kind: str, name: str) -> None:
    is_kind, opens = KINDS[kind]
    path = tmp_path / name
    with socket.socket(socket.AF_UNIX) as listening:
        if name == "socket":
            listening.bind(str(path))
        else:
            os.mkfifo(path)
        assert not is_kind(path)
        with pytest.raises((NotAnArchive, OSError)):
            opens(path, reading(tmp_path))


@pytest.mark.parametrize("kind", KINDS)
def test_pipes_inside_an_archive_are_left_alone(tmp_path: Path, kind: str) -> None:
    for name in ("a.eml", "1.emlx", "Inbox", "Inbox.msf", "x.mbox"):
        os.mkfifo(tmp_path / name)
    (tmp_path / "b.eml").write_bytes(b"A: 1\n\n")
    (tmp_path / "2.emlx").write_bytes(b"6\nA: 1\n\n")
    (tmp_path / "Sent").write_bytes(FROM + b"A: 1\n\n")
    (tmp_path / "Sent.msf").touch()
    is_kind, opens = KINDS[kind]
    if kind in ("mbox", "takeout"):
        assert not is_kind(tmp_path)
        with pytest.raises(NotAnArchive):
            opens(tmp_path, reading(tmp_path))
        return
    assert is_kind(tmp_path)
    with closing(opens(tmp_path, reading(tmp_path))) as archive:
        assert sum(map(len, holdings(archive).values())) == 1
        assert "no-file" in codes(archive)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "data",
    [b"0123456789", b"\0" * 100_000, b"%PDF-1.4\n" * 100, b"From ", b"From the\nbook\n"],
    ids=lambda data: data[:8],
)
def test_other_files_are_refused_with_a_word_that_people_understand(tmp_path: Path, kind: str, data: bytes) -> None:
    path = tmp_path / "file"
    path.write_bytes(data)
    is_kind, opens = KINDS[kind]
    assert not is_kind(path)
    if kind == "eml":
        return  # named by a person, any file is one message
    with pytest.raises(NotAnArchive) as refused:
        opens(path, reading(tmp_path))
    assert str(path) in str(refused.value)
    with pytest.raises(FileNotFoundError):
        opens(tmp_path / "nothing", reading(tmp_path))


def test_an_empty_file_is_an_mbox_without_messages(tmp_path: Path) -> None:
    path = tmp_path / "Inbox"
    path.touch()
    assert not is_mbox(path)
    with closing(open_mbox(path, reading(tmp_path))) as archive:
        assert holdings(archive) == {("Inbox",): []}


def test_files_of_nothing_are_told(tmp_path: Path) -> None:
    (tmp_path / "a.eml").touch()
    (tmp_path / "b.eml").write_bytes(b"\0" * 200_000)
    (tmp_path / "c.eml").write_bytes(b"A: 1\r\n\r\nx")
    with closing(open_eml_folder(tmp_path, reading(tmp_path))) as archive:
        assert list(holdings(archive).values()) == [[b"A: 1\r\n\r\nx"]]
        assert [(one.code, one.message[:7]) for one in archive.problems()] == [("no-message", "2 files")]


PIECES = st.lists(
    st.one_of(
        st.binary(max_size=30),
        st.sampled_from(
            [
                FROM, b"From - 1:00\n", b"\nFrom ", b"From", b"A: 1\n", b"\n", b"\r\n", b"\0" * 3000,
                b"Content-Length: 0\n", b"Content-Length: 99999999999999\n", b"Content-Length: 48\n",
                b"X-Mozilla-Status: 0008\n", b"Status: RO\n", b">From x\n", b">>From x\n", b"x" * 5000,
                b"DKIM-Signature: bh=AAAA; c=relaxed/simple; l=3\n", b"X-IMAP: 1\n", b"Received: ;\n",
                b"X-Gmail-Labels: =?UTF-8?B?4?=,\"\\\n", b"X-Gmail-Labels: Inbox,a/b\n",
                b"Date: Thu, 99 Xxx 9999 99:99:99 +9999\n", b"Subject: folder internal data\n", b"<?xml ", b"bplist00",
                plistlib.dumps({"flags": 1, "date-received": -5}),
                plistlib.dumps({"flags": 1 << 60}, fmt=plistlib.FMT_BINARY),
                b"12\n", b"999999\n", b'Content-Type: multipart/mixed; boundary="b"\n', b"--b\n", b"--b--\n",
                b"X-Apple-Content-Length: 5\n",
            ]
        ),
    ),
    max_size=25,
)  # fmt: skip


@settings(
    max_examples=int(EXAMPLES or 80), deadline=None, derandomize=EXAMPLES is None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)  # fmt: skip
@given(pieces=PIECES, start=st.sampled_from([b"", FROM + b"A: 1\n", FROM + b"X-GM-THRID: 1\n", b"20\nA: 1\n"]))
def test_bytes_of_any_kind_end_in_messages_or_in_typed_errors(
    tmp_path: Path, pieces: list[bytes], start: bytes
) -> None:
    data = start + b"".join(pieces)
    for kind, name in (
        ("mbox", "x"),
        ("takeout", "x"),
        ("eml", "x.eml"),
        ("emlx", "7.partial.emlx"),
        ("emlx", "x.emlx"),
    ):
        path = tmp_path / name
        path.write_bytes(data)
        with suppress(NotAnArchive, Damaged), closing(KINDS[kind][1](path, reading(tmp_path))) as archive:
            found = holdings(archive)
            assert sum(len(one) for some in found.values() for one in some) <= len(data)
            archive.problems()
        path.unlink()


def test_a_system_without_pread_reads_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "box"
    path.write_bytes((FROM + b"A: 1\n\none\n\n") * 3)
    found = []
    for _way in range(2):
        with closing(open_mbox(path, reading(tmp_path))) as archive:
            found.append(holdings(archive))
        monkeypatch.setattr("connectors.quiet._PREAD", None)
    assert found[0] == found[1] == {("box",): [b"A: 1\n\none\n"] * 3}


def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    """A line of 60 MB, a header of as much, and a hole of 20 GB; the process may have 150 MB of addresses."""
    many = b"0123456789abcdef" * 65536
    sparse, line, header = tmp_path / "sparse", tmp_path / "line", tmp_path / "header"
    with sparse.open("wb") as file:
        file.write(FROM + b"A: 1\n\none\n")
        file.seek(20 << 30)
        file.write(b"\n\n" + FROM + b"A: 2\n\ntwo\n")
    for path, begin in ((line, b"A: 1\n\n"), (header, b"A: ")):
        with path.open("wb") as file:
            file.write(FROM + begin)
            for _ in range(60):
                file.write(many)
        os.utime(path, (1, 1))  # long ago: nobody is writing the line that has no end
    program = """
import resource
import sys
from pathlib import Path
resource.setrlimit(resource.RLIMIT_AS, (150 << 20, 150 << 20))
from connectors.archives.contract import Reading
from connectors.mbox.archive import open_mbox
class Sink:
    size = 0
    def write(self, data):
        self.size += len(data)
for name in sys.argv[1:]:
    archive = open_mbox(Path(name), Reading(spool=Path(name).parent))
    (folder,) = archive.folders()
    items = list(archive.items(folder))
    for item in items:
        if item.size < 1 << 30:
            sink = Sink()
            archive.write_message(folder, item.key, sink)
            assert sink.size == item.size, (sink.size, item)
    print(len(items))
    archive.close()
"""
    done = subprocess.run(
        [sys.executable, "-c", program, str(sparse), str(line), str(header)],
        capture_output=True, text=True, cwd=Path(__file__).parents[3],
    )  # fmt: skip
    assert (done.stderr, done.stdout.split()) == ("", ["2", "1", "1"])
