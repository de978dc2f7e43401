"""Which disk it was: what that of an export refuses is told apart from what that of the archive does."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


class CannotWrite(Exception):
    """The disk that is written to does not take it: ``error`` says why."""

    def __init__(self, error: OSError) -> None:
        super().__init__(str(error))
        self.error = error


class CannotRead(Exception):
    """The disk of the archive does not deliver: ``error`` says why."""

    def __init__(self, error: OSError) -> None:
        super().__init__(str(error))
        self.error = error


@contextmanager
def writing() -> Iterator[None]:
    """OSError as :class:`CannotWrite`."""
    try:
        yield
    except OSError as error:
        raise CannotWrite(error) from error


@contextmanager
def reading() -> Iterator[None]:
    """OSError as :class:`CannotRead`."""
    try:
        yield
    except OSError as error:
        raise CannotRead(error) from error
