"""The connector contract: what a mail system must do to be a source or a target.

A connector says what it can do as data (:class:`Capabilities`) and maps its vendor's errors to the few verdicts of
:mod:`connectors.errors`.  Retry, rate limits and metrics are wrappers around any connector; whatever needs the ledger
(intents, what was seen before, which batch to send) belongs to the engine, never to a connector.

Two rules bind every connector:

* A *source* is never written to.  Flags, read state, dates and messages stay as they are, whatever fails.
* ``write`` may let a message become durable only after ``may_commit()`` has returned for it.

Keys, epochs, fences, cursors and tokens are opaque strings that only the connector which made them can read.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from threading import Event
from typing import BinaryIO, ClassVar, Literal, Protocol, runtime_checkable

from pydantic import BaseModel

from connectors.body import ByteBudget
from connectors.denials import Denial
from connectors.errors import (
    AuthFailed,
    ConnectorError,
    Fatal,
    FolderMissing,
    OverQuota,
    Postponed,
    Refused,
    Stopped,
    TooManySessions,
    Transient,
    Unavailable,
    Untrusted,
)
from connectors.folder_names import NameRules
from connectors.reasons import Reason

__all__ = [
    "SYSTEM_FLAGS",
    "Account",
    "AuthFailed",
    "Body",
    "Capabilities",
    "Connector",
    "ConnectorError",
    "Denial",
    "Entry",
    "Fatal",
    "FlagChange",
    "Folder",
    "FolderMissing",
    "Found",
    "Headers",
    "LabelFacts",
    "Marked",
    "Message",
    "NameRules",
    "Outgoing",
    "OverQuota",
    "Postponed",
    "Quota",
    "Reason",
    "Receipt",
    "Refused",
    "Resources",
    "Role",
    "Session",
    "Shared",
    "Source",
    "Stopped",
    "Surveyed",
    "Suspect",
    "Target",
    "TokenSource",
    "TooManySessions",
    "Transient",
    "Unavailable",
    "Unread",
    "Untrusted",
    "Window",
    "label_facts_of",
    "names_of",
    "quota_of",
    "refused_by",
    "roles_of",
    "shared_left_out",
]

#: The flags every IMAP server knows (RFC 9051 2.3.2).  ``\\Recent`` belongs to the server and never travels.
SYSTEM_FLAGS = frozenset({"\\Seen", "\\Answered", "\\Flagged", "\\Draft", "\\Deleted"})


class Role(StrEnum):
    """What a folder is for, whatever its name (RFC 6154)."""

    INBOX = "inbox"
    SENT = "sent"
    DRAFTS = "drafts"
    TRASH = "trash"
    JUNK = "junk"
    ARCHIVE = "archive"
    ALL = "all"


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a system can do, as found on one open session."""

    #: ``labels``: a message has several; a source lists it once, in the folder that its labels say.
    layout: Literal["folders", "labels"] = "folders"
    #: Sessions that one mailbox may hold at a time.
    sessions: int = 4
    #: Messages a batch; 1 means that the system takes them one by one.
    batch: int = 100
    #: Batches that may be sent before the receipts of the first of them are asked for.  More than one: ``write``
    #: sends when it is called, not when its receipts are asked for.
    under_way: int = 1
    #: A batch becomes durable whole or not at all.
    atomic_batch: bool = True
    #: ``write`` tells the key of what it stored.  Without it, one writer a folder, and keys are resolved by ``find``.
    returns_keys: bool = True
    #: How ``find`` looks for a message that may or may not have been stored.
    find_by: Literal["uid", "message_id", "scan"] = "uid"
    #: After the last byte left, how long a message may take to appear.
    settle: timedelta = timedelta(seconds=60)
    #: Longest message in bytes, None when the system does not say.
    max_message: int | None = None
    #: A folder's token moves when a flag changes (HIGHESTMODSEQ or the like), so an unmoved token means nothing new.
    flag_tokens: bool = False
    #: ``move`` works, and is atomic for each message.
    moves: bool = False
    #: Messages can be read in one order and by one session only (an archive file, POP3).
    sequential: bool = False
    #: What the system calls itself, for reports; empty when it does not say.
    product: str = ""


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder as one session sees it."""

    path: tuple[str, ...]
    role: Role | None
    #: Changes when keys lose their meaning (UIDVALIDITY, RFC 9051 2.3.1.1).
    epoch: str
    #: Moves when something in the folder changes; None when the system has no such thing.  See ``flag_tokens``.
    token: str | None = None
    #: Names the folder across renames (MAILBOXID, RFC 8474), None when the system has no such thing.
    object_id: str | None = None
    #: Messages in the folder when it was looked at; None when not known without cost.
    messages: int | None = None
    #: Whether mail programs that go by subscriptions show it; None when the system does not say.
    subscribed: bool | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """One message in a listing, without its body."""

    key: str
    size: int | None
    received: datetime | None
    flags: frozenset[str] | None
    labels: frozenset[str] = frozenset()
    #: Names the message across folders and moves (EMAILID, RFC 8474), None when the system has no such thing.
    object_id: str | None = None


@dataclass(frozen=True, slots=True)
class Window:
    """A bounded piece of a listing.

    ``complete`` listings name every message of the folder, so that a key they do not name is gone; listings from a
    ``cursor`` name only what changed, and what went in ``gone``.  All windows of one listing say the same.
    """

    entries: Sequence[Entry]
    gone: Sequence[str] = ()
    #: Where the next listing may start; read on the last window only.
    cursor: str | None = None
    complete: bool = True


class Body(Protocol):
    """A message's bytes, in memory or spooled to disk.  May be opened more than once, until released."""

    @property
    def size(self) -> int: ...
    def open(self) -> BinaryIO:
        """A new reader at byte 0; the caller closes it."""

    def release(self) -> None:
        """Give the bytes back to the budget, or the spool file to the disk.  May be called twice."""


