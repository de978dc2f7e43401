"""Reading a mailbox in memory."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from threading import Event
from typing import Literal

from connectors.body import SPOOL_OVER, MemoryBody, SpooledBody
from connectors.contract import Body, Capabilities, Entry, Folder, Headers, Message, Resources, Unread, Window
from connectors.errors import Refused, Stopped, Transient
from connectors.memory.faults import Faults, Moment, Point
from connectors.memory.settings import MemorySettings
from connectors.memory.store import FolderState, Reader, Stored
from connectors.reasons import Reason
from connectors.wire import identifying

#: A call that hangs gives up after this many seconds, as a socket would.
HANG_LIMIT = 30.0

_HEAD_END = re.compile(rb"\r?\n\r?\n")


class MemorySource:
    """A source session.  It holds a :class:`Reader`, which cannot change anything."""

    end: Literal["source", "target"] = "source"

    def __init__(
        self,
        reader: Reader,
        settings: MemorySettings,
        resources: Resources,
        faults: Faults,
        leave: Callable[[], None],
    ) -> None:
        self._reader = reader
        self._settings = settings
        self._resources = resources
        self._faults = faults
        self._leave = leave
        self._left = Event()
        self._aborted = Event()

    def capabilities(self) -> Capabilities:
        return self._settings.capabilities()

    def close(self) -> None:
        if not self._left.is_set():
            self._left.set()
            self._leave()

    def abort(self) -> None:
        self._aborted.set()
        self.close()

    def folders(self) -> Iterator[Folder]:
        self._meet("folders")
        for state in self._reader.folders():
            yield self._folder(state)

    def entries(self, folder: Folder, cursor: str | None) -> Iterator[Window]:
        self._meet("entries", folder.path)
        state = self._reader.folder(folder.path, folder.epoch)
        since = self._since(state, cursor)
        if since is None:
            chosen, gone = [message.key for message in state.messages], []
        else:
            chosen = [message.key for message in state.messages if message.change > since]
            gone = [key for change, key in state.gone if change > since]
        told = f"{state.epoch}:{state.change}" if self._settings.incremental else None
        size = self._settings.window
        for start in range(0, max(len(chosen), 1), size):
            self._meet("window", folder.path)
            entries = list(self._present(folder, chosen[start : start + size]))
            last = start + size >= len(chosen)
            yield Window(entries, gone if last else (), told if last else None, complete=since is None)

    def states(self, folder: Folder, keys: Sequence[str]) -> Iterator[Entry]:
        self._meet("states", folder.path)
        yield from self._present(folder, keys)

    def headers(self, folder: Folder, keys: Sequence[str]) -> Iterator[Headers]:
        self._meet("headers", folder.path)
        for key in keys:
            message = self._reader.message(folder.path, key, folder.epoch)
            if message is not None:
                yield Headers(key, identifying_fields(message.data))

    def read(self, folder: Folder, keys: Sequence[str]) -> Iterator[Message | Unread]:
        for key in self._reading_order(folder, keys):
            message = self._reader.message(folder.path, key, folder.epoch)
            try:
                self._meet("read", folder.path, key=key, data=message.data if message else b"")
            except Refused as error:
                yield Unread(key, error.reason)
                continue
            if message is None:
                yield Unread(key, Reason.GONE)
            else:
                object_id = message.object_id if self._settings.object_ids else None
                body = self._body(message.data)
                yield Message(key, message.received, message.flags, body, object_id=object_id)

    def _since(self, state: FolderState, cursor: str | None) -> int | None:
        """The change number to list from; None for all."""
        if cursor is None or not self._settings.incremental:
            return None
        epoch, _, change = cursor.rpartition(":")
        return int(change) if epoch == state.epoch else None

    def _reading_order(self, folder: Folder, keys: Sequence[str]) -> Sequence[str]:
        if not self._settings.sequential:
            return keys
        place = {message.key: message.number for message in self._reader.folder(folder.path, folder.epoch).messages}
        return sorted(keys, key=lambda key: place.get(key, 0))

    def _present(self, folder: Folder, keys: Sequence[str]) -> Iterator[Entry]:
        for key in keys:
            message = self._reader.message(folder.path, key, folder.epoch)
            if message is not None:
                yield self._entry(message)

    def _entry(self, message: Stored) -> Entry:
        object_id = message.object_id if self._settings.object_ids else None
        return Entry(message.key, len(message.data), message.received, message.flags, object_id=object_id)

    def _folder(self, state: FolderState) -> Folder:
        settings = self._settings
        token = f"{state.epoch}:{state.next_number}:{len(state.messages)}"
        return Folder(
            path=state.path,
            role=state.role,
            epoch=state.epoch,
            token=f"{token}:{state.change}" if settings.flag_tokens else token,
            object_id=state.object_id if settings.object_ids else None,
            messages=len(state.messages),
        )

    def _body(self, data: bytes) -> Body:
        if len(data) <= SPOOL_OVER:
            return MemoryBody(data)
        body = SpooledBody(self._resources.spool)
        body.write(data)
        return body

    def _meet(
        self,
        point: Point,
        folder: tuple[str, ...] = (),
        *,
        key: str | None = None,
        ordinal: int | None = None,
        data: bytes = b"",
    ) -> None:
        """Ask whether something goes wrong here.  A lost connection is lost for good."""
        self._alive()
        moment = Moment(point, self._reader.user, self.end, self._hang, folder, key, ordinal, data)
        try:
            self._faults.meet(moment)
        except Transient:
            self.close()
            raise
        self._alive()

    def _alive(self) -> None:
        if self._aborted.is_set():
            raise Stopped("the session was aborted", system="memory")
        if self._left.is_set():
            raise Transient("the connection is gone", system="memory")

    def _hang(self) -> None:
        if self._aborted.wait(HANG_LIMIT):
            raise Stopped("the session was aborted", system="memory")
        raise Transient("no answer", system="memory")


def identifying_fields(data: bytes) -> bytes:
    """Message-ID, Date, From and Subject as they stand, line ends as CRLF."""
    end = _HEAD_END.search(data)
    head = data[: end.start()] if end else data
    return identifying(head if head.endswith(b"\n") else head + b"\r\n")
