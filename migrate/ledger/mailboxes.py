"""Rows of mailboxes: state, lock token, dates that change what a pass may do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, bindparam, select, update

from connectors.language import recorded, reworded
from migrate.ledger.schema import MailboxState, mailbox


@dataclass(frozen=True, slots=True)
class MailboxRow:
    id: int
    name: str
    site: str
    state: MailboxState
    last_pass: float | None
    #: In the language of this process, whichever the pass spoke that met it.
    last_error: str | None
    #: When its people started to work in the new mailbox; from then on their copy is theirs alone.
    went_live: float | None
    #: From when to when its mail was delivered on both sides (:mod:`migrate.ledger.deliveries`).
    dual_delivery_since: float | None = None
    dual_delivery_until: float | None = None


_COLUMNS = (
    mailbox.c.id,
    mailbox.c.name,
    mailbox.c.site,
    mailbox.c.state,
    mailbox.c.last_pass,
    mailbox.c.last_error,
    mailbox.c.went_live,
    mailbox.c.dual_delivery_since,
    mailbox.c.dual_delivery_until,
)


def get_or_create(connection: Connection, name: str, site: str) -> MailboxRow:
    found = get(connection, name)
    if found is None:
        connection.execute(mailbox.insert().values(name=name, site=site, state=MailboxState.NEW, lock_token=0))
        found = get(connection, name)
        assert found is not None
    elif found.site != site:
        connection.execute(update(mailbox).where(mailbox.c.id == found.id).values(site=site))
    return found


def get_or_create_all(connection: Connection, names: Sequence[str], site: str) -> list[MailboxRow]:
    """The rows of a whole site, in three statements however many there are."""
    known = {row.name: row for row in every(connection)}
    new = [{"name": one, "site": site, "state": MailboxState.NEW, "lock_token": 0} for one in names if one not in known]
    if new:
        connection.execute(mailbox.insert(), new)
    moved = [{"moved": known[one].id} for one in names if one in known and known[one].site != site]
    if moved:
        connection.execute(update(mailbox).where(mailbox.c.id == bindparam("moved")).values(site=site), moved)
    return of_site(connection, site)


def get(connection: Connection, name: str) -> MailboxRow | None:
    row = connection.execute(select(*_COLUMNS).where(mailbox.c.name == name)).one_or_none()
    return None if row is None else _read(row)


def of_site(connection: Connection, site: str) -> list[MailboxRow]:
    rows = connection.execute(select(*_COLUMNS).where(mailbox.c.site == site).order_by(mailbox.c.name))
    return [_read(row) for row in rows]


def every(connection: Connection) -> list[MailboxRow]:
    return [_read(row) for row in connection.execute(select(*_COLUMNS).order_by(mailbox.c.id))]


def _read(row: Any) -> MailboxRow:
    error = row.last_error and reworded(row.last_error)
    dates = row.last_pass, error, row.went_live, row.dual_delivery_since, row.dual_delivery_until
    return MailboxRow(row.id, row.name, row.site, MailboxState(row.state), *dates)


def take(connection: Connection, mailbox_id: int, owner: str) -> int:
    """Make ``owner`` the one who works on the mailbox; the number tells it from all who did before."""
    connection.execute(
        update(mailbox)
        .where(mailbox.c.id == mailbox_id)
        .values(lock_token=mailbox.c.lock_token + 1, locked_by=owner, state=MailboxState.COPYING)
    )
    return int(connection.execute(select(mailbox.c.lock_token).where(mailbox.c.id == mailbox_id)).scalar_one())


_HELD = select(mailbox.c.lock_token).where(mailbox.c.id == bindparam("mailbox"))


def held(connection: Connection, mailbox_id: int, token: int) -> bool:
    return bool(connection.execute(_HELD, {"mailbox": mailbox_id}).scalar_one() == token)


def finish(connection: Connection, mailbox_id: int, state: MailboxState, when: float, error: str | None) -> None:
    connection.execute(
        update(mailbox)
        .where(mailbox.c.id == mailbox_id)
        .values(state=state, last_pass=when, last_error=error and recorded(error), locked_by=None)
    )


def go_live(connection: Connection, mailbox_ids: Sequence[int], when: float) -> None:
    """The people of these mailboxes work in the new one from ``when`` on; who does already keeps their time."""
    not_yet = (mailbox.c.id == bindparam("mailbox"), mailbox.c.went_live.is_(None))
    if mailbox_ids:
        statement = update(mailbox).where(*not_yet).values(went_live=when)
        connection.execute(statement, [{"mailbox": one} for one in mailbox_ids])


def leave(connection: Connection, mailbox_id: int, state: MailboxState) -> None:
    """A pass the other way is over: the mailbox stands as it stood before it."""
    stood = MailboxState.INCOMPLETE if state is MailboxState.COPYING else state
    connection.execute(update(mailbox).where(mailbox.c.id == mailbox_id).values(state=stood, locked_by=None))
