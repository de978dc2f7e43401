"""Google Takeout: labels in the account's language, and each message once."""

from __future__ import annotations

import base64
import email.header
import mailbox
import re
from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.archives.contract import NotAnArchive
from connectors.contract import Role
from connectors.mbox.takeout import is_takeout, open_takeout
from connectors.mbox.takeout_labels import WORDS, Word, decoded, labels_of, language_of, read
from tests.unit.archives.looking import codes, folder_of, holdings, items, reading


def stored(number: int, labels: str | None, body: str = "text") -> bytes:
    header = f"X-GM-THRID: {number}\r\n"
    if labels is not None:
        plain = labels if labels.isascii() else "=?UTF-8?B?" + base64.b64encode(labels.encode()).decode() + "?="
        header += f"X-Gmail-Labels: {plain}\r\n"
    return f"From {number}@xxx Tue Mar 19 09:13:51 +0000 2019\r\n{header}".encode() + mail(number, body) + b"\r\n"


def mail(number: int, body: str = "text") -> bytes:
    return f"Received: x; Tue, 19 Mar 2019 02:13:51 -0700\r\nSubject: {number}\r\n\r\n{body}\r\n".encode()


def export(path: Path, *labels: str | None) -> Path:
    path.write_bytes(b"".join(stored(number, told) for number, told in enumerate(labels)))
    return path


def test_the_real_export_is_read_as_its_headers_say(shared_corpus: Path, tmp_path: Path) -> None:
    path = shared_corpus / "archives" / "gyb-takeout.mbox"
    assert is_takeout(path)
    assert not is_takeout(path.with_name("gyb-sample.mbox"))
    box = mailbox.mbox(path, create=False)
    labels = Counter[str]()
    for one in box:
        told = str(email.header.make_header(email.header.decode_header(one["X-Gmail-Labels"].replace("\r\n", ""))))
        labels.update({label for label in ("Inbox", "Unread", "Starred", "takeout") if label in told})
    box.close()
    with closing(open_takeout(path, reading(tmp_path))) as archive:
        found = holdings(archive)
        listed = [item for folder in archive.folders() for item in archive.items(folder)]
        flags = Counter(flag for item in listed for flag in item.flags or ())
        assert sum(map(len, found.values())) == len(listed) == 39
        assert flags["\\Seen"] == 39 - labels["Unread"]
        assert flags["\\Flagged"] == labels["Starred"]
        assert labels["Inbox"] == flags["INBOX"] + len(found["INBOX",])
        deepest = ("X", "@s-itsolution.cz (2011-2015)", "Procesy", "Resource Man. (PLAKA,CLARA2)")
        (item,) = items(archive, *deepest)
        assert item.labels == {"1.Organizační"}
        assert item.received is not None
        assert item.received.isoformat() == "2019-03-14T02:12:17+00:00"
        for data in (data for some in found.values() for data in some):
            assert not re.search(rb"^X-(GM-THRID|Gmail-Labels):", data, re.MULTILINE | re.IGNORECASE)
        assert not codes(archive)


SYSTEM = {
    "en": (
        "Inbox", "Sent", "Drafts", "Trash", "Spam", "Archived", "Unread", "Opened", "Starred", "Important",
        "Category Social",
    ),
    "fr": (
        "Boîte de réception", "Messages envoyés", "Brouillons", "Corbeille", "Spam", "Archivés", "Non lus", "Ouvert",
        "Suivis", "Important", "Catégorie : Réseaux sociaux",
    ),
    "de": (
        "Posteingang", "Gesendet", "Entwürfe", "Papierkorb", "Spam", "Archiviert", "Ungelesen", "Geöffnet", "Markiert",
        "Wichtig", "Kategorie: Soziale Netzwerke",
    ),
    "es": (
        "Recibidos", "Enviados", "Borradores", "Papelera", "Spam", "Archivados", "No leídos", "Abierto", "Destacados",
        "Importante", "Categoría: Social",
    ),
    "it": (
        "Posta in arrivo", "Inviati", "Bozze", "Cestino", "Spam", "Archiviati", "Da leggere", "Aperti", "Speciali",
        "Importanti", "Categoria: Social",
    ),
    "nl": (
        "Postvak IN", "Verzonden", "Concepten", "Prullenbak", "Spam", "Gearchiveerd", "Ongelezen", "Geopend",
        "Met ster", "Belangrijk", "Categorie: Sociaal",
    ),
    "pt": (
        "Caixa de entrada", "Enviados", "Rascunhos", "Lixeira", "Spam", "Arquivados", "Não lidos", "Aberto",
        "Com estrela", "Importante", "Categoria: Social",
    ),
}  # fmt: skip


