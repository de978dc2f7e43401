"""Exit codes: part of what Bascule promises to scripts."""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum

from connectors.contract import AuthFailed, ConnectorError, OverQuota, Transient
from connectors.errors import SpoolError
from connectors.registry import BrokenConnector
from plans import SecretError


class Exit(IntEnum):
    """How a command ended.  Of several troubles the highest number wins, but an interruption always tells."""

    OK = 0
    #: A defect of Bascule: a traceback was shown.
    BUG = 1
    #: The command line or the plan is wrong; nothing was done.
    USAGE = 2
    #: Done, and some messages are not on the target (refused, uncertain or still pending), or a verification's grade
    #: is Investigate or Poor.
    PARTIAL = 3
    #: A mailbox is in use by another run, or the organisation was handed over to another machine.
    LOCKED = 4
    #: A mailbox is full, or a day's allowance is used up.
    QUOTA = 5
    #: A system cannot be reached, or broke off again and again.
    CONNECTION = 6
    #: A system does not let an account in, or a password cannot be had.
    AUTH = 7
    #: The ledger cannot be used, or this machine's disk does not do its part.
    LEDGER = 8
    #: Stopped by Ctrl-C or SIGTERM; the same command continues.
    INTERRUPTED = 130


def code_of(error: BaseException) -> Exit:
    """The exit code that one trouble asks for."""
    # A command that opens no ledger starts without what reads one, which is half of a start.
    from migrate.copy.hold import HoldLost, MailboxBusy
    from migrate.ledger.events import Overtaken
    from migrate.ledger.holder import NotHolder
    from migrate.ledger.store import LedgerError

    kinds: tuple[tuple[tuple[type[BaseException], ...], Exit], ...] = (
        ((AuthFailed, SecretError), Exit.AUTH),
        ((OverQuota,), Exit.QUOTA),
        ((MailboxBusy, HoldLost, NotHolder, Overtaken), Exit.LOCKED),
        ((Transient,), Exit.CONNECTION),
        ((LedgerError, SpoolError), Exit.LEDGER),
        ((BrokenConnector,), Exit.USAGE),
        ((ConnectorError,), Exit.CONNECTION),
    )
    return next((code for types, code in kinds if isinstance(error, types)), Exit.BUG)


def worst(codes: Iterable[Exit]) -> Exit:
    return max(codes, default=Exit.OK)
