"""What a POP3 server offers before anybody signs in: greeting, capabilities, certificate.  Signs nobody in."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from threading import Event

from connectors.errors import ConnectorError, Untrusted
from connectors.net.offered import Offered, greeting_text
from connectors.net.opening import connect_protected, look_at_certificate
from connectors.net.signing_in import with_fingerprint
from connectors.net.transport import Transport
from connectors.pop3.dialogue import Dialogue
from connectors.pop3.settings import Pop3Settings
from connectors.pop3.sign_in import SignIn


def look(settings: Pop3Settings, spool: Path, stop: Event) -> Offered:
    """Connect and protect as a copy would, ask CAPA (RFC 2449), and leave.

    Of a capability with parameters each is told as ``NAME=PARAMETER``.
    Raises Unavailable, Transient, Fatal, Untrusted with the fingerprint; Stopped once ``stop`` is set.
    """
    transport = Transport(settings.host, timeout=settings.timeout, reset_on_close=False)
    dialogue = Dialogue(transport, spool)

    def begin(transport: Transport, settings: Pop3Settings) -> SignIn:
        return SignIn(Dialogue(transport, spool), settings)

    try:
        beginning = SignIn(dialogue, settings)
        connect_protected(transport, settings, beginning, stop)
        words = beginning.features().words
        certificate = b"" if settings.tls == "plain" else transport.certificate()
        with suppress(ConnectorError):  # it has said what was asked
            dialogue.run(b"QUIT")
    except Untrusted as error:
        raise with_fingerprint(error, lambda: look_at_certificate(settings, begin, stop)) from None
    finally:
        transport.close()
    told = {f"{name}={one}" for name, more in words.items() for one in more} | {
        name for name, more in words.items() if not more
    }
    return Offered(greeting_text(beginning.greeting), frozenset(told), certificate)
