"""Whole messages of a folder, each key answered exactly once."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from connectors.body import MemoryBody, SpooledBody
from connectors.contract import Body, Folder, Message, Unread
from connectors.errors import ConnectorError
from connectors.imap.arguments import uid_sets
from connectors.imap.mailbox import Begun, Mailbox
from connectors.imap.response import Fetched
from connectors.imap.stream import RANGE, Fetcher, FetchRefused, existing
from connectors.reasons import Reason

#: Pieces of a large message under way at once.
_AHEAD = 2
_WHOLE = b"(UID FLAGS INTERNALDATE%s BODY.PEEK[])"
#: Response codes of a FETCH that say nothing about a message.
_NOT_ABOUT_MESSAGES = frozenset({"UNAVAILABLE", "INUSE", "LIMIT", "OVERQUOTA"})
#: What Courier hands out in place of a message whose file is gone.
_STAND_IN = (
    b"From: System Administrator <root@localhost>\r\nSubject: message unavailable\r\n\r\n"
    b"This message is no longer available on the server.\r\n"
)


@dataclass(frozen=True, slots=True)
class Ahead:
    """What a session asks for ahead of its time."""

    #: The first command of this very question, if it was sent before.
    begun: Begun | None
    #: Sends the first command of the next question, behind the last one of this.
    begin_next: Callable[[], None]
    #: Hears out what ``begin_next`` sent, so that this question's folder can be opened again.
    drop: Callable[[], None]


def begin(mailbox: Mailbox, folder: Folder, uids: Sequence[int]) -> Begun | None:
    """Ask for the first messages of a question and wait for nothing; None where that cannot be."""
    asked = list(dict.fromkeys(uids))
    if not asked or _large_in(mailbox, folder, asked):
        return None
    _group, uid_set = next(uid_sets(asked))
    begun = mailbox.begin(folder, (b"UID FETCH", uid_set, _WHOLE % b""))
    return begun and replace(begun, uids=uids)


def read_bodies(
    mailbox: Mailbox, folder: Folder, uids: Sequence[int], more: bytes = b"", ahead: Ahead | None = None
) -> Iterator[Message | Unread]:
    """Read messages; those known to be large by ranges.  ``more`` are further items.  Raises FolderMissing."""
    asked = list(dict.fromkeys(uids))
    large = _large_in(mailbox, folder, asked)
    unanswered: list[int] = []
    reader = _Reader(mailbox, folder, large, unanswered, more)
    # Large messages take more commands, for which their folder has to stay open.
    begin_next = ahead.begin_next if ahead is not None and not large else None
    begun = None if ahead is None else ahead.begun
    yield from reader.read([uid for uid in asked if uid not in large], begun, begin_next)
    for uid in large:
        yield from reader.read_by_ranges(uid)
    if unanswered:
        if ahead is not None:
            ahead.drop()
        yield from _ask_again(mailbox, folder, reader, unanswered)


def _large_in(mailbox: Mailbox, folder: Folder, uids: Sequence[int]) -> dict[int, int]:
    """The listed sizes of those that are read by ranges."""
    if not mailbox.known.server.reads_in_pieces:
        return {}
    raw = mailbox.raw_name(folder.path)
    return {uid: size for uid in uids if (size := mailbox.known.large.get((raw, folder.epoch, uid)))}


def _ask_again(mailbox: Mailbox, folder: Folder, reader: _Reader, unanswered: list[int]) -> Iterator[Message | Unread]:
    """Those the server said nothing of, or NIL: gone, newer than our view of the folder, or held back by another."""
    left = list(unanswered)
    mailbox.open(folder, fresh=True)
    there = existing(mailbox.dialogue, left)
    for uid in left:
        if uid not in there:
            yield Unread(str(uid), Reason.GONE)
            continue
        unanswered.clear()
        yield from reader.read_by_ranges(uid) if uid in reader.large else reader.read([uid])
        if unanswered:
            yield Unread(str(uid), Reason.UNREADABLE)


class _Reader:
    """Reads from a folder; what the server does not answer is noted in ``unanswered``."""

    def __init__(
        self, mailbox: Mailbox, folder: Folder, large: Mapping[int, int], unanswered: list[int], more: bytes
    ) -> None:
        self.large = large
        self._mailbox = mailbox
        self._folder = folder
        self._dialogue = mailbox.dialogue
        self._fetcher = Fetcher(self._dialogue)
        self._unanswered = unanswered
        self._more = more

    def read(
        self, uids: Sequence[int], begun: Begun | None = None, begin_next: Callable[[], None] | None = None
    ) -> Iterator[Message | Unread]:
        """Read messages; the first command may have been sent before, and ``begin_next`` sends what comes behind."""
        groups = list(uid_sets(uids))
        for number, (group, uid_set) in enumerate(groups, 1):
            left = dict.fromkeys(group)
            if begun is not None:
                self._mailbox.arrive(begun)
                (tag,), begun = begun.tags, None
            else:
                tag = self.ask(uid_set, _WHOLE % self._more)
            if number == len(groups) and begin_next is not None:
                begin_next()
            for fetched in self.answers(tag):
                if fetched.uid not in left or not (_is_told(fetched) or fetched.malformed):
                    fetched.release()  # not asked for, answered before, news about flags, or no message
                    continue
                del left[fetched.uid]
                yield _message(fetched)
            self._unanswered.extend(left)

    def ask(self, uid_set: bytes, items: bytes) -> bytes:
        """Send a FETCH from the folder, which is opened before; the command's tag."""
        command = (b"UID FETCH", uid_set, items)
        if self._mailbox.is_open(self._folder):
            return self._dialogue.start(*command)
        _, (tag,) = self._mailbox.open_and_start(self._folder, command)
        return tag

    def answers(self, tag: bytes) -> Iterator[Fetched]:
        """The answers to such a FETCH; a refusal because of a message only ends them."""
        try:
            yield from self._fetcher.answers(tag)
        except FetchRefused as refusal:
            status = refusal.status
            if status.word != "NO" or status.code in _NOT_ABOUT_MESSAGES or status.throttle is not None:
                raise self._dialogue.refusal("FETCH", status) from None

    def hear_out(self, tag: bytes) -> None:
        """Hear the answers to a FETCH that nobody waits for, refused or not."""
        with suppress(FetchRefused):
            for fetched in self._fetcher.answers(tag):
                fetched.release()

    def may_ask_ahead(self) -> bool:
        return self._mailbox.known.asks_ahead

    def read_by_ranges(self, uid: int) -> Iterator[Message | Unread]:
        """Fetch a large message piece by piece; whole, where the pieces do not make up the message that was listed.

        A whole one comes with its length.  Without it nothing tells what is missing: the listed size is an estimate on
        some servers, and an empty piece is the end of the message, or of a server that lost it meanwhile.
        """
        body = self._dialogue.new_spool()
        pieces = _Pieces(self, uid, self._more)
        try:
            with self._mailbox.known.asking_ahead(lambda: pieces.are_under_way):
                first = self._gather(uid, body, pieces)
                pieces.drop()
        except BaseException:
            body.release()
            with suppress(ConnectorError):
                pieces.drop()
            raise
        if first is not None:
            yield Message(str(uid), first.received, first.flags or frozenset(), body, _labels(first))
            return
        body.release()
        for answer in self.read([uid]):
            self._mailbox.known.server.reads_in_pieces = False
            yield answer

    def _gather(self, uid: int, body: SpooledBody, pieces: _Pieces) -> Fetched | None:
        """Write all pieces to ``body``; the answer about the first, None when they are not the whole message."""
        listed = self.large[uid]
        first: Fetched | None = None
        while body.size <= listed:
            piece = pieces.take(body.size)
            if piece is None:
                return None
            data = piece.section
            if not isinstance(data, bytes) or len(data) > RANGE or piece.origin != body.size:
                piece.release()
                return None
            first = first or piece
            body.write(data)
            if len(data) < RANGE and body.size == listed:
                return first
            if not data:
                return None
        return None