@pytest.mark.parametrize("language", SYSTEM)
def test_labels_of_the_system_are_known_in_every_language(tmp_path: Path, language: str) -> None:
    inbox, sent, draft, trash, spam, archived, unread, opened, starred, important, category = SYSTEM[language]
    path = export(
        tmp_path / "x.mbox",
        f"{inbox},{important},{opened},{category}",
        f"{sent},{opened}",
        f"{draft},{unread}",
        f"{trash},{inbox}",
        f"{spam},{unread},Projekt",
        f"{archived},{starred}",
        f"{inbox},Projekt/Ä,Projekt,{unread}",
    )
    with closing(open_takeout(path, reading(tmp_path))) as archive:
        found = {
            folder.path: (folder.role, list(archive.items(folder))) for folder in archive.folders() if folder.items
        }
        assert {path: role for path, (role, _items) in found.items()} == {
            ("INBOX",): Role.INBOX, ("Sent Mail",): Role.SENT, ("Drafts",): Role.DRAFTS, ("Trash",): Role.TRASH,
            ("Spam",): Role.JUNK, ("All Mail",): Role.ARCHIVE, ("Projekt", "Ä"): None,
        }  # fmt: skip
        flags = {path[-1]: items[0].flags for path, (_role, items) in found.items()}
        assert flags == {
            "INBOX": {"\\Seen", "$Important"}, "Sent Mail": {"\\Seen"}, "Drafts": {"\\Draft"},
            "Trash": {"\\Seen"},
            "Spam": {"Projekt"}, "All Mail": {"\\Seen", "\\Flagged"}, "Ä": {"INBOX", "Projekt"},
        }  # fmt: skip
        assert found["INBOX",][1][0].labels == {category}
        assert found["Projekt", "Ä"][1][0].labels == {"INBOX", "Projekt"}


def test_a_label_that_is_a_word_of_another_language_is_its_persons(tmp_path: Path) -> None:
    path = export(tmp_path / "x.mbox", "Inbox,Opened,Abierto", "Sent,Ungelesen,Opened", "Unread,Archived")
    with closing(open_takeout(path, reading(tmp_path))) as archive:
        assert {path: len(some) for path, some in holdings(archive).items()} == {
            ("INBOX",): 0, ("Abierto",): 1, ("Ungelesen",): 1, ("All Mail",): 1,
        }  # fmt: skip


def test_an_export_is_known_by_its_sender_when_its_first_message_has_no_labels(tmp_path: Path) -> None:
    path = tmp_path / "x.mbox"
    path.write_bytes(
        b"From 1628424719502045299@xxx Tue Mar 19 09:13:51 +0000 2019\r\n" + mail(1) + stored(2, "Inbox,Unread")
    )
    assert is_takeout(path)


def test_a_language_that_is_not_known_is_told_and_loses_nothing(tmp_path: Path) -> None:
    path = export(tmp_path / "x.mbox", "受信トレイ,未読", "送信済み", None)
    with closing(open_takeout(path, reading(tmp_path))) as archive:
        assert sum(map(len, holdings(archive).values())) == 3
        assert {item.flags for folder in archive.folders() for item in archive.items(folder)} == {None}
        assert codes(archive) == {"unknown-language"}


def test_a_message_in_the_files_of_several_labels_is_listed_once(tmp_path: Path) -> None:
    place = tmp_path / "Takeout" / "Mail"
    place.mkdir(parents=True)
    (tmp_path / "Takeout" / "archive_browser.html").touch()
    one, two, twin = stored(1, "Inbox,A"), stored(2, "Inbox,B"), stored(3, "Inbox,A,B")
    (place / "A.mbox").write_bytes(one + twin + twin)
    (place / "B.mbox").write_bytes(two + twin)
    (place / "Inbox.mbox").write_bytes(one + two + twin + twin)
    assert is_takeout(tmp_path / "Takeout")
    with closing(open_takeout(tmp_path / "Takeout", reading(tmp_path))) as archive:
        assert holdings(archive) == {("INBOX",): [], ("A",): [mail(1), mail(3), mail(3)], ("B",): [mail(2)]}
        before = {item.key for folder in archive.folders() for item in archive.items(folder)}
        token = archive.token()
        assert archive.token() == token
        (place / "A.mbox").unlink()
        assert {item.key for folder in archive.folders() for item in archive.items(folder)} == before
        assert archive.token() != token
        with pytest.raises(KeyError):
            archive.header(folder_of(archive, "A"), "00" * 16)
    with pytest.raises(NotAnArchive):
        open_takeout(tmp_path / "Takeout" / "archive_browser.html", reading(tmp_path))


