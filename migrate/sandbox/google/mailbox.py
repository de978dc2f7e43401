"""One Gmail mailbox: messages, labels, conversations, history, and an index that lags behind.

History and its gaps: users.history.list of the discovery document.  Deduplication is documented nowhere; see
:class:`migrate.sandbox.google.manners.Manners`.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from migrate.sandbox.google.errors import ApiError, Json, not_found
from migrate.sandbox.google.headers import Head, read_head
from migrate.sandbox.google.labels import Label, Labels

#: Writes one change down: what it is, and a message's bytes where it is a new one.
Record = Callable[[Json, bytes], None]

_FIRST_ID = 0x18C0000000000000


@dataclass(slots=True)
class Stored:
    """One message as the mailbox holds it."""

    id: str
    thread_id: str
    #: None where bodies are not kept.
    content: bytes | None
    size: int
    digest: str
    labels: frozenset[str]
    #: Milliseconds since 1970.
    internal_date: int
    history_id: int
    head: Head
    #: When a search sees it, in seconds of the stand-in's clock.
    searched_from: float

    @property
    def raw(self) -> bytes:
        """The message.  Raises ApiError where it was not kept."""
        if self.content is None:
            raise ApiError(501, "This stand-in was told to keep no bodies.", "notImplemented", "UNIMPLEMENTED")
        return self.content

    @property
    def order(self) -> tuple[int, str]:
        """Messages are listed newest first by this."""
        return (self.internal_date, self.id)


@dataclass(frozen=True, slots=True)
class Event:
    """One entry of the history; ``kind`` is one of users.history.list's historyTypes."""

    id: int
    kind: str
    message: str
    thread: str
    #: What the message has afterwards.
    labels: frozenset[str]
    #: What was put on or taken off.
    changed: frozenset[str] = frozenset()


