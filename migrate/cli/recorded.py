"""What the ledger of an organisation has recorded, for commands that make no ledger of their own."""

from __future__ import annotations

from collections.abc import Sequence

from connectors.folder_names import FolderPath
from migrate.cli.organisation import Place
from migrate.ledger import folders, mailboxes
from migrate.ledger.schema import Direction
from plans import Person

#: Target paths by source path, by the source's name.
Places = dict[str, dict[FolderPath, FolderPath]]


def recorded_places(place: Place, people: Sequence[Person]) -> dict[str, Places]:
    """Where earlier copies put the folders of each source, by mailbox."""
    if not place.ledger_file.exists():
        return {}
    found = {}
    with place.ledger() as ledger, ledger.read() as connection:
        for person in people:
            row = mailboxes.get(connection, person.mailbox)
            if row is not None:
                found[person.mailbox] = folders.all_places(connection, row.id, Direction.FORTH)
    return found
