"""Finding again what was in flight.

A fence is a moment of the mailbox's history: what was added after it lies above.  The history names it without delay
and whether or not it has a Message-ID; where Gmail has forgotten the history, a search for the Message-ID finds what
its index knows.  The two are taken together: each may lag behind.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from connectors.contract import Found, Outgoing, Suspect
from connectors.google_workspace.bodies import Garbled, read_bytes
from connectors.google_workspace.line import Line
from connectors.google_workspace.listing import State, changes_since, ids, in_order
from connectors.matching import Candidate, match
from connectors.wire import digest_bytes

#: What a search can ask for: a Message-ID without spaces, quotes or brackets of any kind.
_SEARCHABLE = re.compile(r'<?([^\s<>"(){}]+@?[^\s<>"(){}]*)>?')
#: Longer ones are asked for by nobody.
_LONGEST = 250
#: Message-IDs in one search; an address of a request may not be too long.
_A_SEARCH = 25
#: Gmail dates by the sender's field, whatever day a message was received: dates tell nothing here.
_ANY_DAY = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Fence:
    """A moment of the history, and what the mailbox had then under the Message-IDs of a batch."""

    history: int
    known: frozenset[str]

    def __str__(self) -> str:
        return json.dumps({"history": self.history, "known": in_order(self.known)})

    @classmethod
    def read(cls, text: str) -> Fence:
        told = json.loads(text)
        return cls(int(told["history"]), frozenset(told["known"]))


def hits(line: Line, message_ids: Collection[str | None]) -> set[str]:
    """Ids of what the search finds under these Message-IDs, spam and trash too."""
    wanted = sorted({found for name in message_ids if (found := _searchable(name))})
    there = set[str]()
    for start in range(0, len(wanted), _A_SEARCH):
        some = wanted[start : start + _A_SEARCH]
        terms = " ".join(f"rfc822msgid:{name}" for name in some)
        there.update(ids(line, None, terms if len(some) == 1 else f"{{{terms}}}", everywhere=True))
    return there


def _searchable(message_id: str | None) -> str | None:
    """A Message-ID as a search takes it; None for one that it cannot ask for."""
    found = _SEARCHABLE.fullmatch((message_id or "").strip())
    return found[1] if found is not None and len(found[1]) <= _LONGEST else None


def names(batch: Sequence[Outgoing]) -> set[str | None]:
    return {outgoing.message_id for outgoing in batch}


def find(
    line: Line, label: str, fence: Fence, suspects: Sequence[Suspect], claimed: Collection[str]
) -> Iterator[Found]:
    """One answer a suspect; reads what may be one of them.  Of equal messages those with the ``label`` come first.

    When Gmail has forgotten the history, a message that no search can ask for is neither present nor absent.
    """
    if not suspects:
        return
    changes = changes_since(line, str(fence.history), ["messageAdded"])
    added = changes.added if changes is not None else frozenset()
    searched = hits(line, {suspect.message_id for suspect in suspects}) - fence.known
    here, elsewhere = list[Candidate](), list[Candidate]()
    for key in in_order(added | searched):
        found = _read(line, key) if key not in claimed else None
        if found is not None and (changes is None or key in added or found[0].history > fence.history):
            (here if label in found[0].labels else elsewhere).append(_candidate(*found, suspects))
    blind = {one.ordinal for one in suspects if changes is None and _searchable(one.message_id) is None}
    for one in match([replace(one, received=_ANY_DAY) for one in suspects], [*here, *elsewhere], atomic=False):
        yield replace(one, verdict="uncertain") if one.verdict == "absent" and one.ordinal in blind else one


def _read(line: Line, key: str) -> tuple[State, bytes] | None:
    """A message with its state; None when it is gone, or is none."""
    try:
        return read_bytes(line, key)
    except Garbled:
        return None


def _candidate(state: State, data: bytes, suspects: Sequence[Suspect]) -> Candidate:
    """A message as something to compare."""
    digests = digest_bytes(data)
    wire = digests.wire
    for size, digest in {(suspect.wire_size, suspect.wire_digest) for suspect in suspects}:
        # Gmail may put header fields before a message; what follows them is the message.
        if size < len(data) and hashlib.sha256(data[len(data) - size :]).digest() == digest:
            wire = digest
    # Without a Message-ID a header says too little: only the bytes count.
    header = digests.header if digests.message_id is not None else b""
    return Candidate(state.key, _ANY_DAY, len(data), wire, header)
