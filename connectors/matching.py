"""Finding again what was in flight: suspects against what a target holds above the fence.  Pure.

Used by connectors inside ``find``, so that the rule is the same on every system:

1. the wire digest decides, one to one as a multiset: twins that were sent twice must be there twice; among equals
   the received date tells ours from another road's;
2. what is left, on servers that change bytes: the suspects' received dates in the order they were sent, with the
   header digest; the wire size only breaks ties;
3. an atomic batch is there whole or not at all; anything between is ``uncertain``, and never sent again unasked.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from connectors.contract import Found, Suspect


@dataclass(frozen=True, slots=True)
class Candidate:
    """An unclaimed message above the fence, in the order the target stored them."""

    key: str
    received: datetime | None
    size: int
    wire_digest: bytes
    header_digest: bytes


def match(suspects: Sequence[Suspect], candidates: Sequence[Candidate], *, atomic: bool) -> Iterator[Found]:
    """One answer for each suspect.  ``atomic``: whether batches are all or nothing on this target."""
    keys = _pair(suspects, candidates)
    whole: dict[str, bool | None] = {}
    if atomic:
        for batch in {suspect.batch for suspect in suspects}:
            present = [suspect.ordinal in keys for suspect in suspects if suspect.batch == batch]
            whole[batch] = all(present) if all(present) or not any(present) else None
    for suspect in suspects:
        key = keys.get(suspect.ordinal)
        if atomic and whole[suspect.batch] is None:
            yield Found(suspect.ordinal, "uncertain", key)
        else:
            yield Found(suspect.ordinal, "present" if key else "absent", key)


def _pair(suspects: Sequence[Suspect], candidates: Sequence[Candidate]) -> dict[int, str]:
    keys: dict[int, str] = {}
    by_digest: dict[bytes, list[Candidate]] = defaultdict(list)
    for candidate in candidates:
        by_digest[candidate.wire_digest].append(candidate)
    for suspect in suspects:
        alike = by_digest[suspect.wire_digest]
        if alike:
            # The same bytes may have come by another road too: the one with our date is ours.
            ours = _second(suspect.received)
            best = min(alike, key=lambda candidate: _second(candidate.received) != ours)
            alike.remove(best)
            keys[suspect.ordinal] = best.key
    taken = set(keys.values())
    left: dict[tuple[int | None, bytes], list[Candidate]] = defaultdict(list)
    for candidate in candidates:
        if candidate.key not in taken:
            left[_second(candidate.received), candidate.header_digest].append(candidate)
    for suspect in suspects:
        alike = left[_second(suspect.received), suspect.header_digest]
        if suspect.ordinal not in keys and alike:
            best = min(alike, key=lambda candidate: abs(candidate.size - suspect.wire_size))
            alike.remove(best)
            keys[suspect.ordinal] = best.key
    return keys


def _second(when: datetime | None) -> int | None:
    """IMAP dates hold whole seconds; the zone a server answers in is its own."""
    return None if when is None else int(when.timestamp())
