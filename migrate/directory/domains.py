"""An additional domain at a target: added, proved by a TXT record, verified, and told what its records are to be.

Each step can be made again without harm, and how far a domain is, is asked of the target each time: nothing need be
remembered between two runs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

from migrate.dns.facts import DEFINITE, SILENT
from migrate.dns.findings import Look


@dataclass(frozen=True, slots=True)
class Proof:
    """The record that shows whose the domain is: a TXT at ``name``."""

    name: str
    value: str


@dataclass(frozen=True, slots=True)
class Record:
    """A record that the domain is to have for the target; ``what`` it is for."""

    name: str
    type: Literal["MX", "TXT", "CNAME", "SRV"]
    #: As a zone file has it.
    value: str
    what: str


class Domains(Protocol):
    """The domains of one target.  Every method raises :class:`connectors.errors.ConnectorError`."""

    def verified(self, domain: str) -> bool | None:
        """Whether it is verified; None where it is not there."""

    def add(self, domain: str, alias_of: str | None) -> bool:
        """Add it, as an alias of another where that is named; False where it was there.

        Raises NotTaken where another customer has it, or where aliases of domains are unknown.
        """

    def proof(self, domain: str) -> Proof:
        """The record that proves it; the same whenever it is asked."""

    def verify(self, domain: str) -> bool:
        """Have the target look for the proof; False where it does not see it yet."""

    def ready_for_mail(self, domain: str) -> bool:
        """See to it that the target takes mail for a verified domain; False where that was so."""

    def records(self, domain: str) -> list[Record]:
        """What the records of a verified domain are to be, as the target tells it."""


@dataclass(frozen=True, slots=True)
class Seen:
    """Who holds the proof: name servers by their names, and those that do not yet."""

    holding: tuple[str, ...]
    late: tuple[str, ...]

    @property
    def everywhere(self) -> bool:
        return bool(self.holding) and not self.late


def seen(look: Look, proof: Proof) -> Seen:
    """Which of the zone's own name servers hold the proof; resolvers count where none of those answers.  Pure."""
    look.answer(proof.name, "TXT")
    asked = [view for view in look.facts.of("authoritative") if view.address is not None]
    answering = [view for view in asked if view.answer(proof.name, "TXT").outcome not in SILENT]
    views = answering or [
        view for view in look.facts.of("resolver") if view.answer(proof.name, "TXT").outcome in DEFINITE
    ]
    holding = [view for view in views if proof.value in view.answer(proof.name, "TXT").values]
    late = [view for view in views if view not in holding]
    return Seen(tuple(map(str, holding)), tuple(map(str, late)))
