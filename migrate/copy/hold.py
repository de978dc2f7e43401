"""Holding a mailbox: one pass at a time, over all processes, and no commit after the hold is lost."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from migrate.ledger import attempts, mailboxes
from migrate.ledger.mailboxes import MailboxRow
from migrate.ledger.store import Ledger


class MailboxBusy(Exception):
    """Another pass works on this mailbox."""

    def __init__(self, mailbox: str) -> None:
        super().__init__(f"{mailbox}: another copy works on this mailbox at this moment. Wait for it to end.")
        self.mailbox = mailbox


class HoldLost(Exception):
    """Another worker holds the mailbox now: nothing more may be written, to the target or to the ledger."""


@dataclass(frozen=True, slots=True)
class Hold:
    """Proof that this pass holds the mailbox."""

    ledger: Ledger
    mailbox: MailboxRow
    token: int

    def check(self) -> None:
        """Raises :class:`HoldLost` unless the ledger still names this pass as the holder."""
        with self.ledger.read() as connection:
            if not mailboxes.held(connection, self.mailbox.id, self.token):
                raise HoldLost


@contextmanager
def hold(ledger: Ledger, mailbox: str, site: str, now: float) -> Iterator[Hold]:
    """Hold ``mailbox`` until the block ends.  Raises :class:`MailboxBusy` at once when another process has it.

    The operating system gives a file lock back when its process dies, so a killed pass can be continued at once; and
    whoever gets the lock knows that no earlier pass can commit anything any more: its attempts end now.
    """
    locks = ledger.path.parent / "locks"
    locks.mkdir(mode=0o700, exist_ok=True)
    with ledger.write() as connection:
        row = mailboxes.get_or_create(connection, mailbox, site)
    lock = FileLock(_lock_path(locks, row.id), blocking=False)
    try:
        lock.acquire()
    except Timeout as error:
        raise MailboxBusy(mailbox) from error
    try:
        with ledger.write() as connection:
            token = mailboxes.take(connection, row.id, f"{socket.gethostname()}:{os.getpid()}")
            attempts.end_all_by(connection, row.id, now)
        yield Hold(ledger, row, token)
    finally:
        lock.release()


def _lock_path(folder: Path, mailbox_id: int) -> Path:
    return folder / f"mailbox-{mailbox_id}.lock"
