"""Asking a web server that nobody vouches for: over HTTPS with a good certificate, briefly, without a password."""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException, HTTPResponse
from socket import create_connection
from urllib.parse import SplitResult, urljoin, urlsplit

from connectors.language import _
from connectors.net.certificate_faults import certificate_fault
from connectors.net.deadline import shut_down_after
from connectors.os_errors import os_error_text

#: Bytes of an answer, seconds for all of it with its redirects, and redirects.
LONGEST, LIMIT, REDIRECTS = 64 * 1024, 10.0, 3
#: OpenSSL's number for a certificate that does not name the host.
_ANOTHER_NAME = 62
_REDIRECTED = frozenset({301, 302, 303, 307, 308})


class NotFetched(Exception):
    """There is no such answer; the text says why, for people."""


@dataclass(frozen=True, slots=True)
class Web:
    """How servers are reached.  ``place``: the address and port of a host, by its own name and port unless given."""

    context: ssl.SSLContext = field(default_factory=ssl.create_default_context)
    place: Callable[[str, int], tuple[str, int]] = lambda host, port: (host, port)
    limit: float = LIMIT


def fetch(web: Web, url: str, body: bytes | None = None, *, redirects: int = REDIRECTS) -> bytes:
    """The answer to GET, or to POST of ``body`` (XML).  Raises NotFetched.

    A redirect is followed to another HTTPS server only, and so many times.  Nothing but the address asked for and
    ``body`` is sent.
    """
    deadline = time.monotonic() + web.limit
    for _redirect in range(redirects + 1):
        answer = _once(web, urlsplit(url), body, deadline)
        if isinstance(answer, bytes):
            return answer
        if not redirects:
            raise _another_status(answer.status)
        url = urljoin(url, answer.to)
        if urlsplit(url).scheme != "https":
            raise NotFetched(_("it leads to a server that is not protected by TLS, which is not asked."))
    raise NotFetched(_("it leads from one address to the next without end."))


@dataclass(frozen=True, slots=True)
class _Redirect:
    status: int
    to: str


def _once(web: Web, url: SplitResult, body: bytes | None, deadline: float) -> bytes | _Redirect:
    left = deadline - time.monotonic()
    try:
        host, port = url.hostname or "", url.port or 443
        with (
            # What took too long before leaves no time for this one, and that is what it is told as.
            create_connection(web.place(host, port), timeout=max(left, 1e-3)) as plain,
            web.context.wrap_socket(plain, server_hostname=host) as secured,
            shut_down_after(deadline - time.monotonic(), lambda: secured),
        ):
            connection = HTTPConnection(host)
            connection.sock = secured
            target = (url.path or "/") + (f"?{url.query}" if url.query else "")
            headers = {"Connection": "close"} | ({} if body is None else {"Content-Type": "text/xml; charset=utf-8"})
            connection.request("GET" if body is None else "POST", target, body, headers)
            with closing(connection.getresponse()) as response:
                answer = _answer(response)
            # Where the connection was ended from outside, what was read looks whole and is not.
            if time.monotonic() >= deadline:
                raise NotFetched(_("no answer came in time."))
            return answer
    except ssl.SSLCertVerificationError as error:
        if error.verify_code == _ANOTHER_NAME:
            raise NotFetched(_("its certificate is for another name.")) from error
        raise NotFetched(_("its certificate is not good ({cause}).").format(cause=certificate_fault(error))) from error
    except TimeoutError as error:
        raise NotFetched(_("no answer came in time.")) from error
    except (OSError, HTTPException, ValueError) as error:
        if time.monotonic() >= deadline:
            raise NotFetched(_("no answer came in time.")) from error
        if isinstance(error, OSError):
            raise NotFetched(f"{os_error_text(error)}.") from error
        raise NotFetched(_("the server does not speak HTTP.")) from error


def _answer(response: HTTPResponse) -> bytes | _Redirect:
    to = response.getheader("Location")
    if response.status in _REDIRECTED and to:
        return _Redirect(response.status, to)
    if response.status == 401:
        raise NotFetched(_("it asks for a password, which is never sent."))
    if response.status != 200:
        raise _another_status(response.status)
    raw = b""
    while part := response.read1(LONGEST + 1 - len(raw)):
        raw += part
        if len(raw) > LONGEST:
            raise NotFetched(_("its answer is too long to be one."))
    return raw


def _another_status(status: int) -> NotFetched:
    return NotFetched(_("the server answers with status {status}.").format(status=status))
