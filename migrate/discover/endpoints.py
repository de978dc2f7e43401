"""Looking at servers before anybody signs in: do they answer, what do they offer, is their certificate good."""

from __future__ import annotations

import hashlib
import smtplib
import socket
import ssl
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from threading import Event
from typing import Literal

from cryptography import x509

from connectors.errors import ConnectorError, Fatal, Stopped, Transient, Unavailable, Untrusted
from connectors.imap.looking import look as look_at_imap
from connectors.imap.settings import ImapSettings
from connectors.language import _
from connectors.net.deadline import shut_down_after
from connectors.net.offered import Offered, greeting_text
from connectors.net.verdicts import connection_lost, tls_failed, unreachable
from connectors.pop3.looking import look as look_at_pop3
from connectors.pop3.settings import Pop3Settings
from migrate.discover.candidates import Candidate

#: Seconds for a connection, and for a server's next bytes; for all that an SMTP server says.
_CONNECT, _NEXT, _WHOLE = 5.0, 5.0, 15.0
_AT_ONCE = 12
State = Literal["answers", "closed", "silent", "not-understood"]
Look = Callable[[str | None], Offered]


@dataclass(frozen=True, slots=True)
class Certificate:
    """``fault``: why it is not trusted, empty when it is.  ``fingerprint``: sha256, 64 hexadecimal digits."""

    fault: str
    fingerprint: str
    #: When it ends; None where it cannot be read.
    ends: datetime | None


@dataclass(frozen=True, slots=True)
class Endpoint:
    """What came of a look at a port.  Nobody signed in."""

    candidate: Candidate
    state: State
    greeting: str = ""
    capabilities: tuple[str, ...] = ()
    certificate: Certificate | None = None
    #: Why it does not answer as it should, for people.
    why: str = ""

    @property
    def trusted(self) -> bool:
        return self.state == "answers" and self.certificate is not None and not self.certificate.fault


def look_at_all(
    candidates: Sequence[Candidate], spool: Path, stop: Event, seen: Callable[[int], None] = lambda _count: None
) -> list[Endpoint]:
    """All of them, several at once, in their order; after ``stop`` only those that were under way.

    ``seen`` hears how many are done.
    """
    found: list[Endpoint] = []
    with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="look") as pool:
        for endpoint in pool.map(lambda one: None if stop.is_set() else _look_at(one, spool, stop), candidates):
            if endpoint is not None:
                found.append(endpoint)
            seen(len(found))
    return found


def _look_at(candidate: Candidate, spool: Path, stop: Event) -> Endpoint | None:
    """None when it was stopped."""

    def once(pin: str | None) -> Offered:
        shared = {
            "host": candidate.host, "port": candidate.port, "tls": candidate.tls, "timeout": _NEXT,
            "connect_timeout": _CONNECT, "certificate_pin": pin,
        }  # fmt: skip
        if candidate.protocol == "imap":
            return look_at_imap(ImapSettings.model_validate(shared), spool, stop)
        if candidate.protocol == "pop3":
            return look_at_pop3(Pop3Settings.model_validate(shared), spool, stop)
        return _look_at_smtp(candidate, trust=pin is None)

    try:
        return _judged(candidate, once)
    except Stopped:
        return None
    except Unavailable as error:
        return Endpoint(candidate, "silent" if error.detail == "ETIMEDOUT" else "closed", why=error.what)
    except Transient as error:
        return Endpoint(candidate, "silent", why=error.what)
    except ConnectorError as error:
        if error.detail == "DNS":
            return Endpoint(candidate, "closed", why=_("there is no host of this name"))
        return Endpoint(candidate, "not-understood", why=error.what)


def _judged(candidate: Candidate, once: Look) -> Endpoint:
    """A server whose certificate is not good is listened to all the same: nothing secret is said to it."""
    fault = ""
    try:
        offered = once(None)
    except Untrusted as error:
        fault = error.what
        if not error.fingerprint:
            return Endpoint(candidate, "answers", certificate=Certificate(fault, "", None))
        offered = once(f"sha256:{error.fingerprint}")
    certificate = _certificate(fault, offered.certificate)
    return Endpoint(candidate, "answers", offered.greeting, tuple(sorted(offered.capabilities)), certificate)


def _certificate(fault: str, der: bytes) -> Certificate:
    ends: datetime | None = None
    with suppress(ValueError):
        ends = x509.load_der_x509_certificate(der).not_valid_after_utc
    return Certificate(fault, hashlib.sha256(der).hexdigest() if der else "", ends)


def _look_at_smtp(candidate: Candidate, *, trust: bool) -> Offered:
    """EHLO and QUIT (RFC 5321); raises as the connectors do."""
    context = ssl.create_default_context()
    if not trust:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    # The name of the one who says EHLO is nobody's business (RFC 5321 4.1.3 has an address for who has none).
    server = smtplib.SMTP(local_hostname="[127.0.0.1]", timeout=_CONNECT)
    try:
        server.sock = socket.create_connection((candidate.host, candidate.port), timeout=_CONNECT)
        with shut_down_after(_WHOLE, lambda: server.sock):
            if candidate.tls == "implicit":
                server.sock = context.wrap_socket(server.sock, server_hostname=candidate.host)
            code, greeting = server.getreply()
            if code == 220 and candidate.tls == "starttls":
                server.ehlo()
                if server.docmd("STARTTLS")[0] != 220:
                    raise _not_spoken(candidate, "STARTTLS")
                server.sock = context.wrap_socket(server.sock, server_hostname=candidate.host)
                server.file = None  # what came unprotected counts for nothing
            if code != 220 or server.ehlo()[0] != 250:
                raise _not_spoken(candidate, str(code))
            capabilities = frozenset(f"{name.upper()} {more}".strip() for name, more in server.esmtp_features.items())
            assert isinstance(server.sock, ssl.SSLSocket), "it is protected by now"
            certificate = server.sock.getpeercert(binary_form=True) or b""
            server.docmd("QUIT")
    except smtplib.SMTPException as error:
        raise _not_spoken(candidate, type(error).__name__) from error
    except ssl.SSLCertVerificationError as error:
        verdict = tls_failed(candidate.host, error)
        raise Untrusted(verdict.what, system=candidate.host, fingerprint=_shown(candidate)) from error
    except ssl.SSLError as error:
        raise tls_failed(candidate.host, error) from error
    except (socket.gaierror, ConnectionRefusedError) as error:
        raise unreachable(candidate.host, error) from error
    except OSError as error:
        raise connection_lost(candidate.host, error) from error
    finally:
        server.close()
    return Offered(greeting_text(greeting), capabilities, certificate)


def _not_spoken(candidate: Candidate, detail: str) -> Fatal:
    return Fatal(_("this is no SMTP server that we understand"), system=candidate.host, detail=detail)


def _shown(candidate: Candidate) -> str:
    """The fingerprint of a certificate that is not trusted; empty when it cannot be had."""
    try:
        return hashlib.sha256(_look_at_smtp(candidate, trust=False).certificate).hexdigest()
    except ConnectorError:
        return ""