class _Pieces:
    """The pieces of one large message in their order; over a long line, the next is asked for while one arrives.

    Asked for ahead is only what the listed size makes sure of, once the first piece said where in the message it
    begins (``BODY[]<0>``).
    """

    def __init__(self, reader: _Reader, uid: int, more: bytes) -> None:
        self._reader = reader
        self._uid = uid
        self._more = more
        self._size = reader.large[uid]
        #: Where the pieces under way begin, and the tags of their commands.
        self._asked: deque[tuple[int, bytes]] = deque()
        #: Pieces that came before they were waited for: a server may answer a second FETCH before it ends the first.
        self._early: dict[int, Fetched] = {}

    @property
    def are_under_way(self) -> bool:
        return bool(self._asked)

    def take(self, offset: int) -> Fetched | None:
        """The answer about the piece that begins at ``offset``, None when there is none."""
        if self._asked and self._asked[0][0] != offset:
            self.drop()  # the last one was shorter than it was asked for
        if not self._asked:
            self._ask(offset)
        ahead = offset > 0 and self._reader.may_ask_ahead()
        while ahead and len(self._asked) < _AHEAD and self._asked[-1][0] + RANGE < self._size:
            self._ask(self._asked[-1][0] + RANGE)
        found = self._early.pop(offset, None)
        _offset, tag = self._asked.popleft()
        for fetched in self._reader.answers(tag):
            if fetched.uid != self._uid or not (fetched.has_section or fetched.malformed):
                fetched.release()
            elif fetched.origin in {ahead for ahead, _tag in self._asked} - self._early.keys():
                self._early[fetched.origin or 0] = fetched
            elif found is None:
                found = fetched
            else:
                fetched.release()
        return found

    def _ask(self, offset: int) -> None:
        items = b"(UID%s BODY.PEEK[]<%d.%d>)" % (b"" if offset else b" FLAGS INTERNALDATE" + self._more, offset, RANGE)
        self._asked.append((offset, self._reader.ask(b"%d" % self._uid, items)))

    def drop(self) -> None:
        """Hear what is still under way, and keep none of it.  Raises what hearing raises."""
        early = list(self._early.values())
        self._early.clear()
        for fetched in early:
            fetched.release()
        while self._asked:
            _offset, tag = self._asked.popleft()
            self._reader.hear_out(tag)


def _is_told(fetched: Fetched) -> bool:
    """Whether there is a message in the answer; NIL and a stand-in are none."""
    section = fetched.section
    return section is not None and (isinstance(section, SpooledBody) or section != _STAND_IN)


def _message(fetched: Fetched) -> Message | Unread:
    section = fetched.section
    if section is None:  # a response that follows no grammar
        return Unread(str(fetched.uid), Reason.UNREADABLE)
    body: Body = section if isinstance(section, SpooledBody) else MemoryBody(section)
    return Message(str(fetched.uid), fetched.received, fetched.flags or frozenset(), body, _labels(fetched))


def _labels(fetched: Fetched) -> frozenset[str]:
    """As the server spells them."""
    return frozenset(label.decode("latin-1") for label in fetched.labels or ())
