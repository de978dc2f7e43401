"""What the ledger of an organisation has recorded, for commands that make no ledger of their own."""

from __future__ import annotations

from collections.abc import Sequence

from connectors.folder_names import FolderPath
from migrate.cli.organisation import Place
from migrate.ledger import folders, mailboxes
from migrate.ledger.schema import Direction
from plans import Person


def recorded_places(place: Place, people: Sequence[Person], source: str) -> dict[str, dict[FolderPath, FolderPath]]:
    """Where earlier copies put the folders of this source: by mailbox, target path by source path."""
    if not place.ledger_file.exists():
        return {}
    found = {}
    with place.ledger() as ledger, ledger.read() as connection:
        for person in people:
            row = mailboxes.get(connection, person.mailbox)
            if row is not None:
                found[person.mailbox] = folders.places(connection, row.id, Direction.FORTH, source)
    return found
