"""A POP3 maildrop that is read: one folder, one session, nothing marked and nothing deleted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from threading import Event

from connectors.contract import Body, Capabilities, Entry, Folder, Headers, Message, Role, Unread, Window
from connectors.errors import FolderMissing, Stopped
from connectors.language import _
from connectors.pop3.connection import Connection
from connectors.pop3.known import KnownAccount, KnownServer
from connectors.pop3.maildrop import Maildrop, look, names_content
from connectors.pop3.retrieval import Retrieval, Wanted, head_of
from connectors.pop3.settings import Pop3Settings
from connectors.read_state import ReadRule
from connectors.reasons import Reason
from connectors.received import received_by_header
from connectors.wire import identifying, to_wire

INBOX = ("INBOX",)
#: Keys are good for as long as the account is: a message that is gone leaves its key to no other.
EPOCH = "1"
#: Entries to a window of a listing.
_WINDOW = 500


class Pop3Source:
    """A signed-in session for reading (see :class:`connectors.contract.Source`).

    It sees the maildrop as it was when it signed in.
    """

    def __init__(
        self,
        connection: Connection,
        settings: Pop3Settings,
        server: KnownServer,
        account: KnownAccount,
        spool: Path,
    ) -> None:
        self._connection = connection
        self._host = settings.host
        self._read_rule = ReadRule(settings.unread_if_newer_than)
        self._account = account
        self._spool = spool
        self._aborted = Event()
        self._retrieval = Retrieval(connection.dialogue, connection.features, server, account)
        self._seen: Maildrop | None = None

    def capabilities(self) -> Capabilities:
        # A server that knows no flags changes none: what its token stands for is all that there is to tell.
        product = self._connection.features.product
        return Capabilities(sessions=1, sequential=True, flag_tokens=True, product=product)

    def close(self) -> None:
        self._account.received.clear()
        self._connection.close(retrieved=self._retrieval.retrieved)

    def abort(self) -> None:
        self._aborted.set()
        self._connection.dialogue.transport.cut()

    def folders(self) -> Iterator[Folder]:
        maildrop = self._maildrop()
        yield Folder(INBOX, Role.INBOX, EPOCH, maildrop.token(), messages=len(maildrop.keys))

    def entries(self, folder: Folder, cursor: str | None) -> Iterator[Window]:
        """Lists all each time, with dates where they can be had without bodies."""
        maildrop = self._opened(folder)
        for start in range(0, max(len(maildrop.keys), 1), _WINDOW):
            some = maildrop.keys[start : start + _WINDOW]
            self._look_up(some)
            yield Window([self._entry(maildrop, key) for key in some])

    def states(self, folder: Folder, keys: Sequence[str]) -> Iterator[Entry]:
        maildrop = self._opened(folder)
        there = [key for key in keys if key in maildrop.numbers]
        self._look_up(there)
        yield from (self._entry(maildrop, key) for key in there)

    def headers(self, folder: Folder, keys: Sequence[str]) -> Iterator[Headers]:
        for key, head in self._heads(self._opened(folder), keys):
            yield Headers(key, identifying(head))

    def read(self, folder: Folder, keys: Sequence[str]) -> Iterator[Message | Unread]:
        maildrop = self._opened(folder)
        wanted = []
        for key in dict.fromkeys(keys):
            if key not in maildrop.numbers:
                yield Unread(key, Reason.GONE)
            elif not names_content(key):
                yield Unread(key, Reason.UNREADABLE)
            else:
                wanted.append(Wanted(key, maildrop.numbers[key], maildrop.size(key)))
        for key, answer in self._retrieval.messages(wanted):
            yield Unread(key, answer) if isinstance(answer, Reason) else self._message(key, answer)

    def _message(self, key: str, body: Body) -> Message:
        try:
            received = self._account.received[key] = received_by_header(head_of(body), _now())
        except BaseException:
            body.release()
            raise
        return Message(key, received, self._read_rule.flags(received, _now()), body)

    def _entry(self, maildrop: Maildrop, key: str) -> Entry:
        return Entry(key, maildrop.size(key), self._account.received.get(key), flags=None)

    def _look_up(self, keys: Sequence[str]) -> None:
        """The dates of messages, where they can be had without their bodies."""
        new = [key for key in keys if key not in self._account.received]
        if self._retrieval.tells_headers and new:
            for key, head in self._heads(self._maildrop(), new):
                self._account.received[key] = received_by_header(head, _now())

    def _heads(self, maildrop: Maildrop, keys: Sequence[str]) -> Iterator[tuple[str, bytes]]:
        """The header blocks of those that are there and can be read, in order."""
        names = {maildrop.numbers[key]: key for key in keys if key in maildrop.numbers and names_content(key)}
        for number, head in self._retrieval.headers(list(names)):
            yield names[number], head

    def _opened(self, folder: Folder) -> Maildrop:
        """Raises FolderMissing when it is not the one folder that there is."""
        if folder.path != INBOX or folder.epoch != EPOCH:
            raise FolderMissing(_("a POP3 server has one folder, INBOX"), system=self._host)
        return self._maildrop()

    def _maildrop(self) -> Maildrop:
        if self._aborted.is_set():
            raise Stopped(_("the session was aborted"), system=self._host)
        if self._seen is None:
            self._seen = look(self._connection.dialogue, self._connection.features, self._contents)
        return self._seen

    def _contents(self, numbers: Sequence[int]) -> Iterator[tuple[int, bytes | None]]:
        """The core digest of messages: what a server adds at the top of each does not change it."""
        for name, answer in self._retrieval.messages([Wanted(str(number), number, None) for number in numbers]):
            if isinstance(answer, Reason):
                yield int(name), None
                continue
            body, digests = to_wire(answer, self._spool)
            body.release()
            yield int(name), digests.core


def _now() -> datetime:
    return datetime.now(UTC)
