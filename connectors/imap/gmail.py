"""A Gmail mailbox read over IMAP (X-GM-EXT-1): each message once, in the one folder that its labels say.

Gmail shows a message in a folder for each of its labels.  Read is where each message is once: All Mail, and spam and
trash, which All Mail does not hold.  Keys are X-GM-MSGID, which a message keeps for ever, so that a label that changes
is a message that moved.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from connectors.body import SPOOL_OVER
from connectors.contract import Capabilities, Entry, Folder, Headers, LabelFacts, Message, Role, Unread, Window
from connectors.errors import Fatal, Transient
from connectors.imap.bodies import read_bodies
from connectors.imap.labels import FolderPath, Labels, Place, shown
from connectors.imap.mailbox import Mailbox
from connectors.imap.names import Listed
from connectors.imap.response import Fetched
from connectors.imap.source import ImapSource
from connectors.imap.status import FolderStatus
from connectors.imap.stream import WINDOW, existing
from connectors.language import _
from connectors.reasons import Reason

#: Every key keeps its meaning for ever.
_EPOCH = "X-GM-MSGID"
#: Where messages are, each once.
_BOXES = (Role.ALL, Role.JUNK, Role.TRASH)
#: Names of what Gmail files itself, where the mailbox does not show it.
_USUAL = {Role.SENT: "Sent Mail", Role.DRAFTS: "Drafts", Role.JUNK: "Spam", Role.TRASH: "Trash"}
_PLACING = b"(UID X-GM-MSGID X-GM-LABELS)"
_LISTING = b"(UID FLAGS INTERNALDATE RFC822.SIZE X-GM-MSGID X-GM-LABELS)"
_LABELS = b" X-GM-LABELS"


class _Index:
    """Numbers by number, in sixteen bytes each: a mailbox may hold a million messages."""

    def __init__(self) -> None:
        self.keys = array("Q")
        self._values = array("Q")
        self._ordered = 0

    def add(self, key: int, value: int) -> None:
        self.keys.append(key)
        self._values.append(value)

    def order(self) -> None:
        """What was added before can be found from now on."""
        order = sorted(range(len(self.keys)), key=self.keys.__getitem__)
        self.keys = array("Q", map(self.keys.__getitem__, order))
        self._values = array("Q", map(self._values.__getitem__, order))
        self._ordered = len(order)

    def get(self, key: int) -> int | None:
        at = bisect_left(self.keys, key, hi=self._ordered)
        return self._values[at] if at < self._ordered and self.keys[at] == key else None

    def __contains__(self, key: int) -> bool:
        return self.get(key) is not None


@dataclass(frozen=True, slots=True)
class Overview:
    """Where each message of the mailbox was when its folders were listed."""

    boxes: Sequence[Folder]
    labels: Labels
    #: UIDs by place and by the box's number.
    places: Mapping[Place, Mapping[int, array[int]]]
    index: _Index
    facts: LabelFacts

    def find(self, key: str) -> tuple[int, int] | None:
        """The box and the UID of a message; None when it was not there."""
        where = self.index.get(int(key))
        return None if where is None else (where & 3, where >> 2)


class GmailSource(ImapSource):
    """A session that shows labels as folders."""

    def capabilities(self) -> Capabilities:
        # Whether a change of labels moves HIGHESTMODSEQ is nowhere said, so that no folder is skipped for it.
        return replace(super().capabilities(), layout="labels", flag_tokens=False)

    def label_facts(self) -> LabelFacts:
        return self._overview().facts

    def folders(self) -> Iterator[Folder]:
        """The inbox, every label, and what the system files if there is any of it."""
        mailbox = self._use()
        listing = mailbox.listing()
        overview = self._known.gmail = self._look(mailbox, listing)
        root = _root(listing)
        own = {path for path, one in listing.items() if one.selectable and path[: len(root)] != root}
        empty = {overview.labels.apart(path) for path in own - {("INBOX",)}}
        places = {place.path: place for place in overview.places}
        for path in sorted({("INBOX",), *places, *empty}, key=lambda path: (path != ("INBOX",), path)):
            place = places.get(path)
            role = Role.INBOX if path == ("INBOX",) else place.role if place else None
            count = sum(map(len, overview.places[place].values())) if place else 0
            yield Folder(path, role, _EPOCH, messages=count)

    def _overview(self) -> Overview:
        if self._known.gmail is None:
            mailbox = self._use()
            self._known.gmail = self._look(mailbox, mailbox.listing())
        return self._known.gmail

    def _look(self, mailbox: Mailbox, listing: Mapping[FolderPath, Listed]) -> Overview:
        """Place every message by its labels."""
        boxes = self._boxes(mailbox, listing)
        labels = Labels(_system_paths(listing))
        places: dict[Place, dict[int, array[int]]] = defaultdict(lambda: defaultdict(lambda: array("L")))
        index = _Index()
        beside: Counter[FolderPath] = Counter()
        several = 0
        for number, box in enumerate(boxes):
            for key, uid, told in self._placed(mailbox, box):
                if number and key in index:  # moved while we looked
                    continue
                index.add(key, uid << 2 | number)
                place = _place(labels, box, told)
                places[place][number].append(uid)
                others = labels.further(told, place)
                beside.update(others)
                several += bool(others)
            index.order()
        facts = LabelFacts(len(index.keys), several, dict(beside))
        return Overview(boxes, labels, places, index, facts)

    def _boxes(self, mailbox: Mailbox, listing: Mapping[FolderPath, Listed]) -> list[Folder]:
        there = {one.role: (path, one) for path, one in listing.items() if one.role in _BOXES and one.selectable}
        if Role.ALL not in there:
            raise Fatal(
                _(
                    'Gmail does not show "All Mail" to IMAP: in its settings, under Labels, tick "Show in IMAP" for All'
                    " Mail, Spam and Trash"
                ),
                system=self._settings.host,
            )
        chosen = [there[role] for role in _BOXES if role in there]
        boxes = []
        statuses = mailbox.statuses([one.raw for _, one in chosen])
        for (path, one), status in zip(chosen, statuses, strict=True):
            if not isinstance(status, FolderStatus):
                raise status
            boxes.append(mailbox.folder(path, one.role, status))
        return boxes

    def _placed(self, mailbox: Mailbox, box: Folder) -> Iterator[tuple[int, int, frozenset[bytes]]]:
        """Key, UID and labels of every message of a box; none is left out."""
        opened, count = mailbox.open(box, fresh=True), 0
        for first, _last, answers in self._fetched_windows(opened, _PLACING) if opened.exists else ():
            listed = set[int]()
            for fetched in self._all(answers):
                uid, key, labels = fetched.uid, fetched.gmail_id, fetched.labels
                if uid is None or uid < first or uid in listed or key is None or labels is None:
                    continue
                listed.add(uid)
                yield key, uid, labels
            count += len(listed)
        if count < opened.exists:
            self._check_complete(box, count)

    # -- listing one folder ---------------------------------------------------------------------------------------

    def entries(self, folder: Folder, cursor: str | None) -> Iterator[Window]:
        overview = self._overview()
        place = next((place for place in overview.places if place.path == folder.path), None)
        if place is None:
            yield Window([])
            return
        for number, uids in overview.places[place].items():
            for start in range(0, len(uids), WINDOW):
                yield Window(self._entries(overview, number, place, uids[start : start + WINDOW]))

    def _entries(self, overview: Overview, number: int, place: Place, uids: Sequence[int]) -> list[Entry]:
        box, mailbox = overview.boxes[number], self._use()
        mailbox.open(box)
        found: dict[int, Entry] = {}
        wanted = set(uids)
        for fetched in self._all(self._fetcher().fetch_known(list(uids), _LISTING)):
            if fetched.uid in wanted and fetched.size is not None and fetched.gmail_id is not None:
                found[fetched.uid] = self._entry(overview, box, place, fetched)
        missing = [uid for uid in uids if uid not in found]
        if missing:
            mailbox.open(box, fresh=True)
            if existing(self._dialogue, missing):
                raise Transient(_("the server lists fewer messages than it counts"), system=self._dialogue.system)
        return [found[uid] for uid in uids if uid in found]

    def _entry(self, overview: Overview, box: Folder, place: Place, fetched: Fetched) -> Entry:
        assert fetched.uid is not None
        if fetched.size is not None and fetched.size > SPOOL_OVER:
            self._known.note_large(self._mailbox.raw_name(box.path), box.epoch, fetched.uid, fetched.size)
        labels = fetched.labels or frozenset()
        flags = None if fetched.flags is None else fetched.flags | overview.labels.keywords(labels, place)
        key = str(fetched.gmail_id)
        return Entry(key, fetched.size, fetched.received, flags, shown(labels), object_id=key)

    # -- single messages --------------------------------------------------------------------------------------------

    def states(self, folder: Folder, keys: Sequence[str]) -> Iterator[Entry]:
        """Those that their labels still place in this folder."""
        overview = self._overview()
        for number, uids in self._by_box(overview, keys).items():
            box = overview.boxes[number]
            self._use().open(box, fresh=True)
            for fetched in self._all(self._fetcher().fetch_known(sorted(uids), _LISTING)):
                key = uids.pop(fetched.uid, None) if fetched.uid is not None and fetched.size is not None else None
                if key is not None and str(fetched.gmail_id) == key:
                    place = _place(overview.labels, box, fetched.labels or frozenset())
                    if place.path == folder.path:
                        yield self._entry(overview, box, place, fetched)

    def headers(self, folder: Folder, keys: Sequence[str]) -> Iterator[Headers]:
        overview = self._overview()
        for number, uids in self._by_box(overview, keys).items():
            for one in super().headers(overview.boxes[number], [str(uid) for uid in uids]):
                yield Headers(uids[int(one.key)], one.fields)

    def read(self, folder: Folder, keys: Sequence[str]) -> Iterator[Message | Unread]:
        overview = self._overview()
        there = self._by_box(overview, keys)
        for number, uids in there.items():
            for answer in read_bodies(self._use(), overview.boxes[number], list(uids), _LABELS):
                key = uids[int(answer.key)]
                if isinstance(answer, Unread):
                    yield Unread(key, answer.reason)
                    continue
                place = Place(folder.path, folder.role)
                labels = frozenset(label.encode("latin-1") for label in answer.labels)
                flags = answer.flags | overview.labels.keywords(labels, place)
                yield Message(key, answer.received, flags, answer.body, shown(labels), object_id=key)
        known = {key for uids in there.values() for key in uids.values()}
        for key in dict.fromkeys(keys):
            if key not in known:
                yield Unread(key, Reason.GONE)

    def _by_box(self, overview: Overview, keys: Sequence[str]) -> dict[int, dict[int, str]]:
        """The keys by box and UID; those that were not there are left out."""
        found: dict[int, dict[int, str]] = defaultdict(dict)
        for key in keys:
            place = overview.find(key)
            if place is not None:
                found[place[0]][place[1]] = key
        return found


def _place(labels: Labels, box: Folder, told: frozenset[bytes]) -> Place:
    return labels.of(box.role) if box.role in (Role.JUNK, Role.TRASH) else labels.place(told)


def _system_paths(listing: Mapping[FolderPath, Listed]) -> dict[Role, FolderPath]:
    """What Gmail files itself, by its own name in the person's language."""
    root = _root(listing)
    by_role = {one.role: path for path, one in listing.items() if one.role is not None and path[:-1] == root}
    paths: dict[Role, FolderPath] = {Role.INBOX: ("INBOX",), Role.ARCHIVE: by_role[Role.ALL][-1:]}
    for role, usual in _USUAL.items():
        paths[role] = by_role.get(role, (usual,))[-1:]
    return paths


def _root(listing: Mapping[FolderPath, Listed]) -> FolderPath:
    """Where Gmail's own folders lie: "[Gmail]", or "[Google Mail]" in some countries."""
    return next(path[:-1] for path, one in listing.items() if one.role is Role.ALL)
