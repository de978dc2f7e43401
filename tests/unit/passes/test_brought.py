"""What passes brought, counted for a whole site at once."""

from __future__ import annotations

from pathlib import Path

from migrate.ledger import copies, mailboxes
from tests.unit.passes.world import Sides, mail


def test_a_sites_figures_are_those_of_its_mailboxes(tmp_path: Path) -> None:
    sides = Sides(tmp_path)
    try:
        for number in range(3):
            sides.source.deliver(mail(number))
        sides.run()
        with sides.ledger.write() as connection:
            (row,) = mailboxes.every(connection)
            mailboxes.get_or_create(connection, "nobody@example.org", row.site)
            found = copies.brought(connection, row.site)
        sizes = [len(data) for _folder, data in sides.on_source().elements()]
        assert found == {row.name: (3, sum(sizes))}
    finally:
        sides.close()
