"""What a step changes in a zone as it is now.  Pure."""

from __future__ import annotations

from collections.abc import Mapping

from connectors.language import _
from migrate.dns.records import CannotWrite, Step
from migrate.dns.zones.contract import RecordSet

#: A set of records by its name and type.
Key = tuple[str, str]


def keys_of(step: Step) -> list[Key]:
    """The sets that a step touches."""
    return list(dict.fromkeys((line.name, line.type) for line in (*step.remove, *step.enter)))


def changes(step: Step, there: Mapping[Key, RecordSet | None]) -> list[RecordSet]:
    """The sets as the step wants them, without those that are so already.  Raises CannotWrite.

    An MX set is replaced whole, and only when it holds nothing but what the step takes out or enters: what somebody
    else entered in the meantime is not ours to remove.  Of texts, those that the step does not name stay.
    """
    found = []
    for key in keys_of(step):
        now = there[key]
        old = {_same(line.data) for line in step.remove if (line.name, line.type) == key}
        new = {line.data: line.ttl for line in step.enter if (line.name, line.type) == key}
        entered = set(map(_same, new))
        values = set() if now is None else set(map(_same, now.values))
        _check(key, values, old, entered)
        kept = () if now is None else (one for one in now.values if _same(one) not in old | entered)
        wanted = RecordSet(*key, max(new.values()), frozenset({*new, *kept}))
        if now is None or now.ttl != wanted.ttl or set(map(_same, wanted.values)) != values:
            found.append(wanted)
    return found


def _check(key: Key, values: set[str], old: set[str], new: set[str]) -> None:
    """Raises CannotWrite where the zone is not as the step was worked out for, before it or after it."""
    if key[1] == "MX" and (others := sorted(values - old - new)):
        told = _("The zone has an MX that nobody knows of here: {records}. Look at it, then run bascule dns records.")
        raise CannotWrite(told.format(records=", ".join(others)))
    missing = sorted(old - values - new)
    if missing and not new <= values:
        told = _("The zone does not have {records} any more. Look at it, then run bascule dns records.")
        raise CannotWrite(told.format(records=", ".join(missing)))


def _same(value: str) -> str:
    """A record as it is compared: names mean the same in any letters, texts do not."""
    return value if value.startswith('"') else value.lower()
