"""The manners of a mail system in memory."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from connectors.contract import SYSTEM_FLAGS, Capabilities

_TRAILING_SPACE = re.compile(rb"[ \t]+(?=\r\n)")
#: Without its line end (RFC 5322 2.1.1).
_LONGEST_LINE = 998

Defect = Literal["nul", "raw-8bit-header", "long-line", "missing-date", "missing-from", "missing-message-id"]


def _lacks(field: bytes) -> Callable[[bytes, bytes], bool]:
    return lambda head, _: b"\r\n" + field + b":" not in b"\r\n" + head.lower()


#: Each defect, found in a message's header block and the whole message.
_HAS: Mapping[Defect, Callable[[bytes, bytes], bool]] = {
    "nul": lambda _, data: b"\0" in data,
    "raw-8bit-header": lambda head, _: not head.isascii(),
    "long-line": lambda _, data: any(len(line) > _LONGEST_LINE for line in data.split(b"\r\n")),
    "missing-date": _lacks(b"date"),
    "missing-from": _lacks(b"from"),
    "missing-message-id": _lacks(b"message-id"),
}


class MemorySettings(BaseModel):
    """What the system can do and how it behaves.  The default is an obliging modern IMAP server."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    #: Name of the :class:`~connectors.memory.MemoryWorld` that holds the mail; systems of one name share it.
    world: str = "default"
    returns_keys: bool = True
    atomic_batch: bool = True
    batch: int = Field(default=100, ge=1)
    #: Batches that may be under way; more than one needs atomic batches.
    under_way: int = Field(default=1, ge=1)
    #: Open sessions a mailbox; one more is refused as Unavailable.
    sessions: int = Field(default=4, ge=1)
    #: Seconds after which nothing sent can still appear.
    settle: float = Field(default=60.0, ge=0)
    find_by: Literal["uid", "message_id", "scan"] = "uid"
    #: Seconds for which the search by Message-ID does not yet see a new message.
    index_lag: float = Field(default=0.0, ge=0)
    moves: bool = True
    #: The folder's token moves when a flag changes; otherwise only when messages come and go.
    flag_tokens: bool = True
    #: A listing from a cursor names what changed since; otherwise every listing is complete.
    incremental: bool = False
    #: Entries to a window of a listing.
    window: int = Field(default=500, ge=1)
    #: Messages and folders keep an id that is told, across moves and renames.
    object_ids: bool = True
    #: Flags beside keywords that the system keeps.
    permanent_flags: frozenset[str] = SYSTEM_FLAGS
    keywords: bool = True
    #: Flags that are taken with a message and forgotten; set later, they stay.
    forgets: frozenset[str] = frozenset()
    #: Longest message in bytes.
    max_message: int | None = None
    #: What a message must not have to be taken, as a strict server sees it.
    refuses: frozenset[Defect] = frozenset()
    #: What becomes of a written message: a header line on top, or NUL replaced and spaces at line ends trimmed.
    rewrites: Literal["none", "adds-header", "alters-body"] = "none"
    #: Folder names that differ only by case are one folder.
    folds_case: bool = False
    #: One session a mailbox, which reads messages in their stored order only.
    sequential: bool = False

    @model_validator(mode="after")
    def _appears_before_it_settles(self) -> Self:
        if self.index_lag > self.settle:
            raise ValueError("index_lag must not exceed settle: a message has to be found before its absence is final")
        return self

    @property
    def open_sessions(self) -> int:
        return 1 if self.sequential else self.sessions

    def takes(self, data: bytes) -> bool:
        """Whether a message is sound enough for it."""
        head = data.partition(b"\r\n\r\n")[0]
        return not any(_HAS[defect](head, data) for defect in self.refuses)

    def rewritten(self, data: bytes) -> bytes:
        """What becomes of a message that is written."""
        match self.rewrites:
            case "adds-header":
                return b"X-Stored-By: memory\r\n" + data
            case "alters-body":
                head, separator, body = data.partition(b"\r\n\r\n")
                return head + separator + _TRAILING_SPACE.sub(b"", body.replace(b"\0", b"\x80"))
            case "none":
                return data

    def capabilities(self) -> Capabilities:
        return Capabilities(
            sessions=self.open_sessions,
            batch=self.batch,
            atomic_batch=self.atomic_batch,
            under_way=self.under_way if self.atomic_batch else 1,
            returns_keys=self.returns_keys,
            find_by=self.find_by,
            settle=timedelta(seconds=self.settle),
            max_message=self.max_message,
            flag_tokens=self.flag_tokens,
            moves=self.moves,
            sequential=self.sequential,
        )
