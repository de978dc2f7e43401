"""Signing in: imapclient does greeting, CAPABILITY, STARTTLS and LOGIN, on our own transport."""

from __future__ import annotations

import imaplib
import ssl
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import Any, Literal

from imapclient import IMAPClient

from connectors.contract import Account
from connectors.errors import AuthFailed, ConnectorError, Fatal
from connectors.imap.arguments import is_quotable, quoted
from connectors.imap.dialogue import Answer, Dialogue
from connectors.imap.response import Status, parse_status
from connectors.imap.settings import ImapSettings
from connectors.imap.transport import Transport
from connectors.imap.verdicts import login_refused
from connectors.language import _

_LOGOUT_TIMEOUT = 5.0
_SIGN_IN_LITERAL = 1 << 16


@dataclass(frozen=True, slots=True)
class Features:
    """What a server offers to a signed-in user."""

    names: frozenset[str]

    def __contains__(self, name: str) -> bool:
        return name in self.names

    @property
    def modseq(self) -> bool:
        return "CONDSTORE" in self or "QRESYNC" in self

    @property
    def object_id_in_status(self) -> bool:
        """Whether STATUS tells a folder's object id.

        Cyrus (known by its X-SIEVE-MAILBOX) answers STATUS, and LIST with STATUS, from memory that it has given back
        when MAILBOXID stands among other items (seen in 3.6): any bytes, line ends and brackets among them.
        """
        return "OBJECTID" in self and "X-SIEVE-MAILBOX" not in self

    @property
    def append_limit(self) -> int | None:
        """The longest message of every folder (RFC 7889), None when the server does not say or folders differ."""
        for name in self.names:
            before, _, limit = name.partition("=")
            if before == "APPENDLIMIT" and limit.isdecimal() and len(limit) < 20:
                return int(limit)
        return None

    def unsynchronised(self, size: int) -> bool:
        """Whether a literal of ``size`` bytes may be sent without asking (RFC 7888)."""
        return "LITERAL+" in self or ("LITERAL-" in self and size <= 4096)


@dataclass(frozen=True, slots=True)
class Connection:
    """A signed-in connection."""

    dialogue: Dialogue
    features: Features
    #: The answer to NAMESPACE (RFC 2342), None when the server does not know it.
    namespace: Answer | None

    def close(self) -> None:
        """LOGOUT, as politely as a few seconds allow.  Never raises."""
        transport = self.dialogue.transport
        try:
            if not transport.ended:
                transport.timeout = min(transport.timeout, _LOGOUT_TIMEOUT)
                transport.deliver_on_close()
                self.dialogue.log_out()
        except ConnectorError:
            pass  # the connection is gone, which is what was wanted
        finally:
            transport.close()


def connect(settings: ImapSettings, account: Account, stop: Event, spool: Path, *, reset_on_close: bool) -> Connection:
    """Connect, protect, sign in, and ask what the server offers.

    Raises AuthFailed, Unavailable, Transient, Fatal; Stopped once ``stop`` is set.
    """
    transport = Transport(settings.host, timeout=settings.timeout, reset_on_close=reset_on_close)
    try:
        transport.connect(settings.effective_port, settings.connect_timeout, stop)
        if settings.tls == "implicit":
            transport.start_tls(_tls_context(settings), settings.host)
        _sign_in(transport, settings, account)
        connection = _look_around(Dialogue(transport, spool))
        transport.opened()
    except BaseException as error:
        transport.cut(error if isinstance(error, ConnectorError) else None)
        raise
    return connection


def _tls_context(settings: ImapSettings) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=str(settings.ca_file) if settings.ca_file else None)
    except OSError as error:
        raise Fatal(_("ca_file cannot be read, or holds no certificate"), system=settings.host) from error


def _look_around(dialogue: Dialogue) -> Connection:
    """Ask for capabilities again: many servers tell only now what they offer."""
    capability = dialogue.must("CAPABILITY", dialogue.run(b"CAPABILITY"))
    names: set[str] = set()
    for parts in capability.untagged:
        words = bytes(parts[0]).upper().split() if isinstance(parts[0], bytes) else []
        if words[:2] == [b"*", b"CAPABILITY"]:
            names.update(word.decode("ascii", "replace") for word in words[2:])
    features = Features(frozenset(names))
    namespace = None
    if "NAMESPACE" in features:
        namespace = dialogue.run(b"NAMESPACE")
    return Connection(dialogue, features, namespace)


