"""Archives: what people call a source, and what rebuilt mail is recognised by; what moved and may have come back."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "source",
        sa.Column("mailbox_id", _ID, nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("called", sa.Text(), nullable=False),
        sa.Column("rebuilt", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["mailbox_id"], ["mailbox.id"], name=op.f("fk_source_mailbox_id")),
        sa.PrimaryKeyConstraint("mailbox_id", "name", name=op.f("pk_source")),
    )
    op.create_table(
        "likeness",
        sa.Column("message_id", _ID, nullable=False),
        sa.Column("mailbox_id", _ID, nullable=False),
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.ForeignKeyConstraint(["message_id"], ["message.id"], name=op.f("fk_likeness_message_id")),
        sa.ForeignKeyConstraint(["mailbox_id"], ["mailbox.id"], name=op.f("fk_likeness_mailbox_id")),
        sa.PrimaryKeyConstraint("message_id", name=op.f("pk_likeness")),
    )
    op.create_index("ix_likeness_digest", "likeness", ["mailbox_id", "digest"])
    may_be_back = sa.text("successor IS NOT NULL AND gone_at IS NULL")
    op.create_index(
        "ix_message_back",
        "message",
        ["mailbox_id", "direction"],
        sqlite_where=may_be_back,
        postgresql_where=may_be_back,
    )
