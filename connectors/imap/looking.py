"""What an IMAP server offers before anybody signs in: greeting, capabilities, certificate.  Signs nobody in."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from threading import Event

from connectors.errors import ConnectorError, Untrusted
from connectors.imap.dialogue import Dialogue
from connectors.imap.settings import ImapSettings
from connectors.imap.sign_in import SignIn
from connectors.net.offered import Offered, greeting_text
from connectors.net.opening import connect_protected, look_at_certificate
from connectors.net.signing_in import with_fingerprint
from connectors.net.transport import Transport


def look(settings: ImapSettings, spool: Path, stop: Event) -> Offered:
    """Connect and protect as a copy would, ask CAPABILITY (RFC 9051 6.1.1), and leave.

    Raises Unavailable, Transient, Fatal, Untrusted with the fingerprint; Stopped once ``stop`` is set.
    """
    transport = Transport(settings.host, timeout=settings.timeout, reset_on_close=False)
    dialogue = Dialogue(transport, spool)

    def begin(transport: Transport, settings: ImapSettings) -> SignIn:
        return SignIn(Dialogue(transport, spool), settings)

    try:
        beginning = SignIn(dialogue, settings)
        connect_protected(transport, settings, beginning, stop)
        offered = beginning.offered()
        certificate = b"" if settings.tls == "plain" else transport.certificate()
        with suppress(ConnectorError):  # it has said what was asked
            dialogue.log_out()
    except Untrusted as error:
        raise with_fingerprint(error, lambda: look_at_certificate(settings, begin, stop)) from None
    finally:
        transport.close()
    return Offered(greeting_text(beginning.greeting), offered, certificate)
