"""Signing off: an event of the rollout, which is only ever added, with the digest of what was signed."""

from __future__ import annotations

from collections.abc import Sequence

from migrate.archives.files import make_private, write_whole
from migrate.documents.gathering import Gathered, Subject
from migrate.documents.kept import Built, Records, digest
from migrate.ledger import events
from migrate.ledger.events import Event, Kind
from migrate.ledger.holder import check_holder
from migrate.rollout.history import moment
from runbooks.document_facts import Signature

_SIGNED = "signed"
_KINDS: dict[str, Kind] = {"site": "site", "domain": "domain", "organisation": "organisation"}


class Changed(Exception):
    """The text is no longer the one that was built: it was edited, or is gone.  ``file`` below the documents."""

    def __init__(self, file: str) -> None:
        super().__init__(file)
        self.file = file


def signatures(all_events: Sequence[Event], subject: Subject, document: str) -> list[tuple[Signature, Event]]:
    """Under one document of a subject, in any language, the oldest first."""
    mine = [
        one
        for one in all_events
        if one.event == "sign" and (one.kind, one.subject) == (subject.of, subject.name)
        and one.detail.get("document") == document
    ]  # fmt: skip
    return [
        (
            Signature(
                by=one.who,
                at=moment(one.at),
                digest=(one.evidence_digest or b"").hex(),
                version=version,
                note=one.note or "",
            ),
            one,
        )
        for version, one in enumerate(mine, 1)
    ]


def sign(gathered: Gathered, records: Records, subject: Subject, built: Built, by: str, note: str | None) -> Signature:
    """Keep a copy of the text, and put the signature on the record.

    Raises :class:`Changed`, OSError, Overtaken, NotHolder.
    """
    check_holder(gathered.ledger)
    name = f"{built.document}.{built.language}.md"
    try:
        text = (records.folder / name).read_bytes()
    except FileNotFoundError:
        raise Changed(name) from None
    if digest(text) != built.text_digest:
        raise Changed(name)
    version = len(signatures(gathered.events, subject, built.document)) + 1
    copy = records.folder / _SIGNED / f"{built.document.replace('/', '-')}.{built.language}.v{version}.md"
    zone = gathered.organisation.time_zone
    event = Event(
        _KINDS[subject.of],
        subject.name,
        "sign",
        by,
        gathered.world.now,
        evidence=copy.relative_to(gathered.organisation.folder).as_posix(),
        evidence_digest=bytes.fromhex(built.text_digest),
        note=note,
        detail={
            "document": built.document,
            "language": built.language,
            "plan_hash": built.plan_hash,
            "facts": built.facts,
            "used": list(built.used),
        },
    )
    with gathered.ledger.write() as connection:
        events.add(connection, event, gathered.world.history.newest)
        # Once nobody else can take this version, and before the signature counts: the copy is what was signed.
        make_private(copy.parent)
        write_whole(copy, text)
    return Signature(
        by=by, at=moment(event.at).astimezone(zone), digest=built.text_digest, version=version, note=note or ""
    )
