"""What the sessions of one mailbox have learnt about it and share."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from connectors.contract import SYSTEM_FLAGS
from connectors.errors import ConnectionLost, Transient
from connectors.imap.arguments import system_flag
from connectors.keywords import is_keyword

if TYPE_CHECKING:
    from connectors.imap.gmail import Overview

#: Large messages remembered a mailbox; the others are read in one piece.
_LARGE_LIMIT = 10_000
#: Folders remembered by their object ids; one that is given twice is so within a second or two.
_FOLDERS_LIMIT = 10_000


@dataclass(frozen=True, slots=True)
class PermanentFlags:
    """The flags a folder keeps (PERMANENTFLAGS, RFC 9051 7.1)."""

    #: In lower case.
    flags: frozenset[str]
    any_keyword: bool

    @classmethod
    def of(cls, listed: frozenset[str] | None) -> PermanentFlags:
        """From what SELECT said; a server that says nothing keeps all (RFC 9051 2.3.2)."""
        if listed is None:
            return cls(frozenset(flag.casefold() for flag in SYSTEM_FLAGS), any_keyword=True)
        return cls(frozenset(flag.casefold() for flag in listed), any_keyword="\\*" in listed)

    def kept(self, flags: Iterable[str]) -> frozenset[str]:
        """Those the folder keeps and that can be said, system flags in their canonical spelling."""
        return frozenset(
            system_flag(flag) or flag for flag in flags if (system_flag(flag) or is_keyword(flag)) and self._keeps(flag)
        )

    def _keeps(self, flag: str) -> bool:
        return flag.casefold() in self.flags or (self.any_keyword and not flag.startswith("\\"))


@dataclass(slots=True)
class TurnedDown:
    """Keywords that a server turns down; every change is one set operation."""

    always: set[str] = field(default_factory=set)
    #: Turned down together with an odd date: either may be to blame, so such dates go without them.
    with_odd_dates: set[str] = field(default_factory=set)

    def note(self, keywords: Iterable[str], *, usual_date: bool) -> None:
        (self.always if usual_date else self.with_odd_dates).update(keywords)

    def join(self, others: TurnedDown) -> None:
        self.always.update(others.always)
        self.with_odd_dates.update(others.with_odd_dates)

    def taken_off(self, flags: frozenset[str], *, usual_date: bool) -> frozenset[str]:
        """The flags without them."""
        left = flags - self.always
        return left if usual_date else left - self.with_odd_dates


@dataclass(slots=True)
class KnownServer:
    """What is known of a server, shared by the sessions of all mailboxes; every change is one operation."""

    #: Keywords that it has taken with APPEND: it is its grammar that they passed.  Asking costs a round trip.
    accepted_keywords: set[str] = field(default_factory=set)
    #: The folders that were made or opened last, by object id: whose, and which.
    folders: dict[bytes, tuple[str, str]] = field(default_factory=dict)
    #: False once the pieces of a large message were not all of it, which came whole.
    reads_in_pieces: bool = True
    #: Whose folder it put in another's place: nothing may be written there any more.  Empty as long as it did not.
    harmed: str = ""

    def note_folder(self, object_id: bytes, user: str, folder: str) -> tuple[str, str] | None:
        """Whose folder, and which, was noted with this id before; None when none was."""
        if len(self.folders) >= _FOLDERS_LIMIT:
            self.folders.clear()
        mine = user, folder
        first = self.folders.setdefault(object_id, mine)
        return None if first is mine else first


@dataclass(slots=True)
class Known:
    """Shared by the threads of one mailbox; every change is one dictionary or set operation."""

    server: KnownServer = field(default_factory=KnownServer)
    #: Whose mailbox it is.
    user: str = ""
    #: The raw name of each listed folder: it cannot always be made from the path.
    raw_names: dict[tuple[str, ...], bytes] = field(default_factory=dict)
    #: By raw name and UIDVALIDITY.
    permanent_flags: dict[tuple[bytes, str], PermanentFlags] = field(default_factory=dict)
    #: Folders that take no further keyword, whatever they say, by raw name and UIDVALIDITY.
    full_of_keywords: set[tuple[bytes, str]] = field(default_factory=set)
    #: Keywords that the server has turned down, and took the messages without.
    turned_down: TurnedDown = field(default_factory=TurnedDown)
    #: False once a line broke while something was asked for ahead: some servers answer what they like first.
    asks_ahead: bool = True
    #: Listed sizes of messages too large for memory, by raw name, UIDVALIDITY and UID.
    large: dict[tuple[bytes, str, int], int] = field(default_factory=dict)

    #: Raw names of folders of which changes are not asked for: the line broke the last time.
    broken_changes: set[bytes] = field(default_factory=set)

    #: Where Gmail's messages were when its folders were last listed.
    gmail: Overview | None = None

    #: A UID that every message written from now on exceeds or equals, by raw name and UIDVALIDITY.
    uidnext: dict[tuple[bytes, str], int] = field(default_factory=dict)

    #: The longest message that a folder takes, by raw name, where folders differ (APPENDLIMIT, RFC 7889).
    append_limits: dict[bytes, int] = field(default_factory=dict)

    def note_permanent_flags(self, raw: bytes, epoch: str, flags: PermanentFlags) -> PermanentFlags:
        """What SELECT said a folder keeps; what it really does."""
        if (raw, epoch) in self.full_of_keywords:
            flags = replace(flags, any_keyword=False)
        self.permanent_flags[raw, epoch] = flags
        return flags

    def note_uidnext(self, raw: bytes, epoch: str, uidnext: int) -> None:
        """An older, lower number is a valid line too, so threads need not agree."""
        self.uidnext[raw, epoch] = max(uidnext, self.uidnext.get((raw, epoch), 0))

    @contextmanager
    def asking_ahead(self, is_ahead: Callable[[], bool]) -> Iterator[None]:
        """Nothing more is asked for ahead once a line broke while ``is_ahead``."""
        try:
            yield
        except Transient:
            if is_ahead():
                self.asks_ahead = False
            raise

    @contextmanager
    def asking_for_changes(self, raw: bytes) -> Iterator[None]:
        """Of a folder where the line broke meanwhile, everything is listed: its changes may be what is too long."""
        try:
            yield
        except ConnectionLost:
            self.broken_changes.add(raw)
            raise

    def note_large(self, raw: bytes, epoch: str, uid: int, size: int) -> None:
        if len(self.large) < _LARGE_LIMIT:
            self.large[raw, epoch, uid] = size
