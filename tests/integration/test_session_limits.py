"""What real servers say when one session more is asked for than they grant."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from threading import Event

import pytest

from connectors.body import ByteBudget
from connectors.contract import Account, Resources, TooManySessions
from connectors.imap import ImapConnector, ImapSettings
from tests.conftest import DovecotFactory, _entered
from tests.servers.courier import running_courier
from tests.servers.server import PASSWORD


def refusal_of(port: int, granted: int, spool: Path) -> TooManySessions:
    """What one session more than granted meets.  Who looked whether the server is up may still count as one."""
    settings = ImapSettings.model_validate({"host": "127.0.0.1", "port": port, "tls": "plain"})
    connector = ImapConnector(settings, Resources(ByteBudget(), spool))
    opened = 0
    with ExitStack() as sessions, pytest.raises(TooManySessions) as caught:
        for _ in range(granted + 1):
            session = connector.open_source(Account("anna", PASSWORD), Event())
            sessions.callback(session.close)
            session.capabilities()
            opened += 1
    assert opened >= granted - 1
    return caught.value


def test_dovecot_limits_an_account(dovecot: DovecotFactory, tmp_path: Path) -> None:
    assert refusal_of(dovecot(sessions=3).port, 3, tmp_path).of == "account"


def test_courier_limits_an_address(tmp_path: Path) -> None:
    with ExitStack() as stack:
        assert refusal_of(_entered(stack, running_courier(sessions=3)).port, 3, tmp_path).of == "system"
