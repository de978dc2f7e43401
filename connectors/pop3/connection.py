"""A signed-in connection: made, protected, signed in; and what the server offers."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from threading import Event

from connectors.contract import Account
from connectors.errors import ConnectorError, Untrusted
from connectors.net.opening import connect_protected, look_at_certificate
from connectors.net.signing_in import with_fingerprint, with_token
from connectors.net.transport import Transport
from connectors.pop3.answers import Features
from connectors.pop3.dialogue import Dialogue
from connectors.pop3.known import KnownAccount
from connectors.pop3.settings import Pop3Settings
from connectors.pop3.sign_in import SignIn
from connectors.pop3.verdicts import too_soon

_QUIT_TIMEOUT = 5.0


@dataclass(frozen=True, slots=True)
class Connection:
    """A signed-in connection."""

    dialogue: Dialogue
    features: Features

    def close(self, *, retrieved: bool) -> None:
        """QUIT, as politely as a few seconds allow.  Never raises.

        ``retrieved``: RETR was used; what some servers would mark as read for it, RSET takes back.  A server that may
        delete what was read when a session ends in order is left without a word: then it deletes nothing (RFC 1939 6).
        """
        transport = self.dialogue.transport
        try:
            if not transport.ended and not self.features.deletes_what_was_read:
                transport.timeout = min(transport.timeout, _QUIT_TIMEOUT)
                if retrieved:
                    self.dialogue.run(b"RSET")
                self.dialogue.run(b"QUIT")
        except ConnectorError:
            pass  # the connection is gone, which is what was wanted
        finally:
            transport.close()


def connect(settings: Pop3Settings, account: Account, known: KnownAccount, stop: Event, spool: Path) -> Connection:
    """Connect, protect, sign in, and ask what the server offers.

    Raises AuthFailed, Unavailable, Transient, Fatal; TooSoon when the server wants more time between two sign-ins;
    Stopped once ``stop`` is set.
    """
    if known.signed_in is not None:
        left = known.signed_in + known.login_delay - time.monotonic()
        if left > 0:
            raise too_soon(settings.host, left, "LOGIN-DELAY")
    return with_token(
        account,
        lambda token: _connected(settings, account, known, token, stop, spool),
        takes_tokens=settings.takes_tokens,
    )


def _connected(
    settings: Pop3Settings, account: Account, known: KnownAccount, token: str | None, stop: Event, spool: Path
) -> Connection:
    transport = Transport(settings.host, timeout=settings.timeout, reset_on_close=False)
    dialogue = Dialogue(transport, spool)

    def begin(transport: Transport, settings: Pop3Settings) -> SignIn:
        return SignIn(Dialogue(transport, spool), settings)

    try:
        sign_in = SignIn(dialogue, settings)
        connect_protected(transport, settings, sign_in, stop)
        sign_in.sign_in(account, token)
        known.signed_in = time.monotonic()
        features = sign_in.features()
        known.login_delay = features.login_delay or settings.login_delay
        transport.opened()
    except Untrusted as error:
        transport.cut(error)
        raise with_fingerprint(error, lambda: look_at_certificate(settings, begin, stop)) from None
    except BaseException as error:
        transport.cut(error if isinstance(error, ConnectorError) else None)
        raise
    return Connection(dialogue, features)
