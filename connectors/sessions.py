"""What a mail system must be able to do: the protocols of the connector contract."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from threading import Event
from typing import ClassVar, Protocol, runtime_checkable

from pydantic import BaseModel

from connectors.values import (
    Account,
    Capabilities,
    Entry,
    FlagChange,
    Folder,
    Found,
    Headers,
    Marked,
    Message,
    Outgoing,
    Receipt,
    Role,
    Suspect,
    Unread,
    Window,
)


class Session(Protocol):
    """One signed-in connection, used by one thread.  Only ``abort`` may be called from another."""

    def capabilities(self) -> Capabilities: ...
    def close(self) -> None:
        """Sign out politely.  Never raises; may be called twice."""

    def abort(self) -> None:
        """Cut the connection now, from any thread: whatever waits on it raises.  Never raises itself.

        A target's connection is cut so that bytes still in the local buffers are thrown away, not sent.
        """


@runtime_checkable
class Source(Session, Protocol):
    """A mailbox to read.  Every method may raise :class:`Transient`, and may then be called again on a new session."""

    def folders(self) -> Iterator[Folder]:
        """Every selectable folder of the mailbox, each once; no message of a labels system is in two of them."""

    def entries(self, folder: Folder, cursor: str | None) -> Iterator[Window]:
        """List a folder without bodies, in windows of bounded size, keys in a stable order.

        ``cursor`` None lists all; a cursor of an earlier listing may list what changed since (see :class:`Window`).
        Raises :class:`FolderMissing` when the folder is gone or its epoch is no longer ``folder.epoch``.
        """

    def states(self, folder: Folder, keys: Sequence[str]) -> Iterator[Entry]:
        """The present state of these messages; those that are gone are left out."""

    def headers(self, folder: Folder, keys: Sequence[str]) -> Iterator[Headers]:
        """Identifying header fields of these messages; those that are gone are left out."""

    def read(self, folder: Folder, keys: Sequence[str]) -> Iterator[Message | Unread]:
        """Bodies, each key answered exactly once, in any order.  Marks nothing as read.

        Memory for bodies comes from ``Resources.budget``: the caller has reserved the listed sizes before.
        """


@runtime_checkable
class Target(Source, Protocol):
    """A mailbox to write.  A target can be read as well: verification, adoption and the way back rest on it."""

    def ensure(self, path: tuple[str, ...], role: Role | None, *, subscribed: bool = True) -> Folder:
        """The folder of this role, else of this path, made when it is not there.  Idempotent.

        A folder that is made, or is there and empty, is subscribed too, as far as the system knows such a thing, so
        that mail programs show it; one that is not to be ``subscribed`` is not, and one with mail stays as it is.

        Names the system cannot hold are changed as little as possible; ``Folder.path`` says what came of it.
        """

    def fence(self, folder: Folder, batch: Sequence[Outgoing]) -> str:
        """A line in the folder: whatever is written from now on lies above it.

        For systems that are asked by Message-ID it holds what they already have of this batch.
        """

    def write(self, folder: Folder, batch: Sequence[Outgoing], may_commit: Callable[[], None]) -> Iterator[Receipt]:
        """Store a batch; one receipt a message, in order.  Never retried by a wrapper.

        Receipts are asked for in the order of the calls; until then up to ``Capabilities.under_way`` batches may be
        sent.  When the connection fails, so do the receipts of all of them that were not heard yet.

        The last byte that makes a message durable leaves only after ``may_commit()`` returned: once for an atomic
        batch, else once a message, in order.  When ``may_commit`` raises, the session is aborted and the error passes.
        When the connection fails after ``may_commit`` the receipts are ``uncertain`` or an error is raised; when it
        fails before, an error is raised and nothing was stored.  A refused atomic batch stores nothing: one
        ``refused`` receipt each.  Bodies are not released.
        """

    def find(
        self, folder: Folder, fence: str, suspects: Sequence[Suspect], claimed: Collection[str]
    ) -> Iterator[Found]:
        """Look for suspects above the fence, one to one, leaving out the keys in ``claimed``; one answer a suspect.

        ``absent`` means *not seen in this look*; the engine decides when that is final.
        """

    def mark(self, folder: Folder, changes: Sequence[FlagChange]) -> Iterator[Marked]:
        """Change flags, each message on its own.  Idempotent."""

    def move(self, folder: Folder, to: Folder, keys: Sequence[str]) -> Iterator[Receipt]:
        """Move messages; ``Receipt.ordinal`` is the index in ``keys``.  A key that is gone is ``refused`` as GONE.

        Only called where ``Capabilities.moves``.  Never expunges anything.
        """


class Connector(Protocol):
    """One configured system.  Made by the registry from the plan's settings; thread-safe.

    A connector that cannot be written to lets ``open_target`` raise :class:`Fatal` with the reason.  One whose
    mailboxes have no passwords says so by the class attribute ``needs_password = False``, and none is asked for.
    """

    #: The model that validates this system's part of ``organisation.yaml``.
    Settings: ClassVar[type[BaseModel]]

    def open_source(self, account: Account, stop: Event) -> Source:
        """Sign in for reading.  Raises AuthFailed, Unavailable, Transient; waits no longer once ``stop`` is set."""

    def open_target(self, account: Account, stop: Event) -> Target:
        """Sign in for writing; as ``open_source``."""
