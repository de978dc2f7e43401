"""Fixtures for every kind of test: real servers on loopback, a proxy before them, the shared corpus."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from typing import NoReturn, TypeVar

import pytest

from connectors import language
from migrate.cli import help_language
from tests.servers.certificates import Certificates, make_certificates
from tests.servers.courier import running_courier
from tests.servers.cyrus import running_cyrus
from tests.servers.dovecot import find_dovecot, running_dovecot
from tests.servers.exchange import Exchange, running_exchange
from tests.servers.google import GoogleForTests, google_for_tests
from tests.servers.microsoft import MicrosoftStandIn, running_microsoft
from tests.servers.process import ServerMissing
from tests.servers.proxy import Proxy, running_proxy
from tests.servers.server import ImapServer

#: Starts a Dovecot with the options of :func:`tests.servers.dovecot.running_dovecot`; it ends with the test.
DovecotFactory = Callable[..., ImapServer]
#: Starts a Cyrus with the options of :func:`tests.servers.cyrus.running_cyrus`; it ends with the test.
CyrusFactory = Callable[..., ImapServer]
#: Puts a proxy before a port, with the options of :func:`tests.servers.proxy.running_proxy`; it ends with the test.
ProxyFactory = Callable[..., Proxy]

Present = TypeVar("Present")


def pytest_configure(config: pytest.Config) -> None:
    # A shell starts what runs in the background with SIGINT ignored, and commands would inherit that: tests of Ctrl-C
    # would wait for ever.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    config.addinivalue_line("markers", "nightly: slow; run by make nightly and left out of make test")


@pytest.fixture(autouse=True)
def english(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each test begins in English, whatever the machine or the test before it spoke."""
    for name in ("LANGUAGE", "LC_ALL", "LC_MESSAGES"):
        monkeypatch.setenv(name, "C.UTF-8")
    monkeypatch.setattr(language, "_spoken", language._Spoken())
    # A command that was run in this process may have left its help in French.
    for one, text in help_language._english.items():
        one.help = text


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    _present(find_dovecot)  # whose package brings the openssl command
    return make_certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture
def dovecot(certificates: Certificates) -> Iterator[DovecotFactory]:
    with ExitStack() as running:

        def start(**options: object) -> ImapServer:
            return _entered(running, running_dovecot(certificates, **options))  # type: ignore[arg-type]  # passed on

        yield start


@pytest.fixture
def dovecot_pair(dovecot: DovecotFactory) -> tuple[ImapServer, ImapServer]:
    """Source and target."""
    return dovecot(), dovecot()


@pytest.fixture(scope="module")
def standing_dovecot(certificates: Certificates) -> Iterator[ImapServer]:
    """One Dovecot for all tests of a file; every test takes user names of its own.

    No server stands for longer: which files follow each other in a process is different each time, and no test may
    pass or fail by what those before it left there.
    """
    with ExitStack() as running:
        yield _entered(running, running_dovecot(certificates))


@pytest.fixture(scope="module")
def exchange(certificates: Certificates) -> Iterator[Exchange]:
    """One Microsoft 365 for all tests of a file, its mail in a Dovecot; every test takes mailboxes of its own."""
    with ExitStack() as running:
        yield _entered(running, running_exchange(certificates))


@pytest.fixture(scope="module")
def standing_courier() -> Iterator[ImapServer]:
    """As ``standing_dovecot``."""
    with ExitStack() as running:
        yield _entered(running, running_courier(sessions=100))


@pytest.fixture
def courier() -> Iterator[ImapServer]:
    with ExitStack() as running:
        yield _entered(running, running_courier())


@pytest.fixture
def cyrus() -> Iterator[CyrusFactory]:
    with ExitStack() as running:

        def start(**options: object) -> ImapServer:
            return _entered(running, running_cyrus(**options))  # type: ignore[arg-type]  # passed on

        yield start


@pytest.fixture(scope="module")
def standing_microsoft() -> Iterator[MicrosoftStandIn]:
    """One stand-in for all tests of a file; every test takes addresses and applications of its own."""
    with running_microsoft() as stand_in:
        yield stand_in


@pytest.fixture
def own_authorities(monkeypatch: pytest.MonkeyPatch) -> None:
    """msal trusts the certificate that it is told: either variable would take its place."""
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def microsoft(standing_microsoft: MicrosoftStandIn, own_authorities: None) -> Iterator[MicrosoftStandIn]:
    """``standing_microsoft`` without trouble, at its usual manners, with counts at zero."""
    standing_microsoft.control("reset")
    yield standing_microsoft
    standing_microsoft.control("reset")


@pytest.fixture
def proxy() -> Iterator[ProxyFactory]:
    with ExitStack() as running:

        def start(to_port: int, **options: object) -> Proxy:
            return running.enter_context(running_proxy(to_port, **options))  # type: ignore[arg-type]  # passed on

        yield start


@pytest.fixture(scope="module")
def standing_google(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GoogleForTests]:
    """One stand-in of Google for all tests of a file; every test takes users of its own, by way of ``google``."""
    with google_for_tests(tmp_path_factory.mktemp("google")) as google:
        yield google


@pytest.fixture
def google(standing_google: GoogleForTests) -> Iterator[GoogleForTests]:
    """The standing stand-in without faults, with the manners of its start, before and after."""
    standing_google.fresh()
    yield standing_google
    standing_google.fresh()


@pytest.fixture(scope="session")
def shared_corpus() -> Path:
    """The folder of test messages (``eml/``) and archives (``archives/``) that lies beside the checkout."""
    beside = Path(__file__).parents[2] / "shared"
    corpus = Path(os.environ.get("BASCULE_SHARED", beside)) / "corpus"
    if not corpus.is_dir():
        _missing(f"the corpus of test messages is not at {corpus}; BASCULE_SHARED names the folder that holds it")
    return corpus


def _entered(running: ExitStack, server: AbstractContextManager[ImapServer]) -> ImapServer:
    return _present(lambda: running.enter_context(server))


def _present(get: Callable[[], Present]) -> Present:
    try:
        return get()
    except ServerMissing as missing:
        _missing(str(missing))


def _missing(what: str) -> NoReturn:
    """Skip for a person, fail in CI: there nothing may be left out unseen."""
    if os.environ.get("CI"):
        pytest.fail(what)
    pytest.skip(what)
