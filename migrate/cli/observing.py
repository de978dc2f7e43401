"""What a command saw, kept for the rollout that goes by it.

A command that only looks makes no ledger: what it saw is kept once there is one, and a rollout's commands make it.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence

from migrate.cli.organisation import Place
from migrate.cli.results import Row
from migrate.ledger import observations
from migrate.ledger.observations import Kind, Observed
from migrate.ledger.store import Ledger


def observe(
    place: Place,
    kind: Kind,
    subject: str,
    name: str,
    items: Mapping[str, bool | Observed],
    by: str,
    *,
    whole: bool = False,
) -> None:
    """Keep what the command ``by`` saw of each part of a fact: whether it is good, with figures or without.

    ``whole``: these are all parts there are, such as the routes of one run.
    """
    if not items or not place.ledger_file.exists():
        return
    now = time.time()
    seen = {item: one if isinstance(one, Observed) else Observed(one, now, by) for item, one in items.items()}
    with place.ledger() as ledger, ledger.write() as connection:
        observations.keep(connection, kind, subject, name, seen, whole=whole)


def observe_passes(ledger: Ledger, site: str, rows: Sequence[Row]) -> None:
    """Keep since when the passes over each mailbox brought nothing: what says that an old server is no longer used."""
    now = time.time()
    with ledger.write() as connection:
        before = observations.of(connection, "site", site, "pass")
        seen = {}
        for row in rows:
            earlier = before[row.mailbox].detail.get("zero_since") if row.mailbox in before else None
            complete = row.result is not None and row.result.complete
            brought = row.result is not None and (row.result.copied or row.result.adopted)
            # A pass that was cut short proves nothing, one way or the other.
            since = None if brought else earlier or now if complete else earlier
            good = complete and not brought
            seen[row.mailbox] = Observed(good, now, "bascule copy", {"zero_since": since})
        observations.keep(connection, "site", site, "pass", seen)


def observe_way_back(ledger: Ledger, site: str, tried: Mapping[str, bool], by: str) -> None:
    """Keep for which mailboxes the way back was walked, or tried without writing, and whether it was free."""
    now = time.time()
    with ledger.write() as connection:
        seen = {mailbox: Observed(good, now, by) for mailbox, good in tried.items()}
        observations.keep(connection, "site", site, "way-back", seen)
