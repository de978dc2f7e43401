"""Listings from a cursor: what they tell brings their caller up to date, or they name everything."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors.body import ByteBudget
from connectors.contract import Account, Entry, Folder, Resources, Window
from connectors.imap import changes as changes_module
from connectors.imap import source as source_module
from connectors.imap.changes import Cursor
from connectors.imap.connector import ImapConnector
from connectors.imap.settings import ImapSettings
from connectors.imap.source import ImapSource
from tests.unit.imap.model import BASIC, CONDSTORE, QRESYNC, Model


@contextmanager
def opened(model: Model) -> Iterator[ImapSource]:
    """A source session on the model; its script errors show as a lost connection."""
    with tempfile.TemporaryDirectory() as spool:
        values = ImapSettings(host="127.0.0.1", port=model.port, tls="plain", timeout=5)
        source = ImapConnector(values, Resources(ByteBudget(), Path(spool))).open_source(Account("ann", "x"), Event())
        try:
            yield source
        finally:
            source.close()


class Caller:
    """Keeps what listings told, as a ledger does."""

    def __init__(self, source: ImapSource) -> None:
        self._source = source
        self.known: dict[str, Entry] = {}
        self.cursor: str | None = None

    def list(self) -> list[Window]:
        (folder,) = self._source.folders()
        windows = list(self._source.entries(folder, self.cursor))
        if windows[0].complete:
            self.known = {}
        self.known.update({entry.key: entry for window in windows for entry in window.entries})
        for key in (key for window in windows for key in window.gone):
            self.known.pop(key, None)
        self.cursor = windows[-1].cursor
        return windows

    def flags(self) -> dict[int, set[str]]:
        return {int(key): set(entry.flags or ()) for key, entry in self.known.items()}


def on_server(model: Model) -> dict[int, set[str]]:
    return {message.uid: message.flags for message in model.inbox.messages}


def filled(capabilities: str, count: int = 5) -> Model:
    model = Model(capabilities)
    for number in range(count):
        model.inbox.deliver(b"Subject: %d\r\n\r\n" % number)
    return model


_changes = st.lists(
    st.tuples(st.sampled_from(["deliver", "flags", "expunge", "list", "list", "anew", "reset", "plain", "reconnect"]),
              st.integers(0, 30)),
    max_size=25,
)  # fmt: skip


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(capabilities=st.sampled_from([QRESYNC, CONDSTORE, BASIC]), steps=_changes)
def test_whatever_happens_a_caller_knows_what_is_there(capabilities: str, steps: list[tuple[str, int]]) -> None:
    """Also on a server that forgets its modification sequences, or has none for a time."""
    model = filled(capabilities)
    with model.serving():
        known: dict[str, Entry] = {}
        cursor: str | None = None
        sessions = [opened(model)]
        caller = Caller(sessions[0].__enter__())
        try:
            for what, number in [*steps, ("list", 0)]:
                store = model.inbox
                uids = [message.uid for message in store.messages]
                if what == "deliver":
                    store.deliver(b"Subject: new\r\n\r\n")
                elif what == "flags" and uids:
                    store.set_flags(uids[number % len(uids)], "\\Seen" if number % 2 else "work")
                elif what == "expunge" and uids:
                    store.expunge(uids[number % len(uids)])
                elif what == "anew":
                    store.uidvalidity += 1
                    caller.known, caller.cursor = {}, None  # as the ledger does with another epoch
                elif what == "reset":
                    caller.list()  # what changed since, a number that is the same again would hide from anybody
                    store.modseq, store.gone = 1, []
                    for message in store.messages:
                        message.modseq = 1
                    caller.list()  # once the numbers are as high as before, nobody could tell
                elif what == "plain":
                    store.plain = not store.plain
                elif what == "reconnect":
                    known, cursor = caller.known, caller.cursor
                    sessions[-1].__exit__(None, None, None)
                    sessions.append(opened(model))
                    caller = Caller(sessions[-1].__enter__())
                    caller.known, caller.cursor = known, cursor
                elif what == "list":
                    caller.list()
                    assert caller.flags() == on_server(model)
        finally:
            sessions[-1].__exit__(None, None, None)


def test_a_listing_of_changes_asks_for_new_and_changed_and_names_what_vanished() -> None:
    model = filled(QRESYNC)
    with model.serving(), opened(model) as source:
        caller = Caller(source)
        caller.list()
        model.inbox.set_flags(2, "\\Seen")
        model.inbox.expunge(4)
        model.inbox.deliver(b"new")
        del model.heard[:]
        (window,) = caller.list()
    assert not window.complete
    assert [entry.key for entry in window.entries] == ["2", "6"]
    assert list(window.gone) == ["4"]
    assert [command.partition(" (UID")[0] for command in model.heard[-4:-1]] == [
        'EXAMINE "INBOX"',
        "UID FETCH 6:*",
        "UID FETCH 1:5",
    ]
    assert model.heard[-2].endswith("(CHANGEDSINCE 6 VANISHED)")


def test_without_qresync_a_listing_is_whole_as_soon_as_something_is_missing() -> None:
    model = filled(CONDSTORE)
    with model.serving(), opened(model) as source:
        caller = Caller(source)
        caller.list()
        model.inbox.set_flags(2, "\\Seen")
        assert not caller.list()[0].complete
        model.inbox.expunge(4)
        model.inbox.deliver(b"new")
        assert caller.list()[0].complete
        assert caller.flags() == on_server(model)


@pytest.mark.parametrize("capabilities", [CONDSTORE, QRESYNC])
def test_a_message_that_turns_up_below_the_cursor_is_found(capabilities: str) -> None:
    model = filled(capabilities)
    with model.serving(), opened(model) as source:
        late = model.inbox.messages.pop(2)
        caller = Caller(source)
        caller.list()
        late.modseq = 1
        model.inbox.messages.insert(2, late)
        assert caller.list()[0].complete
        assert caller.flags() == on_server(model)


def test_vanished_messages_that_are_still_counted_are_not_believed() -> None:
    model = filled(QRESYNC)
    with model.serving(), opened(model) as source:
        caller = Caller(source)
        caller.list()
        model.inbox.gone.append((99, 3))
        assert caller.list()[0].gone == ()
        assert caller.flags() == on_server(model)


def test_missing_messages_that_are_not_named_as_vanished_are_looked_for() -> None:
    model = filled(QRESYNC)
    with model.serving(), opened(model) as source:
        caller = Caller(source)
        caller.list()
        model.inbox.expunge(3)
        model.inbox.expunge(4)
        model.inbox.gone.pop()
        assert caller.list()[0].complete
        assert caller.flags() == on_server(model)


@pytest.mark.parametrize("named", ["1:4294967295", "2,", "4294967296", "5:1:2"])
def test_a_set_of_vanished_messages_without_end_or_sense_is_none(named: str) -> None:
    model = filled(QRESYNC)
    with model.serving(), opened(model) as source:
        caller = Caller(source)
        caller.list()
        model.inbox.expunge(3)

        def lie(command: str, said: list[bytes]) -> list[bytes]:
            return [b"* VANISHED (EARLIER) %s\r\n" % named.encode(), *said[1:]] if "VANISHED" in command else said

        model.lie = lie
        assert caller.list()[0].complete
        assert caller.flags() == on_server(model)


def test_many_changes_are_told_by_a_whole_listing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(changes_module, "CHANGES_LIMIT", 4)
    monkeypatch.setattr(source_module, "CHANGES_LIMIT", 4)
    model = filled(QRESYNC)
    with model.serving(), opened(model) as source:
        caller = Caller(source)
        caller.list()
        for uid in (1, 2, 3):
            model.inbox.set_flags(uid, "\\Seen")
        assert not caller.list()[0].complete
        for uid in (1, 2, 3, 4):
            model.inbox.set_flags(uid, "\\Flagged")
        assert caller.list()[0].complete
        assert caller.flags() == on_server(model)


@pytest.mark.parametrize("text", ["", "7:1:5:9", "7:6:0:9", "7:6:5:0", "8:6:5:9", "7:6:5", "7:6:5:x", "x", "7:6:5:9\n"])
def test_what_is_no_cursor_of_this_folder_lists_all(text: str) -> None:
    assert Cursor.parse(text, "7") is None


def test_a_folder_without_modification_sequences_has_no_cursor() -> None:
    model = filled(CONDSTORE)
    model.inbox.plain = True
    with model.serving(), opened(model) as source:
        (folder,) = source.folders()
        assert folder.token is None
        assert list(source.entries(folder, None))[-1].cursor is None
        assert next(iter(source.entries(Folder(folder.path, None, "7"), "7:6:5:3"))).complete
