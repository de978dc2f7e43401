"""From the greeting to a signed-in connection: STLS, the choice of a mechanism, and what became of it.

Nothing that was said here is ever logged or quoted; what a server says in free text may quote what we sent.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
import time
from collections.abc import Iterable

from connectors.contract import Account
from connectors.denials import Denial
from connectors.errors import AuthFailed, Fatal, Transient
from connectors.language import _
from connectors.net import sasl
from connectors.net.denied import denied
from connectors.net.settings import AUTHZID
from connectors.net.tls import check_pin, context_of
from connectors.pop3.answers import Features, Status, parse_features, parse_status
from connectors.pop3.dialogue import Dialogue
from connectors.pop3.settings import Pop3Settings
from connectors.pop3.verdicts import sign_in_refused

#: What a server may say before anybody is signed in: a few lines, within a few timeouts.
_BYTES_LIMIT = 1 << 20
_TIMEOUTS_LIMIT = 5
_ROUNDS_LIMIT = 8
_FEATURES_LIMIT = 500
#: The timestamp in a greeting that a digest is made of (RFC 1939 7).
_TIMESTAMP = re.compile(rb"<[!-;=?-~]{1,200}@[!-;=?-~]{1,200}>")
_NAME = re.compile(r"[A-Z0-9_-]{1,20}")
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
        name = settings.login_name(account.user, account.master_user)
        apart = account.master_user is not None and settings.master_user_form == AUTHZID and token is None
        secret = account.password if token is None else token
        if any(character in name + account.user + secret for character in "\0\1\r\n"):
            raise AuthFailed(_("the account's name or password holds a control character"), system=self._system)
        credentials = sasl.Credentials(name, secret, account.user if apart else "")
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
        offered, named = self._offered(), self._settings.auth
        if named is not None:
            if named.upper() in offered and _says(named.upper(), credentials):
                return named.upper()
            what = _("the server does not offer auth: {named}, but {offered}")
            raise Fatal(what.format(named=named, offered=_listed(offered)), system=self._system)
        order: Iterable[str] = _PROTECTED if self._settings.tls != "plain" else _UNPROTECTED
        if credentials.on_behalf:
            order = sasl.NAMING_BOTH
        for mechanism in sasl.WITH_TOKEN if by_token else order:
            if mechanism in offered and _says(mechanism, credentials):
                return mechanism
        what = _("the server takes this name and password in no way that we know, but {offered}")
        raise Fatal(what.format(offered=_listed(offered)), system=self._system)

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
        try:
            exchange = sasl.begin(mechanism, credentials)
        except sasl.OddChallenge:
            what = _("the account's name or password cannot be said in {mechanism}").format(mechanism=mechanism)
            raise AuthFailed(what, system=self._system) from None
        first, failure = exchange.first, ""
        self._transport.send(b"AUTH " + mechanism.encode() + b"\r\n")
        for _round in range(_ROUNDS_LIMIT):
            line = self._line()
            if not line.startswith(b"+ ") and line.rstrip(b"\r\n") != b"+":
                return self._judged(mechanism, exchange, self._status(line), failure)
            try:
                challenge = base64.b64decode(line[1:].strip(), validate=True) if first is None else b""
                said = first if first is not None else exchange.answer(challenge)
            except (binascii.Error, sasl.OddChallenge):
                break
            if first is None and mechanism in sasl.WITH_TOKEN:
                failure = sasl.token_failure(challenge)
            first = None
            self._transport.send(base64.b64encode(said) + b"\r\n")
        what = _("the server's part in {mechanism} makes no sense")
        raise Fatal(what.format(mechanism=mechanism), system=self._system)

    def _judged(self, mechanism: str, exchange: sasl.Exchange, status: Status, failure: str) -> Status:
        if status.ok:
            if not exchange.complete():
                what = _("the server did not prove that it knows this account's password ({mechanism})")
                raise Fatal(what.format(mechanism=mechanism), system=self._system)
        elif failure == sasl.NO_SCOPE:
            raise denied(self._system, Denial.NO_RIGHT, failure)
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


def _says(mechanism: str, credentials: sasl.Credentials) -> bool:
    """Whether the name can be said: in APOP it ends at a space."""
    return mechanism != _APOP or " " not in credentials.name


def _listed(offered: frozenset[str]) -> str:
    """Mechanisms as a plan names them; what is no such name is somebody's free text."""
    return ", ".join(sorted(name.lower() for name in offered if _NAME.fullmatch(name))[:12]) or "-"
