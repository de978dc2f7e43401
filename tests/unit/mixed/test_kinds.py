"""Kinds of archives are told by what is in them; what is none is told with what to do about it."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from connectors.archives import kinds
from connectors.archives.contract import NotAnArchive, Reading
from connectors.archives.kinds import HEAD, KINDS, open_archive, recognise
from tests.unit.dbx.writer import HEADER_SIZE, Line, write_store
from tests.unit.mixed.contents import dbx, fill, keyed, mbox, olm, text, zipped


def test_kinds_are_told_by_content_and_not_by_name(tree: Path, tmp_path: Path) -> None:
    files = {
        "a.pst": mbox(1), "b.mbox": dbx(1), "c.txt": olm(tmp_path, "x"), "d.olm": zipped({"x": mbox(1)}),
        "e": b"\r\n" + mbox(1),
    }  # fmt: skip
    fill(tree, files)
    assert {name: recognise(tree / name).name for name in files} == {
        "a.pst": "mbox", "b.mbox": "dbx", "c.txt": "olm", "d.olm": "zip", "e": "mbox",
    }  # fmt: skip
    assert recognise(tree).name == "mixed"


def test_directories_are_archives_of_their_own_kind(tree: Path, reading: Reading) -> None:
    store = write_store(tree / "oe", [Line(4, 1, b"Inbox", b"Inbox.dbx", 1)], {"Inbox.dbx": dbx(1)})
    assert recognise(store).name == "dbx"
    assert open_archive(store, reading).kind == "dbx"
    fill(tree, {"m/cur/x": b"", "m/new/x": b"", "plusplus/.Sent/cur/1.x:2,S": b"", "new/cur": b"", "people/new/x": b""})
    assert (recognise(tree / "people").name, recognise(tree).name) == ("mixed", "mixed")
    for maildir in (tree / "m", tree / "plusplus"):
        assert recognise(maildir).name == "maildir"
        with closing(open_archive(maildir, reading)) as archive:
            assert archive.kind == "maildir"


def test_real_samples(shared_corpus: Path, reading: Reading) -> None:
    samples = shared_corpus / "archives"
    told = {
        "aspose-SampleOLM.olm": "olm", "dzw-Inbox.dbx": "dbx", "gyb-sample.mbox": "mbox", "gyb-takeout.mbox": "takeout",
        "aleph-testPST.pst": "pst", "gopst-32-bit-ansi.pst": "pst", "oxmsg-message.msg": "msg",
        "mikez-plaintext.emlx": "emlx",
        "aleph-fnf.msg": "eml", "qq-229417.partial.emlx": "emlx", "aspose-ExampleMbox.mbox": "mbox",
    }  # fmt: skip
    assert {name: recognise(samples / name).name for name in told} == told
    for name in told:
        archive = open_archive(samples / name, reading)
        assert (archive.kind, archive.rebuilt) == (told[name], recognise(samples / name).rebuilt)
        assert isinstance(archive.identity + archive.epoch + archive.token(), str)
        archive.close()
    assert recognise(samples).name == "mixed"


def test_single_messages_are_told_by_their_header(tree: Path, shared_corpus: Path) -> None:
    fill(tree, {"message": text(1), "settings": b"from: here\nuser: x\n", "card.vcf": b"BEGIN:VCARD\nFN:x\n"})
    assert recognise(tree / "message").name == "eml"
    for name in ("settings", "card.vcf"):
        with pytest.raises(NotAnArchive):
            recognise(tree / name)
    # Of the mail in the world two fields tell most; of what test suites call mail, some need their name.
    real = list((shared_corpus / "eml").iterdir())
    assert {kinds.recognise(path).name for path in real} == {"eml", "mbox"}
    told = [path for path in real if kinds.kind_of_file(path.read_bytes()[:HEAD], lambda path=path: path, "no name")]
    assert len(told) > len(real) * 0.75


def test_directories_of_one_kind_are_read_as_a_whole(tree: Path, shared_corpus: Path) -> None:
    fill(tree, {"a/1.eml": text(1), "a/b/2.eml": text(2)})
    assert recognise(tree).name == "eml"
    fill(tree, {"a/readme.txt": b"x"})
    assert recognise(tree).name == "eml"
    fill(tree, {"a/b/c/old.mbox": mbox(1)})
    assert (recognise(tree).name, recognise(tree / "a" / "b" / "c").name) == ("mixed", "mixed")
    fill(tree, {"odd/1.eml": text(1), "odd/no-end": text(2)})
    assert recognise(tree / "odd").name == "mixed"
    emlx = (shared_corpus / "archives" / "mikez-plaintext.emlx").read_bytes()
    fill(tree, {"mac/V2/INBOX.mbox/Messages/1.emlx": emlx, "mac/V2/INBOX.mbox/Attachments/1/2/x.pst": b"!BDN"})
    assert recognise(tree / "mac").name == "emlx"


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "is empty"),
        (b"hello, this is a text", "no mail archive of a kind that is known"),
        (b"7z\xbc\xaf\x27\x1c" + bytes(99), "other than zip"),
        (b"\x1f\x8b" + bytes(99), "other than zip"),
        (bytes(257) + b"ustar" + bytes(99), "other than zip"),
        (b"-----BEGIN PGP MESSAGE-----\n", "encrypted: decrypt it"),
        (b"\xeb\x58\x90-FVE-FS-" + bytes(99), "encrypted: decrypt it"),
        (b"SQLite format 3\0" + bytes(99), "database of a mail program"),
        (b"JMF6" + bytes(99), "Outlook Express 4"),
        (b"PK\5\6" + bytes(18), "zip without any file"),
        (b"PK\3\4" + bytes(99), "cut off"),
    ],
)
def test_what_is_no_archive_is_told_with_what_to_do(tree: Path, reading: Reading, data: bytes, words: str) -> None:
    (tree / "x.pst").write_bytes(data)
    with pytest.raises(NotAnArchive, match=words) as told:
        open_archive(tree / "x.pst", reading)
    assert told.value.path == tree / "x.pst"


def test_nothing_is_waited_for(tree: Path, reading: Reading) -> None:
    os.mkfifo(tree / "pipe")
    for path, words in [
        (tree / "pipe", "pipe or a device"), (Path("/dev/zero"), "pipe or a device"),
        (tree / "none", "drive connected"), (tree / "file" / "below", "drive connected"),
    ]:  # fmt: skip
        (tree / "file").touch()
        with pytest.raises(NotAnArchive, match=words):
            open_archive(path, reading)


def test_what_may_not_be_read_or_is_held_is_told(tree: Path, reading: Reading, monkeypatch: pytest.MonkeyPatch) -> None:
    (tree / "mail.pst").write_bytes(mbox(1))
    errors = {
        "may not be read": PermissionError(errno.EACCES, "denied"),
        "close Outlook": OSError(errno.EACCES, "held"),
        "Input/output error": OSError(errno.EIO, "Input/output error"),
    }
    errors["close Outlook"].winerror = 32  # type: ignore[attr-defined]  # as Windows says it
    for words, error in errors.items():

        def fail(_path: Path, error: OSError = error) -> None:
            raise error

        monkeypatch.setattr(kinds, "open_regular", fail)
        with pytest.raises(NotAnArchive, match=words):
            open_archive(tree / "mail.pst", reading)


@pytest.mark.parametrize(("kind", "sample", "wrecked"), [("dbx", "", HEADER_SIZE), ("pst", "aspose-sample.pst", 600)])
def test_a_wrecked_beginning_is_told_by_what_lies_behind_it(
    tree: Path, reading: Reading, shared_corpus: Path, kind: str, sample: str, wrecked: int
) -> None:
    whole = (shared_corpus / "archives" / sample).read_bytes() if sample else dbx(1, 2, 3)
    fill(tree, {"x": os.urandom(wrecked) + whole[wrecked:], "noise": os.urandom(1 << 20)})
    for path in (tree / "x", tree / "noise"):
        with pytest.raises(NotAnArchive) as told:
            open_archive(path, reading)
        assert told.value.salvageable is (path.name == "x")
    with pytest.raises(NotAnArchive):
        open_archive(tree / "noise", replace(reading, salvage=True))
    for place in (tree / "x", tree):
        archive = open_archive(place, replace(reading, salvage=True))
        assert archive.kind == (kind if place.name == "x" else "mixed")
        assert keyed(archive)
        archive.close()


def test_every_line_of_the_table_names_what_is_there() -> None:
    for kind in KINDS:
        assert callable(kind.check)
        assert not kind.open_it or callable(kind.opener)


def test_no_reader_is_imported_before_it_is_needed() -> None:
    code = "import sys, connectors.archives.kinds; print([m for m in sys.modules if m.startswith('connectors.olm')])"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "[]"
