"""A bundle to ask for help with: how things are, and nothing that says whose they are."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC
from importlib.metadata import version
from typing import Any, BinaryIO

from migrate.documents.gathering import Gathered
from migrate.evidence.pseudonyms import Pseudonyms
from migrate.evidence.tables import utc_text
from migrate.evidence.versions import every_version
from migrate.evidence.zipping import Entry, Written, write_pack
from migrate.handover.left_out import Secrets
from migrate.ledger import counts, mailboxes
from migrate.ledger.mailboxes import MailboxRow
from migrate.ledger.schema import Direction, Outcome
from migrate.rollout.facts import rollout_facts
from migrate.rollout.steps import judged
from runbooks.facts import DomainFacts, SiteFacts


def write_support_bundle(gathered: Gathered, out: BinaryIO) -> Written:
    """Versions, plan, counts, phases with their gates, and the last errors.  Raises OSError."""
    names, secrets = Pseudonyms.of(gathered.organisation), Secrets.of(gathered.organisation)
    told = {
        "versions.json": every_version(),
        "plan.json": names.plain(gathered.organisation),
        "ledger.json": list(_ledger(gathered, names)),
        "rollout.json": list(_rollout(gathered, names)),
    }
    entries = [
        Entry(name, [secrets.taken_out(json.dumps(value, ensure_ascii=False, indent=2) + "\n").encode()])
        for name, value in told.items()
    ]
    return write_pack(out, entries, {"organisation": "", "site": "", "version": version("bascule")})


def _ledger(gathered: Gathered, names: Pseudonyms) -> Iterator[dict[str, Any]]:
    with gathered.ledger.read() as connection:
        rows = mailboxes.every(connection)
        for direction in Direction:
            tallies = counts.tally(connection, [row.id for row in rows], direction)
            for row in rows:
                tally = tallies[row.id]
                if direction is Direction.FORTH or tally.seen:
                    yield {
                        **_mailbox(row, names),
                        "direction": direction.value,
                        "seen": tally.seen,
                        **{one.value: tally.outcomes[one] for one in Outcome},
                        "reasons": dict(sorted(tally.reasons.items())),
                        "repaired": tally.repaired,
                        "altered": tally.altered,
                    }


def _mailbox(row: MailboxRow, names: Pseudonyms) -> dict[str, Any]:
    return {
        "mailbox": names.give("person", row.name),
        "site": names.give("site", row.site),
        "state": row.state.value,
        "last_pass": utc_text(row.last_pass),
        "went_live": utc_text(row.went_live),
        "last_error": None if row.last_error is None else names.text(row.last_error),
    }


def _rollout(gathered: Gathered, names: Pseudonyms) -> Iterator[dict[str, Any]]:
    facts = rollout_facts(gathered.world)
    for one in facts.subjects:
        yield {
            "subject": names.give("site" if isinstance(one, SiteFacts) else "domain", one.name),
            "phase": one.phase,
            "since": None if one.since is None else one.since.astimezone(UTC).isoformat(timespec="seconds"),
            "gates": [{"gate": gate.code, "state": verdict.state} for gate, verdict in judged(one)],
            "incidents": [_severity(one, number) for number in range(len(one.incidents))],
        }


def _severity(one: SiteFacts | DomainFacts, number: int) -> dict[str, Any]:
    incident = one.incidents[number]
    return {"severity": incident.severity, "at": incident.at.astimezone(UTC).isoformat(timespec="seconds")}