@dataclass(frozen=True, slots=True)
class Message:
    """A message read from a source.  Whoever takes it releases its body."""

    key: str
    received: datetime | None
    flags: frozenset[str]
    body: Body
    labels: frozenset[str] = frozenset()
    object_id: str | None = None


@dataclass(frozen=True, slots=True)
class Unread:
    """A message that was asked for and could not be read."""

    key: str
    reason: Reason


@dataclass(frozen=True, slots=True)
class Headers:
    """The header fields Message-ID, Date, From and Subject of one message, as they stand (folded, CRLF)."""

    key: str
    fields: bytes


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message in wire form (no From_ line, CRLF line ends), ready to be written."""

    ordinal: int
    body: Body
    received: datetime
    flags: frozenset[str]
    wire_digest: bytes
    header_digest: bytes
    message_id: str | None = None


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of one outgoing or moved message.

    ``merged``: the target kept one of two (Gmail).  ``uncertain``: sent, and the answer never came.
    ``kept_flags`` are those the target took; None means all of them.
    """

    ordinal: int
    outcome: Literal["stored", "merged", "refused", "uncertain"]
    key: str | None = None
    reason: Reason | None = None
    kept_flags: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class Suspect:
    """A message that was being written when something went wrong, or whose key the target did not tell."""

    #: Unique within one ``find``.
    ordinal: int
    #: Messages of one atomic batch share this.
    batch: str
    wire_digest: bytes
    wire_size: int
    header_digest: bytes
    received: datetime
    message_id: str | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """Where a suspect was found.  ``uncertain``: part of an atomic batch is there and part is not, or too many fit."""

    ordinal: int
    verdict: Literal["present", "absent", "uncertain"]
    key: str | None = None


@dataclass(frozen=True, slots=True)
class FlagChange:
    """Flags to set and to clear on one message; every flag not named stays as the target has it."""

    key: str
    add: frozenset[str] = frozenset()
    remove: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Marked:
    """What a flag change did.  ``added`` and ``removed`` leave out what the target had so already."""

    key: str
    outcome: Literal["done", "missing", "refused"]
    added: frozenset[str] = frozenset()
    removed: frozenset[str] = frozenset()


class TokenSource(Protocol):
    """Where the access tokens (OAuth) of an account come from.  Used by all sessions of a run, from any thread."""

    def token(self, refused: str = "") -> str:
        """A token to sign in with; a source that knows when its token ends renews it in time.

        ``refused`` is a token that the system has just turned down: another one is given, fetched anew if need be.
        Raises :class:`AuthFailed` when there is none, :class:`Transient` when it cannot be asked for at the moment.
        """


