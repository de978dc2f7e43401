"""Messages of Outlook for Mac's exports, rebuilt with all that the export has of them."""

from __future__ import annotations

import zipfile
from datetime import UTC, datetime
from hashlib import sha256
from io import BytesIO
from pathlib import Path

import pytest

from connectors.archives.contract import Damaged, Nature, NotAnArchive, Reading
from connectors.olm import is_olm, open_olm
from connectors.values import Role
from tests.unit.olm.opened import corpus_olm, everything, only, opened, parsed, written
from tests.unit.olm.writer import MESSAGES, Mail, OlmWriter, element, people, text

PICTURE = bytes(range(256)) * 50


def test_a_message_is_rebuilt_with_its_header(reading: Reading) -> None:
    mail = Mail(
        subject="Réunion de mardi", plain="Bonjour,\nà mardi.\n", message_id="a.b$c@example.org",
        sender=("Anna Berg", "anna@example.org"), to=[("Müller, Hans", "hans@example.org"), ("", "b@example.org")],
        fields={
            "cc": people("OPFMessageCopyCCAddresses", ("", "cc@example.org")),
            "bcc": people("OPFMessageCopyBCCAddresses", ("Hidden", "bcc@example.org")),
            "reply": people("OPFMessageCopyReplyToAddresses", ("Office", "office@example.org")),
            "sender": people("OPFMessageCopySenderAddress", ("Assistant", "assistant@example.org")),
            "references": text("OPFMessageCopyReferences", "<1@example.org> <2@example.org>"),
            "inreplyto": text("OPFMessageCopyInReplyTo", "2@example.org"),
            "OPFMessageGetPriority": text("OPFMessageGetPriority", "1"),
        },
    )  # fmt: skip
    item, message = only(OlmWriter().mail("Inbox", mail), reading)
    assert message["Subject"] == "Réunion de mardi"
    assert message["From"] == "Anna Berg <anna@example.org>"
    assert message["Sender"] == "Assistant <assistant@example.org>"
    assert [str(one) for one in message["To"].addresses] == ['"Müller, Hans" <hans@example.org>', "b@example.org"]
    assert message["Cc"] == "cc@example.org"
    assert message["Bcc"] == "Hidden <bcc@example.org>"
    assert message["Reply-To"] == "Office <office@example.org>"
    assert message["Message-ID"] == "<a.b$c@example.org>"
    assert message["In-Reply-To"] == "<2@example.org>"
    assert message["References"] == "<1@example.org> <2@example.org>"
    assert message["Date"].datetime == datetime(2014, 5, 6, 7, 8, 9, tzinfo=UTC)
    assert message["Importance"] == "high"
    assert message.get_content().splitlines() == ["Bonjour,", "à mardi."]
    assert item.received == datetime(2014, 5, 6, 7, 9, tzinfo=UTC)
    assert (item.nature, item.flags) == (Nature.MAIL, frozenset({"\\Seen"}))


@pytest.mark.parametrize(
    ("fields", "flags"),
    [
        ({"OPFMessageGetIsRead": "0E0"}, set()),
        ({"OPFMessageCopyGetFlagStatus": "1"}, {"\\Seen", "\\Flagged"}),
        ({"OPFMessageCopyGetFlagStatus": "2", "OPFMessageCopyCompletedDateTime": "2015-01-01T00:00:00"}, {"\\Seen"}),
        ({"OPFMessageIsOutgoing": "1E0", "OPFMessageGetWasSent": "0E0"}, {"\\Seen", "\\Draft"}),
        ({"OPFMessageIsOutgoing": "1E0", "OPFMessageGetWasSent": "1E0"}, {"\\Seen"}),
    ],
)
def test_marks_travel(reading: Reading, fields: dict[str, str], flags: set[str]) -> None:
    mail = Mail(fields={name: text(name, value) for name, value in fields.items()})
    assert only(OlmWriter().mail("Inbox", mail), reading)[0].flags == flags


def test_categories_are_labels(reading: Reading) -> None:
    named = [element("category", OPFCategoryCopyName=name) for name in ("Été", "Work", "Été")]
    mail = Mail(fields={"list": element("OPFMessageCopyCategoryList", "".join(named))})
    assert only(OlmWriter().mail("Inbox", mail), reading)[0].labels == {"Été", "Work"}


def test_bodies_are_told_apart_by_what_they_are(reading: Reading) -> None:
    _, both = only(OlmWriter().mail("A", Mail(plain="plain text", html="<html><p>rich</p></html>")), reading)
    assert [part.get_content_type() for part in both.walk()] == ["multipart/alternative", "text/plain", "text/html"]
    _, html = only(OlmWriter().mail("A", Mail(html="<html><p>é</p></html>")), reading)
    assert (html.get_content_type(), html.get_content().strip()) == ("text/html", "<html><p>é</p></html>")
    _, plain = only(OlmWriter().mail("A", Mail(plain="1 < 2 > 0")), reading)
    assert (plain.get_content_type(), plain.get_content().strip()) == ("text/plain", "1 < 2 > 0")
    _, empty = only(OlmWriter().mail("A", Mail()), reading)
    assert (empty.get_content_type(), empty.get_content().strip()) == ("text/plain", "")


