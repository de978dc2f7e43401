"""The slow way to know what the tallies say: looking at every message."""

from __future__ import annotations

from sqlalchemy import Connection, text

_RECOUNT = text(
    "SELECT mailbox_id, direction, outcome, coalesce(reason, ''), gone_at IS NOT NULL, count(*) FROM message"
    " WHERE successor IS NULL GROUP BY 1, 2, 3, 4, 5 ORDER BY 1, 2, 3, 4, 5"
)
_KEPT = text(
    "SELECT mailbox_id, direction, outcome, reason, gone, messages FROM tally"
    " WHERE messages <> 0 ORDER BY 1, 2, 3, 4, 5"
)


def assert_tallies_hold(connection: Connection) -> None:
    """What the database kept count of is what it holds."""
    kept = [tuple(row) for row in connection.execute(_KEPT)]
    assert kept == [tuple(row) for row in connection.execute(_RECOUNT)]
