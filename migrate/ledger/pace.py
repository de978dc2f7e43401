"""How fast passes were, and how large mailboxes were found to be: what estimates rest on."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, desc, select, text

from migrate.ledger.schema import mailbox_size, pass_rate

#: The last passes of a pair of systems that are looked at: what was measured a year ago says little.
_LATEST = 500


@dataclass(frozen=True, slots=True)
class PassRate:
    """What one pass copied from one system to another, and the seconds from the first to the last message."""

    messages: int
    size: int
    seconds: float


@dataclass(frozen=True, slots=True)
class MailboxSize:
    """A mailbox as it was found: messages that would travel, their bytes, the seconds that listing took, and when."""

    messages: int
    size: int
    largest: int
    listing: float
    found_at: float


_NOTE_SIZE = text(
    "INSERT INTO mailbox_size (mailbox, site, messages, size, largest, listing, found_at)"
    " VALUES (:mailbox, :site, :messages, :size, :largest, :listing, :found_at)"
    " ON CONFLICT (mailbox) DO UPDATE SET site = excluded.site, messages = excluded.messages, size = excluded.size,"
    " largest = excluded.largest, listing = excluded.listing, found_at = excluded.found_at"
)


def note_rate(connection: Connection, source: str, target: str, rate: PassRate, now: float) -> None:
    connection.execute(
        pass_rate.insert().values(
            source=source,
            target=target,
            messages=rate.messages,
            size=rate.size,
            seconds=rate.seconds,
            ended_at=now,
        )
    )


def rates(connection: Connection, source: str, target: str) -> list[PassRate]:
    """The latest passes of this pair of systems; where there are none, those from any other to the same target."""
    of_target = pass_rate.c.target == target
    for condition in (of_target & (pass_rate.c.source == source), of_target):
        rows = connection.execute(
            select(pass_rate).where(condition).order_by(desc(pass_rate.c.ended_at), desc(pass_rate.c.id)).limit(_LATEST)
        )
        found = [PassRate(row.messages, row.size, row.seconds) for row in rows]
        if found:
            return found
    return []


def note_size(connection: Connection, mailbox: str, site: str, found: MailboxSize) -> None:
    values = {
        "mailbox": mailbox,
        "site": site,
        "messages": found.messages,
        "size": found.size,
        "largest": found.largest,
        "listing": found.listing,
        "found_at": found.found_at,
    }
    connection.execute(_NOTE_SIZE, values)


def sizes(connection: Connection, site: str) -> dict[str, MailboxSize]:
    """What was found of a site's mailboxes, by mailbox."""
    rows = connection.execute(select(mailbox_size).where(mailbox_size.c.site == site))
    return {row.mailbox: MailboxSize(row.messages, row.size, row.largest, row.listing, row.found_at) for row in rows}
