"""What has to be true before a system can be used, asked for one by one; optional."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from threading import Event
from typing import Literal, Protocol, runtime_checkable

from connectors.sessions import Connector
from connectors.values import Account


@dataclass(frozen=True, slots=True)
class Precondition:
    """One thing that has to be so: a credential that works, a right that was granted, a mailbox that is there."""

    #: Stable and English, for programs: ``scope-granted``, ``mailbox-licensed``.
    code: str
    #: Of the whole system, told alike for each of its accounts, or of one mailbox.
    of: Literal["system", "mailbox"]
    #: None: it could not be found out, which ``what`` explains.
    met: bool | None
    #: What is so, or is not; a sentence.
    what: str
    #: What to click or run, and who can; empty where there is nothing to do.
    mend: str = ""


@runtime_checkable
class Prepared(Protocol):
    """A connector that can tell what stands in the way before a session is opened.

    Optional: ask by :func:`preconditions`.
    """

    def preconditions(self, account: Account, side: Literal["source", "target"], stop: Event) -> Iterator[Precondition]:
        """Each in turn, from the credentials to the mailbox; what rests on one that is not met is left out.

        Writes nothing.  What is true of the whole system is asked for once a process.  Raises no ConnectorError but
        Stopped: what cannot be asked is told with ``met=None``.
        """


def preconditions(
    connector: Connector, account: Account, side: Literal["source", "target"], stop: Event
) -> Iterator[Precondition]:
    """As :meth:`Prepared.preconditions`; none where the connector knows of none."""
    if isinstance(connector, Prepared):
        yield from connector.preconditions(account, side, stop)
