"""On which system a domain's mail lies, by what it shows: records, names of servers, what servers say.  Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from connectors.presets import Preset, find, of_host, of_mx, presets
from migrate.discover.endpoints import Endpoint
from migrate.discover.records import Records

Sign = Literal["mx", "server", "spf", "greeting"]
#: Words of a greeting or a capability, and the preset of the software that says them.
_SOFTWARE = (
    (re.compile(r"\bzimbra\b", re.IGNORECASE), "zimbra"),
    (re.compile(r"\bdovecot\b", re.IGNORECASE), "dovecot"),
    (re.compile(r"\bcyrus\b|\bX-REPLICATION\b|\bX-SIEVE-MAILBOX\b", re.IGNORECASE), "cyrus"),
    (re.compile(r"\bcourier|\bACL2=UNION\b", re.IGNORECASE), "courier"),
    (re.compile(r"\bmicrosoft exchange\b", re.IGNORECASE), "exchange"),
    (re.compile(r"\bhmailserver\b", re.IGNORECASE), "hmailserver"),
)


@dataclass(frozen=True, slots=True)
class Evidence:
    """One sign: where it was seen, its words, and whose it is."""

    sign: Sign
    value: str
    preset: str


@dataclass(frozen=True, slots=True)
class Recognised:
    """``preset``: the most likely; None where nothing is known.  All signs are told, also those against it."""

    preset: Preset | None
    evidence: tuple[Evidence, ...]

    @property
    def contradicting(self) -> list[Evidence]:
        """Signs of another provider: a relay in front, or records of a system that was left."""
        if self.preset is None or self.preset.kind == "software":
            return []
        return [one for one in self.evidence if one.sign in ("mx", "server") and not _same(one.preset, self.preset)]


def recognise(records: Records, servers: Sequence[str], endpoints: Sequence[Endpoint]) -> Recognised:
    """``servers``: hosts that the domain names for mail programs.

    The MX counts first, as it is used for every message; software shows where no provider does.  Of one provider's
    products the server's name tells which.
    """
    evidence = list(dict.fromkeys([*_of_mx(records), *_of_servers(servers), *_of_spf(records), *_of_words(endpoints)]))
    order = {"mx": 0, "server": 1, "spf": 2, "greeting": 3}
    evidence.sort(key=lambda one: order[one.sign])
    preset = find(evidence[0].preset) if evidence else None
    if preset is not None:
        product = next((one for one in evidence if one.sign == "server" and _same(one.preset, preset)), None)
        preset = preset if product is None else find(product.preset)
    return Recognised(preset, tuple(evidence))


def _of_mx(records: Records) -> Iterator[Evidence]:
    for host in records.mx_hosts:
        preset = of_mx([host])
        if preset is not None:
            yield Evidence("mx", host, preset.name)


def _of_servers(servers: Sequence[str]) -> Iterator[Evidence]:
    for host in servers:
        preset = of_host(host)
        if preset is not None:
            yield Evidence("server", host, preset.name)


def _of_spf(records: Records) -> Iterator[Evidence]:
    for preset in presets().values():
        if preset.dns is not None and preset.dns.spf and preset.dns.spf in records.includes:
            yield Evidence("spf", f"include:{preset.dns.spf}", preset.name)


def _of_words(endpoints: Sequence[Endpoint]) -> Iterator[Evidence]:
    for one in endpoints:
        if one.state != "answers" or one.candidate.protocol == "smtp":
            continue
        words = f"{one.greeting} {' '.join(one.capabilities)}"
        name = next((name for form, name in _SOFTWARE if form.search(words)), None)
        if name is not None:
            yield Evidence("greeting", f"{one.candidate.host}:{one.candidate.port}", name)


def _same(name: str, preset: Preset) -> bool:
    """Whether both are of one provider: the products of one are called ``ovh`` and ``ovh-exchange``."""
    return name == preset.name or name.startswith(f"{preset.name}-") or preset.name.startswith(f"{name}-")
