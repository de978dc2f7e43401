"""Files that Outlook and others made: no oracle finds more in them, and where one tells something else, it errs.

Where that is so is counted here and explained in docs/archives.md.
"""

from __future__ import annotations

import email
from collections import Counter
from datetime import UTC, datetime
from email.header import decode_header, make_header
from email.message import Message
from email.utils import parseaddr, parsedate_to_datetime
from io import BytesIO
from pathlib import Path

import pytest

from connectors.archives.contract import Nature
from connectors.pst.archive import PstArchive
from connectors.values import Role
from tests.pst_writer.oracles import by_libpff, by_readpst
from tests.unit.pst.conftest import Opener
from tests.unit.pst.reading import listed

SAMPLES = (
    "aleph-testPST", "aspose-Outlook_1", "aspose-SampleContacts1", "aspose-sample", "aspose-search", "aspose-source",
    "gopst-32-bit-ansi", "hht-alpha-beta", "hht-contacts", "hht-contacts97-2002-ansi", "jlp-dist-list",
    "jlp-passworded", "ms-Empty",
)  # fmt: skip
#: Subjects that libpff tells otherwise: it takes the Japanese of an ANSI file for Western European.
MISREAD_BY_LIBPFF = {"hht-contacts97-2002-ansi": 1}
#: Mails that readpst writes without a date, for they have no header of their own, and without a sender who is there.
UNDATED_BY_READPST = {"aspose-Outlook_1": 2, "aspose-source": 2, "aspose-search": 1, "hht-alpha-beta": 1}
INVENTED_BY_READPST = {"aspose-search": 1, "hht-alpha-beta": 1}


def test_every_sample_is_tried(shared_corpus: Path) -> None:
    assert sorted(path.stem for path in (shared_corpus / "archives").glob("*.pst")) == sorted(SAMPLES)


@pytest.mark.parametrize("name", SAMPLES)
def test_no_oracle_finds_more_items_and_no_property_is_unreadable(
    name: str, shared_corpus: Path, opened: Opener
) -> None:
    path = shared_corpus / "archives" / f"{name}.pst"
    archive = opened(path)
    items = listed(archive)
    assert len(items) >= max(len(by_libpff(path)), len(by_readpst(path)))
    assert len({item.key for _folder, item in items}) == len(items)
    assert sum(folder.items or 0 for folder in archive.folders()) == len(items)
    for _folder, item in items:
        _read_all(archive, item.key)
    assert archive.problems() == []


def _read_all(archive: PstArchive, key: str) -> None:
    item = archive.item(key)
    bags = [item.properties, *item.recipients(), *(one.properties for one in item.attachments())]
    for bag in bags:
        for identifier in bag.identifiers():
            bag.get(identifier)
            assert bag.size(identifier) is not None


@pytest.mark.parametrize("name", SAMPLES)
def test_subject_sender_date_and_attachments_are_those_that_libpff_finds(
    name: str, shared_corpus: Path, opened: Opener
) -> None:
    path = shared_corpus / "archives" / f"{name}.pst"
    archive = opened(path)
    ours = Counter(_as_libpff(archive, item.key) for _folder, item in listed(archive))
    theirs = Counter(
        (one.subject, one.sender, one.submitted, len(one.attachments))
        for one in by_libpff(path)
        if one.attachments is not None
    )
    assert sum((theirs - ours).values()) == MISREAD_BY_LIBPFF.get(name, 0)


def _as_libpff(archive: PstArchive, key: str) -> tuple[object, ...]:
    item = archive.item(key)
    get = item.properties.get
    return get(0x37) or "", get(0x0C1A), get(0x39), len(list(item.attachments()))


