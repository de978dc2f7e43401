"""Gmail's labels as folders, on a stand-in that speaks X-GM-EXT-1 as Google documents it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from threading import Event

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.body import SPOOL_OVER, ByteBudget
from connectors.contract import (
    Account,
    Folder,
    Message,
    Reason,
    Resources,
    Role,
    Source,
    Unread,
    foretell_reading,
    label_facts_of,
)
from connectors.imap.connector import ImapConnector
from connectors.imap.labels import Labels, Place
from connectors.imap.settings import ImapSettings
from tests.servers.gmail import Gmail, running_gmail

WHEN = datetime(2024, 2, 29, 12, tzinfo=UTC)
LABELS = Labels(
    {
        Role.INBOX: ("INBOX",), Role.SENT: ("Sent Mail",), Role.DRAFTS: ("Drafts",), Role.JUNK: ("Spam",),
        Role.TRASH: ("Trash",), Role.ARCHIVE: ("All Mail",),
    }
)  # fmt: skip


@pytest.mark.parametrize(
    ("labels", "path"),
    [
        ([b"\\Inbox", b"\\Sent"], ("INBOX",)),
        ([b"\\Sent", b"\\Important"], ("Sent Mail",)),
        ([b"\\Draft"], ("Drafts",)),
        ([], ("All Mail",)),
        ([b"\\Starred", b"\\Unheard"], ("All Mail",)),
        ([b"\\Inbox", b"Zoo"], ("Zoo",)),
        ([b"b", b"A"], ("A",)),
        ([b"A", b"z/y"], ("z", "y")),
        ([b"&AMk-t&AOk-"], ("Été",)),
        ([b"Spam"], ("Spam_",)),
    ],
)
def test_the_deepest_label_then_the_alphabet_then_the_role_decides(labels: list[bytes], path: tuple[str, ...]) -> None:
    assert LABELS.place(labels).path == path


@given(st.lists(st.sampled_from([b"\\Inbox", b"\\Sent", b"\\Draft", b"A", b"a", b"A/b", b"R&-D", b"x y", b"\\Odd"])))
def test_a_place_depends_on_the_labels_alone_and_no_label_of_a_person_is_forgotten(labels: list[bytes]) -> None:
    place = LABELS.place(labels)
    assert LABELS.place(labels[::-1]) == place
    own = set(LABELS.own(labels))
    assert own <= {place.path} | LABELS.further(labels, place)
    assert place.role is None or not own


def test_further_labels_are_keywords() -> None:
    labels = [b"\\Inbox", b"\\Important", b"A", b"&AMk-t&AOk- chaud", b"b(c)"]
    assert LABELS.keywords(labels, Place(("A",), None)) == {"INBOX", "$Important", "Ete_chaud", "b_c_"}


def mail(number: int, size: int = 100) -> bytes:
    head = f"From: b@example.org\r\nSubject: s{number}\r\nMessage-ID: <{number}@example.org>\r\n\r\n".encode()
    return head + b"x" * size + b"\r\n"


@pytest.fixture
def gmail() -> Iterator[Gmail]:
    with running_gmail() as server:
        yield server


def opened(gmail: Gmail, tmp_path: Path) -> Source:
    return connector(gmail, tmp_path).open_source(Account(gmail.user, gmail.password), Event())


def connector(gmail: Gmail, tmp_path: Path) -> ImapConnector:
    settings = ImapSettings.model_validate({"host": "127.0.0.1", "port": gmail.port, "tls": "plain", "timeout": 20})
    return ImapConnector(settings, Resources(ByteBudget(), tmp_path))


def at(source: Source, *path: str) -> Folder:
    return next(folder for folder in source.folders() if folder.path == path)


def keys(source: Source, folder: Folder) -> list[str]:
    return [entry.key for window in source.entries(folder, None) for entry in window.entries]


def test_a_message_is_listed_and_read_once_by_its_own_number(gmail: Gmail, tmp_path: Path) -> None:
    first = gmail.add(mail(1), WHEN, "\\Inbox", "Work", 'odd "name"')
    spam = gmail.add(mail(2, SPOOL_OVER + 5), WHEN, box="\\Junk")
    source = opened(gmail, tmp_path)
    found = {folder.path: keys(source, folder) for folder in source.folders()}
    assert found == {("INBOX",): [], ("Work",): [], ('odd "name"',): [str(first)], ("Spam",): [str(spam)]}
    folder = at(source, "Spam")
    (large,) = source.read(folder, [str(spam)])
    assert isinstance(large, Message)
    assert (large.key, large.object_id, large.body.size) == (str(spam), str(spam), len(gmail.message(spam).data))
    large.body.release()
    assert [headers.key for headers in source.headers(folder, [str(spam)])] == [str(spam)]
    facts = label_facts_of(source)
    assert facts is not None
    assert (facts.messages, facts.several, facts.beside) == (2, 1, {("INBOX",): 1, ("Work",): 1})
    source.close()
    assert gmail.refused == []


def test_a_further_session_reads_without_listing_folders_first(gmail: Gmail, tmp_path: Path) -> None:
    gmail.add(mail(1), WHEN, "Work")
    system = connector(gmail, tmp_path)
    account = Account(gmail.user, gmail.password)
    one, other = system.open_source(account, Event()), system.open_source(account, Event())
    folder = at(one, "Work")
    (key,) = keys(one, folder)
    (message,) = other.read(folder, [key])
    assert isinstance(message, Message)
    message.body.release()
    for session in (one, other):
        session.close()


def test_what_left_its_folder_is_no_longer_told_there(gmail: Gmail, tmp_path: Path) -> None:
    key = str(gmail.add(mail(1), WHEN, "Work"))
    source = opened(gmail, tmp_path)
    work = at(source, "Work")
    assert [entry.key for entry in source.states(work, [key])] == [key]
    gmail.messages[0].labels = {"Home"}
    assert list(source.states(work, [key])) == []
    assert list(source.read(work, ["12"])) == [Unread("12", Reason.GONE)]
    gmail.messages.clear()
    assert list(source.read(work, [key])) == [Unread(key, Reason.GONE)]
    assert keys(source, work) == []
    source.close()


def test_what_is_read_next_may_be_told_although_it_is_of_no_use(gmail: Gmail, tmp_path: Path) -> None:
    """Gmail's keys are no UIDs, and longer."""
    keys_there = [str(gmail.add(mail(number), WHEN, label)) for number, label in enumerate(("Work", "Home"))]
    source = opened(gmail, tmp_path)
    foretell_reading(source, at(source, "Home"), keys_there[1:])
    assert [answer.key for answer in source.read(at(source, "Work"), keys_there[:1])] == keys_there[:1]
    assert [answer.key for answer in source.read(at(source, "Home"), keys_there[1:])] == keys_there[1:]
    source.close()


def test_a_label_that_is_shown_to_nobody_in_imap_is_a_folder_all_the_same(gmail: Gmail, tmp_path: Path) -> None:
    gmail.add(mail(1), WHEN, "Hidden/Deep")
    source = opened(gmail, tmp_path)
    assert len(keys(source, at(source, "Hidden", "Deep"))) == 1
    assert source.capabilities().layout == "labels"
    source.close()
