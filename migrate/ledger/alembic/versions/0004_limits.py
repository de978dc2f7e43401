"""What servers asked for and granted: back-offs, sessions, and bytes by the hour."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "back_off",
        sa.Column("server", sa.String(length=300), nullable=False),
        sa.Column("account", sa.String(length=320), nullable=False),
        sa.Column("until", sa.Float(), nullable=False),
        sa.Column("why", sa.String(length=20), nullable=False),
        sa.PrimaryKeyConstraint("server", "account", name=op.f("pk_back_off")),
    )
    op.create_table(
        "session_cap",
        sa.Column("server", sa.String(length=300), nullable=False),
        sa.Column("account", sa.String(length=320), nullable=False),
        sa.Column("sessions", sa.Integer(), nullable=False),
        sa.Column("learnt_at", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("server", "account", name=op.f("pk_session_cap")),
    )
    op.create_table(
        "traffic",
        sa.Column("server", sa.String(length=300), nullable=False),
        sa.Column("account", sa.String(length=320), nullable=False),
        sa.Column("way", sa.String(length=7), nullable=False),
        sa.Column("hour", sa.Integer(), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("server", "account", "way", "hour", name=op.f("pk_traffic")),
    )
