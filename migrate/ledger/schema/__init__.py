"""The ledger's tables.

Times are seconds since 1970 in UTC, sizes are bytes, digests are raw sha256, flags are names joined by spaces in sorted
order, paths are JSON arrays of names.  A change to a table needs a new Alembic version.
"""

from migrate.ledger.schema.base import metadata
from migrate.ledger.schema.deliveries import arrival, delivery_event
from migrate.ledger.schema.mail import attempt, folder, mailbox, message, tally, target_folder
from migrate.ledger.schema.repairs import alteration, manner, original, repair
from migrate.ledger.schema.rollouts import event, mailbox_size, observation, pass_rate
from migrate.ledger.schema.servers import back_off, session_cap, traffic
from migrate.ledger.schema.sources import content, likeness, source
from migrate.ledger.schema.words import ON_TARGET, Direction, MailboxState, Outcome

#: The Alembic revision that makes these tables.
REVISION = "0012"

__all__ = [
    "ON_TARGET",
    "REVISION",
    "Direction",
    "MailboxState",
    "Outcome",
    "alteration",
    "arrival",
    "attempt",
    "back_off",
    "content",
    "delivery_event",
    "event",
    "folder",
    "likeness",
    "mailbox",
    "mailbox_size",
    "manner",
    "message",
    "metadata",
    "observation",
    "original",
    "pass_rate",
    "repair",
    "session_cap",
    "source",
    "tally",
    "target_folder",
    "traffic",
]
