from __future__ import annotations

import sqlite3
from pathlib import Path
from threading import Thread

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import create_engine, select, text

from migrate.ledger import mailboxes, store
from migrate.ledger.filesystem import is_on_network
from migrate.ledger.schema import REVISION, mailbox, metadata
from migrate.ledger.store import Ledger, LedgerError
from tests.unit.ledger.versions import upgrade


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ledger.sqlite"


def test_the_migrations_make_the_schema_of_the_code(path: Path) -> None:
    ledger = Ledger(path)
    with ledger.read() as connection:
        differences = compare_metadata(MigrationContext.configure(connection), metadata)
        revision = MigrationContext.configure(connection).get_current_revision()
    ledger.close()
    assert differences == []
    assert revision == REVISION


def test_what_went_wrong_before_errors_were_worded_anew_stays_as_it_was_said(path: Path) -> None:
    engine = create_engine(f"sqlite:///{path}")
    with engine.begin() as connection:
        upgrade(connection, "0002")
        connection.execute(
            text(
                "INSERT INTO mailbox (id, name, site, state, lock_token, last_error)"
                " VALUES (1, 'anna', 'paris', 'incomplete', 0, :said), (2, 'bruno', 'paris', 'copied', 0, NULL)"
            ),
            {"said": '127.0.0.1: "{0}" étaient là'},
        )
    engine.dispose()
    ledger = Ledger(path)
    with ledger.read() as connection:
        found = mailboxes.of_site(connection, "paris")
    ledger.close()
    assert [row.last_error for row in found] == ['127.0.0.1: "{0}" étaient là', None]


def test_commits_are_on_disk_when_they_return(path: Path) -> None:
    ledger = Ledger(path)
    with ledger.read() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2
    ledger.close()


def test_a_transaction_that_raises_leaves_nothing(path: Path) -> None:
    ledger = Ledger(path)

    def fail() -> None:
        with ledger.write() as connection:
            mailboxes.get_or_create(connection, "anna@example.org", "paris")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    with ledger.read() as connection:
        assert connection.execute(select(mailbox)).all() == []
    ledger.close()


def test_a_ledger_of_a_newer_version_is_refused(path: Path) -> None:
    Ledger(path).close()
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    with pytest.raises(LedgerError, match=r"newer version of bascule \(its schema is 9999\)\. Update bascule\."):
        Ledger(path)


def test_a_file_that_is_no_ledger_is_named(path: Path) -> None:
    path.write_bytes(b"not a database, certainly not one" * 100)
    with pytest.raises(LedgerError, match=r"ledger\.sqlite is no ledger\. Move the file away"):
        Ledger(path)


def test_a_ledger_that_stays_locked_is_told(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "_BUSY_SECONDS", 0.05)
    ledger = Ledger(path)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(LedgerError, match="stays locked by another program"), ledger.write():
        pass
    other.close()
    ledger.close()


def test_an_error_tells_neither_statement_nor_values(path: Path) -> None:
    ledger = Ledger(path)
    with pytest.raises(LedgerError) as caught, ledger.write() as connection:
        connection.exec_driver_sql("SELECT secret FROM nowhere")
    assert "secret" not in str(caught.value)
    ledger.close()


def test_writers_of_one_process_queue(path: Path) -> None:
    ledger = Ledger(path)

    def write(number: int) -> None:
        for turn in range(20):
            with ledger.write() as connection:
                mailboxes.get_or_create(connection, f"{number}-{turn}@example.org", "paris")

    threads = [Thread(target=write, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    with ledger.read() as connection:
        assert len(mailboxes.of_site(connection, "paris")) == 80
    ledger.close()


@pytest.mark.parametrize(
    ("kind", "expected"), [("ext4", False), ("nfs4", True), ("cifs", True), ("fuse.sshfs", True), ("tmpfs", False)]
)
def test_network_file_systems_are_known(tmp_path: Path, kind: str, expected: bool) -> None:
    mounts = tmp_path / "mountinfo"
    mounts.write_text(
        f"22 1 8:1 / / rw - ext4 /dev/sda1 rw\n40 22 0:50 / {tmp_path} rw,relatime shared:1 - {kind} there rw\n"
    )
    assert is_on_network(tmp_path, mounts) is expected
    assert is_on_network(tmp_path / "deeper", mounts) is expected


def test_a_ledger_on_a_network_file_system_is_refused(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "is_on_network", lambda _folder: True)
    with pytest.raises(LedgerError, match="is on a network file system"):
        Ledger(path)


def test_a_ledger_that_cannot_be_made_is_let_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its disk may be taken away then."""

    def full(_connection: object) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr("migrate.ledger.upgrade.upgrade", full)
    with pytest.raises(LedgerError) as caught:
        Ledger(tmp_path / "ledger.sqlite")
    assert caught.value.__traceback__ is not None, "which still holds what failed"
    opened = {str(one.readlink()) for one in Path("/proc/self/fd").iterdir() if one.is_symlink()}
    assert not [one for one in opened if one.startswith(str(tmp_path))]
