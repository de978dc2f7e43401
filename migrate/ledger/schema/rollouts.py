"""A rollout: what people decided and did, what was last seen, and how fast mail was copied."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from migrate.ledger.schema.base import Id, metadata

# What people decided and did in a rollout.  Rows are only ever added: triggers refuse to change or delete one, and
# the state of a rollout is what its rows, in their order, come to.
event = Table(
    "event",
    metadata,
    Column("id", Id, primary_key=True),
    # "site", "domain", "case", "step" or "organisation".
    Column("subject_kind", String(20), nullable=False),
    Column("subject", String(320), nullable=False),
    # Counts the events of one subject from 1: of two processes that add the same one, one is refused.
    Column("ordinal", Integer, nullable=False),
    Column("event", String(20), nullable=False),
    # Phases, where the event goes from one to another.
    Column("from", String(40)),
    Column("to", String(40)),
    Column("who", Text, nullable=False),
    Column("at", Float, nullable=False),
    # The file of proofs, below the organisation's folder, and its sha256.
    Column("evidence", Text),
    Column("evidence_digest", LargeBinary(32)),
    Column("note", Text),
    # JSON: what else belongs to an event of its kind.
    Column("detail", Text, nullable=False),
    UniqueConstraint("subject_kind", "subject", "ordinal"),
)

# What was last seen of a site's mailboxes, of a domain's records and so on, by the command that looked: a rollout's
# facts are read from here without asking any server.
observation = Table(
    "observation",
    metadata,
    # "site" or "domain".
    Column("subject_kind", String(20), primary_key=True),
    Column("subject", String(320), primary_key=True),
    # The fact that it is a part of, and the part: a mailbox, a route; "" where it has no parts.
    Column("name", String(40), primary_key=True),
    Column("item", String(320), primary_key=True),
    Column("good", Boolean, nullable=False),
    Column("at", Float, nullable=False),
    # The command that looked.
    Column("source", Text, nullable=False),
    # JSON: figures of this kind of fact.
    Column("detail", Text, nullable=False),
)

# What passes copied from one system to another, and how fast: what an estimate is fitted to.  Names are the plan's.
pass_rate = Table(
    "pass_rate",
    metadata,
    Column("id", Id, primary_key=True),
    Column("source", String(200), nullable=False),
    Column("target", String(200), nullable=False),
    Column("messages", BigInteger, nullable=False),
    Column("size", BigInteger, nullable=False),
    # From the first message to the last, rests that a server asked for included.
    Column("seconds", Float, nullable=False),
    Column("ended_at", Float, nullable=False),
    Index("ix_pass_rate_pair", "target", "source", "ended_at"),
)

# How large a mailbox was found to be: what would travel.  By name: it may not have been copied yet.
mailbox_size = Table(
    "mailbox_size",
    metadata,
    Column("mailbox", String(320), primary_key=True),
    Column("site", String(200), nullable=False),
    Column("messages", BigInteger, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("largest", BigInteger, nullable=False),
    # Seconds that listing took.
    Column("listing", Float, nullable=False),
    Column("found_at", Float, nullable=False),
    Index("ix_mailbox_size_site", "site"),
)
