"""Passes between real servers, through proxies that do harm."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from itertools import count
from pathlib import Path

import pytest

from tests.acceptance.letters import letters
from tests.acceptance.organisation import imap, organisation
from tests.integration.passes import BATCH, MESSAGES, SETTLE, TIMEOUT, Copy
from tests.servers.faults import running_faulty
from tests.servers.mail import seed
from tests.servers.server import ImapServer

_numbers = count(1)


@pytest.fixture
def copying(tmp_path: Path, standing_dovecot: ImapServer) -> Iterator[Callable[..., Copy]]:
    with ExitStack() as running:

        def start(
            *,
            new: ImapServer = standing_dovecot,
            old: ImapServer = standing_dovecot,
            settle: float = SETTLE,
            size: int = 1200,
        ) -> Copy:
            number = next(_numbers)
            mails = letters(MESSAGES, size=size)
            seed(old, f"faults-from-{number}", mails)
            before_old = running.enter_context(running_faulty(old.port))
            before_new = running.enter_context(running_faulty(new.port))
            organisation(
                tmp_path,
                imap(before_old.port, timeout=TIMEOUT),
                imap(before_new.port, timeout=TIMEOUT, batch=BATCH, settle=settle),
                source_user=f"faults-from-{number}",
                target_user=f"faults-to-{number}",
            )
            return Copy(mails, old, new, f"faults-to-{number}", tmp_path, before_old, before_new)

        yield start
