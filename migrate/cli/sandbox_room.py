"""Where a sandbox lies, and whether one runs there."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import click
from filelock import FileLock, Timeout

from connectors.language import _
from connectors.os_errors import os_error_text
from migrate.cli.exit_codes import Exit
from migrate.cli.organisation import STATE, Place, Trouble
from migrate.sandbox.emptied import empty
from migrate.sandbox.standing import withdraw

_C = TypeVar("_C", bound=Callable[..., object])
_LOCK = "sandbox.lock"
#: Seconds: whoever asks whether a sandbox runs holds the lock for a moment, and is no sandbox.
_MOMENT = 0.3


def keep_option(help_text: str) -> Callable[[_C], _C]:
    """``--keep FOLDER``, given to the command as ``keep``."""
    folder = click.Path(file_okay=False, path_type=Path)
    return click.option("--keep", type=folder, metavar="FOLDER", help=help_text)


def room_of(place: Place, keep: Path | None) -> Path:
    """The sandbox's folder: the one that is kept, else one among what is Bascule's own."""
    return keep if keep is not None else place.folder / STATE / "sandbox"


@contextmanager
def held(room: Path) -> Iterator[None]:
    """The folder, made if need be, for this process alone; what a killed one announced there is gone.

    Raises :class:`Trouble` when a sandbox runs there.  The folder and its lock stay: another process may be waiting.
    """
    try:
        room.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        told = _("{path} cannot be made ({cause}).")
        raise Trouble(told.format(path=room, cause=os_error_text(error))) from error
    lock = FileLock(room / _LOCK)
    try:
        lock.acquire(timeout=_MOMENT)
    except Timeout:
        raise taken(room) from None
    try:
        withdraw(room)
        yield
    finally:
        lock.release()


def taken(room: Path) -> Trouble:
    told = _("A sandbox runs already in {path}. Look at it with: bascule sandbox status")
    return Trouble(told.format(path=room), Exit.LOCKED)


def clear(room: Path) -> None:
    """Take away what is in a folder that this process holds: all of a sandbox that is not kept.

    Raises :class:`Trouble` when something stays: there are passwords among it.
    """
    try:
        empty(room, but=_LOCK)
    except OSError as error:
        told = _("{path} cannot be removed: {why}.")
        raise Trouble(told.format(path=error.filename or room, why=os_error_text(error))) from error


def runs(room: Path) -> bool:
    """Whether a sandbox runs there now; one that was killed does not."""
    if not (room / _LOCK).exists():
        return False
    lock = FileLock(room / _LOCK)
    with contextlib.suppress(Timeout):
        lock.acquire(timeout=_MOMENT)
        lock.release()
        return False
    return True