def test_attachments_arrive_to_the_byte_and_pictures_in_their_text(reading: Reading) -> None:
    attached = [
        ("logo.png", "image/png", "logo@1", PICTURE), ("Été 2014.pdf", "application/pdf", "", PICTURE[:777]),
        ("empty.txt", "text/plain", "", b""),
    ]  # fmt: skip
    mail = Mail(html='<html><img src="cid:logo@1"></html>', attached=attached)
    _, message = only(OlmWriter().mail("Inbox", mail), reading)
    parts = {part.get_filename(): part for part in message.walk() if part.get_filename()}
    assert {name: part.get_payload(decode=True) for name, part in parts.items()} == {
        "logo.png": PICTURE, "Été 2014.pdf": PICTURE[:777], "empty.txt": b"",
    }  # fmt: skip
    assert parts["logo.png"]["Content-ID"] == "<logo@1>"
    assert parts["logo.png"].get_content_disposition() == "inline"
    assert [part.get_content_type() for part in message.walk()][:3] == [
        "multipart/mixed", "multipart/related", "text/html",
    ]  # fmt: skip


def test_an_attachment_that_is_not_there_is_told(reading: Reading) -> None:
    writer = OlmWriter().mail("Inbox", Mail(attached=[("lost.pdf", "application/pdf", "", b"x")]))
    writer.files = {name: data for name, data in writer.files.items() if "Attachments" not in name}
    with opened(writer, reading) as archive:
        [(folder, item)] = everything(archive)
        assert b"lost.pdf" in written(archive, folder, item.key)
        [problem] = archive.problems()
        assert (problem.code, problem.folder, problem.key) == ("attachment-missing", ("Inbox",), item.key)


