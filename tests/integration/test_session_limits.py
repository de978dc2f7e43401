"""What real servers say when one session more is asked for than they grant."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from threading import Event

import pytest

from connectors.body import ByteBudget
from connectors.contract import Account, Resources, TooManySessions
from connectors.imap.connector import ImapConnector
from connectors.imap.settings import ImapSettings
from connectors.imap.source import ImapSource
from tests.conftest import DovecotFactory, _entered
from tests.servers.courier import running_courier
from tests.servers.server import PASSWORD


def refusal_of(port: int, granted: int, spool: Path) -> TooManySessions:
    """What one session more than granted meets.  Who looked whether the server is up may still count as one."""
    settings = ImapSettings.model_validate({"host": "127.0.0.1", "port": port, "tls": "plain"})
    connector = ImapConnector(settings, Resources(ByteBudget(), spool))
    opened: list[ImapSource] = []
    try:
        with pytest.raises(TooManySessions) as caught:
            _open(connector, opened, granted + 1)
    finally:
        for session in opened:
            session.close()
    assert len(opened) >= granted - 1
    return caught.value


def _open(connector: ImapConnector, opened: list[ImapSource], count: int) -> None:
    for _ in range(count):
        opened.append(connector.open_source(Account("anna", PASSWORD), Event()))
        opened[-1].capabilities()


def test_dovecot_limits_an_account(dovecot: DovecotFactory, tmp_path: Path) -> None:
    assert refusal_of(dovecot(sessions=3).port, 3, tmp_path).of == "account"


def test_courier_limits_an_address(tmp_path: Path) -> None:
    with ExitStack() as stack:
        assert refusal_of(_entered(stack, running_courier(sessions=3)).port, 3, tmp_path).of == "system"
