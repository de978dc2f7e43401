"""Messages over the target's limit: they cannot be sent, so each is kept as a file, once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from threading import Event

from connectors.body import CHUNK, SPOOL_OVER
from connectors.contract import FolderMissing, Message, Source
from connectors.wire import to_wire
from migrate.copy.hold import Hold
from migrate.copy.job import Job
from migrate.copy.scan import Listed
from migrate.ledger import repairs


def keep_too_large(job: Job, hold: Hold, source: Source, listed: Sequence[Listed], stop: Event) -> None:
    """Keep those that are refused as too large and are not kept yet.  Raises Fatal when they cannot be written."""
    if job.kept is None:
        return
    with hold.ledger.read() as connection:
        rows = repairs.too_large_and_not_kept(connection, hold.mailbox.id, job.direction)
    folders = {one.row.id: one.folder for one in listed}
    for row in rows:
        if stop.is_set():
            return
        if row.folder_id not in folders:
            continue
        with suppress(FolderMissing), _room(job, row.size, stop):
            for answer in source.read(folders[row.folder_id], [row.key]):
                if isinstance(answer, Message):
                    _keep(job, hold, row.id, answer)


@contextmanager
def _room(job: Job, size: int | None, stop: Event) -> Iterator[None]:
    """Memory for one message; a spooled one needs little."""
    reserved = CHUNK if size is None else min(size, SPOOL_OVER)
    job.resources.budget.reserve(reserved, stop)
    try:
        yield
    finally:
        job.resources.budget.release(reserved)


def _keep(job: Job, hold: Hold, row: int, message: Message) -> None:
    assert job.kept is not None
    body, digests = to_wire(message.body, job.resources.spool)
    try:
        job.kept.keep(job.mailbox, digests.wire, body)
    finally:
        body.release()
    with hold.ledger.write() as connection:
        repairs.keep(connection, row, digests.wire, job.clock.now())