@pytest.mark.parametrize("name", SAMPLES)
def test_subject_sender_and_date_of_mail_are_those_that_readpst_writes(
    name: str, shared_corpus: Path, opened: Opener
) -> None:
    path = shared_corpus / "archives" / f"{name}.pst"
    archive = opened(path)
    mails = [(folder, item.key) for folder, item in listed(archive) if item.nature is Nature.MAIL]
    ours = {}
    for folder, key in mails:
        out = BytesIO()
        archive.write_message(folder, key, out)
        subject, sender, date = _fields(email.message_from_bytes(out.getvalue()))
        ours[subject, sender, date] = True
    undated = invented = 0
    for subject, sender, date in (_fields(one) for one in by_readpst(path) if one["Subject"]):
        matching = [told for told in ours if told[0] == subject]
        if sender == "mailer-daemon":
            invented += 1
            assert all(told[1] == "" for told in matching)
        else:
            matching = [told for told in matching if told[1] == sender]
        undated += date is None
        assert any(date is None or told[2] == date for told in matching), subject
    assert undated == UNDATED_BY_READPST.get(name, 0)
    assert invented == INVENTED_BY_READPST.get(name, 0)


def _fields(message: Message) -> tuple[str, str, datetime | None]:
    """Subject, sender's address, and when it was sent."""
    subject = " ".join(str(make_header(decode_header(str(message["Subject"] or "")))).split())
    sender = parseaddr(str(message["From"] or ""))[1].lower()
    date = parsedate_to_datetime(message["Date"]).astimezone(UTC) if message["Date"] else None
    return subject, sender, date


def test_folders_have_their_names_and_roles(shared_corpus: Path, opened: Opener) -> None:
    archive = opened(shared_corpus / "archives" / "aspose-Outlook_1.pst")
    roles = {folder.path: folder.role for folder in archive.folders() if folder.role is not None}
    assert roles == {
        ("Deleted Items",): Role.TRASH,
        ("Inbox",): Role.INBOX,
        ("Sent Items",): Role.SENT,
        ("Drafts",): Role.DRAFTS,
        ("Junk E-mail",): Role.JUNK,
    }
    counted = {folder.path: folder.items for folder in archive.folders() if folder.items}
    assert counted == {
        ("Inbox",): 8, ("Sent Items",): 6, ("Calendar",): 1, ("Contacts",): 1, ("Lost and Found", "Freebusy Data"): 1,
    }  # fmt: skip
    natures = Counter(item.nature for _folder, item in listed(archive))
    assert natures == {Nature.MAIL: 14, Nature.APPOINTMENT: 1, Nature.CONTACT: 1, Nature.OTHER: 1}


def test_mail_beside_the_folders_lies_in_a_folder_of_the_files_name(shared_corpus: Path, opened: Opener) -> None:
    archive = opened(shared_corpus / "archives" / "aleph-testPST.pst")
    assert [(folder.path, folder.items) for folder in archive.folders()] == [
        (("Début du fichier de données Outlook",), 6),
        (("Éléments supprimés",), 0),
    ]


def test_an_ansi_file_is_read_in_its_own_language(shared_corpus: Path, opened: Opener) -> None:
    archive = opened(shared_corpus / "archives" / "hht-contacts97-2002-ansi.pst")
    assert [folder.path for folder in archive.folders()] == [("削除済みアイテム",), ("連絡先 (Contact dedicated)",)]
    [(_folder, item)] = listed(archive)
    assert archive.item(item.key).properties.get(0x37) == "コム ドット イグザンプル 殿"


def test_a_password_is_not_asked_for(shared_corpus: Path, opened: Opener) -> None:
    """It is a checksum that Outlook compares; nothing is enciphered by it ([MS-PST] 4.2)."""
    archive = opened(shared_corpus / "archives" / "jlp-passworded.pst")
    assert Counter(item.nature for _folder, item in listed(archive)) == {
        Nature.LIST: 1, Nature.CONTACT: 1, Nature.OTHER: 1,
    }  # fmt: skip


def test_copies_of_one_store_share_identity_and_epoch(shared_corpus: Path, opened: Opener) -> None:
    first = opened(shared_corpus / "archives" / "aspose-Outlook_1.pst")
    second = opened(shared_corpus / "archives" / "aspose-source.pst")
    assert first.identity == second.identity == first.epoch == second.epoch == "1b58bd4df3d3784fab15d7a887f6f538"
    assert {item.key for _folder, item in listed(first)} == {item.key for _folder, item in listed(second)}
