"""Fetching an MTA-STS policy as senders do (RFC 8461, section 3.3)."""

from __future__ import annotations

import ssl
import time
from http.client import HTTPConnection, HTTPException, HTTPResponse
from socket import create_connection

from connectors.language import _
from connectors.net.certificate_faults import certificate_fault
from connectors.os_errors import os_error_text
from migrate.dns.facts import Policy

#: Bytes of a policy: RFC 8461, section 3.2, lets senders stop there.
_LONGEST = 64 * 1024
#: Seconds for all of it.
_LIMIT = 10.0
#: OpenSSL's number for a certificate that does not name the host.
_ANOTHER_NAME = 62


def fetch_policy(domain: str, *, context: ssl.SSLContext | None = None, place: tuple[str, int] | None = None) -> Policy:
    """The policy of ``domain``, fetched from its own host, or from ``place`` (an address and a port) in its name.

    No redirect is followed, and the certificate must be good: whatever else is there does not count for senders either.
    """
    host = f"mta-sts.{domain}"
    deadline = time.monotonic() + _LIMIT
    context = context or ssl.create_default_context()
    try:
        with (
            create_connection(place or (host, 443), timeout=_LIMIT) as plain,
            context.wrap_socket(plain, server_hostname=host) as secured,
        ):
            connection = HTTPConnection(host)
            connection.sock = secured
            connection.request("GET", "/.well-known/mta-sts.txt")
            response = connection.getresponse()
            if response.status != 200:
                return Policy(None, _("the server answers with status {status}.").format(status=response.status))
            return Policy(_text(response, deadline))
    except ssl.SSLCertVerificationError as error:
        if error.verify_code == _ANOTHER_NAME:
            return Policy(None, _("its certificate is for another name."))
        return Policy(None, _("its certificate is not good ({cause}).").format(cause=certificate_fault(error)))
    except TimeoutError:
        return Policy(None, _("no answer came in time."))
    except OSError as error:
        return Policy(None, f"{os_error_text(error)}.")
    except HTTPException:
        return Policy(None, _("the server does not speak HTTP."))


def _text(response: HTTPResponse, deadline: float) -> str:
    """Raises TimeoutError."""
    raw = b""
    while len(raw) < _LONGEST and (part := response.read1(_LONGEST - len(raw))):
        raw += part
        if time.monotonic() > deadline:
            raise TimeoutError
    return raw.decode("utf-8", "replace")
