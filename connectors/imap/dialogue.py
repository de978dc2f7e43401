"""Commands and answers on a transport: tags, response codes, literals, pipelining."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from connectors.body import SPOOL_OVER, SpooledBody
from connectors.errors import AuthFailed, ConnectionLost, ConnectorError, Transient
from connectors.imap.arguments import is_quotable, quoted
from connectors.imap.patience import Patience
from connectors.imap.response import LITERAL, Part, Status, parse_status
from connectors.imap.verdicts import command_refused
from connectors.language import _
from connectors.net.transport import Transport
from connectors.net.verdicts import throttled

#: IMAP literals hold 32-bit lengths; more than that is an attack.
_LITERAL_LIMIT = 2**32
#: Literals of one response; ours ask for one.
_PARTS_LIMIT = 64


@dataclass(slots=True)
class Answer:
    """The tagged answer to a command, and the untagged responses that came before it."""

    status: Status
    untagged: list[list[Part]] = field(default_factory=list)
    #: The whole tagged answer, for who knows a server's wordings; it may quote what was sent.
    said: bytes = field(default=b"", repr=False)

    def codes(self, code: str) -> Iterator[bytes]:
        """The words of every response code of this name, tagged or not."""
        for parts in self.untagged:
            first = parts[0]
            status = parse_status(first[2:]) if isinstance(first, bytes) else None
            if status is not None and status.code == code:
                yield status.words
        if self.status.code == code:
            yield self.status.words


class Dialogue:
    """Talks IMAP on one transport, for one thread.

    A command whose answer is not read to its end leaves the stream in the middle of something; ``abandon`` then cuts
    it, so that nobody takes the rest for the answer to the next command.
    """

    def __init__(self, transport: Transport, spool: Path, *, renewable: bool = False) -> None:
        """``renewable``: who signed in has a token, and gets another one for a new session when it has expired."""
        self.transport = transport
        self._renewable = renewable
        self.system = transport.host
        self._spool = spool
        self._count = 0
        #: Commands whose answers are asked for later, and those of the answers that came meanwhile.
        self._deferred: dict[bytes, Status | None] = {}
        #: The connection was cut because the server refused a command half-way; signing in anew is safe.
        self.refused = False

    def start(self, command: bytes, *more: bytes) -> bytes:
        """Send a command; returns its tag."""
        return self.start_all([(command, *more)])[0]

    def start_all(self, commands: Sequence[Sequence[bytes]]) -> list[bytes]:
        """Send commands in one go; returns their tags in order."""
        lines, tags = [], []
        for words in commands:
            tag = self.new_tag()
            tags.append(tag)
            lines.append(b" ".join((tag, *words)) + b"\r\n")
        self.transport.send(b"".join(lines))
        return tags

    def new_tag(self) -> bytes:
        self._count += 1
        return b"B%d" % self._count

    def run(self, command: bytes, *more: bytes) -> Answer:
        """Send a command and wait for its answer, whatever it is."""
        return self.finish(self.start(command, *more))

    def run_on_folder(self, command: bytes, name: bytes, *more: bytes) -> Answer:
        """As ``run``, with a folder name as first argument; an odd name goes as a synchronising literal."""
        if is_quotable(name):
            return self.run(command, quoted(name), *more)
        tag = self.new_tag()
        self.transport.send(b"%s %s {%d}\r\n" % (tag, command, len(name)))
        early = self.wait_for_plus(tag)
        if early is not None:
            return Answer(early)
        self.transport.send(b" ".join((name, *more)) + b"\r\n")
        return self.finish(tag)

    def log_out(self) -> None:
        """LOGOUT, read up to its answer or the server's goodbye."""
        tag, patience = self.start(b"LOGOUT"), self.patience()
        while True:
            parts = self._read_collected()
            first = parts[0]
            if isinstance(first, bytes) and first.startswith((tag, b"* BYE")):
                return
            patience.bear(parts)

    def must(self, what: str, answer: Answer) -> Answer:
        """The answer when it is OK; else raises its verdict."""
        if answer.status.word != "OK":
            raise self.refusal(what, answer.status)
        return answer

    def refusal(self, what: str, status: Status) -> ConnectorError:
        verdict = command_refused(self.system, what, status.word, status.code, status.throttle)
        if self._renewable and isinstance(verdict, AuthFailed):
            expired = _("{what}: the access token is not taken any more").format(what=what)
            return Transient(expired, system=self.system, detail=verdict.detail)
        return verdict

    def finish(self, tag: bytes) -> Answer:
        """Read up to the tagged answer."""
        untagged: list[list[Part]] = []
        patience = self.patience()
        while True:
            parts = self._read_collected()
            answered = self.tagged(parts, tag)
            if answered is not None:
                return Answer(answered, untagged, parts[0] if isinstance(parts[0], bytes) else b"")
            patience.bear(parts)
            untagged.append(parts)

    def wait_for_plus(self, tag: bytes) -> Status | None:
        """Wait for the server to ask for a literal; a status when it answered the command instead."""
        patience = self.patience()
        while True:
            parts = self._read_collected()
            first = parts[0]
            if isinstance(first, bytes) and first.startswith(b"+"):
                return None
            status = self.tagged(parts, tag)
            if status is not None:
                return status
            patience.bear(parts)

    def defer(self, tag: bytes) -> None:
        """The answer to this command is asked for later; other commands may be run before."""
        self._deferred[tag] = None

    def deferred(self, tag: bytes) -> Status:
        """The answer to a command that was deferred."""
        status = self._deferred[tag]
        patience = self.patience()
        while status is None:
            parts = self._read_collected()
            self.tagged(parts, b"")
            patience.bear(parts)
            status = self._deferred[tag]
        del self._deferred[tag]
        return status

    def tagged(self, parts: Sequence[Part], tag: bytes) -> Status | None:
        """The status when this response answers ``tag``, None when it is untagged or answers a deferred command.

        BYE raises.
        """
        first = parts[0]
        assert isinstance(first, bytes), "a response starts with text"
        if first.startswith(b"* "):
            if first[2:5].upper() == b"BYE":
                goodbye = parse_status(first[2:]) or Status("BYE")
                if goodbye.throttle is not None:
                    self.abandon()
                    raise throttled(self.system, goodbye.throttle, goodbye.code or "BYE")
                raise self.broken(_("the server ended the session"), detail=goodbye.code or "BYE")
            return None
        word, _space, rest = first.partition(b" ")
        if word in self._deferred and self._deferred[word] is None:
            self._deferred[word] = parse_status(rest)
            if self._deferred[word] is not None:
                return None
        status = parse_status(rest) if word == tag else None
        if status is None:
            raise self.broken(_("the server's answer makes no sense"))
        return status

    def read_response(self, limit: int = _LITERAL_LIMIT) -> list[Part]:
        """One whole response, literals taken out; large ones are spooled."""
        line = self.transport.readline()
        if line[-3:-2] != b"}" and line[-2:-1] != b"}":
            return [line]
        return self.read_rest(line, limit)

    def _read_collected(self) -> list[Part]:
        """A response to a command that asks for no body, so that nothing of it is spooled."""
        return self.read_response(SPOOL_OVER)

    def read_rest(self, line: bytes, limit: int = _LITERAL_LIMIT) -> list[Part]:
        """The response that starts with ``line``, which may announce a literal."""
        parts: list[Part] = [line]
        total = 0
        while (announced := LITERAL.search(line)) is not None:
            size = int(announced[1])
            total += size
            if total >= limit or len(parts) > _PARTS_LIMIT:
                release(parts)
                raise self.broken(_("the server announced more than it can have"))
            try:
                # Of several literals the first ones alone may be in memory.
                parts.append(self.read_literal(size, spooled=total > SPOOL_OVER))
                line = self.transport.readline()
            except BaseException:
                release(parts)
                raise
            parts.append(line)
        return parts

    def read_literal(self, size: int, *, spooled: bool = False) -> Part:
        """A literal's bytes, spooled when they are many."""
        if size <= SPOOL_OVER and not spooled:
            return self.transport.read(size)
        body = self.new_spool()
        try:
            for piece in self.transport.pieces(size):
                body.write(piece)
        except BaseException:
            body.release()
            self.abandon()
            raise
        return body

    def new_spool(self) -> SpooledBody:
        return SpooledBody(self._spool)

    def broken(self, what: str, *, detail: str = "") -> ConnectorError:
        """End the connection, for nothing on it can be trusted any more; returns the error to raise."""
        self.transport.cut(Transient(_("the connection was given up"), system=self.system, detail=detail))
        return ConnectionLost(what, system=self.system, detail=detail)

    def patience(self) -> Patience:
        """For the answer to one command."""
        return Patience(self.transport.timeout, self.floods)

    def floods(self) -> ConnectorError:
        return self.broken(_("the server floods the connection"))

    def refuse(self) -> None:
        """Cut the connection because the server refused something that was still being sent."""
        self.refused = True
        self.abandon()

    def abandon(self) -> None:
        """Give up in the middle of an answer."""
        self.transport.cut(Transient(_("an answer was not read to its end"), system=self.system))


def release(parts: Sequence[Part]) -> None:
    """Remove the spool files of a response nobody wants."""
    for part in parts:
        if isinstance(part, SpooledBody):
            part.release()
