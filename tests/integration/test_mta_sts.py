"""An MTA-STS policy is fetched over HTTPS as senders do: by its name, with a good certificate, without detours."""

from __future__ import annotations

import http.server
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from migrate.dns.facts import Policy
from migrate.dns.fetching import Web
from migrate.dns.policy import fetch_policy

_TEXT = "version: STSv1\nmode: enforce\nmx: mail.example.org\nmax_age: 86400\n"
_Answer = Callable[[http.server.BaseHTTPRequestHandler], None]


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate for ``mta-sts.example.org``, which is its own authority, and its key."""
    folder = tmp_path_factory.mktemp("mta-sts")
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    subprocess.run(
        [
            "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
            "-days", "2", "-subj", "/CN=mta-sts.example.org",
            "-addext", "subjectAltName=DNS:mta-sts.example.org",
            "-keyout", key, "-out", certificate,
        ],
        check=True, capture_output=True,
    )  # fmt: skip
    return certificate, key


@contextmanager
def _serving(
    certificate: tuple[Path, Path], answer: _Answer, *, limit: float = 10.0
) -> Iterator[Callable[[str], Policy]]:
    """Fetches policies there, in any domain's name."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            answer(self)

        def log_message(self, *_arguments: object) -> None:
            pass

    server_side = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server_side.load_cert_chain(*certificate)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.socket = server_side.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        trusting = ssl.create_default_context(cafile=str(certificate[0]))
        web = Web(trusting, lambda _host, _port: ("127.0.0.1", server.server_port), limit)
        try:
            yield lambda domain: fetch_policy(domain, web)
        finally:
            server.shutdown()
            thread.join()


def _policy(request: http.server.BaseHTTPRequestHandler) -> None:
    right = (request.path, request.headers["Host"]) == ("/.well-known/mta-sts.txt", "mta-sts.example.org")
    request.send_response(200 if right else 404)
    request.end_headers()
    request.wfile.write(_TEXT.encode())


def test_a_policy_is_fetched_whole(certificate: tuple[Path, Path]) -> None:
    with _serving(certificate, _policy) as fetch:
        assert fetch("example.org") == Policy(_TEXT)


def test_a_certificate_for_another_name_is_not_good(certificate: tuple[Path, Path]) -> None:
    with _serving(certificate, _policy) as fetch:
        policy = fetch("example.net")
    assert policy == Policy(None, "its certificate is for another name.")


@pytest.mark.parametrize("status", [301, 404, 500])
def test_another_answer_than_200_does_not_count(certificate: tuple[Path, Path], status: int) -> None:
    def answer(request: http.server.BaseHTTPRequestHandler) -> None:
        request.send_response(status)
        request.send_header("Location", "https://mta-sts.example.org/.well-known/mta-sts.txt")
        request.end_headers()

    with _serving(certificate, answer) as fetch:
        policy = fetch("example.org")
    assert (policy.text, str(status) in policy.error) == (None, True)


def test_a_policy_without_end_is_none(certificate: tuple[Path, Path]) -> None:
    def answer(request: http.server.BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.end_headers()
        request.wfile.write(b"x" * 200_000)

    with _serving(certificate, answer) as fetch:
        policy = fetch("example.org")
    assert (policy.text, "too long" in policy.error) == (None, True)


def test_a_server_that_says_its_headers_one_by_one_is_not_listened_to_for_ever(certificate: tuple[Path, Path]) -> None:
    def answer(request: http.server.BaseHTTPRequestHandler) -> None:
        with suppress(OSError):
            for number in range(100):
                request.wfile.write(f"X-{number}: x\r\n".encode() if number else b"HTTP/1.1 200 OK\r\n")
                time.sleep(0.05)

    with _serving(certificate, answer, limit=0.3) as fetch:
        began = time.monotonic()
        assert fetch("example.org") == Policy(None, "no answer came in time.")
    assert time.monotonic() - began < 3


def test_nobody_there_is_told(certificate: tuple[Path, Path]) -> None:
    with _serving(certificate, _policy) as fetch:
        pass
    assert fetch("example.org").text is None
