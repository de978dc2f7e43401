"""Tallies: how many messages stand where, kept by the database itself in the transaction that changes a message."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_KEY = "mailbox_id, direction, outcome, reason, gone"


def _place(row: str) -> str:
    """Where a row of ``message`` is counted."""
    return f"{row}.mailbox_id, {row}.direction, {row}.outcome, coalesce({row}.reason, ''), {row}.gone_at IS NOT NULL"


_ADD = (
    f"INSERT INTO tally ({_KEY}, messages) VALUES ({_place('NEW')}, 1)"
    f" ON CONFLICT ({_KEY}) DO UPDATE SET messages = tally.messages + 1;"
)
_TAKE = f"UPDATE tally SET messages = messages - 1 WHERE ({_KEY}) = ({_place('OLD')});"

#: Those that change first come first: the comparison ends there.
_WATCHED = ("outcome", "reason", "gone_at", "successor", "mailbox_id", "direction")
#: Most changes of a row (flags, digests, the key on the target) leave it where it is counted.
_MOVED = " OR ".join(f"OLD.{column} {{differs}} NEW.{column}" for column in _WATCHED)

#: Name, event, whose successor must be missing, whether the row must have moved, and what is done.
_TRIGGERS = (
    ("tally_added", "INSERT", "NEW", False, _ADD),
    ("tally_removed", "DELETE", "OLD", False, _TAKE),
    ("tally_left", f"UPDATE OF {', '.join(_WATCHED)}", "OLD", True, _TAKE),
    ("tally_reached", f"UPDATE OF {', '.join(_WATCHED)}", "NEW", True, _ADD),
)


def upgrade() -> None:
    op.create_table(
        "tally",
        sa.Column("mailbox_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("direction", sa.String(length=5), nullable=False),
        sa.Column("outcome", sa.String(length=20), nullable=False),
        sa.Column("reason", sa.String(length=40), nullable=False),
        sa.Column("gone", sa.Boolean(), nullable=False),
        sa.Column("messages", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["mailbox_id"], ["mailbox.id"], name=op.f("fk_tally_mailbox_id")),
        sa.PrimaryKeyConstraint("mailbox_id", "direction", "outcome", "reason", "gone", name=op.f("pk_tally")),
        sqlite_with_rowid=False,
    )
    op.execute(
        f"INSERT INTO tally ({_KEY}, messages) SELECT {_place('message')}, count(*)"
        f" FROM message WHERE successor IS NULL GROUP BY {_place('message')}"
    )
    on_sqlite = op.get_bind().dialect.name == "sqlite"
    for name, event, row, only_moved, action in _TRIGGERS:
        # SQLite knows IS DISTINCT FROM since 3.39 only; its IS NOT is the same.
        moved = f" AND ({_MOVED.format(differs='IS NOT' if on_sqlite else 'IS DISTINCT FROM')})" if only_moved else ""
        when = f"WHEN ({row}.successor IS NULL{moved})"
        if on_sqlite:
            op.execute(f"CREATE TRIGGER {name} AFTER {event} ON message {when} BEGIN {action} END")
        else:
            op.execute(
                f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {action} RETURN NULL; END $$"
            )
            op.execute(f"CREATE TRIGGER {name} AFTER {event} ON message FOR EACH ROW {when} EXECUTE FUNCTION {name}()")
