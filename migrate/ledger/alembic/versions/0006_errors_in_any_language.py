"""What went wrong last is kept so that it can be told in any language; what is there stays as it was said."""

from __future__ import annotations

import json

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_MAILBOX = sa.table("mailbox", sa.column("id", sa.BigInteger()), sa.column("last_error", sa.Text()))


def upgrade() -> None:
    connection = op.get_bind()
    failed = sa.select(_MAILBOX.c.id, _MAILBOX.c.last_error).where(_MAILBOX.c.last_error.is_not(None))
    for mailbox, said in connection.execute(failed).all():
        record = json.dumps(said, ensure_ascii=False)
        connection.execute(sa.update(_MAILBOX).where(_MAILBOX.c.id == mailbox).values(last_error=record))
