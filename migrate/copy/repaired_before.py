"""Knowing a repaired copy again when the ledger that could tell is lost.

A rule may change what a message is otherwise known by: its Message-ID, its date, its sender, its subject.  Rules always
make the same of the same message, so its copy is one of the forms that they can make of it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from hashlib import sha256
from io import BytesIO

from connectors.body import MemoryBody
from connectors.contract import Body, Entry, Folder, FolderMissing, Message, Source, Target
from connectors.repairs import RULES, Facts, repaired
from connectors.wire import digest_bytes, to_wire
from migrate.copy.job import Job
from migrate.ledger.adoption import Unplaced, second


def pair_repaired(
    job: Job,
    source: Source,
    target: Target,
    there: Folder,
    from_folders: Mapping[int, Folder],
    rows: Sequence[Unplaced],
    entries: Sequence[Entry],
) -> Iterator[tuple[Unplaced, Entry]]:
    """Rows and entries of one second whose content is that of a repair, one to one.  Large messages are left out."""
    by_second: dict[int, list[Entry]] = defaultdict(list)
    for entry in entries:
        when = second(entry.received)
        if when is not None:
            by_second[when].append(entry)
    digests: dict[str, bytes | None] = {}
    for row in rows:
        if row.received is None or row.folder_id not in from_folders:
            continue
        alike = by_second[row.received]
        if not alike:
            continue
        forms = _forms(_data(job, source, from_folders[row.folder_id], row.key), row.received)
        for entry in alike if forms else ():
            if entry.key not in digests:
                data = _data(job, target, there, entry.key)
                # The target may have added header fields.
                digests[entry.key] = None if data is None else digest_bytes(data).core
            if digests[entry.key] in forms:
                alike.remove(entry)
                yield row, entry
                break


def _forms(data: bytes | None, received: int) -> set[bytes]:
    """Core digests of everything that the rules, some or all of them in their order, make of a message."""
    if data is None:
        return set()
    facts = Facts(datetime.fromtimestamp(received, UTC), sha256(data).digest())
    forms = {data}
    for rule in RULES:
        forms |= {form for one in list(forms) if (form := _form(rule, one, facts)) is not None}
    return {digest_bytes(form).core for form in forms - {data}}


def _form(rule: str, data: bytes, facts: Facts) -> bytes | None:
    pieces = repaired(rule, lambda: BytesIO(data), facts)
    return None if pieces is None else b"".join(pieces)


def _data(job: Job, side: Source, folder: Folder, key: str) -> bytes | None:
    """The message in wire form; None when it cannot be read, or is too large for memory."""
    with suppress(FolderMissing):
        for answer in side.read(folder, [key]):
            if isinstance(answer, Message):
                body: Body = answer.body
                try:
                    body, _ = to_wire(body, job.resources.spool)
                    return body.data if isinstance(body, MemoryBody) else None
                finally:
                    body.release()
    return None
