"""Repairs: originals that are kept, what was repaired, what targets altered, and what is known of their manners."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def _id(name: str = "id") -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False)


def upgrade() -> None:
    op.create_table(
        "original",
        _id(),
        _id("message_id"),
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("kept_at", sa.Float(), nullable=False),
        sa.ForeignKeyConstraint(["message_id"], ["message.id"], name=op.f("fk_original_message_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_original")),
        sa.UniqueConstraint("message_id", name=op.f("uq_original_message_id")),
    )
    op.create_table(
        "repair",
        _id(),
        _id("message_id"),
        sa.Column("rules", sa.Text(), nullable=False),
        sa.Column("source_digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("wire_digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("core_digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("made_at", sa.Float(), nullable=False),
        sa.ForeignKeyConstraint(["message_id"], ["message.id"], name=op.f("fk_repair_message_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_repair")),
    )
    op.create_index("ix_repair_message", "repair", ["message_id"], unique=False)
    op.create_table(
        "alteration",
        _id(),
        _id("message_id"),
        sa.Column("rules", sa.Text(), nullable=False),
        sa.Column("wire_digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("found_digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("found_at", sa.Float(), nullable=False),
        sa.ForeignKeyConstraint(["message_id"], ["message.id"], name=op.f("fk_alteration_message_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alteration")),
    )
    op.create_index("ix_alteration_message", "alteration", ["message_id"], unique=False)
    op.create_table(
        "manner",
        sa.Column("system", sa.String(length=200), nullable=False),
        sa.Column("rule", sa.String(length=40), nullable=False),
        sa.Column("alters", sa.Boolean(), nullable=False),
        sa.Column("learnt_at", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("system", "rule", name=op.f("pk_manner")),
    )
