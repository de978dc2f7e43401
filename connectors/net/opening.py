"""A connection to a server: made, protected, greeted; and what an untrusted certificate looks like."""

from __future__ import annotations

from collections.abc import Callable
from threading import Event
from typing import Protocol, TypeVar

from connectors.errors import TooManySessions, Transient
from connectors.language import _
from connectors.net.settings import ServerSettings
from connectors.net.tls import check_pin, context_of, trusting_none
from connectors.net.transport import Transport


class Begun(Protocol):
    """The beginning of a dialogue."""

    @property
    def greeting(self) -> bytes:
        """What the server said first; empty before that."""

    def begin(self) -> None:
        """Hear the greeting, and put TLS on the connection where the plan wants it then."""


Settings = TypeVar("Settings", bound=ServerSettings)


def connect_protected(transport: Transport, settings: ServerSettings, sign_in: Begun, stop: Event) -> None:
    """Connect, with TLS as the plan says it, and hear the greeting."""
    transport.connect(settings.effective_port, settings.connect_timeout, stop)
    try:
        if settings.tls == "implicit":
            transport.start_tls(context_of(settings), settings.host)
            check_pin(settings, transport.certificate())
        sign_in.begin()
    except Transient as error:
        if sign_in.greeting or error.detail in ("", "ETIMEDOUT"):
            raise
        # Courier's way of saying that one address has too many connections, and of others that are going down
        what = _("hung up before it said a word; some servers do so when too many connections are open")
        raise TooManySessions(what, "system", system=settings.host, detail=error.detail) from error


def look_at_certificate(settings: Settings, begin: Callable[[Transport, Settings], Begun], stop: Event) -> None:
    """Go as far as the certificate on a second connection, on which nothing is said, and trust none."""
    transport = Transport(settings.host, timeout=settings.timeout, reset_on_close=True)
    trusting = trusting_none(settings)
    try:
        connect_protected(transport, trusting, begin(transport, trusting), stop)
    finally:
        transport.close()
