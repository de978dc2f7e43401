"""Rows of sources: what people call those that the ledger has another name for, and whose mail is rebuilt."""

from __future__ import annotations

from sqlalchemy import Connection, delete, select

from migrate.ledger.schema import source


def note(connection: Connection, mailbox_id: int, name: str, called: str, *, rebuilt: bool) -> None:
    """The source was read just now, under this name."""
    where = (source.c.mailbox_id == mailbox_id, source.c.name == name)
    connection.execute(delete(source).where(*where))
    connection.execute(source.insert().values(mailbox_id=mailbox_id, name=name, called=called, rebuilt=rebuilt))


def called(connection: Connection, mailbox_id: int) -> dict[str, str]:
    """What people call the sources of a mailbox, by name; those that have no other name are left out."""
    rows = connection.execute(select(source.c.name, source.c.called).where(source.c.mailbox_id == mailbox_id))
    return {row.name: row.called for row in rows}


def any_rebuilt(connection: Connection, mailbox_id: int) -> bool:
    """Whether a source of the mailbox was ever read whose mail is rebuilt."""
    where = (source.c.mailbox_id == mailbox_id, source.c.rebuilt)
    return connection.execute(select(source.c.name).where(*where).limit(1)).first() is not None
