"""The ledger's tables and tallies on PostgreSQL: the same claims as on SQLite, on a real server."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack
from itertools import count
from threading import Barrier, Thread

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, Engine, create_engine, inspect, make_url, text

from connectors.contract import Reason
from migrate.ledger import counts, mailboxes, messages
from migrate.ledger.schema import REVISION, Direction, MailboxState, Outcome, metadata
from migrate.ledger.upgrade import upgrade
from tests.conftest import _present
from tests.servers.postgresql import running_postgresql
from tests.unit.ledger.pairs import assert_rebuilt_mail_is_paired
from tests.unit.ledger.recount import assert_tallies_hold
from tests.unit.ledger.tally_claims import FORTH, NOW, Box, TallyClaims, filled
from tests.unit.ledger.versions import first_version
from tests.unit.rollout.claims import assert_events_are_only_added, assert_the_last_look_counts

_TEMPLATE = "ledger_template"
_names = (f"ledger{number}" for number in count(1))


class OnPostgreSQL:
    """A ledger's transactions, without what SQLite needs beside them."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def read(self) -> AbstractContextManager[Connection]:
        return self.engine.begin()

    def write(self) -> AbstractContextManager[Connection]:
        return self.engine.begin()


@pytest.fixture(scope="module")
def server() -> Iterator[Engine]:
    """The server, by the database from which others are made; one holds the ledger's tables and nothing else."""
    with ExitStack() as running:
        url = _present(lambda: running.enter_context(running_postgresql()))
        engine = create_engine(url, isolation_level="AUTOCOMMIT")
        running.callback(engine.dispose)
        _create(engine, _TEMPLATE)
        made = create_engine(make_url(url).set(database=_TEMPLATE))
        with made.begin() as connection:
            upgrade(connection)
        made.dispose()
        yield engine


@pytest.fixture
def empty(server: Engine) -> Iterator[Engine]:
    """A database with nothing in it."""
    yield from _database(server, "template1")


@pytest.fixture
def ledger(server: Engine) -> Iterator[OnPostgreSQL]:
    """A new ledger."""
    for engine in _database(server, _TEMPLATE):
        yield OnPostgreSQL(engine)


@pytest.fixture
def box(ledger: OnPostgreSQL) -> Box:
    with ledger.write() as connection:
        return filled(ledger, connection)


def _database(server: Engine, template: str) -> Iterator[Engine]:
    name = next(_names)
    _create(server, name, template)
    engine = create_engine(server.url.set(database=name))
    yield engine
    engine.dispose()


def _create(server: Engine, name: str, template: str = "template1") -> None:
    with server.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name} TEMPLATE {template}"))


class TestTallies(TallyClaims):
    """In PostgreSQL."""


def test_the_migrations_make_the_schema_of_the_code(ledger: OnPostgreSQL) -> None:
    with ledger.read() as connection:
        context = MigrationContext.configure(connection)
        assert compare_metadata(context, metadata) == []
        assert context.get_current_revision() == REVISION
        indexes = {index["name"]: index for index in inspect(connection).get_indexes("message")}
    # Which the schema leaves to the first version, so as not to import this dialect at every start.
    assert indexes["ix_message_object"]["dialect_options"]["postgresql_where"] == "(object_id IS NOT NULL)"


def test_events_are_only_added_and_the_last_look_counts(ledger: OnPostgreSQL) -> None:
    assert_events_are_only_added(ledger)
    assert_the_last_look_counts(ledger)


def test_rebuilt_mail_is_paired(ledger: OnPostgreSQL) -> None:
    assert_rebuilt_mail_is_paired(ledger)


def test_a_ledger_of_the_first_version_is_counted_when_it_is_upgraded(empty: Engine) -> None:
    with empty.begin() as connection:
        first_version(connection)
        connection.execute(text("UPDATE mailbox SET last_error = 'the \"line\" broke'"))
    with empty.begin() as connection:
        upgrade(connection)
        assert_tallies_hold(connection)
        (found,) = counts.tally(connection, [1], FORTH).values()
        (back,) = counts.tally(connection, [1], Direction.BACK).values()
        (row,) = mailboxes.of_site(connection, "paris")
        messages.decide(connection, [(1, Outcome.REFUSED, Reason.TOO_LARGE)], NOW)
        assert_tallies_hold(connection)
    assert (found.outcomes[Outcome.STORED], found.outcomes[Outcome.PENDING], found.gone) == (2, 1, 1)
    assert back.outcomes[Outcome.STORED] == 1
    assert row.last_error == 'the "line" broke'


def test_what_went_wrong_is_kept(box: Box) -> None:
    with box.ledger.write() as connection:
        mailboxes.finish(connection, box.id, MailboxState.INCOMPLETE, NOW, "the line broke")
    with box.ledger.read() as connection:
        (row,) = mailboxes.of_site(connection, "paris")
    assert (row.state, row.last_pass, row.last_error) == (MailboxState.INCOMPLETE, NOW, "the line broke")


def test_two_that_write_at_the_same_time_are_both_counted(box: Box) -> None:
    """Both change the same tallies; on SQLite one waits for the whole of the other."""
    together = Barrier(2, timeout=30)

    def refuse(message: int) -> None:
        for _turn in range(20):
            together.wait()
            with box.ledger.write() as connection:
                messages.decide(connection, [(message, Outcome.REFUSED, Reason.TOO_LARGE)], NOW)
            together.wait()
            with box.ledger.write() as connection:
                messages.decide(connection, [(message, Outcome.PENDING, None)], NOW)

    threads = [Thread(target=refuse, args=(message,)) for message in (1, 2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not any(thread.is_alive() for thread in threads)
    assert box.tally().outcomes[Outcome.PENDING] == 5
