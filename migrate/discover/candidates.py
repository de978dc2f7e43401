"""Which servers are worth a look: those that somebody names, then those that are usual.  Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from connectors.presets import Preset
from migrate.discover.records import SERVICES, USUAL, Protocol, Records, Tls
from migrate.discover.told import ToldServer

#: Who named a server, the surest first.
Origin = Literal["srv", "autoconfig", "autodiscover", "preset", "usual-name", "mx"]
#: Connections that are tried in all: a hostile answer names no more.
MOST = 36
_PORTS: dict[tuple[Protocol, Tls], int] = {
    ("imap", "implicit"): 993,
    ("imap", "starttls"): 143,
    ("pop3", "implicit"): 995,
    ("pop3", "starttls"): 110,
    ("smtp", "implicit"): 465,
    ("smtp", "starttls"): 587,
}
_PROTOCOLS: tuple[Protocol, ...] = ("imap", "pop3", "smtp")


@dataclass(frozen=True, slots=True)
class Candidate:
    """A port that may answer."""

    protocol: Protocol
    host: str
    port: int
    tls: Tls
    origin: Origin

    @property
    def usual(self) -> bool:
        """Whether the port says the same as its protocol and its kind of TLS."""
        return _PORTS[self.protocol, self.tls] == self.port


def candidates(
    records: Records, autoconfig: Iterable[ToldServer], autodiscover: Iterable[ToldServer], preset: Preset | None
) -> list[Candidate]:
    """Each port once, by the surest who named it."""
    named = [
        *_of_services(records),
        *_of_told(autoconfig, "autoconfig"),
        *_of_told(autodiscover, "autodiscover"),
        *_of_preset(preset),
    ]
    # Of who names a server for a protocol the word counts; guessing goes on for the others alone.
    lacking = [protocol for protocol in _PROTOCOLS if not any(one.protocol == protocol for one in named)]
    guessed = [one for one in _usual(records, preset) if one.protocol in lacking]
    found: dict[tuple[str, int], Candidate] = {}
    for one in (*named, *guessed):
        found.setdefault((one.host, one.port), one)
    return list(found.values())[:MOST]


def _of_services(records: Records) -> Iterator[Candidate]:
    for service, found in records.services.items():
        protocol, tls = SERVICES[service]
        for one in sorted(found, key=lambda one: (one.priority, -one.weight)):
            if 0 < one.port < 65536:
                yield Candidate(protocol, one.target, one.port, tls, "srv")


def _of_told(told: Iterable[ToldServer], origin: Origin) -> Iterator[Candidate]:
    for one in told:
        if one.tls is not None:
            yield Candidate(one.protocol, one.host, one.port, one.tls, origin)


def _of_preset(preset: Preset | None) -> Iterator[Candidate]:
    for protocol in _PROTOCOLS:
        server = getattr(preset, protocol, None)
        if server is not None and server.host and server.host != "127.0.0.1":
            tls: Tls = server.tls or "implicit"
            yield Candidate(protocol, server.host, server.port or _PORTS[protocol, tls], tls, "preset")


def _usual(records: Records, preset: Preset | None) -> Iterator[Candidate]:
    """Names that have addresses, each set of addresses once; a known provider's MX has no mailboxes to look into."""
    seen: set[tuple[Protocol, tuple[str, ...]]] = set()
    names: list[tuple[str, tuple[Protocol, ...], Origin]] = [
        (f"{name}.{records.domain}", protocols, "usual-name") for name, protocols in USUAL.items()
    ]
    if preset is None or preset.kind == "software":
        names += [(host, _PROTOCOLS, "mx") for host in records.mx_hosts[:2]]
    for name, protocols, origin in names:
        addresses = tuple(sorted(records.addresses.get(name, ())))
        for protocol in protocols:
            if addresses and (protocol, addresses) not in seen:
                seen.add((protocol, addresses))
                for (spoken, tls), port in _PORTS.items():
                    if spoken == protocol:
                        yield Candidate(protocol, name, port, tls, origin)
