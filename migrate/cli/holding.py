"""Who holds an organisation: after a handover the machine that gave it away changes nothing any more."""

from __future__ import annotations

from migrate.cli.organisation import Place
from migrate.ledger.holder import check_holder


def check_held_here(place: Place) -> None:
    """Raises what :func:`migrate.ledger.holder.check_holder` raises where another machine holds the organisation.

    Where there is no ledger nothing was ever handed over, and none is made for this.
    """
    if place.ledger_file.exists():
        with place.ledger() as ledger:
            check_holder(ledger)
