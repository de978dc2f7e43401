"""Old mail into a group: what is certain is done or tried again, what is not certain is told."""

from __future__ import annotations

from pathlib import Path
from threading import Event

import pytest

from connectors.archives.contract import Reading
from connectors.archives.kinds import open_archive
from connectors.errors import AuthFailed, ConnectorError, Transient
from migrate.directory.contract import NotTaken
from migrate.directory.google.archive import _code_in
from migrate.directory.group_archive import Journal, Put, Unsure, put_all


class Scripted:
    """A group's conversations; by number of the call, the error that it ends with."""

    most = 1 << 20

    def __init__(self, errors: dict[int, list[ConnectorError]] | None = None) -> None:
        self.errors = errors or {}
        self.there: list[bytes] = []

    def put(self, group: str, message: bytes) -> None:
        waiting = self.errors.get(int(message[9:10]))
        if waiting:
            error = waiting.pop(0)
            if isinstance(error, Unsure):
                self.there.append(message)
            raise error
        self.there.append(message)


@pytest.fixture
def mail(tmp_path: Path) -> Path:
    folder = tmp_path / "mail"
    folder.mkdir()
    for number in range(3):
        (folder / f"{number}.eml").write_bytes(b"Subject: %d\n\nx\n" % number)
    (tmp_path / "spool").mkdir()
    return folder


def _run(mail: Path, into: Scripted, *, again: bool = False, stop: Event | None = None) -> list[Put]:
    journal = Journal(mail.parent / "journal.jsonl")
    archive = open_archive(mail, Reading(mail.parent / "spool"))
    try:
        return list(put_all(archive, "g@a.example", into, journal, stop or Event(), again=again))
    finally:
        archive.close()


def _states(made: list[Put]) -> list[str]:
    return sorted(one.state for one in made)


def test_messages_go_with_the_line_ends_of_the_wire_and_once(mail: Path) -> None:
    into = Scripted()
    assert _states(_run(mail, into)) == ["put"] * 3
    assert sorted(into.there) == [b"Subject: %d\r\n\r\nx\r\n" % number for number in range(3)]
    again = _run(mail, into)
    assert (_states(again), {one.already for one in again}, len(into.there)) == (["put"] * 3, {True}, 3)


def test_a_lost_answer_is_told_and_sent_again_only_when_asked_for(mail: Path) -> None:
    into = Scripted({1: [Unsure("lost")]})
    assert _states(_run(mail, into)) == ["put", "put", "uncertain"]
    assert _states(_run(mail, into)) == ["put", "put", "uncertain"]
    assert len(into.there) == 3
    assert _states(_run(mail, into, again=True)) == ["put"] * 3
    assert len(into.there) == 4


def test_what_was_refused_is_tried_again_by_the_next_run(mail: Path) -> None:
    into = Scripted({0: [NotTaken("no")]})
    assert _states(_run(mail, into)) == ["put", "put", "refused"]
    assert _states(_run(mail, into)) == ["put"] * 3


@pytest.mark.parametrize("error", [AuthFailed("no right"), Transient("busy", retry_after=0)])
def test_what_ends_a_run_leaves_nothing_uncertain(mail: Path, error: ConnectorError) -> None:
    into = Scripted({1: [error] * 8})
    with pytest.raises(type(error)):
        _run(mail, into)
    into.errors.clear()
    assert _states(_run(mail, into)) == ["put"] * 3
    assert len(into.there) == 3


def test_a_run_that_is_stopped_while_it_waits_leaves_nothing_uncertain(mail: Path) -> None:
    stop = Event()

    class Stopping(Scripted):
        def put(self, group: str, message: bytes) -> None:
            stop.set()
            raise Transient("busy", retry_after=60)

    assert _run(mail, Stopping(), stop=stop) == []
    assert _states(_run(mail, Scripted())) == ["put"] * 3


def test_half_a_line_of_the_journal_is_what_was_said_before_it(mail: Path) -> None:
    into = Scripted()
    _run(mail, into)
    journal = mail.parent / "journal.jsonl"
    journal.write_text(journal.read_text()[:-4])
    assert _states(_run(mail, into)) == ["put", "put", "uncertain"]


def test_an_answer_that_cannot_be_read_leaves_it_open_whether_the_message_arrived() -> None:
    assert _code_in(b'{"responseCode": "SUCCESS"}', "google") == "SUCCESS"
    for content in (b"", b"<html>", b"[]", b"{}"):
        with pytest.raises(Unsure):
            _code_in(content, "google")
