"""One run at a time of what two at once would spoil."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from filelock import FileLock, Timeout

from migrate.cli.exit_codes import Exit
from migrate.cli.organisation import Place, Trouble


@contextmanager
def alone(place: Place, what: str, message: str) -> Iterator[None]:
    """``what`` names the lock; ``message`` says what the other run does.  Raises :class:`Trouble` at once."""
    try:
        with FileLock(place.state / f"{what}.lock", blocking=False):
            yield
    except Timeout:
        raise Trouble(message, Exit.LOCKED) from None
