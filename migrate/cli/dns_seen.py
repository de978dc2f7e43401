"""What the ``dns`` commands saw, kept for a domain's rollout: old records, the TTL, new senders, who holds the MX."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

from migrate.cli.observing import observe
from migrate.cli.organisation import Place
from migrate.delivery.gates import Obstacle, admitted
from migrate.dns.arrival import Held
from migrate.dns.facts import Facts
from migrate.dns.findings import Finding
from migrate.dns.records import Line, Step
from migrate.ledger import observations
from migrate.ledger.observations import Observed
from migrate.rollout.judges import SHORT_TTL

#: Seconds: what a TTL is taken to have been that was short when it was first seen.
_UNKNOWN_TTL = 48 * 3600


def keep_records(place: Place, domain: str, facts: Facts, steps: Sequence[Step]) -> None:
    """The records as they are, once: what was changed for the cutover is not what to go back to."""
    keep_ttl(place, domain, facts)
    back = next((step for step in steps if step.when == "back"), None)
    if back is None:
        return
    before = _before(place, domain, "records")
    detail = records_seen({} if before is None else before.detail, back.enter)
    by = f"bascule dns records {domain}"
    observe(place, "domain", domain, "records", {"": Observed(True, time.time(), by, detail)}, by)


def records_seen(before: Mapping[str, Any], lines: Sequence[Line]) -> dict[str, Any]:
    """The old records after they were read once more: ``lines``, and by type their data without name and TTL.

    The first look is the one to go back to, with its TTL; an MX that leads somewhere else since, and not to the new
    system, is an old one too.  SPF changes for the new sender before the cutover: only its first form is old.
    """
    told: dict[str, list[str]] = dict(before.get("data", {}))
    kept: dict[str, list[str]] = dict(before.get("by_type", {}))
    for kind in sorted({line.type for line in lines}):
        data = sorted(line.data for line in lines if line.type == kind)
        if kind not in told or (kind == "MX" and told[kind] != data):
            told[kind] = data
            kept[kind] = [line.text() for line in lines if line.type == kind]
    return {"lines": [text for kind in sorted(kept) for text in kept[kind]], "by_type": kept, "data": told}


def keep_ttl(place: Place, domain: str, facts: Facts) -> None:
    """The longest TTL with which a name server gives the MX, and since when it is short."""
    found = [view.answer(domain, "MX").ttl for view in facts.of("authoritative")]
    ttls = [ttl for ttl in found if ttl is not None]
    if not ttls:
        return
    ttl, now, before = max(ttls), time.time(), _before(place, domain, "ttl")
    by = f"bascule dns check {domain}"
    detail = ttl_seen({} if before is None else before.detail, ttl, now)
    observe(place, "domain", domain, "ttl", {"": Observed(ttl <= SHORT_TTL, now, by, detail)}, by)


def ttl_seen(before: Mapping[str, Any], ttl: int, now: float) -> dict[str, Any]:
    """What is known of a TTL after it was seen once more."""
    if ttl > SHORT_TTL:
        return {"old": ttl, "now": ttl, "lowered_at": None}
    lowered = before.get("lowered_at")
    return {"old": before.get("old", _UNKNOWN_TTL), "now": ttl, "lowered_at": now if lowered is None else lowered}


def keep_senders(place: Place, domain: str, findings: Sequence[Finding]) -> None:
    """Whether SPF and DKIM let the expected system send."""
    by = f"bascule dns check {domain}"
    stops = {one.obstacle for one in admitted(domain, [one.code for one in findings])}
    good = {name: obstacle not in stops for name, obstacle in (("SPF", Obstacle.SPF), ("DKIM", Obstacle.DKIM))}
    observe(place, "domain", domain, "senders", good, by)


def keep_arrival(place: Place, domain: str, found: Sequence[Held]) -> None:
    """Which of those who count hold the new MX."""
    seen = {f"{one.view}": one.state == "new" for one in found if one.counts}
    observe(place, "domain", domain, "arrived", seen, f"bascule dns wait {domain}", whole=True)


def _before(place: Place, domain: str, name: str) -> Observed | None:
    if not place.ledger_file.exists():
        return None
    with place.ledger() as ledger, ledger.read() as connection:
        return observations.of(connection, "domain", domain, name).get("")