def _sign_in(transport: Transport, settings: ImapSettings, account: Account) -> None:
    heard = _Heard()
    try:
        client = _Client(transport, settings, heard)
        if client.protocol.state != "NONAUTH":
            raise Fatal(_("the server signs everybody in unasked (PREAUTH)"), system=settings.host)
        if settings.tls == "starttls":
            _start_tls(client, settings)
        _log_in(client, settings.login_name(account.user, account.master_user), account.password)
    except imaplib.IMAP4.error:
        # neither the text nor the cause: imaplib quotes what the server said, and that may quote us
        raise _not_signed_in(settings.host, heard.refusal) from None


def _not_signed_in(system: str, refusal: Status | None) -> ConnectorError:
    if refusal is None:
        return Fatal(_("this is no IMAP server that we understand"), system=system)
    return login_refused(system, refusal.word, refusal.code)


def _start_tls(client: _Client, settings: ImapSettings) -> None:
    if b"STARTTLS" not in client.capabilities():
        raise Fatal(_("the server does not offer STARTTLS; nothing is sent unprotected"), system=settings.host)
    try:
        client.starttls(ssl_context=_tls_context(settings))
    except imaplib.IMAP4.error:
        raise Fatal(_("the server refused STARTTLS; nothing is sent unprotected"), system=settings.host) from None


def _log_in(client: _Client, name: str, password: str) -> None:
    if any(character in name + password for character in "\0\r\n"):
        raise AuthFailed(_("the account's name or password holds a control character"), system=client.host)
    offered = client.capabilities()
    if is_quotable(name.encode()) and is_quotable(password.encode()) and b"LOGINDISABLED" not in offered:
        client.login(quoted(name.encode()).decode(), password)  # imaplib quotes the password only
    elif b"AUTH=PLAIN" in offered:
        client.plain_login(name, password)
    else:
        raise Fatal(_("the server takes this name and password in no way that we know"), system=client.host)


@dataclass(slots=True)
class _Heard:
    """The last NO, BAD or BYE: imaplib turns it into free text."""

    refusal: Status | None = None


class _Protocol(imaplib.IMAP4):
    """imaplib's protocol on our transport, so that no byte is lost between its reader and ours."""

    def __init__(self, transport: Transport, port: int, heard: _Heard) -> None:
        self._transport = transport
        self._heard = heard
        super().__init__(transport.host, port)

    def open(self, host: str = "", port: int = 143, timeout: float | None = None) -> None:
        self.host, self.port = host, port

    def read(self, size: int) -> bytes:
        if size > _SIGN_IN_LITERAL:
            raise self.abort("a literal while signing in")
        return self._transport.read(size)

    def readline(self) -> bytes:
        line = self._transport.readline()
        status = parse_status(line.partition(b" ")[2])
        if status is not None and status.word in ("NO", "BAD", "BYE"):
            self._heard.refusal = status
        return line

    def send(self, data: Any) -> None:
        self._transport.send(bytes(data))

    def shutdown(self) -> None:
        """Whoever made the transport ends it."""

    def starttls(self, ssl_context: ssl.SSLContext | None = None) -> tuple[Literal["OK"], list[None]]:
        assert ssl_context is not None, "imapclient makes one"
        answer, data = self._simple_command("STARTTLS")
        if answer != "OK":
            raise self.error("refused")
        self._transport.start_tls(ssl_context, self.host)
        self.untagged_responses.clear()  # what came in plain counts for nothing
        self._tls_established = True
        self._get_capabilities()
        return "OK", data

    def be_silent(self) -> None:
        """Take imapclient's logger off again: no protocol line is ever logged."""
        self.debug = 0
        del self.__dict__["_mesg"]

    def _log(self, line: object) -> None:
        """imaplib would keep the last commands, passwords included."""

    def _mesg(self, s: object, secs: float | None = None) -> None:
        """As ``be_silent``."""


class _Client(IMAPClient):  # type: ignore[misc]  # imapclient ships no types
    """imapclient on our transport, silent."""

    def __init__(self, transport: Transport, settings: ImapSettings, heard: _Heard) -> None:
        self._transport = transport
        self._heard = heard
        super().__init__(settings.host, settings.effective_port, ssl=settings.tls == "implicit")
        self.protocol.be_silent()

    @property
    def protocol(self) -> _Protocol:
        protocol = self._imap
        assert isinstance(protocol, _Protocol)
        return protocol

    def _create_IMAP4(self) -> _Protocol:  # noqa: N802 -- imapclient's name
        return _Protocol(self._transport, self.port, self._heard)

    def _set_read_timeout(self) -> None:
        """The transport keeps time."""
