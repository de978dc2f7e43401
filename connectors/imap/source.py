"""A mailbox read over IMAP: EXAMINE and PEEK only, so that nothing on it ever changes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from threading import Event

from connectors.body import SPOOL_OVER, SpooledBody
from connectors.contract import Capabilities, Entry, Folder, Headers, Message, Unread, Window
from connectors.errors import FolderMissing, Stopped, Transient
from connectors.imap.arguments import uid_of
from connectors.imap.bodies import read_bodies
from connectors.imap.connection import Connection
from connectors.imap.dialogue import Dialogue
from connectors.imap.known import Known
from connectors.imap.mailbox import FolderStatus, Mailbox, Opened, selectable
from connectors.imap.response import Fetched
from connectors.imap.settings import ImapSettings
from connectors.imap.stream import WINDOW, Fetcher, FetchRefused
from connectors.language import _

_HEADERS = b"(UID BODY.PEEK[HEADER.FIELDS (MESSAGE-ID DATE FROM SUBJECT)])"
#: A listing window that brings more than this is no window.
_WINDOW_LIMIT = 20 * WINDOW


class ImapSource:
    """A signed-in session for reading (see :class:`connectors.contract.Source`)."""

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
        self._mailbox = Mailbox(connection, known)

    def _use(self) -> Mailbox:
        """The mailbox, signed in anew when the connection was cut because of something the server refused."""
        if self._dialogue.refused:
            self._connection = self._sign_in(self._aborted)
            self._mailbox = Mailbox(self._connection, self._known)
        if self._aborted.is_set():
            self._dialogue.transport.cut()
            raise Stopped(_("the session was aborted"), system=self._settings.host)
        return self._mailbox

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
        )

    def close(self) -> None:
        self._connection.close()

    def abort(self) -> None:
        self._aborted.set()
        self._dialogue.transport.cut()

    def folders(self) -> Iterator[Folder]:
        mailbox = self._use()
        listed = list(selectable(mailbox.listing()))
        statuses = mailbox.statuses([folder.raw for _, folder in listed])
        for (path, folder), status in zip(listed, statuses, strict=True):
            if isinstance(status, FolderStatus):
                yield mailbox.folder(path, folder.role, status)
            elif isinstance(status, Transient):
                raise status
            elif not isinstance(status, FolderMissing):
                yield Folder(path, folder.role, epoch="")  # opening it will say why it cannot be read

    def entries(self, folder: Folder, cursor: str | None) -> Iterator[Window]:
        """Lists all each time: there are no cursors yet."""
        mailbox = self._use()
        if folder.messages is not None and folder.messages <= WINDOW:
            opened, tag = mailbox.open_and_start(folder, b"UID FETCH", b"1:*", self._items)
            answers = self._fetcher().answers(tag) if opened.exists else self._nothing(tag)
            entries = self._collect(opened, 1, answers)
            listed = len(entries)
            yield Window(entries)
        else:
            opened, listed = mailbox.open(folder, fresh=True), 0
            for first, last in self._windows(opened) if opened.exists else ():
                answers = self._fetcher().fetch(b"%d:%s" % (first, last), self._items)
                entries = self._collect(opened, first, answers)
                listed += len(entries)
                yield Window(entries)
        if listed < opened.exists:
            self._check_complete(folder, listed)

    def _nothing(self, tag: bytes) -> Iterator[Fetched]:
        """The answer to a listing of an empty folder, which some servers refuse."""
        self._dialogue.finish(tag)
        return iter(())

    def _windows(self, opened: Opened) -> Iterator[tuple[int, bytes]]:
        """UID ranges of about WINDOW existing messages each, from the UIDs of every so-manieth message."""
        first = 1
        borders = range(WINDOW, opened.exists, WINDOW)
        if borders:
            uids = {fetched.uid for fetched in self._all(self._fetcher().fetch_numbers(borders, b"(UID)"))}
            for uid in sorted(uid for uid in uids if uid is not None):
                yield first, b"%d" % uid
                first = uid + 1
        yield first, b"*"

    @property
    def _items(self) -> bytes:
        object_id = b" EMAILID" if "OBJECTID" in self._connection.features else b""
        return b"(UID FLAGS INTERNALDATE RFC822.SIZE%s)" % object_id

    def _collect(self, opened: Opened, first: int, answers: Iterator[Fetched]) -> list[Entry]:
        """The entries of one window, whose UIDs begin at ``first``."""
        entries: dict[int, Entry] = {}
        for fetched in self._all(answers):
            uid = fetched.uid
            if uid is None and fetched.malformed:
                raise self._dialogue.broken(_("an answer to a listing makes no sense"))
            if uid is None or uid < first:
                continue  # news about flags; and ``n:*`` names the last message even below n
            if fetched.size is None and not fetched.malformed:
                if uid in entries:  # news about flags
                    entries[uid] = replace(entries[uid], flags=fetched.flags)
                continue
            entries[uid] = Entry(str(uid), fetched.size, fetched.received, fetched.flags, object_id=fetched.object_id)
            if fetched.size is not None and fetched.size > SPOOL_OVER:
                self._known.note_large(opened.raw, opened.uidvalidity, uid, fetched.size)
            if len(entries) > _WINDOW_LIMIT:
                raise self._dialogue.broken(_("the server floods the connection"))
        return [entries[uid] for uid in sorted(entries)]

    def _check_complete(self, folder: Folder, listed: int) -> None:
        """A listing that leaves messages out would call them gone, or never see them."""
        if listed < self._mailbox.open(folder, fresh=True).exists:
            raise Transient(_("the server lists fewer messages than it counts"), system=self._dialogue.system)

    def states(self, folder: Folder, keys: Sequence[str]) -> Iterator[Entry]:
        self._use().open(folder, fresh=True)
        left = {uid_of(key) for key in keys}
        for fetched in self._all(self._fetcher().fetch_known(sorted(left), b"(UID FLAGS INTERNALDATE RFC822.SIZE)")):
            if fetched.uid in left and fetched.size is not None:
                left.discard(fetched.uid)
                yield Entry(str(fetched.uid), fetched.size, fetched.received, fetched.flags)

    def headers(self, folder: Folder, keys: Sequence[str]) -> Iterator[Headers]:
        self._use().open(folder, fresh=True)
        left = {uid_of(key) for key in keys}
        for fetched in self._all(self._fetcher().fetch_known(sorted(left), _HEADERS)):
            if fetched.uid in left and fetched.has_section:
                left.discard(fetched.uid)
                yield Headers(str(fetched.uid), _start_of(fetched))

    def read(self, folder: Folder, keys: Sequence[str]) -> Iterator[Message | Unread]:
        yield from read_bodies(self._use(), folder, [uid_of(key) for key in keys])

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
