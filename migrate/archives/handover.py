"""The folder in which a person finds the calendars and contacts of all their archives, with a guide beside them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from threading import Event

from connectors.archives.contract import NotAnArchive, Personal, Reading
from connectors.archives.kinds import open_archive
from connectors.errors import ConnectorError
from connectors.language import _
from connectors.os_errors import os_error_text
from migrate.archives.guide import write_guide
from migrate.archives.named import to_read
from migrate.archives.names import spelt
from migrate.archives.personal import write_personal
from migrate.archives.troubles import CannotRead, CannotWrite, writing
from migrate.ledger.store import LedgerError
from plans import Organisation, Person, Site
from plans.archive_files import called

#: The folder in the organisation's in which each mailbox has one of its own.
HANDOVER = "handover"


class NotHandedOver(LedgerError):
    """A person's calendars and contacts cannot be written: worded for people."""


@dataclass(frozen=True, slots=True)
class HandedOver:
    """What a person was given.  items = items in the files + reported."""

    folder: Path
    items: int
    reported: int


def handover_folder(organisation: Path, mailbox: str) -> Path:
    """Where a person's files lie; each archive's in a folder of its own below it."""
    return organisation / HANDOVER / spelt(mailbox)


def hand_over(organisation: Organisation, site: Site, person: Person, spool: Path, stop: Event) -> HandedOver | None:
    """Write what the person's archives hold beside mail; None when that is nothing.  Run again it writes the same.

    An archive that cannot be read is passed over: the copy of its mail says so.  Raises :class:`NotHandedOver`,
    BrokenList.
    """
    folder = handover_folder(organisation.folder, person.mailbox)
    reading = Reading(spool, organisation.x500_addresses)
    items = reported = 0
    try:
        for path, name in _apart([one.file.path for one in to_read(organisation.folder, site, person)]):
            try:
                archive = open_archive(path, reading)
            except (NotAnArchive, OSError, ConnectorError):
                continue
            try:
                if isinstance(archive, Personal):
                    with writing():
                        made = write_personal(archive, folder / name, stop)
                    items, reported = items + made.items, reported + len(made.reported)
            except (CannotRead, ConnectorError):
                continue
            finally:
                archive.close()
        with writing():
            if items:
                write_guide(folder, person.address, site.language)
    except CannotWrite as trouble:
        text = _("The calendars and contacts cannot be written to {folder}: {why}. Make room, and run it again.")
        raise NotHandedOver(text.format(folder=folder, why=os_error_text(trouble.error))) from trouble
    return HandedOver(folder, items, reported) if items else None


def _apart(paths: list[Path]) -> Iterator[tuple[Path, str]]:
    """Each archive with the name of its folder: its own, with a number where another has it."""
    taken: set[str] = set()
    for path in paths:
        name = spelt(called(path))
        free = next(
            one for number in count(1) if (one := name if number == 1 else f"{name} ({number})").casefold() not in taken
        )
        taken.add(free.casefold())
        yield path, free
