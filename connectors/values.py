"""What travels through the connector contract: folders, entries, messages, receipts.  Data alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import BinaryIO, Literal, Protocol

from connectors.body import ByteBudget
from connectors.nature import Nature
from connectors.reasons import Reason

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
    #: Flags that ``write`` does not take and ``mark`` does; ``\\*`` stands for all keywords.
    late_flags: frozenset[str] = frozenset()
    #: Messages can be read in one order and by one session only (an archive file, POP3).
    sequential: bool = False
    #: The date that a message shows once it was written: the one it was given, or what its sender wrote as the date.
    dates: Literal["received", "sent"] = "received"
    #: Bytes a second at which a limit of ours lets a batch be sent; None: as fast as it goes.
    pace: float | None = None
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
    #: False for calendars, contacts and their kin: on a target there is such a folder only if mail lies in it.
    for_mail: bool = True
    #: The longest message (bytes) that it takes, where the system says so of each folder (APPENDLIMIT, RFC 7889).
    max_message: int | None = None


@dataclass(frozen=True, slots=True)
class ToEnsure:
    """A target folder that has to be there."""

    path: tuple[str, ...]
    role: Role | None
    #: Mail programs that go by subscriptions are to show it.
    subscribed: bool


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
    #: What is no mail is listed, so that it is accounted for, and never copied into a mailbox.
    nature: Nature = Nature.MAIL


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
    #: False when a part of it cannot be read any more where it lies: another copy of it may hold more.
    whole: bool = True


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


@dataclass(frozen=True, slots=True)
class LabelFacts:
    """How a labels system's messages fit into folders."""

    messages: int
    #: Messages with labels beside the one that is their folder.
    several: int
    #: How many messages have each label, by its path, beside the one that is their folder.
    beside: Mapping[tuple[str, ...], int]


@dataclass(frozen=True, slots=True)
class Quota:
    """What a mailbox may hold and holds, in bytes and in messages; None where the system does not limit or tell it."""

    limit: int | None = None
    used: int | None = None
    messages_limit: int | None = None
    messages_used: int | None = None