@dataclass(frozen=True, slots=True)
class Account:
    """Who signs in.  Password and tokens never show in a repr, so that they cannot slip into a log."""

    user: str
    password: str = field(repr=False, default="")
    #: Signs in for ``user`` with its own password, in the form the system's settings name.
    master_user: str | None = None
    #: The person's mail address, for systems that find a mailbox by it; empty when not known.
    address: str = ""
    #: Signs in with an access token in the place of a password.
    tokens: TokenSource | None = field(repr=False, default=None)


@dataclass(frozen=True, slots=True)
class Resources:
    """What one process shares among all its sessions."""

    budget: ByteBudget
    #: An existing folder for spool files; they are unlinked as soon as they are open where the system allows it.
    spool: Path


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


@runtime_checkable
class Shared(Protocol):
    """What a source may be able to tell of mail that is not the mailbox's own.

    Optional: ask by :func:`shared_left_out`, which knows what to say of a source that cannot.
    """

    def shared_left_out(self) -> Sequence[tuple[str, ...]]:
        """Folders that others share with this mailbox and that :meth:`Source.folders` leaves out, as it was set to."""


def shared_left_out(source: Source) -> Sequence[tuple[str, ...]]:
    """Shared folders that the source sees and leaves out; none where nothing is known of any."""
    return source.shared_left_out() if isinstance(source, Shared) else ()


@dataclass(frozen=True, slots=True)
class LabelFacts:
    """How a labels system's messages fit into folders."""

    messages: int
    #: Messages with labels beside the one that is their folder.
    several: int
    #: How many messages have each label, by its path, beside the one that is their folder.
    beside: Mapping[tuple[str, ...], int]


@runtime_checkable
class Labelled(Protocol):
    """What a source whose messages have labels can tell; optional: ask by :func:`label_facts_of`."""

    def label_facts(self) -> LabelFacts | None:
        """As its folders were last listed; None when it has no labels."""


def label_facts_of(source: Source) -> LabelFacts | None:
    """How the source's labels fit into folders; None when it has none."""
    return source.label_facts() if isinstance(source, Labelled) else None


@dataclass(frozen=True, slots=True)
class Quota:
    """What a mailbox may hold and holds, in bytes and in messages; None where the system does not limit or tell it."""

    limit: int | None = None
    used: int | None = None
    messages_limit: int | None = None
    messages_used: int | None = None


@runtime_checkable
class Surveyed(Protocol):
    """What a target may be able to tell before anything is written to it.

    Optional: ask by :func:`quota_of`, :func:`names_of`, :func:`refused_by` and :func:`roles_of`, which know what to
    say of a target that cannot.
    """

    def quota(self) -> Quota | None:
        """What the mailbox may hold; None when the system does not say.  Changes nothing."""

    def names(self) -> NameRules:
        """Which folder names the system holds.  Tells the same whatever the mailbox holds at the moment."""

    def refuses(self, paths: Sequence[tuple[str, ...]]) -> Collection[tuple[str, ...]]:
        """Those of ``paths`` that the system says it can never hold.  Makes nothing; silence is no refusal."""

    def roles(self) -> Mapping[Role, tuple[str, ...]]:
        """The mailbox's own folder of each role that it has one for."""


def quota_of(target: Target) -> Quota | None:
    """The target's quota; None when it is not known."""
    return target.quota() if isinstance(target, Surveyed) else None


def names_of(target: Target) -> NameRules:
    """Which names the target holds; every one where nothing is known."""
    return target.names() if isinstance(target, Surveyed) else NameRules()


def refused_by(target: Target, paths: Sequence[tuple[str, ...]]) -> Collection[tuple[str, ...]]:
    """Those of ``paths`` that the target can never hold, as far as it says."""
    return target.refuses(paths) if isinstance(target, Surveyed) else ()


def roles_of(target: Target) -> Mapping[Role, tuple[str, ...]]:
    """The target's own folders by role."""
    if isinstance(target, Surveyed):
        return target.roles()
    return {folder.role: folder.path for folder in target.folders() if folder.role is not None}


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
