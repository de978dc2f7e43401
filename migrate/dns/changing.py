"""What a step changes in a zone as it is now.  Pure."""

from __future__ import annotations

from collections.abc import Mapping

import dns.exception
import dns.rdata
import dns.rdataclass
import dns.rdatatype
from dns.rdtypes.ANY.TXT import TXT

from connectors.language import _
from migrate.dns.records import CannotWrite, Line, Step
from migrate.dns.zones.contract import RecordSet

#: A set of records by its name and type.
Key = tuple[str, str]
#: What a record and another of the same meaning have in common.
Same = str | bytes


def keys_of(step: Step) -> list[Key]:
    """The sets that a step touches."""
    return list(dict.fromkeys((line.name, line.type) for line in (*step.remove, *step.enter)))


def changes(step: Step, there: Mapping[Key, RecordSet | None]) -> list[RecordSet]:
    """The sets as the step wants them, without those that are so already.  Raises CannotWrite.

    An MX set is replaced whole, and only when it holds nothing but what the step takes out or enters: what somebody
    else entered in the meantime is not ours to remove.  Of texts, those that the step does not name stay.
    """
    found = []
    # Where the zone stands is read from the MX: on the way back it changes last, or the rest would be forgotten.
    keys = keys_of(step)[::-1] if step.when == "back" else keys_of(step)
    for key in keys:
        now = there[key]
        old = {_same(line.data): line.data for line in step.remove if (line.name, line.type) == key}
        new = {_same(line.data): line for line in step.enter if (line.name, line.type) == key}
        values = {} if now is None else {_same(one): one for one in now.values}
        _check(key, values, old, new)
        kept = {same: one for same, one in values.items() if same not in old.keys() | new.keys()}
        ttl = max(line.ttl for line in new.values())
        wanted = RecordSet(*key, ttl, frozenset({*(line.data for line in new.values()), *kept.values()}))
        if now is None or now.ttl != ttl or values.keys() != new.keys() | kept.keys():
            found.append(wanted)
    return found


def _check(key: Key, values: Mapping[Same, str], old: Mapping[Same, str], new: Mapping[Same, Line]) -> None:
    """Raises CannotWrite where the zone is not as the step was worked out for, before it or after it."""
    if key[1] == "MX" and not new:
        told = _(
            "{domain} had no MX before the cutover, and the way back would leave it without one: mail would go to its"
            " web server. Enter the MX of who is to receive its mail by hand."
        )
        raise CannotWrite(told.format(domain=key[0]))
    if key[1] == "MX" and (others := sorted(values[one] for one in values.keys() - old.keys() - new.keys())):
        told = _(
            "The zone has an MX that nobody knows of here: {records}. Look at it, then run"
            " bascule dns records --afresh."
        )
        raise CannotWrite(told.format(records=", ".join(others)))
    missing = sorted(old[one] for one in old.keys() - values.keys() - new.keys())
    if missing and not new.keys() <= values.keys():
        told = _("The zone does not have {records} any more. Look at it, then run bascule dns records --afresh.")
        raise CannotWrite(told.format(records=", ".join(missing)))


def _same(value: str) -> Same:
    """A record as it is compared.

    Names mean the same in any letters; a text is what its strings say together, wherever whoever keeps the zone cuts.
    """
    if not value.startswith('"'):
        return value.lower()
    try:
        record = dns.rdata.from_text(dns.rdataclass.IN, dns.rdatatype.TXT, value)
    except dns.exception.DNSException:
        return value
    assert isinstance(record, TXT)
    return b"".join(record.strings)
