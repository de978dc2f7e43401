"""Messages that Outlook saved as files are read as what they were, damage costs only itself, nothing is held whole."""

from __future__ import annotations

import email
import email.policy
import hashlib
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, suppress
from datetime import UTC, datetime
from email.message import EmailMessage
from io import BytesIO
from pathlib import Path

import olefile
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.archives.contract import (
    Addressed,
    Archive,
    ArchiveFolder,
    Damaged,
    Nature,
    NotAnArchive,
    Personal,
    Reading,
)
from connectors.mapi import tags
from connectors.mapi.marks import Marked
from connectors.msg import MsgArchive, MsgFile, is_msg, open_msg
from tests.unit.mapi.items import Ansi, Attachment, Message, Tag, by_value, parsed, written
from tests.unit.msg.writer import Store, write_msg

SENT = datetime(2020, 3, 4, 5, 6, 7, tzinfo=UTC)
NOTE: dict[Tag, object] = {
    0x1A: "IPM.Note", 0x37: "Grüße 日本", 0x1000: "Text\r\n" * 1000, 0x39: SENT, 0x0E06: SENT, 0x0E07: 1,
    0x0C1A: "Anna", 0x0C1E: "SMTP", 0x0C1F: "anna@example.org", 0x300B: b"key",
    (tags.PUBLIC_STRINGS, "Keywords"): ("Red", "Blue"), (tags.COMMON, 0x8530): "Follow up",
}  # fmt: skip


Opened = Callable[[Path], MsgArchive]


@pytest.fixture
def opened(reading: Reading) -> Iterator[Opened]:
    """Opens archives that are closed with the test."""
    with ExitStack() as stack:
        yield lambda path: stack.enter_context(closing(open_msg(path, reading)))


@pytest.fixture
def reading(tmp_path: Path) -> Reading:
    spool = tmp_path / "spool"
    spool.mkdir()
    return Reading(spool)


def told(archive: Archive) -> tuple[ArchiveFolder, str]:
    (folder,) = archive.folders()
    (item,) = archive.items(folder)
    return folder, item.key


def message_of(path: Path, reading: Reading) -> bytes:
    archive = open_msg(path, reading)
    try:
        folder, key = told(archive)
        out = BytesIO()
        archive.write_message(folder, key, out)
        assert out.getvalue().startswith(archive.header(folder, key) + b"\r\n")
        assert not archive.problems()
        return out.getvalue()
    finally:
        archive.close()


def test_a_file_gives_what_was_written_into_it(tmp_path: Path, reading: Reading) -> None:
    bob: dict[Tag, object] = {0x0C15: 1, 0x3001: "Bob", 0x3002: "SMTP", 0x3003: "bob@example.org"}
    inner = Message({0x37: "inner", 0x1000: Ansi("ü".encode("cp1252")), 0x3FFD: 1252}, [bob], [by_value(b"deep", "d")])
    large = os.urandom(70_000)
    item = Message(NOTE, [bob], [by_value(large, "größe.bin"), by_value(b"", "empty"), Attachment({0x3705: 5}, inner)])
    assert message_of(write_msg(item, tmp_path / "a.msg"), reading) == written(item)


def test_embedded_messages_are_read_to_any_depth(tmp_path: Path, reading: Reading) -> None:
    item = Message({0x1000: "bottom"})
    for level in range(50):
        item = Message({0x37: str(level)}, attached=[Attachment({0x3705: 5}, item)])
    assert message_of(write_msg(item, tmp_path / "a.msg"), reading) == written(item)


def test_an_item_is_listed_with_its_time_flags_and_nature(tmp_path: Path, opened: Opened) -> None:
    archive = opened(write_msg(Message(NOTE), tmp_path / "a.msg"))
    (item,) = archive.items(next(archive.folders()))
    assert (item.received, item.flags, item.nature) == (SENT, {"\\Seen", "Red", "Blue"}, Nature.MAIL)
    assert isinstance(archive, Personal)
    assert isinstance(archive, Addressed)
    assert isinstance(archive, Marked)
    assert archive.marks(next(archive.folders()), item.key).request == "Follow up"
    archive.close()
    archive.close()


def test_a_calendar_entry_becomes_its_file(tmp_path: Path, opened: Opened) -> None:
    values: dict[Tag, object] = {0x1A: "IPM.Appointment", (tags.APPOINTMENT, 0x820D): SENT}
    archive = opened(write_msg(Message(values), tmp_path / "a.msg"))
    found = archive.personal_item(*told(archive))
    assert (found.nature, found.suffix, b"DTSTART:20200304T050607Z" in found.data) == (Nature.APPOINTMENT, ".ics", True)


