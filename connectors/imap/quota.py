"""What a mailbox may hold (QUOTA, RFC 2087 and RFC 9208).  Pure: responses in, figures out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from connectors.contract import Quota
from connectors.imap.response import MalformedResponse, Part, Value, number, parse_values

#: STORAGE counts in units of 1024 octets (RFC 9208 5.1).
_UNIT = 1024


def quota_in(responses: Iterable[Sequence[Part]]) -> Quota | None:
    """The answer to GETQUOTAROOT.  Of several roots, the one with the least room decides; None when there is none."""
    bytes_: list[tuple[int, int]] = []
    messages: list[tuple[int, int]] = []
    for parts in responses:
        for name, used, limit in _resources(parts):
            if name == b"STORAGE":
                bytes_.append((used * _UNIT, limit * _UNIT))
            elif name == b"MESSAGE":
                messages.append((used, limit))
    if not bytes_ and not messages:
        return None
    used_bytes, limit_bytes = _tightest(bytes_)
    used_messages, limit_messages = _tightest(messages)
    return Quota(limit_bytes, used_bytes, limit_messages, used_messages)


def lacks_room(quota: Quota, messages: int, size: int) -> bool:
    """Whether so many messages of ``size`` bytes together are more than what is left, whose figures are rounded."""
    room, places = quota.limit, quota.messages_limit
    return (room is not None and (quota.used or 0) + size > room - _UNIT) or (
        places is not None and (quota.messages_used or 0) + messages > places
    )


def _tightest(found: Sequence[tuple[int, int]]) -> tuple[int | None, int | None]:
    return min(found, key=lambda one: one[1] - one[0], default=(None, None))


def _resources(parts: Sequence[Part]) -> list[tuple[bytes, int, int]]:
    """Name, usage and limit of each resource in ``* QUOTA root (name usage limit ...)``."""
    try:
        values = parse_values(parts)
        if len(values) < 4 or _word(values[1]) != b"QUOTA" or not isinstance(values[3], list):
            return []
        items = values[3]
        return [(_word(items[at]), number(items[at + 1]), number(items[at + 2])) for at in range(0, len(items) - 2, 3)]
    except MalformedResponse:
        return []


def _word(value: Value) -> bytes:
    return value.upper() if isinstance(value, bytes) else b""
