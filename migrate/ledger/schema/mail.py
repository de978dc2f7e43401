"""The mail itself: mailboxes, their folders, and every message with what is in flight."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from migrate.ledger.schema.base import Id, metadata
from migrate.ledger.schema.words import Outcome

mailbox = Table(
    "mailbox",
    metadata,
    Column("id", Id, primary_key=True),
    Column("name", String(320), nullable=False, unique=True),
    Column("site", String(200), nullable=False),
    Column("state", String(20), nullable=False),
    # Counts up each time a pass takes the mailbox: a worker that was passed over sees another number and stops.
    Column("lock_token", Integer, nullable=False, default=0),
    Column("locked_by", Text),
    Column("last_pass", Float),
    # JSON, so that it is told in the language of whoever asks (connectors.language.recorded).
    Column("last_error", Text),
    Column("went_live", Float),
    # From when to when its mail was delivered on both sides; still is, where there is no end.
    Column("dual_delivery_since", Float),
    Column("dual_delivery_until", Float),
    Index("ix_mailbox_site", "site"),
)

folder = Table(
    "folder",
    metadata,
    Column("id", Id, primary_key=True),
    Column("mailbox_id", ForeignKey("mailbox.id"), nullable=False),
    Column("direction", String(5), nullable=False),
    Column("source", String(200), nullable=False),
    Column("path", Text, nullable=False),
    Column("role", String(20)),
    Column("epoch", Text, nullable=False),
    Column("object_id", Text),
    Column("cursor", Text),
    Column("token", Text),
    Column("rules_digest", String(64)),
    # Where its messages go.
    Column("target_folder_id", ForeignKey("target_folder.id")),
    # The target folder, in one epoch, whose messages of unknown origin were compared with this one's; nothing is
    # written before.
    Column("adopted_in", Id),
    # Set when the folder was no longer listed.
    Column("gone_at", Float),
    UniqueConstraint("mailbox_id", "direction", "source", "path"),
)

target_folder = Table(
    "target_folder",
    metadata,
    Column("id", Id, primary_key=True),
    Column("mailbox_id", ForeignKey("mailbox.id"), nullable=False),
    Column("direction", String(5), nullable=False),
    Column("path", Text, nullable=False),
    Column("epoch", Text, nullable=False),
    # The folder's token when all its arrivals were known.
    Column("arrivals_token", Text),
    UniqueConstraint("mailbox_id", "direction", "path", "epoch"),
)

_has_object_id = text("object_id IS NOT NULL")
_has_twin = text("same_as IS NOT NULL")
_has_counterpart = text("counterpart IS NOT NULL")
#: Seen where it was, while its copy belongs to another row: it moved and may have come back.
_may_be_back = text("successor IS NOT NULL AND gone_at IS NULL")

message = Table(
    "message",
    metadata,
    Column("id", Id, primary_key=True),
    Column("mailbox_id", ForeignKey("mailbox.id"), nullable=False),
    Column("direction", String(5), nullable=False),
    Column("folder_id", ForeignKey("folder.id"), nullable=False),
    Column("epoch", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("object_id", Text),
    Column("size", BigInteger),
    Column("received", BigInteger),
    # Last seen on the source; as of the last time they were carried over; set on our copy by us; found there, set by
    # somebody else.  Only what is ours is ever taken off.
    Column("flags_seen", Text, nullable=False, default=""),
    Column("flags_synced", Text, nullable=False, default=""),
    Column("flags_ours", Text, nullable=False, default=""),
    Column("flags_theirs", Text, nullable=False, default=""),
    Column("source_digest", LargeBinary(32)),
    Column("wire_digest", LargeBinary(32)),
    Column("core_digest", LargeBinary(32)),
    Column("header_digest", LargeBinary(32)),
    Column("message_id", Text),
    Column("target_folder_id", ForeignKey("target_folder.id")),
    Column("target_key", Text),
    Column("outcome", String(20), nullable=False),
    Column("reason", String(40)),
    # How the outcome is known: "receipt", "found", "received+header", "content", "move", "core", "likeness", "parent";
    # "apart" on what is to be copied though another source brought the same message.
    Column("evidence", Text),
    Column("settled_at", Float),
    Column("gone_at", Float),
    # The row under which this very message is seen now; rows with a successor are not counted again.
    Column("successor", Id),
    # The row of another source whose copy is the same message and stands for this one too.
    Column("same_as", Id),
    # The row of the other direction whose copy this message is: it is not sent where it came from.
    Column("counterpart", Id),
    UniqueConstraint("folder_id", "epoch", "key"),
    CheckConstraint(f"outcome IN ({', '.join(repr(str(o)) for o in Outcome)})", name="outcome"),
    Index("ix_message_tally", "mailbox_id", "direction", "outcome"),
    Index("ix_message_identity", "mailbox_id", "received", "size"),
    # Partial on PostgreSQL too (versions 0001, 0003, 0007); naming that dialect here would import it at every start.
    Index("ix_message_object", "mailbox_id", "object_id", sqlite_where=_has_object_id),
    Index("ix_message_claim", "target_folder_id", "target_key"),
    Index("ix_message_same", "same_as", sqlite_where=_has_twin),
    Index("ix_message_counterpart", "counterpart", sqlite_where=_has_counterpart),
    Index("ix_message_back", "mailbox_id", "direction", sqlite_where=_may_be_back),
)

# Counting millions of rows takes seconds, so the database keeps count: triggers on ``message`` change these rows in the
# transaction that changes a message, whoever writes it.  SQLite drops them with the table that they are on: a version
# that makes ``message`` anew (Alembic's batch mode) makes them anew too.
tally = Table(
    "tally",
    metadata,
    Column("mailbox_id", ForeignKey("mailbox.id"), primary_key=True, autoincrement=False),
    Column("direction", String(5), primary_key=True),
    Column("outcome", String(20), primary_key=True),
    # "" where there is none: a key holds no NULL.
    Column("reason", String(40), primary_key=True),
    # Whether they have left the source.
    Column("gone", Boolean, primary_key=True),
    # Without those that have a successor; may be 0.
    Column("messages", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

attempt = Table(
    "attempt",
    metadata,
    Column("id", Id, primary_key=True),
    Column("mailbox_id", ForeignKey("mailbox.id"), nullable=False),
    Column("message_id", ForeignKey("message.id"), nullable=False, unique=True),
    # "write", or "move" (of our copy, whose old place origin_* names).
    Column("kind", String(5), nullable=False),
    Column("batch", String(32), nullable=False),
    Column("ordinal", Integer, nullable=False),
    Column("target_folder_id", ForeignKey("target_folder.id"), nullable=False),
    Column("fence", Text, nullable=False),
    Column("wire_digest", LargeBinary(32), nullable=False),
    Column("wire_size", BigInteger, nullable=False),
    Column("header_digest", LargeBinary(32), nullable=False),
    Column("rfc_message_id", Text),
    # The date and flags that were sent.
    Column("received", BigInteger, nullable=False),
    Column("flags", Text, nullable=False),
    Column("origin_message_id", Id),
    # The target said it took it; only the key is not known yet.
    Column("acknowledged", Boolean, nullable=False, default=False),
    # After this moment nobody can commit the attempt any more.
    Column("deadline", Float, nullable=False),
    # When a look at the target first did not show it.
    Column("absent_at", Float),
    Index("ix_attempt_mailbox", "mailbox_id"),
)
