"""A signed-in connection: made, protected, signed in, compressed if the plan wants it; and what the server offers."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from threading import Event

from connectors import DISTRIBUTION
from connectors.contract import Account
from connectors.errors import ConnectorError, Fatal, Untrusted
from connectors.imap.arguments import quoted
from connectors.imap.dialogue import Answer, Dialogue
from connectors.imap.refusals import Refusal, not_connected
from connectors.imap.response import MalformedResponse, Value, parse_values
from connectors.imap.settings import ImapSettings
from connectors.imap.sign_in import SignIn
from connectors.language import _
from connectors.net.opening import connect_protected, look_at_certificate
from connectors.net.signing_in import with_fingerprint, with_token
from connectors.net.transport import Transport

_LOGOUT_TIMEOUT = 5.0
#: Characters kept of what a server calls itself.
_PRODUCT_LIMIT = 80


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
    def is_cyrus(self) -> bool:
        return "X-SIEVE-MAILBOX" in self

    @property
    def object_id_in_status(self) -> bool:
        """Whether STATUS tells a folder's object id.

        Cyrus answers STATUS, and LIST with STATUS, from memory that it has given back when MAILBOXID stands among
        other items (seen in 3.6): any bytes, line ends and brackets among them.
        """
        return "OBJECTID" in self and not self.is_cyrus

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
    #: What the server said first, where most say which product they are.
    greeting: bytes
    #: What the server calls itself (RFC 2971), for reports; empty when it does not say.
    product: str = ""

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
    return with_token(
        account,
        lambda token: _connected(settings, account, token, stop, spool, reset_on_close=reset_on_close),
        takes_tokens=settings.takes_tokens,
    )


def _connected(
    settings: ImapSettings, account: Account, token: str | None, stop: Event, spool: Path, *, reset_on_close: bool
) -> Connection:
    transport = Transport(settings.host, timeout=settings.timeout, reset_on_close=reset_on_close)
    dialogue = Dialogue(transport, spool, renewable=account.tokens is not None)

    def begin(transport: Transport, settings: ImapSettings) -> SignIn:
        return SignIn(Dialogue(transport, spool), settings)

    try:
        sign_in = SignIn(dialogue, settings)
        connect_protected(transport, settings, sign_in, stop)
        sign_in.sign_in(account, token)
        connection = _look_around(dialogue, Features(sign_in.offered()), sign_in.greeting)
        if settings.compress and "COMPRESS=DEFLATE" in connection.features:
            _compress(dialogue)
        transport.opened()
    except Untrusted as error:
        transport.cut(error)
        raise with_fingerprint(error, lambda: look_at_certificate(settings, begin, stop)) from None
    except BaseException as error:
        transport.cut(error if isinstance(error, ConnectorError) else None)
        raise
    return connection


def _compress(dialogue: Dialogue) -> None:
    """COMPRESS (RFC 4978).  A server that offers it and does not do it is spoken to as it is."""
    answer = dialogue.run(b"COMPRESS", b"DEFLATE")
    if answer.status.word == "OK":
        dialogue.transport.compress()
    elif answer.status.throttle is not None:
        raise dialogue.refusal("COMPRESS", answer.status)


def _look_around(dialogue: Dialogue, features: Features, greeting: bytes) -> Connection:
    """Where the folders are, and who the server says it is: asked in one go.

    Raises Fatal when it is a server that nothing may be asked of without UTF8=ACCEPT (RFC 6855).
    """
    if "UTF8=ONLY" in features:
        what = _(
            "the server takes only programs that speak UTF-8 throughout (UTF8=ONLY), and Bascule does not. "
            "Ask who runs it to let others in too"
        )
        raise Fatal(what, system=dialogue.system)
    wanted = {"NAMESPACE": (b"NAMESPACE",), "ID": (b"ID", _ourselves())}
    asked = [name for name in wanted if name in features]
    tags = dialogue.start_all([wanted[name] for name in asked])
    answers = {name: dialogue.finish(tag) for name, tag in zip(asked, tags, strict=True)}
    namespace, told = answers.get("NAMESPACE"), answers.get("ID")
    if namespace is not None and namespace.status.word != "OK":
        if namespace.status.throttle is not None:  # else it would pass for a server without namespaces
            raise dialogue.refusal("NAMESPACE", namespace.status)
        error = not_connected(dialogue.system, Refusal(namespace.status, namespace.said.lower()))
        if error is not None:
            raise error
    return Connection(dialogue, features, namespace, greeting, _product(told) if told is not None else "")


@cache
def _ourselves() -> bytes:
    words = [b"name", DISTRIBUTION.capitalize().encode()]
    with suppress(PackageNotFoundError):  # run from a checkout that was never installed
        words += [b"version", version(DISTRIBUTION).encode()]
    return b"(" + b" ".join(map(quoted, words)) + b")"


def _product(answer: Answer) -> str:
    """Name and version from the answer to ID, without anything that could upset a terminal."""
    for parts in answer.untagged:
        try:
            values = parse_values(parts)
        except MalformedResponse:
            continue
        fields = values[2] if len(values) == 3 and values[1] in (b"ID", b"id") else None
        if isinstance(fields, list) and len(fields) % 2 == 0:
            told = dict(zip(map(_text, fields[::2]), map(_text, fields[1::2]), strict=True))
            words = f"{told.get('name', '')} {told.get('version', '')}"
            return "".join(c for c in words if c.isprintable()).strip()[:_PRODUCT_LIMIT]
    return ""


def _text(value: Value) -> str:
    return value.decode("utf-8", "ignore") if isinstance(value, bytes) else ""
