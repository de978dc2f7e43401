"""The ledger's tables.

Times are seconds since 1970 in UTC, sizes are bytes, digests are raw sha256, flags are names joined by spaces in sorted
order, paths are JSON arrays of names.  Changes to this file need a new Alembic version beside them.
"""

from __future__ import annotations

from enum import StrEnum

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
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

#: The Alembic revision that makes the tables below.
REVISION = "0012"

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

#: SQLite numbers rows by itself only for a column that is exactly INTEGER.
_Id = BigInteger().with_variant(Integer, "sqlite")


class Outcome(StrEnum):
    """Where a message stands.  Every message seen has exactly one; their counts add up to what was seen."""

    PENDING = "pending"
    STORED = "stored"
    MERGED = "merged"
    ALREADY_THERE = "already_there"
    LEFT_OUT = "left_out"
    REFUSED = "refused"
    UNCERTAIN = "uncertain"


#: Outcomes whose message is on the target.
ON_TARGET = (Outcome.STORED, Outcome.MERGED, Outcome.ALREADY_THERE)


class Direction(StrEnum):
    """Which way a message travels, so that the way back is a pass like any other."""

    FORTH = "forth"
    BACK = "back"

    @property
    def opposite(self) -> Direction:
        """The other one."""
        return Direction.BACK if self is Direction.FORTH else Direction.FORTH


class MailboxState(StrEnum):
    """What the last pass over a mailbox came to."""

    NEW = "new"
    COPYING = "copying"
    COPIED = "copied"
    INCOMPLETE = "incomplete"


mailbox = Table(
    "mailbox",
    metadata,
    Column("id", _Id, primary_key=True),
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
    Column("id", _Id, primary_key=True),
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
    Column("adopted_in", _Id),
    # Set when the folder was no longer listed.
    Column("gone_at", Float),
    UniqueConstraint("mailbox_id", "direction", "source", "path"),
)

target_folder = Table(
    "target_folder",
    metadata,
    Column("id", _Id, primary_key=True),
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
    Column("id", _Id, primary_key=True),
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
    Column("successor", _Id),
    # The row of another source whose copy is the same message and stands for this one too.
    Column("same_as", _Id),
    # The row of the other direction whose copy this message is: it is not sent where it came from.
    Column("counterpart", _Id),
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
    Column("id", _Id, primary_key=True),
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
    Column("origin_message_id", _Id),
    # The target said it took it; only the key is not known yet.
    Column("acknowledged", Boolean, nullable=False, default=False),
    # After this moment nobody can commit the attempt any more.
    Column("deadline", Float, nullable=False),
    # When a look at the target first did not show it.
    Column("absent_at", Float),
    Index("ix_attempt_mailbox", "mailbox_id"),
)

original = Table(
    "original",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("message_id", ForeignKey("message.id"), nullable=False, unique=True),
    # Of the message in wire form, as it is kept; the file is named by it.
    Column("digest", LargeBinary(32), nullable=False),
    Column("kept_at", Float, nullable=False),
)

repair = Table(
    "repair",
    metadata,
    Column("id", _Id, primary_key=True),
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
    Column("id", _Id, primary_key=True),
    Column("message_id", ForeignKey("message.id"), nullable=False),
    # Those that would have prevented it.
    Column("rules", Text, nullable=False),
    # As it was sent, and as it was read back from the target.
    Column("wire_digest", LargeBinary(32), nullable=False),
    Column("found_digest", LargeBinary(32), nullable=False),
    Column("found_at", Float, nullable=False),
    Index("ix_alteration_message", "message_id"),
)

# Mail on the target that we did not bring, seen while dual delivery was on: one row a message, wherever its person
# moves it, and when they delete it too.
arrival = Table(
    "arrival",
    metadata,
    Column("id", _Id, primary_key=True),
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
    Column("id", _Id, primary_key=True),
    Column("mailbox_id", ForeignKey("mailbox.id"), nullable=False),
    # "on" or "off".
    Column("what", String(3), nullable=False),
    Column("at", Float, nullable=False),
    Column("told_at", Float, nullable=False),
    Column("told_by", Text, nullable=False),
    Index("ix_delivery_event_mailbox", "mailbox_id"),
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

# The three tables below are about servers, not mailboxes: every process that works on this ledger obeys them.  An
# account is who signs in there, "" where all are meant.
back_off = Table(
    "back_off",
    metadata,
    Column("server", String(300), primary_key=True),
    Column("account", String(320), primary_key=True),
    # Nothing is asked before.
    Column("until", Float, nullable=False),
    # "asked": the server said for how long; "allowance": what it grants in a day is used up.
    Column("why", String(20), nullable=False),
)

session_cap = Table(
    "session_cap",
    metadata,
    Column("server", String(300), primary_key=True),
    Column("account", String(320), primary_key=True),
    # Sessions that were open when one more was refused.
    Column("sessions", Integer, nullable=False),
    Column("learnt_at", Float, nullable=False),
)

traffic = Table(
    "traffic",
    metadata,
    Column("server", String(300), primary_key=True),
    Column("account", String(320), primary_key=True),
    # "read" or "written".
    Column("way", String(7), primary_key=True),
    # Hours since 1970, UTC.
    Column("hour", Integer, primary_key=True, autoincrement=False),
    Column("bytes", BigInteger, nullable=False),
)

# What people decided and did in a rollout.  Rows are only ever added: triggers refuse to change or delete one, and
# the state of a rollout is what its rows, in their order, come to.
event = Table(
    "event",
    metadata,
    Column("id", _Id, primary_key=True),
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
    Column("id", _Id, primary_key=True),
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
