"""The two sessions of a pair leave nothing behind."""

from __future__ import annotations

from threading import Event
from types import SimpleNamespace
from typing import Any, NoReturn, cast

import pytest

from migrate.copy.halt import Halt
from migrate.copy.job import Job
from migrate.copy.sessions import Sessions
from plans import SecretError


class _Session:
    def __init__(self) -> None:
        self.closed = False

    def close(self) -> None:
        self.closed = True

    def abort(self) -> None:
        """Nothing is under way."""


def test_one_side_is_closed_also_when_the_others_secret_cannot_be_had() -> None:
    source, released = _Session(), Event()

    def no_secret(_stop: Event) -> NoReturn:
        raise SecretError("there is no such file")

    def admit(_stop: Event, _wait: bool) -> Any:
        return SimpleNamespace(release=released.set)

    told = SimpleNamespace(mailbox="anna", open_source=lambda _stop: source, open_target=no_secret, admit=admit)
    sessions = Sessions(cast("Job", told), Halt())
    sessions.open_ahead(wait=True)
    with pytest.raises(SecretError):
        _ = sessions.target
    with pytest.raises(SecretError):
        sessions.close()
    assert source.closed
    assert released.is_set()
