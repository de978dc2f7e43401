"""A first estimate of how long a copy takes, before anything was copied.  Pure.

What a copy reaches depends on both systems and the line between them, and shows only while it runs.  These figures are
on the safe side of what hosted systems allow to one mailbox; between two servers of one's own it goes many times
faster.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

#: What one mailbox is taken to reach.
MESSAGES_PER_SECOND = 20.0
BYTES_PER_SECOND = 1_000_000.0


@dataclass(frozen=True, slots=True)
class Load:
    """What one mailbox brings: messages, their bytes, and the seconds that listing it took."""

    messages: int
    size: int
    listing: float = 0.0


@dataclass(frozen=True, slots=True)
class Estimate:
    """Seconds, and the rates over all mailboxes that they rest on."""

    seconds: float
    mailboxes_at_once: int
    messages_per_second: float
    bytes_per_second: float


def estimate(
    loads: Sequence[Load],
    at_once: int,
    *,
    bytes_per_second: float | None = None,
    messages_per_second: float | None = None,
) -> Estimate:
    """How long all the mailboxes take, ``at_once`` of them side by side, within the limits that the plan sets.

    No mailbox is done sooner than it would be alone, and all of them no sooner than the limits allow together.
    """
    at_once = max(1, min(at_once, len(loads)))
    messages_rate = min(MESSAGES_PER_SECOND * at_once, messages_per_second or float("inf"))
    bytes_rate = min(BYTES_PER_SECOND * at_once, bytes_per_second or float("inf"))
    alone = max((_seconds(load, MESSAGES_PER_SECOND, BYTES_PER_SECOND) for load in loads), default=0.0)
    together = Load(
        sum(load.messages for load in loads),
        sum(load.size for load in loads),
        sum(load.listing for load in loads) / at_once,
    )
    return Estimate(max(alone, _seconds(together, messages_rate, bytes_rate)), at_once, messages_rate, bytes_rate)


def _seconds(load: Load, messages_rate: float, bytes_rate: float) -> float:
    return load.listing + max(load.messages / messages_rate, load.size / bytes_rate)
