"""Who may write: one command of a kind at a time, on the machine that holds the organisation."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from migrate.cli.exit_codes import Exit
from migrate.cli.organisation import Place, Trouble
from migrate.ledger.holder import check_holder


def check_held_here(place: Place) -> None:
    """Raises what :func:`migrate.ledger.holder.check_holder` raises where another machine holds the organisation.

    Where there is no ledger nothing was ever handed over, and none is made for this.
    """
    if place.ledger_file.exists():
        with place.ledger() as ledger:
            check_holder(ledger)


@contextmanager
def alone(file: Path, otherwise: str) -> Iterator[None]:
    """While the block runs no other command locks ``file``.  Raises :class:`Trouble` with ``otherwise``."""
    lock = FileLock(file)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise Trouble(otherwise, Exit.LOCKED) from None
    try:
        yield
    finally:
        lock.release()