def test_an_address_never_leads_out_of_the_export(reading: Reading, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("secret")
    for url in ("../secret", str(tmp_path / "secret"), "..", "", "a" * 5000):
        listed = element("messageAttachment", OPFAttachmentName="a.txt", OPFAttachmentURL=url)
        fields = {"OPFMessageCopyAttachmentList": element("OPFMessageCopyAttachmentList", listed)}
        with opened(OlmWriter().mail("Inbox", Mail(fields=fields)), reading) as archive:
            [(folder, item)] = everything(archive)
            part = next(part for part in parsed(archive, folder, item.key).walk() if part.get_filename() == "a.txt")
            assert part.get_payload(decode=True) == b""


def test_names_that_a_mac_took_apart_are_found(reading: Reading) -> None:
    writer = OlmWriter().mail("Entwürfe", Mail(attached=[("a.txt", "text/plain", "", b"text")]))
    apart = {name.replace("ü", "u\u0308"): data for name, data in writer.files.items()}
    _, message = only(OlmWriter(apart), reading)
    assert [part.get_payload(decode=True) for part in message.walk() if part.get_filename()] == [b"text"]


def test_the_header_it_came_with_is_kept(reading: Reading) -> None:
    fields = ["Received: from a by b", "X-Own: 1", "From: x@example.org", "Subject: as it came", "Content-Type: text/x"]
    head = "\n".join([*fields, "MIME-Version: 1.0"])
    mail = Mail(plain="body", fields={"source": text("OPFMessageCopySource", f"{head}\n\n")})
    _, message = only(OlmWriter().mail("Inbox", mail), reading)
    assert list(message.keys())[:4] == ["Received", "X-Own", "From", "Subject"]
    assert (message["Subject"], message.get_content_type()) == ("as it came", "text/plain")


def test_a_message_that_is_there_as_it_came_is_not_rebuilt(reading: Reading) -> None:
    source = "From: x@example.org\nSubject: s\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\nété\n--b--\n"
    mail = Mail(fields={"source": text("OPFMessageCopySource", source)})
    with opened(OlmWriter().mail("Inbox", mail), reading) as archive:
        [(folder, item)] = everything(archive)
        assert written(archive, folder, item.key) == source.replace("\n", "\r\n").encode()


def test_folders_roles_and_accounts(reading: Reading) -> None:
    one = OlmWriter().mail("Inbox", Mail()).mail("Inbox/Projects/2014", Mail()).mail("Sent Items", Mail())
    one.directories += ["Local/com.microsoft.__Messages/Drafts/", "Local/Calendar/", "Accounts/"]
    with opened(one, reading) as archive:
        found = {folder.path: (folder.role, folder.items) for folder in archive.folders()}
    assert found == {
        ("Drafts",): (Role.DRAFTS, 0), ("Inbox",): (Role.INBOX, 1), ("Sent Items",): (Role.SENT, 1),
        ("Inbox", "Projects", "2014"): (None, 1),
    }  # fmt: skip
    two = OlmWriter().mail("Inbox", Mail()).mail("Inbox", Mail(), root="Accounts/anna@example.org")
    with opened(two, reading) as archive:
        assert {folder.path: folder.role for folder in archive.folders()} == {
            ("On My Computer", "Inbox"): None, ("anna@example.org", "Inbox"): None,
        }  # fmt: skip


def test_keys_outlive_another_export(reading: Reading) -> None:
    mails = [Mail(subject=f"n{number}", message_id=f"{number}@example.org") for number in range(5)]
    drafts = [Mail(subject="x", message_id="", plain="one"), Mail(subject="x", message_id="", plain="two")]
    twins = [mails[0], mails[0]]

    def keys(writer: OlmWriter, name: str) -> dict[str, bytes]:
        with opened(writer, reading, name) as archive:
            return {item.key: written(archive, folder, item.key) for folder, item in everything(archive)}

    first = keys(OlmWriter().mail("Inbox", *mails, *drafts, *twins), "a.olm")
    for mail in mails:
        mail.fields = {"OPFMessageGetIsRead": text("OPFMessageGetIsRead", "0E0"),
                       "OPFMessageCopyModDate": text("OPFMessageCopyModDate", "2024-01-01T00:00:00")}  # fmt: skip
    second = keys(OlmWriter().mail("Inbox", *reversed(drafts), *twins, Mail(subject="new"), *reversed(mails)), "b.olm")
    assert len(first) == 9
    assert first.items() < second.items()


def test_older_versions_named_their_fields_in_a_namespace(reading: Reading) -> None:
    xml = element("emails", Mail(subject="old").xml()).replace(
        "<emails", '<emails xmlns="http://schemas.microsoft.com/outlook/mac/2011"', 1
    )
    assert (
        only(OlmWriter().raw("Local/com.microsoft.__Messages/A/message_00000.xml", xml), reading)[1]["Subject"] == "old"
    )


def test_what_is_no_export_is_said_so(reading: Reading, tmp_path: Path) -> None:
    path = tmp_path / "a.olm"
    with zipfile.ZipFile(path, "w") as out:
        out.writestr("word/document.xml", "<a/>")
    assert not is_olm(path)
    with pytest.raises(NotAnArchive, match="no export of Outlook for Mac"):
        open_olm(path, reading)
    path.write_bytes(path.read_bytes()[:-30])
    assert not is_olm(path)
    with pytest.raises(NotAnArchive, match="cut off"):
        open_olm(path, reading)


def test_the_real_export(shared_corpus: Path, reading: Reading) -> None:
    path = corpus_olm(shared_corpus)
    assert is_olm(path)
    archive = open_olm(path, reading)
    found = everything(archive)
    assert [item.nature for _folder, item in found].count(Nature.MAIL) == 22
    assert [item.nature for _folder, item in found].count(Nature.CONTACT) == 3
    assert {folder.path: folder.role for folder, _ in found if folder.role} == {}
    names = {folder.path for folder in archive.folders()}
    assert {("Inbox",), ("Sent Items",), ("Outlook2 PST", "Inbox", "Custom Folder")} < names
    attached: set[bytes] = set()
    with zipfile.ZipFile(path) as real:
        there = {
            sha256(real.read(name)).digest() for name in real.namelist() if "Attachments/" in name and name[-1] != "/"
        }
    for folder, item in found:
        if item.nature is not Nature.MAIL:
            assert archive.personal_item(folder, item.key).data.startswith(b"BEGIN:VCARD\r\n")
            continue
        message = parsed(archive, folder, item.key)
        assert message["Subject"]
        assert message["From"].addresses
        assert message["Message-ID"]
        for part in message.walk():
            if part.get_filename():
                attached.add(sha256(part.get_payload(decode=True)).digest())
    assert attached == there
    assert not archive.problems()
    contact = next((folder, item.key) for folder, item in found if item.nature is Nature.CONTACT)
    with pytest.raises(KeyError):
        archive.write_message(found[0][0], "no such key", BytesIO())
    with pytest.raises(Damaged):
        archive.write_message(*contact, BytesIO())
    archive.close()
    archive.close()


@pytest.mark.parametrize("accounts", [1, 2])
def test_messages_that_lie_in_no_folder_are_in_one_all_the_same(reading: Reading, accounts: int) -> None:
    writer = OlmWriter().mail("Inbox", Mail(subject="in a folder"))
    loose = element("emails", Mail(subject="in none", message_id="2@example.org").xml(), elementCount="1")
    writer.raw(f"Local/{MESSAGES}/message_00007.xml", loose)
    if accounts == 2:
        writer.mail("Inbox", Mail(message_id="3@example.org"), root="Accounts/anna@example.org")
    with opened(writer, reading) as archive:
        found = {folder.path: parsed(archive, folder, item.key)["Subject"] for folder, item in everything(archive)}
    above = ("On My Computer",) if accounts == 2 else ()
    assert found[(*above, "Messages")] == "in none"
    assert found[(*above, "Inbox")] == "in a folder"
    assert len(found) == accounts + 1
