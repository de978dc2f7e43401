"""Making the file of proofs, and keeping its digest, so that a file that was changed with its manifest is known too."""

from __future__ import annotations

from pathlib import Path

from migrate.archives.files import new_file
from migrate.documents.gathering import Gathered
from migrate.evidence.contents import MADE, Contents, contents_of
from migrate.evidence.zipping import Written, write_pack
from migrate.ledger import events
from migrate.ledger.events import Event
from migrate.ledger.holder import NotHolder, check_holder
from plans import Site


def make_evidence(gathered: Gathered, site: Site, file: Path, who: str) -> tuple[Contents, Written]:
    """Raises OSError, Overtaken."""
    contents = contents_of(gathered, site)
    with new_file(file) as out:
        written = write_pack(out, contents.entries, contents.about)
    _record(gathered, site.name, written, who)
    return contents, written


def made_before(gathered_events: list[Event], site: str) -> list[str]:
    """Digests of the manifests that were made of a site, in hexadecimal digits."""
    return [
        one.evidence_digest.hex()
        for one in gathered_events
        if (one.kind, one.subject, one.event) == ("site", site, MADE) and one.evidence_digest is not None
    ]


def _record(gathered: Gathered, site: str, written: Written, who: str) -> None:
    """Once for the same contents; a machine that no longer holds the organisation records nothing."""
    try:
        check_holder(gathered.ledger)
    except NotHolder:
        return
    with gathered.ledger.write() as connection:
        every = events.every(connection)
        if written.digest in made_before(every, site):
            return
        event = Event(
            "site", site, MADE, who, gathered.world.now, evidence_digest=bytes.fromhex(written.digest),
            detail={"files": written.files},
        )  # fmt: skip
        events.add(connection, event, events.newest(connection))
