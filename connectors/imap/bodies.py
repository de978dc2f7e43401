"""Whole messages of a folder, each key answered exactly once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from connectors.body import MemoryBody, SpooledBody
from connectors.contract import Body, Folder, Message, Unread
from connectors.imap.arguments import uid_sets
from connectors.imap.mailbox import Mailbox
from connectors.imap.response import Fetched
from connectors.imap.stream import RANGE, Fetcher, FetchRefused, existing
from connectors.reasons import Reason

_WHOLE = b"(UID FLAGS INTERNALDATE%s BODY.PEEK[])"
#: Response codes of a FETCH that say nothing about a message.
_NOT_ABOUT_MESSAGES = frozenset({"UNAVAILABLE", "INUSE", "LIMIT", "OVERQUOTA"})
#: What Courier hands out in place of a message whose file is gone.
_STAND_IN = (
    b"From: System Administrator <root@localhost>\r\nSubject: message unavailable\r\n\r\n"
    b"This message is no longer available on the server.\r\n"
)


def read_bodies(mailbox: Mailbox, folder: Folder, uids: Sequence[int], more: bytes = b"") -> Iterator[Message | Unread]:
    """Read messages; those known to be large by ranges.  ``more`` are further items.  Raises FolderMissing."""
    raw = mailbox.raw_name(folder.path)
    asked = list(dict.fromkeys(uids))
    large = {uid: size for uid in asked if (size := mailbox.known.large.get((raw, folder.epoch, uid)))}
    unanswered: list[int] = []
    reader = _Reader(mailbox, folder, large, unanswered, more)
    yield from reader.read([uid for uid in asked if uid not in large])
    for uid in large:
        yield from reader.read_by_ranges(uid)
    if unanswered:
        yield from _ask_again(mailbox, folder, reader, unanswered)


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

    def read(self, uids: Sequence[int]) -> Iterator[Message | Unread]:
        for group, uid_set in uid_sets(uids):
            left = dict.fromkeys(group)
            for fetched in self._fetch(uid_set, _WHOLE % self._more):
                if fetched.uid not in left or not (_is_told(fetched) or fetched.malformed):
                    fetched.release()  # not asked for, answered before, news about flags, or no message
                    continue
                del left[fetched.uid]
                yield _message(fetched)
            self._unanswered.extend(left)

    def _fetch(self, uid_set: bytes, items: bytes) -> Iterator[Fetched]:
        """FETCH from the folder, opened before; a refusal because of a message only ends it."""
        command = (b"UID FETCH", uid_set, items)
        if self._mailbox.is_open(self._folder):
            tag = self._dialogue.start(*command)
        else:
            _, (tag,) = self._mailbox.open_and_start(self._folder, command)
        try:
            yield from self._fetcher.answers(tag)
        except FetchRefused as refusal:
            status = refusal.status
            if status.word != "NO" or status.code in _NOT_ABOUT_MESSAGES or status.throttle is not None:
                raise self._dialogue.refusal("FETCH", status) from None

    def read_by_ranges(self, uid: int) -> Iterator[Message | Unread]:
        """Fetch a large message piece by piece, until the server has no more.

        The listed size is an estimate on some servers, so it does not end the reading: an empty piece does.
        """
        body = self._dialogue.new_spool()
        try:
            answer = self._gather(uid, body)
        except BaseException:
            body.release()
            raise
        if not isinstance(answer, Message):
            body.release()
        if answer is not None:
            yield answer

    def _gather(self, uid: int, body: SpooledBody) -> Message | Unread | None:
        first: Fetched | None = None
        while True:
            piece = self._piece(uid, body.size)
            if piece is None or (body.size == 0 and not _is_told(piece)):
                self._unanswered.append(uid)
                return None
            if piece.malformed:
                return Unread(str(uid), Reason.UNREADABLE)
            data = piece.section or b""
            if isinstance(data, SpooledBody) or len(data) > RANGE or piece.origin not in (None, body.size):
                piece.release()
                return Unread(str(uid), Reason.WRONG_LENGTH)
            first = first or piece
            body.write(data)
            if not data or (len(data) < RANGE and body.size >= self.large[uid]):
                return Message(str(uid), first.received, first.flags or frozenset(), body, _labels(first))

    def _piece(self, uid: int, offset: int) -> Fetched | None:
        """The answer about one range, None when there is none."""
        items = b"(UID%s BODY.PEEK[]<%d.%d>)" % (b"" if offset else b" FLAGS INTERNALDATE" + self._more, offset, RANGE)
        found: Fetched | None = None
        for fetched in self._fetch(b"%d" % uid, items):
            if fetched.uid == uid and (fetched.has_section or fetched.malformed) and found is None:
                found = fetched
            else:
                fetched.release()
        return found


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
