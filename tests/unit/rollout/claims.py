"""Claims about the record that hold on every database."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Protocol

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.exc import DatabaseError

from migrate.ledger import events, observations
from migrate.ledger.events import Event, Overtaken
from migrate.ledger.observations import Observed
from migrate.ledger.store import LedgerError


class Transactions(Protocol):
    def read(self) -> AbstractContextManager[Connection]: ...
    def write(self) -> AbstractContextManager[Connection]: ...


def assert_events_are_only_added(ledger: Transactions) -> None:
    """Also by whoever writes SQL by hand; and who decided on an older state is refused."""
    first = Event("site", "lyon", "advance", "Karim", 1.5, "assess", "prepare", note="é", detail={"unmet": ["go"]})
    with ledger.write() as connection:
        events.add(connection, first, 0)
    for statement in ("UPDATE event SET who = 'nobody'", "DELETE FROM event"):
        with pytest.raises((DatabaseError, LedgerError)), ledger.write() as connection:
            connection.execute(text(statement))
    with pytest.raises(Overtaken), ledger.write() as connection:
        events.add(connection, Event("site", "nice", "advance", "Karim", 2.5), 0)
    with ledger.write() as connection:
        events.add(connection, Event("site", "nice", "advance", "Karim", 2.5), events.newest(connection))
    with ledger.read() as connection:
        found = events.every(connection)
    assert [(one.subject, one.who, one.at, one.note, one.detail) for one in found] == [
        ("lyon", "Karim", 1.5, "é", {"unmet": ["go"]}),
        ("nice", "Karim", 2.5, None, {}),
    ]


def assert_the_last_look_counts(ledger: Transactions) -> None:
    """Part by part; of a part that nobody looked at again nothing changes."""
    with ledger.write() as connection:
        seen = {"anna": Observed(True, 1.0, "check"), "bruno": Observed(False, 1.0, "check", {"why": "é"})}
        observations.keep(connection, "site", "lyon", "accounts", seen)
        observations.keep(connection, "site", "nice", "accounts", {"anna": Observed(False, 1.0, "check")})
        observations.keep(connection, "site", "lyon", "accounts", {"anna": Observed(False, 2.0, "check")})
    with ledger.read() as connection:
        assert observations.of(connection, "site", "lyon", "accounts") == {
            "anna": Observed(False, 2.0, "check"),
            "bruno": Observed(False, 1.0, "check", {"why": "é"}),
        }
        assert observations.every(connection)["site", "nice"]["accounts"]["anna"].good is False
    with ledger.write() as connection:
        observations.keep(connection, "site", "lyon", "accounts", {"carla": Observed(True, 3.0, "check")}, whole=True)
    with ledger.read() as connection:
        assert set(observations.of(connection, "site", "lyon", "accounts")) == {"carla"}
        assert set(observations.of(connection, "site", "nice", "accounts")) == {"anna"}
