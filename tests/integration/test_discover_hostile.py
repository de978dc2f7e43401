"""A domain's servers are asked over real TLS; wrong, silent and hostile ones cost a bounded time, and no password."""

from __future__ import annotations

import http.server
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from threading import Event

import pytest

from migrate.discover.candidates import Candidate
from migrate.discover.endpoints import look_at_all
from migrate.discover.told import parse_autoconfig, parse_autodiscover
from migrate.dns.fetching import LONGEST, NotFetched, Web, fetch
from tests.conftest import _present
from tests.servers.certificates import Certificates
from tests.servers.courier import running_courier
from tests.unit.discover.test_told import AUTOCONFIG, AUTODISCOVER

_Answer = Callable[[http.server.BaseHTTPRequestHandler], None]
_URL = "https://localhost/mail/config-v1.1.xml?emailaddress=postmaster%40example.org"


@contextmanager
def serving(certificates: Certificates, answer: _Answer, *, limit: float = 5.0) -> Iterator[Web]:
    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.0"

        def do_GET(self) -> None:
            answer(self)

        def do_POST(self) -> None:
            answer(self)

        def log_message(self, *_arguments: object) -> None:
            pass

    class Server(http.server.ThreadingHTTPServer):
        def handle_error(self, *_arguments: object) -> None:
            pass  # the client hangs up on purpose

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates.certificate, certificates.key)
    with Server(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        trusting = ssl.create_default_context(cafile=str(certificates.authority))
        try:
            yield Web(trusting, lambda _host, _port: ("127.0.0.1", server.server_port), limit)
        finally:
            server.shutdown()
            thread.join()


def _say(body: bytes, status: int = 200, **headers: str) -> _Answer:
    def answer(request: http.server.BaseHTTPRequestHandler) -> None:
        request.send_response(status)
        for name, value in headers.items():
            request.send_header(name, value)
        request.end_headers()
        request.wfile.write(body)

    return answer


def _refused(web: Web, url: str = _URL) -> str:
    with pytest.raises(NotFetched) as refused:
        fetch(web, url)
    return str(refused.value)


def test_pages_are_fetched_over_tls_and_no_password_is_sent(certificates: Certificates) -> None:
    asked: list[tuple[str, str, dict[str, str], bytes]] = []

    def answer(request: http.server.BaseHTTPRequestHandler) -> None:
        body = request.rfile.read(int(request.headers.get("Content-Length", 0)))
        asked.append((request.command, request.path, {k.lower(): v for k, v in request.headers.items()}, body))
        _say(AUTODISCOVER if request.command == "POST" else AUTOCONFIG)(request)

    with serving(certificates, answer) as web:
        assert parse_autoconfig(fetch(web, _URL), "example.org")
        assert parse_autodiscover(fetch(web, "https://localhost/autodiscover/autodiscover.xml", b"<x/>")).servers
    assert [(one[0], one[3]) for one in asked] == [("GET", b""), ("POST", b"<x/>")]
    assert asked[0][1].endswith("?emailaddress=postmaster%40example.org")
    for one in asked:
        assert not {"authorization", "cookie"} & set(one[2])


def test_what_is_no_answer_is_told_as_what_it_is(certificates: Certificates) -> None:
    for answer, told in (
        (_say(b"", 404), "404"),
        (_say(b"", 401), "password"),
        (_say(b"x" * (LONGEST + 1)), "too long"),
        (_say(b"", 302, Location="/again"), "without end"),
        (_say(b"", 302, Location="http://localhost/plain"), "not protected"),
        (_say(b"", 302, Location="https://localhost:99999/"), "HTTP"),
    ):
        with serving(certificates, answer) as web:
            assert told in _refused(web)


def test_a_redirect_to_another_protected_server_is_followed(certificates: Certificates) -> None:
    def answer(request: http.server.BaseHTTPRequestHandler) -> None:
        moved = request.path.startswith("/mail")
        _say(b"", 302, Location="https://localhost/there")(request) if moved else _say(AUTOCONFIG)(request)

    with serving(certificates, answer) as web:
        assert fetch(web, _URL) == AUTOCONFIG


def test_a_certificate_that_is_not_good_ends_it(certificates: Certificates) -> None:
    with serving(certificates, _say(AUTOCONFIG)) as web:
        assert "certificate" in _refused(web, "https://other.example/")
        assert "certificate" in _refused(Web(place=web.place))


def test_a_server_that_drips_or_is_silent_is_left_in_time(certificates: Certificates) -> None:
    over = Event()

    def dripping(request: http.server.BaseHTTPRequestHandler) -> None:
        try:
            request.wfile.write(b"HTTP/1.0 200 OK\r\n")
            while not over.wait(0.1):
                request.wfile.write(b"X: y\r\n")
                request.wfile.flush()
        except OSError:
            pass  # it was left, which is what is wanted

    for answer in (dripping, lambda _request: over.wait(20)):
        with serving(certificates, answer, limit=1.0) as web:  # type: ignore[arg-type]  # what it returns is nobody's
            began = time.monotonic()
            assert "in time" in _refused(web)
            assert time.monotonic() - began < 10
    over.set()


@contextmanager
def speaking(talk: Callable[[socket.socket], None]) -> Iterator[int]:
    """A port on which ``talk`` meets each caller."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def accept() -> None:
            while True:
                try:
                    caller, _address = listening.accept()
                except OSError:
                    return
                threading.Thread(target=meet, args=(caller,), daemon=True).start()

        def meet(caller: socket.socket) -> None:
            with caller, suppress(OSError):  # the caller has left
                talk(caller)

        threading.Thread(target=accept, daemon=True).start()
        yield listening.getsockname()[1]
        listening.shutdown(socket.SHUT_RDWR)


def test_mail_servers_that_are_none_cost_a_bounded_time_and_hear_no_password(tmp_path: Path) -> None:
    heard: list[bytes] = []
    over = Event()

    def flooding(caller: socket.socket) -> None:
        while not over.is_set():
            caller.sendall(b"* OK " + b"x" * 65_536)

    def listening(greeting: bytes) -> Callable[[socket.socket], None]:
        def talk(caller: socket.socket) -> None:
            caller.sendall(greeting)
            while data := caller.recv(4096):
                heard.append(data)
                caller.sendall(b"* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\nB1 OK\r\n" if b"CAPA" in data else b"500 no\r\n")

        return talk

    def silent(_caller: socket.socket) -> None:
        over.wait(30)

    with (
        speaking(flooding) as flood, speaking(silent) as quiet, speaking(listening(b"* OK hello\r\n")) as plain,
        speaking(listening(b"220 hello\r\n")) as mta, speaking(listening(b"SSH-2.0-x\r\n")) as ssh,
    ):  # fmt: skip
        wanted = [
            Candidate("imap", "127.0.0.1", flood, "starttls", "srv"),
            Candidate("imap", "127.0.0.1", quiet, "starttls", "srv"),
            Candidate("imap", "127.0.0.1", plain, "starttls", "srv"),
            Candidate("smtp", "127.0.0.1", mta, "starttls", "srv"),
            Candidate("smtp", "127.0.0.1", quiet, "implicit", "srv"),
            Candidate("pop3", "127.0.0.1", ssh, "starttls", "srv"),
            Candidate("imap", "no-such-host.invalid", 993, "implicit", "srv"),
        ]
        began = time.monotonic()
        found = look_at_all(wanted, tmp_path, Event())
        took = time.monotonic() - began
        over.set()
    states = [one.state for one in found]
    assert states == ["silent", "silent", "not-understood", "not-understood", "silent", "not-understood", "closed"]
    assert took < 40
    assert not any(word in b" ".join(heard).upper() for word in (b"LOGIN", b"AUTHENTICATE", b"PASS", b"USER"))


def test_a_stop_leaves_what_was_not_begun(tmp_path: Path) -> None:
    stop = Event()
    stop.set()
    assert look_at_all([Candidate("imap", "127.0.0.1", 9, "implicit", "srv")], tmp_path, stop) == []


def test_courier_without_tls_is_not_spoken_to_unprotected(tmp_path: Path) -> None:
    with ExitStack() as running:
        courier = _present(lambda: running.enter_context(running_courier()))
        (found,) = look_at_all([Candidate("imap", "127.0.0.1", courier.port, "starttls", "srv")], tmp_path, Event())
    assert (found.state, "STARTTLS" in found.why, found.certificate) == ("not-understood", True, None)
