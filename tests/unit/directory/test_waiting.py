"""Mailboxes are waited for, also while the target cannot be asked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from threading import Event

import pytest

from connectors.errors import AuthFailed, ConnectorError, Transient
from migrate.directory import waiting
from migrate.directory.waiting import wait_for_mailboxes
from tests.unit.directory.test_applying import Scripted


class _Slow(Scripted):
    """Each look sees one more mailbox, or what it is told to raise."""

    def __init__(self, *errors: ConnectorError | None) -> None:
        super().__init__()
        self._errors = list(errors)
        self._there: list[str] = []

    def ready(self, users: Iterable[str]) -> Mapping[str, bool]:
        if self._errors and (error := self._errors.pop(0)) is not None:
            raise error
        self._there.append(min(set(users) - set(self._there)))
        return {user: user in self._there for user in users}


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "LOOK", 0.0)


def test_a_target_that_cannot_be_asked_for_a_while_is_asked_again() -> None:
    heard: list[tuple[int, bool]] = []
    directory = _Slow(None, Transient("away"), Transient("away"))
    late = wait_for_mailboxes(directory, ["a", "b"], Event(), lambda n, error: heard.append((n, error is None)))
    assert (late, heard) == ([], [(1, True), (1, False), (1, False), (0, True)])


def test_what_does_not_pass_ends_it() -> None:
    with pytest.raises(AuthFailed):
        wait_for_mailboxes(_Slow(AuthFailed("no")), ["a"], Event(), lambda *_heard: None)


def test_stopped_it_says_who_is_missing() -> None:
    stop = Event()
    assert wait_for_mailboxes(_Slow(), ["a", "b"], stop, lambda *_heard: stop.set()) == ["b"]
    assert wait_for_mailboxes(_Slow(), [], Event(), lambda *_heard: None) == []
