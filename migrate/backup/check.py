"""The check of a backup: every message that its ledger calls stored is read again from the disk and digested."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice

from sqlalchemy import Connection, select

from connectors.body import CHUNK
from connectors.contract import Body, Folder, FolderMissing, Message, Source
from migrate.copy.halt import Halt
from migrate.ledger import folders, mailboxes
from migrate.ledger.schema import ON_TARGET, Direction, message
from migrate.ledger.store import Ledger

_BARE_LF = re.compile(rb"(?<!\r)\n")
#: Messages asked for at a time.
_BATCH = 100


@dataclass(frozen=True, slots=True)
class FolderCount:
    """A folder of a backup as it lies on the disk."""

    path: tuple[str, ...]
    messages: int
    #: Bytes on disk.
    size: int


@dataclass(slots=True)
class Checked:
    """What the check of one mailbox found.  ``complete`` is false when it was interrupted."""

    equal: int = 0
    #: There, and never digested when it was copied: taken over from what the folder held before.
    uncompared: int = 0
    missing: int = 0
    different: int = 0
    complete: bool = True
    folders: list[FolderCount] = field(default_factory=list)

    @property
    def good(self) -> bool:
        return self.complete and not self.missing and not self.different


def check(backup: Source, ledger: Ledger, mailbox: str, halt: Halt) -> Checked:
    """Read a mailbox's backup and compare it with the ledger.  Raises what the connector raises."""
    found = Checked()
    there = {folder.path: folder for folder in backup.folders()}
    with ledger.read() as connection:
        row = mailboxes.get(connection, mailbox)
        expected = _expected(connection, row.id) if row else {}
    for path, digests in expected.items():
        found.complete = found.complete and _check_folder(backup, there.get(path), digests, found, halt)
    for folder in there.values():
        sizes = [entry.size or 0 for window in backup.entries(folder, None) for entry in window.entries]
        found.folders.append(FolderCount(folder.path, len(sizes), sum(sizes)))
    return found


_Digests = dict[str, bytes | None]


def _expected(connection: Connection, mailbox_id: int) -> dict[tuple[str, ...], _Digests]:
    """Wire digests by key, by folder, of all that the ledger says is there."""
    rows = connection.execute(
        select(message.c.target_folder_id, message.c.target_key, message.c.wire_digest).where(
            message.c.mailbox_id == mailbox_id,
            message.c.direction == Direction.FORTH,
            message.c.outcome.in_(ON_TARGET),
            message.c.successor.is_(None),
            message.c.target_key.is_not(None),
        )
    )
    found: dict[int, _Digests] = {}
    for folder_id, key, digest in rows:
        found.setdefault(folder_id, {})[key] = digest
    merged: dict[tuple[str, ...], _Digests] = {}
    for folder_id, digests in found.items():
        merged.setdefault(folders.target_by_id(connection, folder_id).path, {}).update(digests)
    return merged


def _check_folder(backup: Source, folder: Folder | None, digests: _Digests, found: Checked, halt: Halt) -> bool:
    """Whether it was read to its end."""
    if folder is None:
        found.missing += len(digests)
        return True
    left = iter(digests)
    while keys := list(islice(left, _BATCH)):
        if halt.stop.is_set():
            return False
        try:
            verdicts = Counter(_verdicts(backup, folder, keys, digests))
        except FolderMissing:
            verdicts = Counter(missing=len(keys))
        found.equal += verdicts["equal"]
        found.different += verdicts["different"]
        found.uncompared += verdicts["uncompared"]
        found.missing += verdicts["missing"]
    return True


def _verdicts(backup: Source, folder: Folder, keys: list[str], digests: _Digests) -> Iterator[str]:
    for answer in backup.read(folder, keys):
        if not isinstance(answer, Message):
            yield "missing"
            continue
        digest = wire_digest(answer.body)
        answer.body.release()
        wanted = digests[answer.key]
        yield "uncompared" if wanted is None else "equal" if digest == wanted else "different"


def wire_digest(body: Body) -> bytes:
    """sha256 of a stored message with CRLF line ends.

    Unlike :func:`connectors.wire.to_wire` it leaves a From_ line at the start alone: what we stored has none, so one
    that is there came with the message.
    """
    digest, held = hashlib.sha256(), b""
    with body.open() as reader:
        while chunk := reader.read(CHUNK):
            chunk = held + chunk
            held = b"\r" if chunk.endswith(b"\r") else b""
            digest.update(_BARE_LF.sub(b"\r\n", chunk[: len(chunk) - len(held)]))
    digest.update(held)
    return digest.digest()
