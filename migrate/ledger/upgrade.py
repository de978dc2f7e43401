"""Bringing a ledger to the schema of this version, with Alembic."""

from __future__ import annotations

import alembic.command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection


class NewerLedger(Exception):
    """The ledger's schema is unknown here: a newer version made it."""


def upgrade(connection: Connection) -> None:
    """Upgrade within the caller's transaction.  Raises :class:`NewerLedger`."""
    config = Config()
    config.set_main_option("script_location", "migrate.ledger:alembic")
    config.set_main_option("path_separator", "os")
    found = MigrationContext.configure(connection).get_current_revision()
    known = {revision.revision for revision in ScriptDirectory.from_config(config).walk_revisions()}
    if found is not None and found not in known:
        raise NewerLedger(found)
    config.attributes["connection"] = connection
    alembic.command.upgrade(config, "head")
