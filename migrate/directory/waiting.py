"""Waiting until new mailboxes take mail, for a day where it takes one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from threading import Event

from connectors.errors import Transient
from migrate.directory.contract import Directory

#: Seconds between two looks.
LOOK = 10.0


def wait_for_mailboxes(
    directory: Directory, users: Sequence[str], stop: Event, hear: Callable[[int, Transient | None], None]
) -> list[str]:
    """Ask until each of ``users`` has a mailbox that takes mail.  Those that do not yet, once ``stop`` is set.

    ``hear`` is told after each look how many are missing, or that the target could not be asked just then: over a
    day that happens, and the next look tells.  Raises what else a directory raises.
    """
    late = list(users)
    while late and not stop.is_set():
        try:
            ready = directory.ready(late)
        except Transient as error:
            hear(len(late), error)
        else:
            late = [user for user in late if not ready.get(user, False)]
            hear(len(late), None)
        if late:
            stop.wait(LOOK)
    return late
