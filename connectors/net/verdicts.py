"""What a socket, TLS, or a server that asks for a pause says, mapped to the verdicts of :mod:`connectors.errors`."""

from __future__ import annotations

import errno
import socket
import ssl
from datetime import UTC, datetime, timedelta

from connectors.errors import (
    ConnectionLost,
    ConnectorError,
    Fatal,
    OverQuota,
    TooManySessions,
    Transient,
    Unavailable,
    Untrusted,
)
from connectors.language import _
from connectors.net.certificate_faults import certificate_fault
from connectors.net.throttling import Throttle

#: X509_V_ERR_CERT_HAS_EXPIRED.
_CERTIFICATE_EXPIRED = 10
#: A provider that does not say until when an allowance is used up is asked again after so long.
_ALLOWANCE_PAUSE = timedelta(hours=1)
#: Seconds for which a server is left alone that finds us too fast, and does not say for how long.
_RATE_PAUSE = 5.0


def errno_name(error: OSError) -> str:
    """ECONNREFUSED and the like; never the text of the error, which may hold anything."""
    if isinstance(error, TimeoutError):
        return "ETIMEDOUT"
    if isinstance(error, socket.gaierror):
        return "DNS"
    if isinstance(error, ssl.SSLError):
        return error.reason or "SSL"  # its errno is TLS's own
    return errno.errorcode.get(error.errno or 0, type(error).__name__)


def unreachable(system: str, error: OSError) -> ConnectorError:
    """Verdict for a connection that could not be made.  A name that does not exist will not exist in a minute."""
    if isinstance(error, socket.gaierror) and error.errno == socket.EAI_NONAME:
        return Fatal(_("there is no host of this name; look at host in the plan"), system=system, detail="DNS")
    what = _("the name cannot be looked up") if isinstance(error, socket.gaierror) else _("cannot be reached")
    return Unavailable(what, system=system, detail=errno_name(error))


def connection_lost(system: str, error: OSError) -> ConnectionLost:
    """Verdict for a connection that broke, or on which nothing came for too long."""
    what = _("no answer in time") if isinstance(error, TimeoutError) else _("the connection was lost")
    return ConnectionLost(what, system=system, detail=errno_name(error))


def tls_failed(system: str, error: OSError) -> ConnectorError:
    """Verdict for TLS that could not be agreed on."""
    if isinstance(error, ssl.SSLCertVerificationError) and error.verify_code == _CERTIFICATE_EXPIRED:
        what = _("the server's certificate has expired")
        return Untrusted(what, system=system, detail=f"X509 {error.verify_code}")
    if isinstance(error, ssl.SSLCertVerificationError):
        return Untrusted(
            _(
                "the server's certificate is not trusted: {why} (if it is right, name its authority with ca_file)"
            ).format(why=certificate_fault(error)),
            system=system,
            detail=f"X509 {error.verify_code}",
        )
    if isinstance(error, ssl.SSLEOFError | ssl.SSLZeroReturnError) or not isinstance(error, ssl.SSLError):
        return connection_lost(system, error)
    return Fatal(
        _("no TLS could be agreed on (does this port speak TLS, and a version that is allowed here?)"),
        system=system,
        detail=error.reason or "SSL",
    )


def throttled(system: str, throttle: Throttle, detail: str) -> ConnectorError:
    """Verdict for a refusal that asks us to stay away, or to hold fewer sessions."""
    if throttle.sessions is not None:
        what = _("takes no further session: too many are open")
        return TooManySessions(what, throttle.sessions, system=system, detail=detail, limit=throttle.limit)
    if throttle.allowance:
        until = datetime.now(UTC) + _ALLOWANCE_PAUSE
        what = _("the provider's allowance for this mailbox is used up; it is looked at again after an hour")
        return OverQuota(what, system=system, detail=detail, until=until)
    seconds = _RATE_PAUSE if throttle.seconds is None else throttle.seconds
    return Transient(_("asks to be left alone for a while"), system=system, detail=detail, retry_after=seconds)