def test_a_file_that_is_damaged_at_its_beginning_loses_no_more_than_that(tmp_path: Path) -> None:
    place = tmp_path / "Takeout"
    place.mkdir()
    (place / "A.mbox").write_bytes(stored(1, "Inbox") + stored(2, "A"))
    (place / "B.mbox").write_bytes(b"\0" * 4096 + b"\n" + stored(3, "B") + stored(1, "Inbox"))
    with closing(open_takeout(place, reading(tmp_path))) as archive:
        assert {path: len(some) for path, some in holdings(archive).items()} == {("INBOX",): 1, ("A",): 1, ("B",): 1}
        assert codes(archive) == {"no-message"}


def test_an_export_that_is_gone_has_no_empty_folders(tmp_path: Path) -> None:
    for path in (export(tmp_path / "x.mbox", "Inbox"), tmp_path / "Takeout"):
        if not path.exists():
            path.mkdir()
            export(path / "y.mbox", "Inbox")
        with closing(open_takeout(path, reading(tmp_path))) as archive:
            assert list(holdings(archive)) == [("INBOX",)]
            path.rename(tmp_path / "elsewhere")
            for ask in (archive.folders, archive.token):
                with pytest.raises(FileNotFoundError):
                    list(ask())
        (tmp_path / "elsewhere").rename(tmp_path / f"was-{path.name}")


def test_labels_are_no_part_of_a_messages_name(tmp_path: Path) -> None:
    """The same mailbox exported a month later, when somebody had read and moved its mail."""
    earlier, later = export(tmp_path / "1.mbox", "Inbox,Unread"), export(tmp_path / "2.mbox", "Archived,Opened,Done")
    with (
        closing(open_takeout(earlier, reading(tmp_path))) as one,
        closing(open_takeout(later, reading(tmp_path))) as two,
    ):
        assert [item.key for item in items(one, "INBOX")] == [item.key for item in items(two, "Done")]
        assert folder_of(two, "Done").items == 1


def test_chats_and_keywords_have_their_place(tmp_path: Path) -> None:
    path = export(
        tmp_path / "x.mbox", "Chat,Opened", "Inbox,IMAP_$Forwarded,IMAP_a(b,Opened", "Inbox,Opened,INBOX/Bills"
    )
    with closing(open_takeout(path, reading(tmp_path))) as archive:
        assert {path: len(some) for path, some in holdings(archive).items()} == {
            ("INBOX",): 1, ("Chats",): 1, ("INBOX", "Bills"): 1,
        }  # fmt: skip
        assert items(archive, "INBOX")[0].flags == {"\\Seen", "$Forwarded"}


@pytest.mark.parametrize(
    ("value", "labels"),
    [
        (b"Inbox,Unread", ["Inbox", "Unread"]),
        (b'a,"b, c/d",e', ["a", "b, c/d", "e"]),
        (b"=?UTF-8?Q?Archived,=E2=98=AF,\\'single-quote,takeout?=", ["Archived", "☯", "'single-quote", "takeout"]),
        (b"=?UTF-8?Q?Bo=C3=AEte_de_r=C3=A9ception?=", ["Boîte de réception"]),
        (b"=?UTF-8?B?w4k=?= =?UTF-8?B?dMOp?=,x", ["Été", "x"]),
        (b"=?UTF-8?Q?=C3?= =?UTF-8?Q?=A9?=", ["é"]),
        (b"=?nonsense?Q?a?=,=?UTF-8?B?*?=", ["a"]),
        ("Été,x".encode(), ["Été", "x"]),
        (b'"open,quote', ["open,quote"]),
        (b" , ,", []),
    ],
)
def test_labels_are_taken_apart(value: bytes, labels: list[str]) -> None:
    assert labels_of(value) == labels


@given(st.binary(max_size=60))
def test_any_value_is_some_labels(value: bytes) -> None:
    for language in (None, "fr"):
        told = read(labels_of(value + b"," + value), language)
        assert all(told.labelled.own)
    decoded(value).encode("utf-8", "strict")


def test_no_word_of_a_language_has_two_meanings() -> None:
    for language, words in WORDS.items():
        forms = [form.casefold() for some in words.values() for form in some]
        assert len(forms) == len(set(forms)), language
        assert set(words) == set(Word)
        assert language_of(form for some in words.values() for form in some) == language
