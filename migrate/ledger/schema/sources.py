"""Several sources of one mailbox: what they are called, and what they may hold in common."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, ForeignKey, Index, LargeBinary, String, Table, Text

from migrate.ledger.schema.base import metadata

# The sources of a mailbox beside the site's own that a person knows by another name than the ledger's.
source = Table(
    "source",
    metadata,
    Column("mailbox_id", ForeignKey("mailbox.id"), primary_key=True, autoincrement=False),
    Column("name", String(200), primary_key=True),
    # An archive's file, as it was called when it was last read.
    Column("called", Text, nullable=False),
    # Its mail is rebuilt: it is recognised by its likeness.
    Column("rebuilt", Boolean, nullable=False),
)

# What other sources of the same mailbox may hold too.  A table of its own, filled only where a mailbox has several
# sources: an index on message.core_digest would cost every copy a page of the disk for each message.
content = Table(
    "content",
    metadata,
    Column("message_id", ForeignKey("message.id"), primary_key=True, autoincrement=False),
    Column("mailbox_id", ForeignKey("mailbox.id"), nullable=False),
    Column("core_digest", LargeBinary(32), nullable=False),
    Index("ix_content_core", "mailbox_id", "core_digest"),
)

# As ``content``, for mailboxes with an archive whose mail is rebuilt; written with the other digests.
likeness = Table(
    "likeness",
    metadata,
    Column("message_id", ForeignKey("message.id"), primary_key=True, autoincrement=False),
    Column("mailbox_id", ForeignKey("mailbox.id"), nullable=False),
    # Of the header digest and of what is attached.
    Column("digest", LargeBinary(32), nullable=False),
    Index("ix_likeness_digest", "mailbox_id", "digest"),
)
