"""Rows a page at a time: a mailbox of any size takes little memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import groupby

from sqlalchemy import Connection

from migrate.copy.hold import Hold
from migrate.ledger import folders, messages
from migrate.ledger.copies import CopyRow
from migrate.ledger.folders import TargetFolderRow
from migrate.ledger.messages import PendingRow

#: Rows to a page.
_ROWS = 1000


def in_target_folders(
    hold: Hold, ask: Callable[[Connection, int, int], Sequence[CopyRow]]
) -> Iterator[tuple[TargetFolderRow, list[CopyRow]]]:
    """Copies, those of a page that are in one target folder together.

    ``ask`` is given the row behind which a page begins, and how many it may have; it answers in the order of rows.
    """
    after = 0
    while True:
        with hold.ledger.read() as connection:
            page = ask(connection, after, _ROWS)
        if not page:
            return
        after = page[-1].id
        ordered = sorted(page, key=lambda row: row.target_folder_id)
        for target_folder_id, group in groupby(ordered, key=lambda row: row.target_folder_id):
            with hold.ledger.read() as connection:
                there = folders.target_by_id(connection, target_folder_id)
            yield there, list(group)


def to_copy(hold: Hold, folder_id: int, epoch: str) -> Iterator[list[PendingRow]]:
    """What is to be copied from one source folder."""
    after = 0
    while True:
        with hold.ledger.read() as connection:
            page = messages.pending(connection, folder_id, epoch, after, _ROWS)
        if not page:
            return
        after = page[-1].id
        yield page
