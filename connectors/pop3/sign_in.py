"""From the greeting to a signed-in connection: STLS, the choice of a mechanism, and what became of it.

Nothing that was said here is ever logged or quoted; what a server says in free text may quote what we sent.
"""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Iterable

from connectors.contract import Account
from connectors.errors import Fatal, Transient
from connectors.language import _
from connectors.net import sasl
from connectors.net.exchange import Exchange, credentials_of, listed, pick
from connectors.net.tls import check_pin, context_of
from connectors.pop3.answers import Features, Status, parse_features, parse_status
from connectors.pop3.dialogue import Dialogue
from connectors.pop3.settings import Pop3Settings
from connectors.pop3.verdicts import sign_in_refused

#: What a server may say before anybody is signed in: a few lines, within a few timeouts.
_BYTES_LIMIT = 1 << 20
_TIMEOUTS_LIMIT = 5
_FEATURES_LIMIT = 500
#: The timestamp in a greeting that a digest is made of (RFC 1939 7).
_TIMESTAMP = re.compile(rb"<[!-;=?-~]{1,200}@[!-;=?-~]{1,200}>")
#: Ways to sign in that are no SASL: USER and PASS, and APOP.  USER hands the server the password as PLAIN does; APOP
#: makes the server keep it in the clear, as CRAM-MD5 does.
_USER, _APOP = "USER", "APOP"
_PROTECTED = (*sasl.STRONGEST_FIRST, "PLAIN", _USER, "CRAM-MD5", _APOP)
_UNPROTECTED = (*sasl.STRONGEST_FIRST, "CRAM-MD5", _APOP, "PLAIN", _USER)