def test_the_key_is_the_same_wherever_the_file_lies(tmp_path: Path, opened: Opened) -> None:
    one = write_msg(Message(NOTE), tmp_path / "a.msg")
    other = tmp_path / "elsewhere.dat"
    other.write_bytes(one.read_bytes())
    changed = write_msg(Message(NOTE | {0x37: "x"}), tmp_path / "b.msg")
    keys = [told(opened(path))[1] for path in (one, other, changed)]
    assert keys[0] == keys[1] == hashlib.sha256(one.read_bytes()).hexdigest()
    assert keys[2] != keys[0]
    archive = opened(one)
    with pytest.raises(KeyError):
        archive.write_message(next(archive.folders()), keys[2], BytesIO())


def test_a_file_is_known_by_what_is_in_it(tmp_path: Path, shared_corpus: Path, reading: Reading) -> None:
    other = tmp_path / "sheet.msg"
    with other.open("wb") as out:
        from connectors.msg.writing import write_compound

        write_compound(Store({"Workbook": b"x"}), out)
    text = shared_corpus / "archives" / "aleph-fnf.msg"  # a message as text, whatever its name says
    assert is_msg(write_msg(Message(NOTE), tmp_path / "a.dat"))
    for path in (other, text, shared_corpus / "archives" / "ms-Empty.pst"):
        assert not is_msg(path)
        with pytest.raises(NotAnArchive):
            open_msg(path, reading)
    with pytest.raises(FileNotFoundError):
        open_msg(tmp_path / "none.msg", reading)


def test_an_ole_object_becomes_a_file_of_its_own(tmp_path: Path, reading: Reading) -> None:
    parts = {"\x01Ole": b"", "small": b"s" * 100, "large": os.urandom(20_000), "exact": b"e" * 4096}
    ole = Store(dict(parts), {"Below": Store({"deep": b"d" * 5000}, class_id=bytes(range(16)))}, bytes(range(16)))
    item = Message({}, attached=[Attachment({0x3705: 6, 0x3001: "Sheet"}, ole=ole)])  # type: ignore[arg-type]  # written as a storage
    message = parsed(message_of(write_msg(item, tmp_path / "a.msg"), reading))
    (part,) = message.iter_attachments()
    data = part.get_payload(decode=True)
    assert isinstance(data, bytes)
    found = olefile.OleFileIO(BytesIO(data))
    assert {name: found.openstream([name]).read() for name in parts} == parts
    assert found.openstream(["Below", "deep"]).read() == b"d" * 5000
    assert found.root.clsid == found.getclsid("Below") == "03020100-0504-0706-0809-0A0B0C0D0E0F"
    assert not list(reading.spool.iterdir())


@pytest.mark.parametrize("size", [109 * 128 * 512 - 40_000, 109 * 128 * 512 + 100_000])
def test_a_compound_file_may_be_larger_than_its_header_can_list(size: int, tmp_path: Path) -> None:
    from connectors.msg.writing import write_compound

    path = tmp_path / "large"
    with path.open("wb") as out:
        write_compound(Store({"large": bytes(size - 1) + b"x", "other": b"y" * 5000}), out)
    with olefile.OleFileIO(path) as found:
        assert found.get_size("large") == size
        assert found.openstream("large").read()[-1:] == b"x"
        assert found.openstream("other").read() == b"y" * 5000
        assert not found.parsing_issues


