"""Servers for the acceptance tests.  They stand for all tests of a file; each takes a mailbox of its own on them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack
from itertools import count
from pathlib import Path

import pytest

from tests.acceptance.box import Box
from tests.acceptance.organisation import Organisation, imap, organisation
from tests.acceptance.trap import Snap, Trap, running_trap
from tests.conftest import _entered
from tests.servers.certificates import Certificates
from tests.servers.courier import running_courier
from tests.servers.cyrus import running_cyrus
from tests.servers.dovecot import running_dovecot
from tests.servers.server import ImapServer

_numbers = count(1)

TrapFactory = Callable[..., Trap]
#: The server of this kind that stands for all tests of a file.
Standing = Callable[[str], ImapServer]

KINDS: Mapping[str, Callable[[Certificates], AbstractContextManager[ImapServer]]] = {
    "dovecot": running_dovecot,
    "plain dovecot": lambda certificates: running_dovecot(certificates, capability="IMAP4rev1"),
    "courier": lambda _: running_courier(sessions=100),
    "cyrus": lambda _: running_cyrus(),
    "modern cyrus": lambda _: running_cyrus(modern=True),
}


@pytest.fixture(scope="module")
def old(certificates: Certificates) -> Iterator[ImapServer]:
    """The Dovecot that mail comes from."""
    with ExitStack() as running:
        yield _entered(running, running_dovecot(certificates))


@pytest.fixture(scope="module")
def standing(certificates: Certificates) -> Iterator[Standing]:
    """A server of any of the ``KINDS``, started when it is first asked for."""
    started: dict[str, ImapServer] = {}
    with ExitStack() as running:

        def server(kind: str) -> ImapServer:
            if kind not in started:
                started[kind] = _entered(running, KINDS[kind](certificates))
            return started[kind]

        yield server


@pytest.fixture(scope="module")
def standing_courier(standing: Standing) -> ImapServer:
    return standing("courier")


@pytest.fixture
def user() -> str:
    """A mailbox that no other test has."""
    return f"anna{next(_numbers)}"


@pytest.fixture
def new(request: pytest.FixtureRequest, standing: Standing) -> ImapServer:
    """The server that mail goes to: Dovecot, or the one of ``KINDS`` that the test is parametrised with."""
    return standing(getattr(request, "param", "dovecot"))


@pytest.fixture
def trap() -> Iterator[TrapFactory]:
    with ExitStack() as running:

        def start(to_port: int, snap: Snap | None = None) -> Trap:
            return running.enter_context(running_trap(to_port, snap))

        yield start


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Where an organisation may be written."""
    return tmp_path / "organisation"


@pytest.fixture
def source(old: ImapServer, user: str) -> Box:
    """The mailbox that mail comes from."""
    return Box(old, user)


@pytest.fixture
def target(new: ImapServer, user: str) -> Box:
    """The mailbox that mail goes to."""
    return Box(new, user)


@pytest.fixture
def plan(place: Path, source: Box, target: Box) -> Organisation:
    """From the source, often one of the test's own module, to the target."""
    return organisation(
        place, imap(source.server.port), imap(target.server.port), source_user=source.user, target_user=target.user
    )
