"""Dual delivery: from when to when, what it brought, and who said so."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column("mailbox", sa.Column("dual_delivery_until", sa.Float()))
    op.add_column("target_folder", sa.Column("arrivals_token", sa.Text()))
    op.create_table(
        "arrival",
        sa.Column("id", _ID, nullable=False),
        sa.Column("mailbox_id", _ID, nullable=False),
        sa.Column("target_folder_id", _ID, nullable=False),
        sa.Column("target_key", sa.Text(), nullable=False),
        sa.Column("core_digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("header_digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("likeness", sa.LargeBinary(length=32)),
        sa.Column("parent_header_digest", sa.LargeBinary(length=32)),
        sa.Column("parent_likeness", sa.LargeBinary(length=32)),
        sa.Column("gone_at", sa.Float()),
        sa.Column("message_id", _ID),
        sa.ForeignKeyConstraint(["mailbox_id"], ["mailbox.id"], name=op.f("fk_arrival_mailbox_id")),
        sa.ForeignKeyConstraint(["target_folder_id"], ["target_folder.id"], name=op.f("fk_arrival_target_folder_id")),
        sa.ForeignKeyConstraint(["message_id"], ["message.id"], name=op.f("fk_arrival_message_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_arrival")),
    )
    op.create_index("ix_arrival_mailbox", "arrival", ["mailbox_id"])
    op.create_index("ix_arrival_message", "arrival", ["message_id"])
    op.create_table(
        "delivery_event",
        sa.Column("id", _ID, nullable=False),
        sa.Column("mailbox_id", _ID, nullable=False),
        sa.Column("what", sa.String(length=3), nullable=False),
        sa.Column("at", sa.Float(), nullable=False),
        sa.Column("told_at", sa.Float(), nullable=False),
        sa.Column("told_by", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["mailbox_id"], ["mailbox.id"], name=op.f("fk_delivery_event_mailbox_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_delivery_event")),
    )
    op.create_index("ix_delivery_event_mailbox", "delivery_event", ["mailbox_id"])
