"""Several sources of one mailbox: adoption by source folder, and rows that another source's copy stands for."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column("folder", sa.Column("adopted_in", _ID, nullable=True))
    op.execute(
        "UPDATE folder SET adopted_in = target_folder_id WHERE target_folder_id IN"
        " (SELECT id FROM target_folder WHERE adopted_at IS NOT NULL)"
    )
    op.drop_column("target_folder", "adopted_at")
    # ADD COLUMN leaves the table, and so the triggers that count it, as they are.
    op.add_column("message", sa.Column("same_as", _ID, nullable=True))
    has_twin = sa.text("same_as IS NOT NULL")
    op.create_index("ix_message_same", "message", ["same_as"], sqlite_where=has_twin, postgresql_where=has_twin)
    op.create_table(
        "content",
        sa.Column("message_id", _ID, nullable=False),
        sa.Column("mailbox_id", _ID, nullable=False),
        sa.Column("core_digest", sa.LargeBinary(length=32), nullable=False),
        sa.ForeignKeyConstraint(["message_id"], ["message.id"], name=op.f("fk_content_message_id")),
        sa.ForeignKeyConstraint(["mailbox_id"], ["mailbox.id"], name=op.f("fk_content_mailbox_id")),
        sa.PrimaryKeyConstraint("message_id", name=op.f("pk_content")),
    )
    op.create_index("ix_content_core", "content", ["mailbox_id", "core_digest"])
