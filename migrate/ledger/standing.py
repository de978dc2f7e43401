"""Where all mailboxes of an organisation stand, in two questions however many they are."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from sqlalchemy import Connection, select

from migrate.ledger.schema import Direction, MailboxState, Outcome, mailbox, tally


@dataclass(slots=True)
class Standing:
    """One mailbox.  Times are seconds since 1970."""

    site: str
    state: MailboxState
    last_pass: float | None
    went_live: float | None
    #: None where it is not on, or no longer.
    dual_delivery_since: float | None
    outcomes: Counter[Outcome] = field(default_factory=Counter)


def standings(connection: Connection) -> dict[str, Standing]:
    """By mailbox."""
    found: dict[int, Standing] = {}
    names: dict[str, Standing] = {}
    columns = (
        mailbox.c.id,
        mailbox.c.name,
        mailbox.c.site,
        mailbox.c.state,
        mailbox.c.last_pass,
        mailbox.c.went_live,
        mailbox.c.dual_delivery_since,
        mailbox.c.dual_delivery_until,
    )
    for id_, name, site, state, last_pass, went_live, since, until in connection.execute(select(*columns)):
        on_since = since if until is None else None
        names[name] = found[id_] = Standing(site, MailboxState(state), last_pass, went_live, on_since)
    rows = connection.execute(
        select(tally.c.mailbox_id, tally.c.outcome, tally.c.messages).where(
            tally.c.direction == Direction.FORTH, tally.c.messages > 0
        )
    )
    for id_, outcome, messages in rows:
        found[id_].outcomes[Outcome(outcome)] += messages
    return names
