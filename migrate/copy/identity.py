"""Mail that several sources of a mailbox share is copied once: the first copy stands for the others.

Two messages of different sources are one when their content is (the core digest, which survives what servers add on
the way).  Mail that an archive keeps in pieces comes out of it with other bytes: where one of the two is of such an
archive, they are one when Message-ID, date, sender, subject and what is attached are.  Pairs are one to one and never
within one source: two equal messages in one source are two.  What an archive has lost a part of stands for no other
copy, which may still have it.  In doubt the message is copied.  Each pair is kept in the
ledger with its evidence, is listed, and can be undone.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass

from sqlalchemy import Connection

from connectors.attachments import likeness
from connectors.contract import FolderMissing, Message, Source, Target
from connectors.wire import header_digest, to_wire
from migrate.copy.batches import Place
from migrate.copy.hold import Hold
from migrate.copy.job import Job
from migrate.copy.pages import to_copy
from migrate.copy.reader import Prepared
from migrate.ledger import folders, identity


@dataclass(frozen=True)
class Identity:
    """What other sources of the mailbox brought, asked for each message before it is sent."""

    job: Job
    hold: Hold

    def new(self, items: Sequence[Prepared]) -> list[Prepared]:
        """Those that no other source brought; of the others the ledger says whose copy stands for them."""
        kept: list[Prepared] = []
        known: list[Prepared] = []
        with self.hold.ledger.write() as connection:
            apart = identity.apart(connection, [item.row for item in items])
            for item in items:
                other = None if item.row in apart else self._partner(connection, item)
                if other is None:
                    kept.append(item)
                else:
                    identity.stand_for(connection, item.row, *other)
                    known.append(item)
        if known:
            # They are done with: progress reaches its end.
            size = sum(item.outgoing.body.size for item in known)
            self.job.progress.copied(self.job.mailbox, len(known), size)
        return kept

    def _partner(self, connection: Connection, item: Prepared) -> tuple[int, float, identity.Trait] | None:
        where = self.hold.mailbox.id, self.job.direction, self.job.source
        now = self.job.clock.now()
        other = identity.partner(connection, *where, item.digests.core)
        if other is not None:
            return other, now, "core"
        if item.likeness is not None:
            other = identity.rebuilt_partner(connection, *where, item.likeness, rebuilt=self.job.rebuilt)
        return None if other is None else (other, now, "likeness")


def is_shared(job: Job, hold: Hold) -> bool:
    """Whether another source of the mailbox was copied before: only then is there anything to be recognised."""
    with hold.ledger.read() as connection:
        return folders.has_others(connection, hold.mailbox.id, job.direction, job.source)


def prepare(job: Job, hold: Hold, source: Source, target: Target, places: Sequence[Place]) -> None:
    """Make what other sources brought known by its content, and by its likeness where mail is rebuilt.

    A copy that was on the target before us may never have been read, and one that was copied before an archive was
    named has no likeness yet: it is read now if it looks like a message to copy.
    """
    where = hold.mailbox.id, job.direction, job.source
    traits: Sequence[identity.Trait] = ("core", "likeness") if job.beside_rebuilt else ("core",)
    with hold.ledger.read() as connection:
        wanting = [t for t in traits if identity.has_unread(connection, *where, t, rebuilt=job.rebuilt)]
    if wanting:
        for place in places:
            for headers in _headers(hold, source, place):
                with hold.ledger.read() as connection:
                    alike = {
                        one.id: one
                        for trait in wanting
                        for one in identity.unread(connection, *where, headers, trait, rebuilt=job.rebuilt)
                    }
                _read_contents(job, hold, target, list(alike.values()))
    with hold.ledger.write() as connection:
        identity.collect(connection, hold.mailbox.id, job.direction)


def _headers(hold: Hold, source: Source, place: Place) -> Iterator[list[bytes]]:
    """Header digests of what is to be copied from one folder, some at a time."""
    for rows in to_copy(hold, place.folder_id, place.source.epoch):
        with suppress(FolderMissing):
            answers = source.headers(place.source, [row.key for row in rows])
            yield [header_digest(answer.fields) for answer in answers]


def _read_contents(job: Job, hold: Hold, target: Target, alike: Sequence[identity.Unread]) -> None:
    by_folder: dict[int, dict[str, int]] = defaultdict(dict)
    for copy in alike:
        by_folder[copy.target_folder_id][copy.target_key] = copy.id
    for target_folder_id, keys in by_folder.items():
        with hold.ledger.read() as connection:
            was = folders.target_by_id(connection, target_folder_id)
        # One by one, so that no more than one body is in memory.
        for key, row in keys.items():
            with suppress(FolderMissing):
                for answer in target.read(was.as_it_was, [key]):
                    if isinstance(answer, Message):
                        _record_content(job, hold, row, answer)


def _record_content(job: Job, hold: Hold, row: int, answer: Message) -> None:
    body, digests = to_wire(answer.body, job.resources.spool)
    try:
        like = likeness(body, digests) if job.beside_rebuilt else None
    finally:
        body.release()
    with hold.ledger.write() as connection:
        identity.record_core(connection, row, digests.core)
        if like is not None:
            identity.record_likeness(connection, hold.mailbox.id, {row: like})
