"""What was seen of a domain, kept as evidence: each look in a file of its own, with its time; and what it proves."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from migrate.dns.facts import Answer, Facts, Mx, Outcome, Policy, Question, Soa, Srv, Tlsa, Value, View
from migrate.dns.records import LOW

_UNKNOWN_TTL = 48 * 3600
_KINDS: dict[str, type[Mx | Srv | Tlsa | Soa]] = {"MX": Mx, "SRV": Srv, "TLSA": Tlsa, "SOA": Soa}


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A look at a domain: when, by which command, and what everybody said."""

    at: datetime
    command: str
    facts: Facts


@dataclass(frozen=True, slots=True)
class TtlSeen:
    """The MX's TTL in seconds as it was seen last, and what it was before it was short; ``lowered_at``: since when."""

    at: datetime
    now: int
    old: int
    lowered_at: datetime | None
    #: Nobody saw it longer: ``old`` is what is taken for it, and ``lowered_at`` the first look.
    assumed: bool = False

    @property
    def earliest(self) -> datetime | None:
        """Nobody who keeps to the rules holds the long-lived MX after that (RFC 1035, section 3.2.1).

        None while the TTL is not short.
        """
        return None if self.lowered_at is None else self.lowered_at + timedelta(seconds=self.old)


@dataclass(frozen=True, slots=True)
class Lowered:
    """The MX's TTL was seen to be shorter, first ``at``; before, it was ``old_ttl`` seconds."""

    at: datetime
    old_ttl: int

    @property
    def earliest(self) -> datetime:
        return self.at + timedelta(seconds=self.old_ttl)


def folder_of(organisation: Path, domain: str) -> Path:
    """Where the evidence of a domain lies."""
    return organisation / "evidence" / "dns" / domain


def keep(organisation: Path, snapshot: Snapshot) -> Path:
    """Write it.  Raises OSError."""
    folder = folder_of(organisation, snapshot.facts.domain)
    folder.mkdir(parents=True, exist_ok=True)
    name = f"{snapshot.at.astimezone(UTC):%Y-%m-%dT%H-%M-%S-%fZ}-{snapshot.command}.json"
    return written(folder / name, _as_json(snapshot))


def kept(organisation: Path, domain: str) -> list[Snapshot]:
    """Those that were kept, the oldest first.  What is no snapshot any more is passed over.  Raises OSError."""
    found = []
    for path in sorted(folder_of(organisation, domain).glob("*Z-*.json")):
        try:
            found.append(_from_json(json.loads(path.read_text(encoding="utf-8"))))
        except (ValueError, KeyError, TypeError):
            continue
    return sorted(found, key=lambda one: one.at)


def lowered(snapshots: Sequence[Snapshot]) -> Lowered | None:
    """When the TTL that may be remembered longest was lowered; None while it is not short, or was never seen longer.

    The time is that of the look, which is later than the change and so on the safe side.  Of a TTL that went down in
    steps, the first may be remembered for longer than the last.
    """
    found: list[Lowered] = []
    before = now = 0
    for one in snapshots:
        if ttls := _ttls(one.facts):
            before, now = now, max(ttls)
            if now < before:
                found.append(Lowered(one.at, before))
    return max(found, key=lambda one: one.earliest, default=None) if now <= LOW else None


def ttl_of(snapshots: Sequence[Snapshot]) -> TtlSeen | None:
    """What is known of the TTL; None when nobody looked.

    One that was never seen longer than short is taken to have been two days: who lowered it may have done so a moment
    before the first look, and 48 hours are the margin that people keep.
    """
    seen = [(one.at, max(ttls)) for one in snapshots if (ttls := _ttls(one.facts))]
    if not seen:
        return None
    at, now = seen[-1]
    if now > LOW:
        return TtlSeen(at, now, now, None)
    known = lowered(snapshots) if any(ttl > LOW for _at, ttl in seen) else None
    since = known or Lowered(seen[0][0], _UNKNOWN_TTL)
    return TtlSeen(at, now, since.old_ttl, since.at, assumed=known is None)


def written(path: Path, told: object) -> Path:
    """Write JSON so that the file is whole or not there."""
    beside = path.with_name(f"{path.name}.new")
    with beside.open("w", encoding="utf-8") as file:
        json.dump(told, file, ensure_ascii=False, indent=1)
        file.flush()
        os.fsync(file.fileno())
    return beside.replace(path)


def _ttls(facts: Facts) -> list[int]:
    answers = [view.answer(facts.domain, "MX") for view in facts.of("authoritative")]
    return [one.ttl for one in answers if one.outcome is Outcome.RECORDS and one.ttl is not None]


def _as_json(snapshot: Snapshot) -> dict[str, Any]:
    facts = snapshot.facts
    return {
        "at": snapshot.at.astimezone(UTC).isoformat(),
        "command": snapshot.command,
        "domain": facts.domain,
        "zone": facts.zone,
        "policy": facts.policy and asdict(facts.policy),
        "views": [
            {
                "kind": view.kind,
                "name": view.name,
                "address": view.address,
                "answers": [
                    {"name": question.name, "type": question.type, **asdict(answer)}
                    for question, answer in view.answers.items()
                ],
            }
            for view in facts.views
        ],
    }


def _from_json(told: dict[str, Any]) -> Snapshot:
    views = [
        View(
            view["kind"],
            view["name"],
            view["address"],
            {Question(one["name"], one["type"]): _answer(one) for one in view["answers"]},
        )
        for view in told["views"]
    ]
    policy = Policy(**told["policy"]) if told["policy"] else None
    return Snapshot(
        datetime.fromisoformat(told["at"]), told["command"], Facts(told["domain"], told["zone"], views, policy)
    )


def _answer(told: dict[str, Any]) -> Answer:
    return Answer(
        Outcome(told["outcome"]),
        tuple(_value(value, told["type"]) for value in told["values"]),
        told["ttl"],
        tuple(told["aliases"]),
        told["own_zone"],
        told["secure"],
    )


def _value(told: Any, kind: str) -> Value:
    return str(told) if isinstance(told, str) else _KINDS[kind](**told)
