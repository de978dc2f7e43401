"""Subscriptions travel one by one, as the source has them."""

from __future__ import annotations

import imaplib
from contextlib import closing
from pathlib import Path
from threading import Event

import pytest

from connectors.body import ByteBudget
from connectors.contract import Account, Resources
from connectors.imap.connector import ImapConnector
from connectors.imap.settings import ImapSettings
from migrate.copy.halt import Halt
from migrate.copy.job import Job
from migrate.copy.run import run_pass
from migrate.ledger.store import Ledger
from tests.servers.certificates import Certificates
from tests.servers.courier import running_courier
from tests.servers.dovecot import running_dovecot
from tests.servers.server import ImapServer
from tests.unit.passes.world import EverythingGoes

_FOLDERS = ("Shown", "Hidden", "Shown.Below", "Hidden.Below")


def _fill(connection: imaplib.IMAP4, prefix: str) -> None:
    for name in _FOLDERS:
        assert connection.create(prefix + name)[0] == "OK"
        change = connection.subscribe if name.startswith("Shown") else connection.unsubscribe
        change(prefix + name)
        connection.append(prefix + name, "", '"01-Feb-2024 10:00:00 +0000"', f"Subject: {name}\r\n\r\nx\r\n".encode())


def _subscribed(server: ImapServer, prefix: str) -> set[str]:
    with server.login("ann") as connection:
        lines = [line.decode() for line in connection.lsub()[1] if isinstance(line, bytes)]
    return {line.rpartition(" ")[2].strip('"').removeprefix(prefix) for line in lines} & set(_FOLDERS)


@pytest.mark.parametrize("way", ["Dovecot to Courier", "Courier to Dovecot"])
def test_what_was_hidden_stays_hidden_and_what_was_shown_is_shown(
    certificates: Certificates, tmp_path: Path, way: str
) -> None:
    with running_dovecot(certificates, separator=".") as dovecot, running_courier() as courier:
        sides = [(dovecot, ""), (courier, "INBOX.")]
        (source, prefix), (target, other) = sides if way.startswith("Dovecot") else sides[::-1]
        with source.login("ann") as connection:
            _fill(connection, prefix)
        assert _subscribed(source, prefix) == {"Shown", "Shown.Below"}
        resources = Resources(ByteBudget(), tmp_path)
        account = Account("ann", source.password)
        old, new = (
            ImapConnector(ImapSettings(host="127.0.0.1", port=one.port, tls="plain"), resources)
            for one in (source, target)
        )
        job = Job(
            "ann", "paris", "old", lambda stop: old.open_source(account, stop),
            lambda stop: new.open_target(account, stop), EverythingGoes(), resources,
        )  # fmt: skip
        with closing(Ledger(tmp_path / "ledger.sqlite")) as ledger:
            result = run_pass([job], ledger, Halt())
        assert result.complete
        session = new.open_source(account, Event())
        assert {".".join(folder.path) for folder in session.folders()} >= set(_FOLDERS)
        session.close()
        assert _subscribed(target, other) == {"Shown", "Shown.Below"}