class SignIn:
    """One connection before anybody is signed in."""

    def __init__(self, dialogue: Dialogue, settings: Pop3Settings) -> None:
        self._dialogue = dialogue
        self._transport = dialogue.transport
        self._settings = settings
        self._system = settings.host
        #: What the server said first; empty until it has.
        self.greeting = b""
        #: What it offers, since the last change; None when it has to be asked.
        self._features: Features | None = None
        self._left = _BYTES_LIMIT
        self._until = time.monotonic() + _TIMEOUTS_LIMIT * settings.timeout + settings.connect_timeout

    def begin(self) -> None:
        """Hear the greeting, and put TLS on the connection where the plan wants STLS."""
        self.greeting = self._line()
        status = parse_status(self.greeting)
        if status is None:
            raise Fatal(_("this is no POP3 server that we understand"), system=self._system)
        if not status.ok:
            raise sign_in_refused(self._system, status)
        if self._settings.tls == "starttls":
            self._start_tls()

    def _start_tls(self) -> None:
        if "STLS" not in self.features():
            raise Fatal(_("the server does not offer STLS; nothing is sent unprotected"), system=self._system)
        if not self._run(b"STLS").ok:
            raise Fatal(_("the server refused STLS; nothing is sent unprotected"), system=self._system)
        self._transport.start_tls(context_of(self._settings), self._settings.host)
        check_pin(self._settings, self._transport.certificate())
        self._features = None  # what came unprotected counts for nothing

    def features(self) -> Features:
        """What the server offers at this stage; one that does not know the question offers what RFC 1939 has."""
        if self._features is None:
            self._features = self._asked_for_features()
        return self._features

    def _asked_for_features(self) -> Features:
        if not self._run(b"CAPA").ok:
            return Features()
        lines: list[bytes] = []
        while (line := self._line().rstrip(b"\r\n")) != b".":
            lines.append(line)
            if len(lines) > _FEATURES_LIMIT:
                raise Transient(_("the server floods the connection"), system=self._system)
        return parse_features(lines)

    def sign_in(self, account: Account, token: str | None) -> None:
        """Sign in, with ``token`` where tokens are taken.  Raises AuthFailed, Unavailable, Fatal."""
        settings = self._settings
        credentials = credentials_of(settings, account, token)
        mechanism = self._mechanism(credentials, by_token=token is not None)
        if "UTF8" in self.features():
            # Without it some servers withhold messages with raw UTF-8 in their headers (RFC 6856 2).
            self._run(b"UTF8")
        status = self._signed_in_by(mechanism, credentials)
        if not status.ok:
            raise sign_in_refused(
                self._system,
                status,
                by=mechanism,
                chosen=settings.auth is None,
                login_delay=self.features().login_delay or settings.login_delay,
            )
        self._features = None  # some servers tell more to whom they know

    def _signed_in_by(self, mechanism: str, credentials: sasl.Credentials) -> Status:
        if mechanism == _APOP:
            return self._apop(credentials)
        if mechanism == _USER:
            status = self._run(b"USER " + credentials.name.encode())
            return self._run(b"PASS " + credentials.secret.encode()) if status.ok else status
        return self._authenticate(mechanism, credentials)

    def _apop(self, credentials: sasl.Credentials) -> Status:
        stamp = _TIMESTAMP.search(self.greeting)
        assert stamp is not None, "chosen for it"
        # What the protocol asks for (RFC 1939 7); it proves that the password is known and protects nothing else.
        digest = hashlib.md5(stamp[0] + credentials.secret.encode(), usedforsecurity=False).hexdigest()
        return self._run(f"APOP {credentials.name} {digest}".encode())

    # -- which mechanism ----------------------------------------------------------------------------------------

    def _mechanism(self, credentials: sasl.Credentials, *, by_token: bool) -> str:
        """The one that the plan names, or the first that is offered and can say these credentials."""
        order: Iterable[str] = _PROTECTED if self._settings.tls != "plain" else _UNPROTECTED
        if by_token:
            order = sasl.WITH_TOKEN
        elif credentials.on_behalf:
            order = sasl.NAMING_BOTH
        offered = self._offered()
        # In APOP a name ends at a space.
        mechanism = pick(self._settings, order, offered, lambda name: name != _APOP or " " not in credentials.name)
        if mechanism is None:
            what = _("the server takes this name and password in no way that we know, but {offered}")
            raise Fatal(what.format(offered=listed(offered)), system=self._system)
        return mechanism

    def _offered(self) -> frozenset[str]:
        features = self.features()
        offered = set(features.mechanisms)
        # Dovecot announces USER only where it takes it, and not every server that takes it announces it.
        if features.may(_USER) or not offered:
            offered.add(_USER)
        if _TIMESTAMP.search(self.greeting):
            offered.add(_APOP)
        return frozenset(offered)

    # -- AUTH ---------------------------------------------------------------------------------------------------

    def _authenticate(self, mechanism: str, credentials: sasl.Credentials) -> Status:
        """One SASL exchange (RFC 5034), the first answer on a line of its own: some servers take it in no other way."""
        exchange = Exchange(mechanism, credentials, self._system)
        self._transport.send(b"AUTH " + mechanism.encode() + b"\r\n")
        line = self._line()
        while line.startswith(b"+ ") or line.rstrip(b"\r\n") == b"+":
            self._transport.send(exchange.answer(line[1:].strip()) + b"\r\n")
            line = self._line()
        status = self._status(line)
        exchange.judge(taken=status.ok)
        return status

    # -- reading ------------------------------------------------------------------------------------------------

    def _run(self, command: bytes) -> Status:
        self._transport.send(command + b"\r\n")
        return self._status(self._line())

    def _status(self, line: bytes) -> Status:
        status = parse_status(line)
        if status is None:
            raise Fatal(_("this is no POP3 server that we understand"), system=self._system)
        return status

    def _line(self) -> bytes:
        line = self._transport.readline(_BYTES_LIMIT)
        self._left -= len(line)
        if self._left < 0 or time.monotonic() > self._until:
            raise Transient(_("the server floods the connection"), system=self._system)
        return line
