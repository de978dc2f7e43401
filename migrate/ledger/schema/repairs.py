"""What was kept of messages that could not travel as they are, and what is known of the systems that change them."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Float, ForeignKey, Index, LargeBinary, String, Table, Text

from migrate.ledger.schema.base import Id, metadata

original = Table(
    "original",
    metadata,
    Column("id", Id, primary_key=True),
    Column("message_id", ForeignKey("message.id"), nullable=False, unique=True),
    # Of the message in wire form, as it is kept; the file is named by it.
    Column("digest", LargeBinary(32), nullable=False),
    Column("kept_at", Float, nullable=False),
)

repair = Table(
    "repair",
    metadata,
    Column("id", Id, primary_key=True),
    Column("message_id", ForeignKey("message.id"), nullable=False),
    # Names joined by spaces, in the order in which they were applied.
    Column("rules", Text, nullable=False),
    Column("source_digest", LargeBinary(32), nullable=False),
    # Of the repaired message, as is the next.  It is what was sent last where it is the message's own wire digest.
    Column("wire_digest", LargeBinary(32), nullable=False),
    Column("core_digest", LargeBinary(32), nullable=False),
    Column("made_at", Float, nullable=False),
    Index("ix_repair_message", "message_id"),
)

alteration = Table(
    "alteration",
    metadata,
    Column("id", Id, primary_key=True),
    Column("message_id", ForeignKey("message.id"), nullable=False),
    # Those that would have prevented it.
    Column("rules", Text, nullable=False),
    # As it was sent, and as it was read back from the target.
    Column("wire_digest", LargeBinary(32), nullable=False),
    Column("found_digest", LargeBinary(32), nullable=False),
    Column("found_at", Float, nullable=False),
    Index("ix_alteration_message", "message_id"),
)

# What is known, by reading back, of a system that mail is written to.
manner = Table(
    "manner",
    metadata,
    Column("system", String(200), primary_key=True),
    Column("rule", String(40), primary_key=True),
    # Whether it changes without a word what the rule is there for.
    Column("alters", Boolean, nullable=False),
    Column("learnt_at", Float, nullable=False),
)
