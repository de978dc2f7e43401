"""The way back: which message of one direction is a copy, or the original, of one of the other."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0010"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column("message", sa.Column("counterpart", _ID, nullable=True))
    known = sa.text("counterpart IS NOT NULL")
    op.create_index("ix_message_counterpart", "message", ["counterpart"], sqlite_where=known, postgresql_where=known)
