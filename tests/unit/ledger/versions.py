"""Ledgers as earlier versions made them."""

from __future__ import annotations

import alembic.command
from alembic.config import Config
from sqlalchemy import Connection


def upgrade(connection: Connection, revision: str) -> None:
    """Bring a database, an empty one too, to a version of the ledger."""
    config = Config()
    config.set_main_option("script_location", "migrate.ledger:alembic")
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    alembic.command.upgrade(config, revision)
