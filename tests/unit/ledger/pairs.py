"""What the ledger says of rebuilt mail, on any database."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Protocol

from sqlalchemy import Connection, insert

from connectors.contract import Reason
from migrate.ledger import copies, folders, identity, mailboxes, not_copied, sources
from migrate.ledger.schema import Direction, Outcome, folder, message, target_folder

_FORTH = Direction.FORTH


class Transactions(Protocol):
    def write(self) -> AbstractContextManager[Connection]: ...


def assert_rebuilt_mail_is_paired(ledger: Transactions) -> None:
    """One to one, never within one source, and only where one of the two is rebuilt."""
    with ledger.write() as connection:
        box = mailboxes.get_or_create(connection, "anna", "paris").id
        connection.execute(
            insert(target_folder).values(id=1, mailbox_id=box, direction=_FORTH, path='["INBOX"]', epoch="1")
        )
        for number, name in enumerate(("old", "archive:1", "archive:2"), 1):
            values = {"id": number, "mailbox_id": box, "direction": _FORTH, "source": name, "path": "[]", "epoch": "1"}
            connection.execute(insert(folder).values(**values))
        rows = [_row(connection, box, 1, "1", Outcome.STORED), _row(connection, box, 1, "2", Outcome.STORED)]
        pending = [_row(connection, box, 2, str(key), Outcome.PENDING) for key in range(4)]
        sources.note(connection, box, "archive:1", "a.pst", rebuilt=True)
        sources.note(connection, box, "archive:1", "b.pst", rebuilt=True)
        sources.note(connection, box, "archive:2", "c.mbox", rebuilt=False)
        assert sources.called(connection, box) == {"archive:1": "b.pst", "archive:2": "c.mbox"}
        assert sources.any_rebuilt(connection, box)
        # Nothing is known of the first two yet: they would be read.
        assert identity.has_unread(connection, box, _FORTH, "archive:1", "likeness", rebuilt=True)
        assert not identity.has_unread(connection, box, _FORTH, "archive:2", "likeness", rebuilt=False)
        alike = identity.unread(connection, box, _FORTH, "archive:1", [b"h" * 32], "likeness", rebuilt=True)
        assert [one.id for one in alike] == rows
        for again in (b"x", b"l"):
            identity.record_likeness(connection, box, dict.fromkeys([*rows, pending[0]], again * 32))
        assert not identity.has_unread(connection, box, _FORTH, "archive:1", "likeness", rebuilt=True)

        def partner(of: str, *, rebuilt: bool) -> int | None:
            return identity.rebuilt_partner(connection, box, _FORTH, of, b"l" * 32, rebuilt=rebuilt)

        assert partner("archive:2", rebuilt=False) is None
        assert partner("old", rebuilt=False) is None
        for one, other in zip(pending, rows, strict=False):
            assert partner("archive:1", rebuilt=True) == other
            identity.stand_for(connection, one, other, 1.0, "likeness")
        assert partner("archive:1", rebuilt=True) is None
        # Seen under another key, the first goes on standing for its partner, and is known by its likeness.
        moved = _row(connection, box, 1, "3", Outcome.PENDING)
        copies.hand_over(connection, rows[0], moved, 1, "k1", 2.0)
        assert partner("archive:2", rebuilt=True) in (moved, rows[1])
        listed = not_copied.page(connection, box, _FORTH, Outcome.ALREADY_THERE, 0, 9)
        assert [(one.called, one.reason) for one in listed] == [("b.pst", Reason.IN_ANOTHER_SOURCE)] * 2
        assert set(folders.all_places(connection, box, _FORTH)) == {"old", "archive:1", "archive:2"}
        assert identity.separate(connection, box, _FORTH) == 2


def _row(connection: Connection, mailbox: int, folder_id: int, key: str, outcome: Outcome) -> int:
    stored = outcome is Outcome.STORED
    made = connection.execute(
        insert(message).values(
            mailbox_id=mailbox, direction=_FORTH, folder_id=folder_id, epoch="1", key=key, outcome=outcome,
            header_digest=b"h" * 32, target_folder_id=1 if stored else None, target_key=f"k{key}" if stored else None,
        )
    ).inserted_primary_key  # fmt: skip
    assert made is not None
    return int(made[0])
