"""Apple Mail: .emlx files, messages kept in pieces, bundles, and the directories of its versions."""

from __future__ import annotations

import email
import plistlib
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from connectors.contract import Role
from connectors.eml.apple import is_emlx, open_emlx
from connectors.mbox.archive import open_mbox
from tests.unit.archives.looking import codes, folder_of, holdings, items, messages, reading

FROM = b"From anna@example.org Sat Jan  3 01:05:34 1996\n"


def emlx(message: bytes, flags: int | None = 1, received: int | None = 1_500_000_000, *, binary: bool = False) -> bytes:
    told = {"flags": flags, "date-received": received}
    form = plistlib.FMT_BINARY if binary else plistlib.FMT_XML
    data = plistlib.dumps({key: value for key, value in told.items() if value is not None}, fmt=form)
    return b"%-10d\n" % len(message) + message + data


def put(path: Path, data: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


@pytest.mark.parametrize(
    ("name", "flags", "received"),
    [
        ("mikez-plaintext", {"\\Seen", "\\Draft", "$NotJunk"}, 1581000000),
        ("mikez-richtext", {"\\Seen", "\\Draft", "$NotJunk"}, 1617036743),
        ("qq-114862", {"$NotJunk"}, 1516985072),
        ("qq-229417.partial", {"\\Seen"}, 1391457223),
    ],
)
def test_real_files_are_read_as_their_property_lists_say(
    shared_corpus: Path, tmp_path: Path, name: str, flags: set[str], received: int
) -> None:
    path = shared_corpus / "archives" / f"{name}.emlx"
    data = path.read_bytes()
    line, _end, rest = data.partition(b"\n")
    assert is_emlx(path)
    with closing(open_emlx(path, reading(tmp_path))) as archive:
        (item,) = items(archive)
        (found,) = messages(archive)
        assert (item.flags, item.received) == (flags, datetime.fromtimestamp(received, UTC))
        assert found == rest[: rest.index(b"<?xml")]
        # The length in the first line of the partial one was not kept right when it was made anonymous.
        assert (len(found) == int(line)) is ("partial" not in name)
        assert codes(archive) == ({"partial"} if "partial" in name else set())


MAIL = b"Subject: 1\nDate: Wed, 12 Nov 2008 20:50:00 +0300\n\ntext\n"


def only(path: Path, tmp_path: Path) -> tuple[set[str] | None, datetime | None, bytes]:
    with closing(open_emlx(path, reading(tmp_path))) as archive:
        (item,) = items(archive)
        (found,) = messages(archive)
        return None if item.flags is None else set(item.flags), item.received, found


def test_property_lists_of_both_kinds_and_none(tmp_path: Path) -> None:
    when = datetime.fromtimestamp(1_500_000_000, UTC)
    bits = 1 | 1 << 1 | 1 << 2 | 1 << 4 | 1 << 8 | 1 << 24
    flags = {"\\Seen", "\\Deleted", "\\Answered", "\\Flagged", "$Forwarded", "$Junk"}
    for binary in (False, True):
        path = put(tmp_path / "1.emlx", emlx(MAIL, bits, binary=binary))
        assert only(path, tmp_path) == (flags, when, MAIL)
    for broken in (b"", b"<?xml nonsense", b"bplist00\xff\xff"):
        path = put(tmp_path / "1.emlx", b"%d\n" % len(MAIL) + MAIL + broken)
        assert only(path, tmp_path) == (None, datetime(2008, 11, 12, 17, 50, tzinfo=UTC), MAIL)


def test_a_wrong_length_costs_nothing(tmp_path: Path) -> None:
    for wrong in (b"3\n", b"99999\n", b"20\r\n"):
        path = put(tmp_path / "1.emlx", wrong + emlx(MAIL).partition(b"\n")[2])
        assert only(path, tmp_path)[2] == MAIL


PARTIAL = b"""Subject: two attachments
Content-Type: multipart/mixed; boundary="a b"

preamble
--a b
Content-Type: multipart/alternative; boundary=in

--in
Content-Type: text/plain

text
--in
Content-Type: text/html

<p>text</p>
--in--

--a b
Content-Transfer-Encoding: base64
Content-Type: image/png; name=a.png
X-Apple-Content-Length: 138412


--a b
Content-Type: text/x-notes; name=b.txt
X-Apple-Content-Length: 40

--a b--
"""


def test_a_message_in_pieces_is_put_together_again(tmp_path: Path) -> None:
    data = tmp_path / "X.mbox" / "ABC" / "Data"
    put(data / "Messages" / "7.partial.emlx", emlx(PARTIAL))
    picture = bytes(range(256)) * 1000
    put(data / "Attachments" / "7" / "2" / "a.png", picture)
    put(data / "Attachments" / "7" / "2" / ".DS_Store", b"x")
    put(data / "Attachments" / "7" / "3" / "b.txt", b"notes")
    with closing(open_emlx(tmp_path / "X.mbox", reading(tmp_path))) as archive:
        ((found,),) = holdings(archive).values()
        parts = [part for part in email.message_from_bytes(found).walk() if not part.is_multipart()]
        payloads = [part.get_payload(decode=True) for part in parts]
        assert payloads == [b"text", b"<p>text</p>", picture, b"notes"]
        assert [part.get_content_type() for part in parts][2:] == ["image/png", "text/x-notes"]
        assert b"X-Apple-Content-Length" not in found
        assert found.startswith(PARTIAL[: PARTIAL.index(b"Content-Transfer-Encoding")])
        (item,) = items(archive)
        assert item.size is not None
        assert abs(item.size - len(found)) < 0.02 * len(found)
        assert not codes(archive)


def test_a_forwarded_message_in_pieces_is_not_encoded(tmp_path: Path) -> None:
    """RFC 2046 5.2 forbids it."""
    data = tmp_path / "X.mbox"
    inner = b"Subject: inner\n\ninner text\n"
    part = b"--a b\nContent-Type: message/rfc822\nX-Apple-Content-Length: 40\n\n--a b--\n"
    put(data / "Messages" / "7.partial.emlx", emlx(PARTIAL.partition(b"preamble\n")[0] + part))
    put(data / "Attachments" / "7" / "1" / "inner.eml", inner)
    with closing(open_emlx(data, reading(tmp_path))) as archive:
        (found,) = messages(archive)
        (attached,) = email.message_from_bytes(found).get_payload()
        assert attached.get_payload()[0].as_bytes() == inner
        assert inner in found


def test_a_message_whose_attachment_was_never_loaded_is_told(tmp_path: Path) -> None:
    data = tmp_path / "X.mbox"
    put(data / "Messages" / "7.partial.emlx", emlx(PARTIAL))
    put(data / "Attachments" / "7" / "3" / "b.txt", b"notes")
    with closing(open_emlx(data, reading(tmp_path))) as archive:
        (item,) = items(archive)
        (problem,) = archive.problems()
        assert (problem.code, problem.folder, problem.key) == ("partial", ("X",), item.key)
        (found,) = messages(archive)
        assert b"bm90ZXM=" in found
        (data / "Attachments" / "7" / "2").mkdir()
        put(data / "Attachments" / "7" / "2" / "a.png", b"later")
        assert [one.key for one in items(archive)] == [item.key], "it is the same message when it is complete"
        assert not codes(archive)


def mail(number: int) -> bytes:
    return b"Subject: %d\n\nx\n" % number


def test_the_directories_of_all_versions(tmp_path: Path) -> None:
    account = tmp_path / "V10" / "0E1F7A3C-9D2B-4B1E-8C55-3A7B0D4E9F10"
    inner = "1B2C3D4E-1111-2222-3333-444455556666/Data"
    put(account / "INBOX.mbox" / inner / "Messages" / "2.emlx", emlx(mail(2)))
    put(account / "INBOX.mbox" / inner / "3" / "Messages" / "10.emlx", emlx(mail(10)))
    put(account / "INBOX.mbox" / inner / "3" / "Messages" / "9.emlx", emlx(mail(9)))
    put(account / "INBOX.mbox" / inner / "Attachments" / "2" / "2" / "forwarded.emlx", emlx(mail(99)))
    put(account / "Sent Messages.mbox" / "Messages" / "3.emlx", emlx(mail(3)))
    put(account / "Work.mbox" / "Projects.mbox" / inner / "Messages" / "4.emlx", emlx(mail(4)))
    put(account / "Old" / "Letters.mbox" / "Messages" / "5.emlx", emlx(mail(5)))
    put(account / "Export.mbox" / "mbox", FROM + mail(6) + b"\n")
    put(account / "Export.mbox" / "table_of_contents", b"x")
    assert is_emlx(tmp_path / "V10")
    with closing(open_emlx(tmp_path / "V10", reading(tmp_path))) as archive:
        assert holdings(archive) == {
            ("INBOX",): [mail(2), mail(9), mail(10)],
            ("Sent Messages",): [mail(3)],
            ("Work",): [],
            ("Work", "Projects"): [mail(4)],
            ("Old", "Letters"): [mail(5)],
            ("Export",): [mail(6)],
        }
        assert folder_of(archive, "INBOX").role is Role.INBOX
        assert folder_of(archive, "Sent Messages").role is Role.SENT
        key = folder_of(archive, "INBOX").key
        put(account / "Drafts.mbox" / "Messages" / "7.emlx", emlx(mail(7)))
        put(account / "INBOX.mbox" / inner / "4" / "Messages" / "11.emlx", emlx(mail(11)))
        assert folder_of(archive, "INBOX").key == key
        assert len(items(archive, "INBOX")) == 4


def test_an_exported_bundle_alone(tmp_path: Path) -> None:
    bundle = tmp_path / "Letters.mbox"
    put(bundle / "mbox", FROM + mail(6) + b"\n")
    for archive in (open_emlx(bundle, reading(tmp_path)), open_mbox(bundle / "mbox", reading(tmp_path))):
        with closing(archive):
            assert holdings(archive) == {("Letters",): [mail(6)]}


def test_two_bundles_of_one_name_are_two_folders(tmp_path: Path) -> None:
    put(tmp_path / "A.mbox" / "mbox", FROM + mail(1) + b"\n")
    put(tmp_path / "A.mbox" / "Messages" / "2.emlx", emlx(mail(2)))
    put(tmp_path / "A.mbox" / "strange.pst", b"x")
    with closing(open_emlx(tmp_path, reading(tmp_path))) as archive:
        assert holdings(archive) == {("A",): [mail(2)], ("A_",): [mail(1)]}
        assert codes(archive) == {"other-files"}
