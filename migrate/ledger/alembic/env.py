"""Alembic's entry: the ledger hands over its own connection, so migrations run in its transaction."""

from __future__ import annotations

from alembic import context

from migrate.ledger.schema import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata, render_as_batch=True)
context.run_migrations()
