"""A Gmail mailbox read over the API: each message once, in the one folder that its labels say."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import timedelta

from connectors.contract import (
    Body,
    Capabilities,
    Entry,
    Folder,
    Headers,
    LabelFacts,
    Message,
    Reason,
    Resources,
    Role,
    Unread,
    Window,
)
from connectors.folder_names import FolderPath
from connectors.google_workspace import units
from connectors.google_workspace.answers import Denied
from connectors.google_workspace.bodies import Garbled, read_bytes, read_whole
from connectors.google_workspace.flags import ARCHIVE, ROLE_LABELS, ROLES, flags_of
from connectors.google_workspace.line import Line
from connectors.google_workspace.listing import (
    MOST_CHANGES,
    Changes,
    State,
    changes_since,
    ids,
    ids_in,
    in_order,
    state,
)
from connectors.google_workspace.mailbox_labels import SYSTEM, MailboxLabels
from connectors.google_workspace.units import Throttle
from connectors.wire import identifying

#: The longest message that Gmail takes (discovery document, mediaUpload.maxSize).
MAX_MESSAGE = 157_286_400
_WINDOW = 200
#: Messages imported between two looks at the mailbox; each look costs a round trip.
_BATCH = 25


class GoogleSource:
    """A session for reading."""

    def __init__(
        self, line: Line, resources: Resources, *, keywords: bool = False, settle: float = 0.0, query: str = ""
    ) -> None:
        """``keywords``: labels below "Keywords" stand for such.  ``query``: only what this search finds is listed."""
        self._line = line
        self._settle = timedelta(seconds=settle)
        self._resources = resources
        self._labels = MailboxLabels(line, keywords=keywords)
        self._query = query
        #: What changed since a cursor, as far as it was asked for.
        self._changes: dict[str, tuple[Changes, list[State]] | None] = {}
        self._history = ""

    def capabilities(self) -> Capabilities:
        return Capabilities(
            layout="labels",
            sessions=int(Throttle.MOST),
            batch=_BATCH,
            atomic_batch=False,
            returns_keys=True,
            find_by="message_id",
            settle=self._settle,
            max_message=MAX_MESSAGE,
            flag_tokens=not self._query,
            moves=True,
            dates="sent",
            product="Gmail",
        )

    def close(self) -> None:
        self._line.close()

    def abort(self) -> None:
        self._line.abort()

    # -- folders ------------------------------------------------------------------------------------------------------

    def folders(self) -> Iterator[Folder]:
        """Gmail's own places, as far as something is in them, and every label.

        The mailbox's history is the token of each.
        """
        with self._judged():
            self._history = str(self._line.get("profile", units.LOOK, fields="historyId")["historyId"])
            self._changes.clear()  # those were asked for before this moment
            self._labels.look()
            own = {label: path for label, path in self._labels.own().items() if self._is_searched(label)}
            places = {role: label for role, label in ROLE_LABELS.items() if self._shows(role)}
        # A search may know of a message only after the history does: then no token says that nothing is new.
        token = None if self._query else self._history
        for role, label in places.items():
            yield Folder(SYSTEM[role], role, label, token=token, object_id=label)
        for label in sorted(own, key=own.__getitem__):
            yield Folder(self._labels.path_of(label), None, label, token=token, object_id=label)

    def _shows(self, role: Role) -> bool:
        """Whether a place of Gmail's own is a folder here.  That nothing is archived would be costly to find out."""
        label = ROLE_LABELS[role]
        return role in (Role.INBOX, Role.ARCHIVE) or (self._is_searched(label) and self._count(label) != 0)

    def _is_searched(self, label: str) -> bool:
        """Whether the search finds something there: what else a person calls by a name of their own is private."""
        return not self._query or next(ids(self._line, label, self._query), None) is not None

    def _count(self, label: str) -> int | None:
        """Messages with a label; of the archive it is only known when the whole mailbox is empty."""
        if label == ARCHIVE:
            total = self._line.get("profile", units.LOOK, fields="messagesTotal").get("messagesTotal")
            return 0 if total == 0 else None
        return int(self._line.get(f"labels/{label}", units.LOOK, fields="messagesTotal").get("messagesTotal", 0))

    def label_facts(self) -> LabelFacts:
        """How many messages have labels beside the one that is their folder."""
        with self._judged():
            self._labels.look()
            labels: dict[str, list[str]] = defaultdict(list)
            for label in self._filed():
                for key in ids(self._line, label, self._query):
                    labels[key].append(label)
            archived = len(set(ids(self._line, None, self._query)) - labels.keys())
        beside: Counter[FolderPath] = Counter()
        several = 0
        own = self._labels.own()
        for those in labels.values():
            place = self._labels.place(those)
            others = {own[label] for label in those if label in own} - {place.path}
            if place.role is None and ROLE_LABELS[Role.INBOX] in those:
                others.add(SYSTEM[Role.INBOX])
            beside.update(others)
            several += bool(others)
        return LabelFacts(archived + len(labels), several, dict(beside))

    def _filed(self) -> list[str]:
        """Labels that take a message out of the archive."""
        return [ROLE_LABELS[role] for role in (Role.INBOX, Role.SENT, Role.DRAFTS)] + list(self._labels.own())

    # -- listing ------------------------------------------------------------------------------------------------------

    def entries(self, folder: Folder, cursor: str | None) -> Iterator[Window]:
        with self._judged():
            self._labels.look()
            self._labels.path_of(folder.epoch)
            changes = self._changed_since(cursor)
            if changes is not None:
                yield self._changed(folder, *changes)
                return
            keys = ids_in(self._line, folder.epoch, self._filed(), self._query)
            for start in range(0, len(keys), _WINDOW):
                yield Window(
                    [
                        self._entry(found)
                        for found in self._states(keys[start : start + _WINDOW])
                        if self._is_placed(folder, found)
                    ],
                    cursor=self._cursor(),
                )
            if not keys:
                yield Window([], cursor=self._cursor())

    def states(self, folder: Folder, keys: Sequence[str]) -> Iterator[Entry]:
        """Those that their labels still place in this folder."""
        with self._judged():
            found = [one for one in self._states(keys) if self._belongs(folder, one)]
            self._check_folder(folder, everything_there=len(found) == len(keys))
            yield from map(self._entry, found)

    def _states(self, keys: Sequence[str]) -> Iterator[State]:
        return (found for key in keys if (found := state(self._line, key)) is not None)

    def _changed_since(self, cursor: str | None) -> tuple[Changes, list[State]] | None:
        """What changed in the whole mailbox, asked for once for all of its folders."""
        if cursor is None:
            return None
        if cursor not in self._changes:
            changes = changes_since(self._line, cursor, most=MOST_CHANGES)
            self._changes[cursor] = (
                None if changes is None else (changes, list(self._states(in_order(changes.touched))))
            )
        return self._changes[cursor]

    def _changed(self, folder: Folder, changes: Changes, touched: Sequence[State]) -> Window:
        """What a folder has of the changes; what is not in it is named as gone, whether it was there or not."""
        entries = [self._entry(found) for found in touched if self._is_placed(folder, found)]
        here = {entry.key for entry in entries}
        elsewhere = (changes.touched | changes.gone) - here
        return Window(entries, in_order(elsewhere), cursor=self._cursor(), complete=False)

    def _cursor(self) -> str | None:
        return None if self._query else self._history or None

    def _is_placed(self, folder: Folder, found: State) -> bool:
        place = self._labels.place(found.labels)
        return place.path == self._labels.path_of(folder.epoch)

    def _belongs(self, folder: Folder, found: State) -> bool:
        """Whether a message is in the folder for whoever asks about this message."""
        return self._is_placed(folder, found)

    def _check_folder(self, folder: Folder, *, everything_there: bool) -> None:
        """A label that was taken away takes all of its messages out of the folder."""
        self._labels.path_of(folder.epoch)
        if not everything_there:
            self._labels.check(folder.epoch)

    def _entry(self, found: State) -> Entry:
        return Entry(
            found.key,
            found.size,
            found.received,
            self._flags(found),
            self._labels.shown(found.labels),
            object_id=found.key,
        )

    def _flags(self, found: State) -> frozenset[str]:
        """A source tells the labels that its folders do not stand for as keywords."""
        flags = flags_of(found.labels, self._labels.keywords)
        return flags | self._labels.further_keywords(found.labels, self._labels.place(found.labels))

    # -- messages -----------------------------------------------------------------------------------------------------

    def headers(self, folder: Folder, keys: Sequence[str]) -> Iterator[Headers]:
        with self._judged():
            self._labels.path_of(folder.epoch)
            for key in keys:
                with suppress(Garbled):
                    found = read_bytes(self._line, key)
                    if found is None:
                        continue
                    head = found[1].partition(b"\r\n\r\n")[0]
                    yield Headers(key, identifying(head + b"\r\n"))

    def read(self, folder: Folder, keys: Sequence[str]) -> Iterator[Message | Unread]:
        with self._judged():
            self._labels.path_of(folder.epoch)
            checked = False
            for key in dict.fromkeys(keys):
                try:
                    found = read_whole(self._line, key, self._resources)
                except Garbled:
                    yield Unread(key, Reason.UNREADABLE)
                    continue
                if found is None:
                    yield Unread(key, Reason.GONE)
                    continue
                told, body = found
                if not checked and folder.epoch not in ROLES and folder.epoch not in told.labels:
                    checked = True
                    self._check_still_there(folder, body)
                shown = self._labels.shown(told.labels)
                yield Message(key, told.received, self._flags(told), body, shown, object_id=key)

    def _check_still_there(self, folder: Folder, body: Body) -> None:
        try:
            self._labels.check(folder.epoch)
        except BaseException:
            body.release()
            raise

    # -- verdicts -----------------------------------------------------------------------------------------------------

    @contextmanager
    def _judged(self) -> Iterator[None]:
        """Answers that nobody expected become verdicts."""
        try:
            yield
        except Denied as answer:
            raise self._line.verdict(answer) from None
