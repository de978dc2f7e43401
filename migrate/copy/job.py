"""What a pass needs to know: one mailbox, both its sides, the rules, and the world's clock."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Event
from typing import Protocol

from connectors.contract import Entry, Folder, Nature, Reason, Resources, Source, Target, Transient
from migrate.copy.kept import KeptMail
from migrate.copy.placement import Placement
from migrate.ledger.schema import Direction


class Clock(Protocol):
    """Time, so that tests can turn it."""

    def now(self) -> float:
        """Seconds since 1970, UTC."""

    def wait(self, seconds: float, stop: Event) -> bool:
        """Sleep, no longer than until ``stop`` is set; True when it is."""


class SystemClock:
    """The machine's own time."""

    def now(self) -> float:
        return time.time()

    def wait(self, seconds: float, stop: Event) -> bool:
        return stop.wait(seconds)


class Rules(Protocol):
    """What the plan says about folders and messages, as one pass applies it."""

    def place(self, folder: Folder) -> Placement | None:
        """Where the folder's messages go on the target; None leaves the folder out."""

    def why_left_out(self, folder: Folder) -> Reason:
        """Why a folder without a place has none."""

    def leaves_out(self, entry: Entry) -> Reason | None:
        """Why this message is left out; None when it is to be copied."""

    def digest(self) -> str:
        """The same for the same rules, so that a change of rules is noticed."""


def why_left_out(rules: Rules, entry: Entry) -> Reason | None:
    """Why this entry is left out, whatever folder it is in; None when it is to be copied."""
    return rules.leaves_out(entry) if entry.nature is Nature.MAIL else Reason.NOT_MAIL


class Progress(Protocol):
    """Hears how a pass goes on.  Called from several threads."""

    def scanned(self, mailbox: str, folder: tuple[str, ...], messages: int) -> None: ...
    def to_copy(self, mailbox: str, messages: int, size: int) -> None: ...
    def copied(self, mailbox: str, messages: int, size: int) -> None: ...
    def waiting(self, mailbox: str, seconds: float, messages: int) -> None:
        """Messages that were on their way when a connection was cut are looked for again in so many seconds."""

    def pausing(self, mailbox: str, seconds: float, error: Transient) -> None:
        """A system did not answer as it should; it is asked again in so many seconds."""


class Quiet:
    """Progress that nobody watches."""

    def scanned(self, mailbox: str, folder: tuple[str, ...], messages: int) -> None: ...
    def to_copy(self, mailbox: str, messages: int, size: int) -> None: ...
    def copied(self, mailbox: str, messages: int, size: int) -> None: ...
    def waiting(self, mailbox: str, seconds: float, messages: int) -> None: ...
    def pausing(self, mailbox: str, seconds: float, error: Transient) -> None: ...


class Permit(Protocol):
    """Leave to hold one session on each side."""

    def release(self) -> None:
        """Give it back; may be called twice."""


class Unlimited:
    """A permit that costs nothing."""

    def release(self) -> None: ...


def _admit_all(_stop: Event, _wait: bool) -> Permit:
    return Unlimited()


@dataclass(frozen=True)
class Job:
    """One mailbox and one of its sources, to be brought to its target."""

    mailbox: str
    site: str
    #: The name the plan gives the source; several sources of one mailbox differ by it.
    source: str
    open_source: Callable[[Event], Source]
    open_target: Callable[[Event], Target]
    rules: Rules
    resources: Resources
    direction: Direction = Direction.FORTH
    #: Pairs of sessions (one on each side) that may work at the same time.
    pairs: int = 4
    #: Asks for leave to open a pair of sessions: (stop, whether to wait).  Raises Unavailable or Stopped.
    admit: Callable[[Event, bool], Permit] = _admit_all
    clock: Clock = field(default_factory=SystemClock)
    progress: Progress = field(default_factory=Quiet)
    #: What people call this source, beside the site's own, which needs no name: empty.
    called: str = ""
    #: Messages are recognised by what rebuilt mail has in common with theirs: one of the mailbox's sources is an
    #: archive whose mail is rebuilt.
    beside_rebuilt: bool = False
    #: This source is such an archive itself.
    rebuilt: bool = False
    #: This source is an archive: files, which may be opened as often as one likes.
    is_archive: bool = False
    #: The name the plan gives the target: what is learnt of its manners holds for all its mailboxes.
    target: str = ""
    #: Where originals are kept that do not arrive as they are; None keeps none, and repairs nothing.
    kept: KeptMail | None = None
    #: What the target refuses, or is known to change without a word, is repaired.
    repair: bool = True
    #: From when on a way back brings what arrived (seconds since 1970); its rules leave out what is older.
    since: float | None = None
    #: Signs in for writing to the side that this job reads: what the other direction left in flight there is settled
    #: before anything of it is taken for new mail.  None where the other direction never writes to it.
    open_opposite: Callable[[Event], Target] | None = None
    #: Only these source paths and what lies below them; empty means all.  Nothing else is listed or touched.
    only_folders: tuple[tuple[str, ...], ...] = ()

    @property
    def is_way_back(self) -> bool:
        """Whether mail is brought to where it once came from."""
        return self.direction is Direction.BACK

    @property
    def shown(self) -> str:
        """What people call the source."""
        return self.called or self.source

    @property
    def label(self) -> str:
        """What people call it: the mailbox, and which of its sources where that is not the site's own."""
        return f"{self.mailbox} ({self.called})" if self.called else self.mailbox
