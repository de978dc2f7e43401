"""Holding a mailbox: one pass at a time, over all processes, and no commit after the hold is lost."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from filelock import FileLock, Timeout

from connectors.errors import Transient
from connectors.language import _
from connectors.os_errors import os_error_text
from migrate.ledger import attempts, mailboxes
from migrate.ledger.holder import check_standing, read_held, standing
from migrate.ledger.mailboxes import MailboxRow
from migrate.ledger.store import Ledger, LedgerError


class MailboxBusy(Exception):
    """Another pass works on this mailbox."""

    def __init__(self, mailbox: str) -> None:
        super().__init__(_("another copy works on this mailbox at this moment. Wait for it to end."))
        self.mailbox = mailbox


class HoldLost(Exception):
    """Another worker holds the mailbox now: nothing more may be written, to the target or to the ledger."""

    def __init__(self) -> None:
        super().__init__(_("another copy has taken over this mailbox. It goes on from here; wait for it to end."))


class DeadlinePassed(Transient):
    """A batch took longer to send than its intent allows; nothing of it was stored."""

    def __init__(self) -> None:
        super().__init__(_("the line is too slow: sending took longer than is safe"))


@dataclass(frozen=True, slots=True)
class Hold:
    """Proof that this pass holds the mailbox."""

    ledger: Ledger
    #: Its state is the one that it had before.
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
    Raises NotHolder when another machine holds the organisation.
    """
    with ledger.write() as connection:
        row = mailboxes.get_or_create(connection, mailbox, site)
    with locked(ledger, row):
        with ledger.write() as connection:
            # Whoever hands the organisation over sees, in one such transaction, that no mailbox is locked.
            check_standing(standing(connection), read_held(ledger.path.parent))
            token = mailboxes.take(connection, row.id, f"{socket.gethostname()}:{os.getpid()}")
            attempts.end_all_by(connection, row.id, now)
            # Its people may have gone live while nobody held it.
            row = replace(mailboxes.get_or_create(connection, mailbox, site), state=row.state)
        yield Hold(ledger, row, token)


@contextmanager
def locked(ledger: Ledger, mailbox: MailboxRow) -> Iterator[None]:
    """Keep every pass away from a mailbox until the block ends.  Raises :class:`MailboxBusy` when one is at work."""
    folder = ledger.path.parent / "locks"
    lock = FileLock(folder / f"mailbox-{mailbox.id}.lock", blocking=False)
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        lock.acquire()
    except Timeout as error:
        raise MailboxBusy(mailbox.name) from error
    except OSError as error:
        what = _(
            "{folder}: no mailbox can be locked there ({cause}). Make room on the disk, or let this user write there."
        )
        raise LedgerError(what.format(folder=folder, cause=os_error_text(error))) from error
    try:
        yield
    finally:
        lock.release()