class Mailbox:
    """The mail of one person."""

    def __init__(self, record: Record) -> None:
        self.labels = Labels()
        self.history: list[Event] = []
        #: What startHistoryId must not be older than.
        self.oldest_history = 0
        self.history_id = 1000
        #: Messages with an invitation that were put into the calendar.
        self.calendar: list[str] = []
        self._record = record
        self._messages: dict[str, Stored] = {}
        self._by_message_id: dict[str, list[str]] = {}
        self._order: list[Stored] | None = []

    def __len__(self) -> int:
        return len(self._messages)

    def __iter__(self) -> Iterator[Stored]:
        return iter(self._messages.values())

    def get(self, message: str) -> Stored:
        """The message with this id.  Raises ApiError."""
        found = self._messages.get(message)
        if found is None:
            raise not_found()
        return found

    def with_message_id(self, message_id: str) -> list[Stored]:
        """What has this Message-ID (without brackets), oldest first."""
        return [self._messages[one] for one in self._by_message_id.get(message_id, ())]

    def newest_first(self, before: tuple[int, str] | None = None) -> Iterator[Stored]:
        """Every message in the order of a listing, from after ``before`` on."""
        if self._order is None:
            self._order = sorted(self._messages.values(), key=lambda one: one.order)
        end = len(self._order) if before is None else bisect_left(self._order, before, key=lambda one: one.order)
        # A page is made before anything else can happen, so the list may not change under this.
        for at in range(end - 1, -1, -1):
            yield self._order[at]

    def since(self, history_id: int) -> Sequence[Event]:
        """What happened after ``history_id``.  Raises ApiError when that is too old, or still to come."""
        if history_id < self.oldest_history or history_id > self.history_id:
            raise not_found()
        return self.history[bisect_right(self.history, history_id, key=lambda event: event.id) :]

    def put(
        self,
        raw: bytes,
        labels: Iterable[str],
        internal_date: int,
        *,
        head: Head | None = None,
        thread: str | None = None,
        searched_from: float = 0.0,
        keep: bool = True,
    ) -> Stored:
        """A new message; ``thread`` is the conversation that it joins."""
        number = _FIRST_ID + self._next_history()
        name = f"{number:x}"
        stored = Stored(
            id=name,
            thread_id=thread or name,
            content=raw if keep else None,
            size=len(raw),
            digest=hashlib.sha256(raw).hexdigest(),
            labels=frozenset(labels),
            internal_date=internal_date,
            history_id=self.history_id,
            head=head or read_head(raw),
            searched_from=searched_from,
        )
        self._take(stored)
        self._record(_written(stored), stored.content or b"")
        return stored

    def relabel(self, stored: Stored, labels: Iterable[str]) -> None:
        """Give a message other labels."""
        wanted = frozenset(labels)
        if wanted == stored.labels:
            return
        self._relabelled(stored, wanted, self._next_history())
        self._record({"do": "labels", "id": stored.id, "labels": sorted(wanted), "history": self.history_id}, b"")

    def remove(self, stored: Stored) -> None:
        """Take a message away for good."""
        self._removed(stored, self._next_history())
        self._record({"do": "gone", "id": stored.id, "history": self.history_id}, b"")

    def forget_history(self) -> None:
        """Answer 404 to whoever asks for what was before now, as Google does after a week or less."""
        self.history.clear()
        self.oldest_history = self.history_id

    def keep_label(self, label: Label) -> None:
        """A label was made or changed."""
        self._record({"do": "label", "id": label.id, "name": label.name, "settings": label.settings}, b"")

    def remove_label(self, label_id: str) -> None:
        """Take a label away, from its messages too.  Raises ApiError."""
        self.labels.remove(label_id)
        for stored in [one for one in self if label_id in one.labels]:
            self.relabel(stored, stored.labels - {label_id})
        self._record({"do": "unlabel", "id": label_id}, b"")

    def restore(self, written: Json, raw: bytes) -> None:
        """Do again what an earlier run wrote down."""
        did = written["do"]
        if did == "put":
            stored = _read(written, raw)
            self.history_id = stored.history_id
            self._take(stored)
        elif did == "labels":
            self.history_id = int(written["history"])
            labels = frozenset(written["labels"])
            self._relabelled(self._messages[str(written["id"])], labels, self.history_id)
        elif did == "gone":
            self.history_id = int(written["history"])
            self._removed(self._messages[str(written["id"])], self.history_id)
        elif did == "label":
            self.labels.put(Label(str(written["id"]), str(written["name"]), dict(written["settings"])))
        elif did == "unlabel":
            self.labels.remove(str(written["id"]))

    def _next_history(self) -> int:
        # With gaps, as the discovery document says; the same ones in every run.
        self.history_id += 1 + self.history_id * 7 % 11
        return self.history_id

    def _take(self, stored: Stored) -> None:
        self._messages[stored.id] = stored
        if stored.head.message_id is not None:
            self._by_message_id.setdefault(stored.head.message_id, []).append(stored.id)
        if self._order is not None and (not self._order or self._order[-1].order < stored.order):
            self._order.append(stored)
        else:
            self._order = None
        self.history.append(Event(stored.history_id, "messageAdded", stored.id, stored.thread_id, stored.labels))

    def _relabelled(self, stored: Stored, wanted: frozenset[str], history_id: int) -> None:
        on, off = wanted - stored.labels, stored.labels - wanted
        stored.labels = wanted
        stored.history_id = history_id
        for kind, changed in (("labelAdded", on), ("labelRemoved", off)):
            if changed:
                self.history.append(Event(history_id, kind, stored.id, stored.thread_id, wanted, changed))

    def _removed(self, stored: Stored, history_id: int) -> None:
        del self._messages[stored.id]
        if stored.head.message_id is not None:
            self._by_message_id[stored.head.message_id].remove(stored.id)
        self._order = None
        self.history.append(Event(history_id, "messageDeleted", stored.id, stored.thread_id, stored.labels))


def _written(stored: Stored) -> Json:
    """What is written down of a message beside its content; without that, also what it is found by."""
    head = stored.head
    return {
        "do": "put",
        "id": stored.id,
        "thread": stored.thread_id,
        "size": stored.size,
        "digest": stored.digest,
        "labels": sorted(stored.labels),
        "date": stored.internal_date,
        "history": stored.history_id,
        "searched": stored.searched_from,
        **({"message_id": head.message_id, "topic": head.topic} if stored.content is None else {}),
    }


def _read(written: Json, raw: bytes) -> Stored:
    return Stored(
        id=str(written["id"]),
        thread_id=str(written["thread"]),
        content=None if "topic" in written else raw,
        size=int(written["size"]),
        digest=str(written["digest"]),
        labels=frozenset(written["labels"]),
        internal_date=int(written["date"]),
        history_id=int(written["history"]),
        head=_head_of(written, raw),
        searched_from=float(written["searched"]),
    )


def _head_of(written: Json, raw: bytes) -> Head:
    if "topic" not in written:
        return read_head(raw)
    return Head(senders=(), message_id=written["message_id"], date=None, topic=str(written["topic"]), answers=())
