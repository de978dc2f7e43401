"""A mailbox read over IMAP: EXAMINE and PEEK only, so that nothing on it ever changes."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from threading import Event

from connectors.body import SPOOL_OVER, SpooledBody
from connectors.contract import Capabilities, Entry, Folder, Headers, Message, Quota, Unread, Window
from connectors.errors import FolderMissing, Refused, Stopped, Transient
from connectors.imap.arguments import uid_of
from connectors.imap.bodies import Ahead, begin, read_bodies
from connectors.imap.changes import CHANGES_LIMIT, Cursor, Vanished, gone_since
from connectors.imap.connection import Connection
from connectors.imap.dialogue import Dialogue
from connectors.imap.known import Known
from connectors.imap.mailbox import Begun, Mailbox, Opened
from connectors.imap.quota import quota_in
from connectors.imap.response import Fetched
from connectors.imap.settings import ImapSettings
from connectors.imap.status import FolderStatus
from connectors.imap.stream import WINDOW, Fetcher, FetchRefused
from connectors.language import _

_HEADERS = b"(UID BODY.PEEK[HEADER.FIELDS (MESSAGE-ID DATE FROM SUBJECT)])"
#: A listing window that brings more than this is no window.
_WINDOW_LIMIT = 20 * WINDOW
#: Flags of all messages of a window: a hundred each, if they were all different.
_FLAGS_LIMIT = 100 * WINDOW

#: First and last UID of a window, the last None where there is no end, and the answers about it.
_Asked = tuple[int, int | None, Iterator[Fetched]]


class ImapSource:
    """A signed-in session for reading (see :class:`connectors.contract.Source`)."""

    #: Shared folders are read where the settings ask for it; they are never written to.
    _may_be_shared = True

    def __init__(
        self,
        sign_in: Callable[[Event], Connection],
        connection: Connection,
        settings: ImapSettings,
        known: Known,
        spool: Path,
    ) -> None:
        """On a ``connection`` that is signed in; ``sign_in`` makes another when the server has spoilt it."""
        self._sign_in = sign_in
        self._settings = settings
        self._known = known
        self._spool = spool
        self._aborted = Event()
        self._connection = connection
        self._mailbox = self._new_mailbox()
        self._next: Sequence[Folder] = ()
        self._next_read: tuple[Folder, Sequence[str]] | None = None
        #: The listings of the next folders or the next messages, asked for while what was before them arrived.
        self._begun: deque[Begun] = deque()

    def _use(self, wanted: Folder | None = None, uids: Sequence[int] | None = None) -> Mailbox:
        """The mailbox, signed in anew when the connection was cut because of something the server refused.

        What was asked of it ahead is heard first, unless that is what is ``wanted`` now: the listing of a folder, or
        messages of it.
        """
        if self._aborted.is_set():
            self._dialogue.transport.cut()
            raise Stopped(_("the session was aborted"), system=self._settings.host)
        if self._begun and (self._begun[0].folder, self._begun[0].uids) != (wanted, uids):
            self._drop_begun()
        if self._dialogue.refused:
            self._begun.clear()
            self._connection = self._sign_in(self._aborted)
            self._mailbox = self._new_mailbox()
        return self._mailbox

    def _new_mailbox(self) -> Mailbox:
        with_shared = self._may_be_shared and self._settings.shared_folders
        return Mailbox(self._connection, self._known, with_shared=with_shared)

    @property
    def _dialogue(self) -> Dialogue:
        return self._connection.dialogue

    def capabilities(self) -> Capabilities:
        features = self._connection.features
        return Capabilities(
            sessions=self._settings.sessions,
            batch=self._settings.batch,
            atomic_batch="MULTIAPPEND" in features,
            returns_keys="UIDPLUS" in features,
            settle=timedelta(seconds=self._settings.settle),
            max_message=features.append_limit,
            flag_tokens=features.modseq,
            moves="MOVE" in features,
            product=self._connection.product,
        )

    def close(self) -> None:
        self._connection.close()

    def abort(self) -> None:
        self._aborted.set()
        self._dialogue.transport.cut()

    def folders(self) -> Iterator[Folder]:
        mailbox = self._use()
        for path, listed, status in mailbox.looked_at():
            if isinstance(status, FolderStatus):
                yield replace(mailbox.folder(path, listed.role, status), subscribed=listed.subscribed)
            elif isinstance(status, Transient):
                raise status
            elif not isinstance(status, FolderMissing):
                yield Folder(path, listed.role, epoch="")  # opening it will say why it cannot be read

    def shared_left_out(self) -> Sequence[tuple[str, ...]]:
        return self._use().shared_left_out()

    def quota(self) -> Quota | None:
        return self._quota_of(b"INBOX")

    def _quota_of(self, raw: bytes) -> Quota | None:
        mailbox = self._use()
        if "QUOTA" not in mailbox.features:
            return None
        answer = mailbox.dialogue.run(b"GETQUOTAROOT", mailbox.argument(raw))
        return quota_in(answer.untagged) if answer.status.word == "OK" else None

    def entries(self, folder: Folder, cursor: str | None) -> Iterator[Window]:
        """Where the folder has HIGHESTMODSEQ, listings from a cursor name what changed; all others name all."""
        since = Cursor.parse(cursor, folder.epoch)
        mailbox = self._use(folder if since is None else None)
        raw = mailbox.raw_name(folder.path)
        if since is not None and mailbox.features.modseq and raw not in self._known.broken_changes:
            with self._known.asking_for_changes(raw):
                changes = self._changes(folder, since)
            if changes is not None:
                yield changes
                return
        if folder.messages is not None and folder.messages <= WINDOW:
            opened, tag = self._started(mailbox, folder)
            answers = self._fetcher().answers(tag) if opened.exists else self._nothing(tag)
            windows: Iterator[_Asked] = iter([(1, None, answers)])
        else:
            opened = mailbox.open(folder, fresh=True)
            windows = self._fetched_windows(opened, self._items) if opened.exists else iter(())
        listed = highest = 0
        held: list[Entry] = []
        for first, last, answers in windows:
            if held:
                yield Window(held)
            with self._known.asking_ahead(lambda: bool(self._begun)):
                held = self._collect(opened, first, last, answers)
            listed += len(held)
            highest = int(held[-1].key) if held else highest
        if listed < opened.exists:
            self._check_complete(folder, listed)
        self._known.broken_changes.discard(raw)
        yield Window(held, cursor=Cursor.after(opened, highest, listed))

    def lists_next(self, folders: Sequence[Folder]) -> None:
        self._next = folders

    def _started(self, mailbox: Mailbox, folder: Folder) -> tuple[Opened, bytes]:
        """The listing of a folder, and those of the next ones behind it: nobody waits for the line in between."""
        whole = (b"UID FETCH", b"1:*", self._items)
        early = self._begun.popleft() if self._begun else None
        begun = early or mailbox.begin(folder, whole)
        if begun is None:
            opened, (tag,) = mailbox.open_and_start(folder, whole)
            return opened, tag
        with self._known.asking_ahead(lambda: early is not None or bool(self._begun)):
            self._begin_next(mailbox, whole)
            return mailbox.arrive(begun), begun.tags[0]

    def _begin_next(self, mailbox: Mailbox, whole: Sequence[bytes]) -> None:
        """Ask for the listings of small folders ahead, as many as one window holds."""
        following, self._next = self._next, ()
        if not self._known.asks_ahead:
            return
        under_way = [one.folder for one in self._begun]
        if list(following[: len(under_way)]) != under_way:
            return
        room = WINDOW - sum(one.messages or 0 for one in under_way)
        for folder in following[len(under_way) :]:
            if not folder.messages or (room := room - folder.messages) < 0:
                return
            begun = mailbox.begin(folder, whole)
            if begun is None:
                return
            self._begun.append(begun)

    def _drop_begun(self) -> None:
        """Hear what was asked for ahead, and keep nothing of it."""
        while self._begun and not self._dialogue.refused:
            begun = self._begun.popleft()
            # Whatever it is about the folder is met again by who needs it.
            with self._known.asking_ahead(lambda: True), suppress(FolderMissing, Refused, FetchRefused):
                self._mailbox.arrive(begun)
                for fetched in self._fetcher().answers(begun.tags[0]):
                    fetched.release()

    def _changes(self, folder: Folder, since: Cursor) -> Window | None:
        """What changed since the cursor; None when only a whole listing can tell."""
        mailbox = self._mailbox
        mailbox.enable_resync()
        asks = b"(CHANGEDSINCE %d%s)" % (since.modseq, b" VANISHED" if mailbox.resyncs else b"")
        opened, tags = mailbox.open_and_start(
            folder,
            (b"UID FETCH", b"%d:*" % since.next, self._items),
            (b"UID FETCH", b"1:%d" % (since.next - 1), self._items, asks),
        )
        vanished = Vanished()
        entries = self._few(opened, tags, vanished)
        if entries is None or not opened.modseq or opened.modseq < since.modseq:
            return None
        new = [entry for entry in entries if int(entry.key) >= since.next]
        believed, gone = gone_since(since, opened, len(new), vanished if mailbox.resyncs else None)
        if not believed:
            return None
        highest = int(new[-1].key) if new else since.next - 1
        return Window(entries, gone, Cursor.after(opened, highest, opened.exists), complete=False)

    def _few(self, opened: Opened, tags: Sequence[bytes], vanished: Vanished) -> list[Entry] | None:
        """The entries of a listing of changes; None when they are many, or when the server does not tell them.

        Dovecot answers a second FETCH before it ends the first, so all answers are taken together.
        """
        entries: dict[int, Entry] = {}
        heard, refused = 0, False
        for tag in tags:
            try:
                for fetched in self._fetcher().answers(tag, asked=opened.exists, hear=vanished.hear):
                    heard += 1
                    if heard > 2 * opened.exists + _WINDOW_LIMIT:
                        raise self._dialogue.floods()
                    if len(entries) <= CHANGES_LIMIT:
                        self._take(entries, opened, 1, None, fetched)
            except FetchRefused:
                refused = True
        return None if refused or len(entries) > CHANGES_LIMIT else [entries[uid] for uid in sorted(entries)]

    def _nothing(self, tag: bytes) -> Iterator[Fetched]:
        """The answer to a listing of an empty folder, which some servers refuse."""
        self._dialogue.finish(tag)
        return iter(())

    def _fetched_windows(self, opened: Opened, items: bytes) -> Iterator[_Asked]:
        """Windows of about WINDOW existing messages each.

        The borders are the UIDs of every so-manieth message.
        """
        first = 1
        borders = range(WINDOW, opened.exists, WINDOW)
        if borders:
            uids = {fetched.uid for fetched in self._all(self._fetcher().fetch_numbers(borders, b"(UID)"))}
            for uid in sorted(uid for uid in uids if uid is not None):
                yield first, uid, self._fetcher().fetch(b"%d:%d" % (first, uid), items)
                first = uid + 1
        yield first, None, self._fetcher().fetch(b"%d:*" % first, items)

    @property
    def _items(self) -> bytes:
        object_id = b" EMAILID" if "OBJECTID" in self._connection.features else b""
        return b"(UID FLAGS INTERNALDATE RFC822.SIZE%s)" % object_id

    def _collect(self, opened: Opened, first: int, last: int | None, answers: Iterator[Fetched]) -> list[Entry]:
        """The entries of one window, whose UIDs go from ``first`` to ``last``."""
        entries: dict[int, Entry] = {}
        flags = 0
        for fetched in self._all(answers):
            flags += len(fetched.flags or ())
            if flags > _FLAGS_LIMIT:
                raise self._dialogue.floods()
            self._take(entries, opened, first, last, fetched)
            if len(entries) > _WINDOW_LIMIT:
                raise self._dialogue.floods()
        return [entries[uid] for uid in sorted(entries)]

    def _take(self, entries: dict[int, Entry], opened: Opened, first: int, last: int | None, fetched: Fetched) -> None:
        """One answer of a listing: an entry, or news about the flags of one."""
        uid = fetched.uid
        if uid is None and fetched.malformed:
            raise self._dialogue.broken(_("an answer to a listing makes no sense"))
        if uid is None or uid < first or (last is not None and uid > last):
            return  # news about flags, or not asked for; and ``n:*`` names the last message even below n
        known = entries.get(uid)
        is_news = fetched.size is None and (known is not None or (fetched.received is None and not fetched.malformed))
        if is_news:
            if known is not None and fetched.flags is not None:
                entries[uid] = replace(known, flags=fetched.flags)
            return
        entries[uid] = Entry(str(uid), fetched.size, fetched.received, fetched.flags, object_id=fetched.object_id)
        if fetched.size is not None and fetched.size > SPOOL_OVER:
            self._known.note_large(opened.raw, opened.uidvalidity, uid, fetched.size)

    def _check_complete(self, folder: Folder, listed: int) -> None:
        """A listing that leaves messages out would call them gone, or never see them."""
        if listed < self._use().open(folder, fresh=True).exists:
            raise Transient(_("the server lists fewer messages than it counts"), system=self._dialogue.system)

    def states(self, folder: Folder, keys: Sequence[str]) -> Iterator[Entry]:
        left = {uid_of(key) for key in keys}
        for fetched in self._known_in(folder, left, b"(UID FLAGS INTERNALDATE RFC822.SIZE)"):
            if fetched.uid in left and fetched.size is not None:
                left.discard(fetched.uid)
                yield Entry(str(fetched.uid), fetched.size, fetched.received, fetched.flags)

    def headers(self, folder: Folder, keys: Sequence[str]) -> Iterator[Headers]:
        left = {uid_of(key) for key in keys}
        for fetched in self._known_in(folder, left, _HEADERS):
            if fetched.uid in left and fetched.has_section:
                left.discard(fetched.uid)
                yield Headers(str(fetched.uid), _start_of(fetched))

    def _known_in(self, folder: Folder, uids: Collection[int], items: bytes) -> Iterator[Fetched]:
        """About messages of a folder, which is opened along with the first question.  Raises FolderMissing."""
        mailbox = self._use()

        def start(commands: Sequence[Sequence[bytes]]) -> Sequence[bytes]:
            return mailbox.open_and_start(folder, *commands)[1]

        return self._all(self._fetcher().fetch_known(sorted(uids), items, start))

    def reads_next(self, folder: Folder, keys: Sequence[str]) -> None:
        self._next_read = folder, keys

    def read(self, folder: Folder, keys: Sequence[str]) -> Iterator[Message | Unread]:
        uids = [uid_of(key) for key in keys]
        following, self._next_read = self._next_read, None
        mailbox = self._use(folder, uids)
        begun = self._begun.popleft() if self._begun else None

        def begin_next() -> None:
            if following is not None and self._known.asks_ahead:
                folder, keys = following
                next_begun = begin(mailbox, folder, [uid_of(key) for key in keys])
                if next_begun is not None:
                    self._begun.append(next_begun)

        with self._known.asking_ahead(lambda: begun is not None or bool(self._begun)):
            yield from read_bodies(mailbox, folder, uids, ahead=Ahead(begun, begin_next, self._drop_begun))

    def _fetcher(self) -> Fetcher:
        return Fetcher(self._dialogue)

    def _all(self, answers: Iterator[Fetched]) -> Iterator[Fetched]:
        """The answers, a refusal as its verdict."""
        try:
            yield from answers
        except FetchRefused as refusal:
            raise self._dialogue.refusal("FETCH", refusal.status) from None


def _start_of(fetched: Fetched) -> bytes:
    """Header fields; of a header that had to be spooled nothing is told, for it is none."""
    section = fetched.section
    if isinstance(section, SpooledBody):
        section.release()
        return b""
    return section or b""
