"""From the greeting to a signed-in connection: STARTTLS, the choice of a mechanism, and what became of it.

Nothing that was said here is ever logged or quoted; what a server says in free text may quote what we sent.
"""

from __future__ import annotations

import time
from collections.abc import Iterable

from connectors.contract import Account
from connectors.errors import ConnectorError, Fatal, Transient
from connectors.imap.arguments import is_quotable, quoted
from connectors.imap.dialogue import Dialogue, release
from connectors.imap.refusals import Refusal, sign_in_refused
from connectors.imap.response import Status, parse_status
from connectors.imap.settings import ImapSettings
from connectors.language import _
from connectors.net import sasl
from connectors.net.exchange import Exchange, credentials_of, listed, pick
from connectors.net.tls import check_pin, context_of

#: What a server may say before anybody is signed in: a few lines, within a few timeouts.
_LITERAL_LIMIT = 1 << 16
_BYTES_LIMIT = 1 << 20
_TIMEOUTS_LIMIT = 5


class SignIn:
    """One connection before anybody is signed in."""

    def __init__(self, dialogue: Dialogue, settings: ImapSettings) -> None:
        self._dialogue = dialogue
        self._transport = dialogue.transport
        self._settings = settings
        self._system = settings.host
        #: What the server offers, as far as it has said since the last change; empty when it has to be asked.
        self._offered: frozenset[str] = frozenset()
        #: What the server said first, where most say which product they are; empty until it has.
        self.greeting = b""
        #: What it said beside its answers, for the wordings of refusals.
        self._aside: list[bytes] = []
        self._left = _BYTES_LIMIT
        self._until = time.monotonic() + _TIMEOUTS_LIMIT * settings.timeout + settings.connect_timeout

    def begin(self) -> None:
        """Hear the greeting, and put TLS on the connection where the plan wants STARTTLS."""
        line = self._line()
        self.greeting = line
        status = parse_status(line[2:]) if line.startswith(b"* ") else None
        if status is None or status.word not in ("OK", "BYE", "PREAUTH"):
            raise Fatal(_("this is no IMAP server that we understand"), system=self._system)
        if status.word == "BYE":
            raise sign_in_refused(self._system, Refusal(status, line.lower(), of_anybody=True))
        if status.word == "PREAUTH":
            raise Fatal(_("the server signs everybody in unasked (PREAUTH)"), system=self._system)
        self._note(status)
        if self._settings.tls == "starttls":
            self._start_tls()

    def _start_tls(self) -> None:
        if "STARTTLS" not in self.offered():
            raise Fatal(_("the server does not offer STARTTLS; nothing is sent unprotected"), system=self._system)
        if self._run(b"STARTTLS").status.word != "OK":
            raise Fatal(_("the server refused STARTTLS; nothing is sent unprotected"), system=self._system)
        self._transport.start_tls(context_of(self._settings), self._settings.host)
        check_pin(self._settings, self._transport.certificate())
        self._offered = frozenset()  # what came unprotected counts for nothing
        self._aside.clear()

    def offered(self) -> frozenset[str]:
        """The server's capabilities at this stage."""
        if not self._offered:
            answer = self._run(b"CAPABILITY")
            if answer.status.word != "OK":
                raise Fatal(_("this is no IMAP server that we understand"), system=self._system)
        return self._offered

    def sign_in(self, account: Account, token: str | None) -> None:
        """Sign in, with ``token`` where tokens are taken.  Raises AuthFailed, Unavailable, Fatal."""
        credentials = credentials_of(self._settings, account, token)
        mechanism = self._mechanism(credentials, by_token=token is not None)
        self._aside.clear()
        if mechanism == "LOGIN":
            self._offered = frozenset()
            refusal = self._run(b"LOGIN", quoted(credentials.name.encode()), quoted(credentials.secret.encode()))
        else:
            refusal = self._authenticate(mechanism, credentials)
        if refusal.status.word != "OK":
            raise sign_in_refused(self._system, refusal, by=mechanism, chosen=self._settings.auth is None)

    # -- which mechanism ----------------------------------------------------------------------------------------

    def _mechanism(self, credentials: sasl.Credentials, *, by_token: bool) -> str:
        """The one that the plan names, or the first that is offered in the order of :mod:`connectors.net.sasl`."""
        order: Iterable[str] = sasl.PROTECTED if self._settings.tls != "plain" else sasl.UNPROTECTED
        if by_token:
            order = sasl.WITH_TOKEN
        elif credentials.on_behalf:
            order = sasl.NAMING_BOTH
        sayable = is_quotable(credentials.name.encode()) and is_quotable(credentials.secret.encode())
        offered = self._offered_mechanisms()
        mechanism = pick(self._settings, order, offered, lambda name: name != "LOGIN" or sayable)
        if mechanism is None:
            raise self._no_way(offered, by_token=by_token)
        return mechanism

    def _offered_mechanisms(self) -> frozenset[str]:
        offered = self.offered()
        names = {name.removeprefix("AUTH=") for name in offered if name.startswith("AUTH=")} - {"LOGIN"}
        return frozenset(names if "LOGINDISABLED" in offered else names | {"LOGIN"})

    def _no_way(self, offered: frozenset[str], *, by_token: bool) -> ConnectorError:
        if self._settings.tls == "plain" and "LOGINDISABLED" in self._offered:
            return Fatal(_("does not let anybody sign in without TLS"), system=self._system, detail="LOGINDISABLED")
        what = (
            _("the server takes no access token, but {offered}")
            if by_token
            else _("the server takes this name and password in no way that we know, but {offered}")
        )
        return Fatal(what.format(offered=listed(offered)), system=self._system)

    # -- AUTHENTICATE -------------------------------------------------------------------------------------------

    def _authenticate(self, mechanism: str, credentials: sasl.Credentials) -> Refusal:
        exchange = Exchange(mechanism, credentials, self._system)
        words = [b"AUTHENTICATE", mechanism.encode()]
        if "SASL-IR" in self.offered() and (first := exchange.initial()) is not None:
            words.append(first or b"=")
        tag = self._dialogue.start(*words)
        self._offered = frozenset()
        while isinstance(answer := self._next(tag), bytes):
            self._transport.send(exchange.answer(answer) + b"\r\n")
        exchange.judge(taken=answer.status.word == "OK")
        return answer

    # -- reading ------------------------------------------------------------------------------------------------

    def _run(self, *words: bytes) -> Refusal:
        answer = self._next(self._dialogue.start(*words))
        if isinstance(answer, bytes):
            raise Fatal(_("this is no IMAP server that we understand"), system=self._system)
        return answer

    def _next(self, tag: bytes) -> bytes | Refusal:
        """The next challenge, or the answer to ``tag`` with all that was said beside it."""
        while True:
            line = self._line()
            if line.startswith(b"+"):
                return line[1:].strip()
            if line.startswith(b"* "):
                self._hear(line)
            elif line.startswith(tag + b" "):
                status = parse_status(line.partition(b" ")[2])
                if status is None:
                    break
                self._note(status)
                return Refusal(status, b"\n".join((*self._aside, line)).lower())
            else:
                break
        raise Fatal(_("this is no IMAP server that we understand"), system=self._system)

    def _hear(self, line: bytes) -> None:
        words = line.upper().split()
        if words[1:2] == [b"CAPABILITY"]:
            self._offered = _capabilities(words[2:])
            return
        status = parse_status(line[2:])
        if status is None:
            return
        self._note(status)
        if status.word == "BYE":
            raise sign_in_refused(self._system, Refusal(status, b"\n".join((*self._aside, line)).lower()))
        if status.word == "NO":
            self._aside.append(line)

    def _line(self) -> bytes:
        line = self._transport.readline()
        self._left -= len(line)
        if self._left < 0 or time.monotonic() > self._until:
            raise Transient(_("the server floods the connection"), system=self._system)
        parts = self._dialogue.read_rest(line, _LITERAL_LIMIT)
        release(parts)
        first = parts[0]
        assert isinstance(first, bytes), "a response starts with text"
        return first

    def _note(self, status: Status) -> None:
        if status.code == "CAPABILITY" and status.word == "OK":
            self._offered = _capabilities(status.words.upper().split())


def _capabilities(words: Iterable[bytes]) -> frozenset[str]:
    return frozenset(word.decode("ascii", "replace") for word in words)
