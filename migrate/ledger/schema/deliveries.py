"""Mail that is delivered on both sides: since when, and what arrived that way."""

from __future__ import annotations

from sqlalchemy import Column, Float, ForeignKey, Index, LargeBinary, String, Table, Text

from migrate.ledger.schema.base import Id, metadata

# Mail on the target that we did not bring, seen while dual delivery was on: one row a message, wherever its person
# moves it, and when they delete it too.
arrival = Table(
    "arrival",
    metadata,
    Column("id", Id, primary_key=True),
    Column("mailbox_id", ForeignKey("mailbox.id"), nullable=False),
    # Where it was when it was last seen.
    Column("target_folder_id", ForeignKey("target_folder.id"), nullable=False),
    Column("target_key", Text, nullable=False),
    Column("core_digest", LargeBinary(32), nullable=False),
    Column("header_digest", LargeBinary(32), nullable=False),
    # Of the header digest and of what is attached; only with a Message-ID.
    Column("likeness", LargeBinary(32)),
    # The same with the Message-ID that it had before Exchange gave it another (X-MS-Exchange-Parent-Message-Id).
    Column("parent_header_digest", LargeBinary(32)),
    Column("parent_likeness", LargeBinary(32)),
    # Set when it is no longer on the target.
    Column("gone_at", Float),
    # The message of the source that it is.
    Column("message_id", ForeignKey("message.id")),
    Index("ix_arrival_mailbox", "mailbox_id"),
    Index("ix_arrival_message", "message_id"),
)

# Who said when that dual delivery is on or off.  Rows are only added.
delivery_event = Table(
    "delivery_event",
    metadata,
    Column("id", Id, primary_key=True),
    Column("mailbox_id", ForeignKey("mailbox.id"), nullable=False),
    # "on" or "off".
    Column("what", String(3), nullable=False),
    Column("at", Float, nullable=False),
    Column("told_at", Float, nullable=False),
    Column("told_by", Text, nullable=False),
    Index("ix_delivery_event_mailbox", "mailbox_id"),
)
