"""Which disk it was: what that of an export refuses is told apart from what that of the archive does."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from connectors.archives.contract import Archive, ArchiveFolder, Divisible, Item


class CannotWrite(Exception):
    """The disk that is written to does not take it: ``error`` says why."""

    def __init__(self, error: OSError) -> None:
        super().__init__(error)
        self.error = error


class CannotRead(Exception):
    """The disk of the archive does not deliver: ``error`` says why."""

    def __init__(self, error: OSError) -> None:
        super().__init__(error)
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


def items_of(archive: Archive, folder: ArchiveFolder, numbers: range | None = None) -> Iterator[Item]:
    """The items of a folder, of a divisible archive those of some ``numbers`` where they are given.

    Raises :class:`CannotRead` when the archive's disk does not deliver.
    """
    with reading():
        if numbers is None:
            items = iter(archive.items(folder))
        else:
            assert isinstance(archive, Divisible)
            items = iter(archive.some_items(folder, numbers))
    while True:
        with reading():
            item = next(items, None)
        if item is None:
            return
        yield item