SAMPLES = {
    "aspose-WithEmbeddedMsg.msg": ("Subj", "from@test.com", ["text/plain", "message/rfc822", "text/plain"]),
    "aspose-rtf.msg": (
        "MSG file with RTF Formatting", "sender@sender.com",
        ["text/plain", "application/x-ole-storage", "application/rtf"],
    ),
    "oxmsg-message.msg": (
        "Re: test internal", "bedfortest@tutanota.de",
        ["multipart/alternative", "text/plain", "text/html", "image/jpeg"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", SAMPLES)
def test_the_samples_hold_what_their_streams_hold(name: str, shared_corpus: Path, reading: Reading) -> None:
    path = shared_corpus / "archives" / name
    message = email.message_from_bytes(message_of(path, reading), policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    subject, sender, types = SAMPLES[name]
    assert (message["Subject"], message["From"].addresses[0].addr_spec) == (subject, sender)
    assert [part.get_content_type() for part in message.walk()][1:] == types
    with olefile.OleFileIO(path) as file:
        stored = [
            file.openstream(entry).read() for entry in file.listdir() if entry[-1].upper() == "__SUBSTG1.0_37010102"
        ]
        body = file.openstream("__substg1.0_1000001F").read().decode("utf-16-le") if len(types) != 3 else None
    attached = [part.get_payload(decode=True) for part in message.walk() if part.get_content_type() == "image/jpeg"]
    assert attached == stored
    if body is not None:
        plain = message.get_body(("plain",))
        assert plain is not None
        assert plain.get_content().splitlines() == body.rstrip("\0").splitlines()


def test_the_text_of_the_rtf_sample_is_that_of_its_rtf(shared_corpus: Path, reading: Reading) -> None:
    data = message_of(shared_corpus / "archives" / "aspose-rtf.msg", reading)
    body, _ole, rtf = parsed(data).iter_parts()
    payload = rtf.get_payload(decode=True)
    assert isinstance(payload, bytes)
    assert payload.startswith(b"{\\rtf1")
    assert isinstance(body, EmailMessage)
    assert body.get_content().strip()


def survives(data: bytes, path: Path, reading: Reading) -> None:
    path.write_bytes(data)
    try:
        archive = open_msg(path, reading)
    except NotAnArchive:
        return
    try:
        folder, key = told(archive)
        for read in (archive.header, archive.personal_item):
            with suppress(Damaged):
                read(folder, key)
        with suppress(Damaged):
            archive.write_message(folder, key, BytesIO())
        archive.problems()
    finally:
        archive.close()


@pytest.mark.parametrize("name", SAMPLES)
@given(st.lists(st.tuples(st.integers(0, 1 << 30), st.binary(min_size=1, max_size=8)), max_size=12), st.integers(1, 10))
@settings(max_examples=40, deadline=None)
def test_any_damage_ends_in_words(
    shared_corpus: Path, tmp_path_factory: pytest.TempPathFactory, name: str, wrecks: list[tuple[int, bytes]], cut: int
) -> None:
    folder = tmp_path_factory.mktemp("wrecked")
    data = bytearray((shared_corpus / "archives" / name).read_bytes())
    for place, bytes_ in wrecks:
        # Half of them where the file tells where everything lies.
        place = place % 512 if place & 1 else place % len(data)
        data[place : place + len(bytes_)] = bytes_
    survives(bytes(data[: len(data) * cut // 10]), folder / "a.msg", Reading(folder))


def test_damage_costs_only_what_is_damaged(tmp_path: Path, opened: Opened) -> None:
    item = Message(NOTE, attached=[by_value(b"A" * 50_000, "a.bin"), by_value(b"B" * 50_000, "b.bin")])
    data = bytearray(write_msg(item, tmp_path / "a.msg").read_bytes())
    with olefile.OleFileIO(bytes(data)) as file:
        entry = file.root.kids_dict["__attach_version1.0_#00000000"].kids_dict["__substg1.0_37010102"]
        # The chain of its sectors ends too early.
        at = (int.from_bytes(data[76:80], "little") + 1) * 512 + (entry.isectStart + 10) * 4
    data[at : at + 4] = b"\xfe\xff\xff\xff"
    path = tmp_path / "b.msg"
    path.write_bytes(data)
    archive = opened(path)
    out = BytesIO()
    folder, key = told(archive)
    archive.write_message(folder, key, out)
    first, second = (part.get_payload(decode=True) for part in parsed(out.getvalue()).iter_attachments())
    assert (first, second) == (b"", b"B" * 50_000)
    assert {(one.code, one.key) for one in archive.problems()} == {("damaged", key), ("attachment-missing", key)}
    assert not archive.is_whole(next(archive.folders()), key)


_LARGE = """
import resource, sys
sys.path.insert(0, sys.argv[1])
from pathlib import Path
from connectors.archives.contract import Reading
from connectors.msg import open_msg

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

class Out:
    size = 0
    def write(self, data):
        self.size += len(data)

before, out = peak(), Out()
archive = open_msg(Path(sys.argv[2]), Reading(Path(sys.argv[3])))
folder = next(archive.folders())
archive.write_message(folder, next(archive.items(folder)).key, out)
print(out.size, peak() - before)
"""


def test_a_file_of_150_megabytes_is_never_held(
    tmp_path: Path, reading: Reading, request: pytest.FixtureRequest
) -> None:
    path = write_msg(Message(NOTE, attached=[by_value(bytes(150_000_000), "large.bin")]), tmp_path / "a.msg")
    arguments = [sys.executable, "-c", _LARGE, str(request.config.rootpath), str(path), str(reading.spool)]
    run = subprocess.run(arguments, capture_output=True, text=True, check=True)
    size, more = map(int, run.stdout.split())
    assert size > 150_000_000 * 4 // 3
    assert more < 40_000  # kilobytes


def test_the_item_alone_is_there_for_folders_of_files(tmp_path: Path, reading: Reading, opened: Opened) -> None:
    path = write_msg(Message(NOTE), tmp_path / "a.msg")
    item = MsgFile(path, reading, lambda code, words: None)
    assert item.properties.get(0x37) == "Grüße 日本"
    item.close()
    archive: Archive = opened(path)
    assert (archive.kind, archive.identity, archive.epoch) == ("msg", "", "sha256")
