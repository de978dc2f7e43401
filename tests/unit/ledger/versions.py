"""Ledgers as earlier versions made them."""

from __future__ import annotations

import alembic.command
from alembic.config import Config
from sqlalchemy import Connection, text


def upgrade(connection: Connection, revision: str) -> None:
    """Bring a database, an empty one too, to a version of the ledger."""
    config = Config()
    config.set_main_option("script_location", "migrate.ledger:alembic")
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    alembic.command.upgrade(config, revision)


def first_version(connection: Connection) -> None:
    """A ledger as version 0001 made it, with six messages of which one has a successor and one travels back."""
    upgrade(connection, "0001")
    connection.execute(
        text("INSERT INTO mailbox (id, name, site, state, lock_token) VALUES (1, 'anna', 'paris', 'copied', 0)")
    )
    connection.execute(
        text(
            "INSERT INTO folder (id, mailbox_id, direction, source, path, epoch)"
            " VALUES (1, 1, 'forth', 'old', '[\"INBOX\"]', '1')"
        )
    )
    rows = [
        ("forth", "stored", None, None, None),
        ("forth", "stored", None, 1.0, None),
        ("forth", "stored", None, 1.0, 4),
        ("forth", "pending", None, None, None),
        ("forth", "refused", "gone", 1.0, None),
        ("back", "stored", None, None, None),
    ]
    for key, (direction, outcome, reason, gone_at, successor) in enumerate(rows):
        connection.execute(
            text(
                "INSERT INTO message (mailbox_id, direction, folder_id, epoch, key, flags_seen, flags_synced,"
                " flags_ours, flags_theirs, outcome, reason, gone_at, successor)"
                " VALUES (1, :direction, 1, '1', :key, '', '', '', '', :outcome, :reason, :gone_at, :successor)"
            ),
            {
                "direction": direction,
                "key": str(key),
                "outcome": outcome,
                "reason": reason,
                "gone_at": gone_at,
                "successor": successor,
            },
        )
