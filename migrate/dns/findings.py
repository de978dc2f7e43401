"""What a judge has to say, and how it looks at the facts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from migrate.dns.codes import Code
from migrate.dns.facts import Answer, Facts, Mx, Outcome, Policy, Question, Soa, Srv, Tlsa, View
from migrate.dns.providers import Expected

Severity = Literal["problem", "attention", "note"]
SEVERITIES: tuple[Severity, ...] = ("problem", "attention", "note")


@dataclass(frozen=True, slots=True)
class Finding:
    """``problem``: mail is lost, refused or goes astray; ``attention``: it may; ``note``: worth knowing."""

    severity: Severity
    code: Code
    #: The name whose records it is about.
    name: str
    found: str
    wanted: str
    #: What to do; empty where there is nothing to do.
    mend: str
    #: Such as ``RFC 7208, section 4.5``.
    rfc: str


@dataclass(frozen=True, slots=True)
class Aims:
    """What the domain is to become, and what else is to be looked at."""

    expected: Expected | None = None
    #: DKIM selectors that must be there.
    selectors: tuple[str, ...] = ()


@dataclass
class Look:
    """The facts, and what a judge wanted to know that is not among them: it is asked for, and the judge looks again."""

    facts: Facts
    missing: set[Question] = field(default_factory=set)
    wants_policy: bool = False

    @property
    def domain(self) -> str:
        return self.facts.domain

    def answer(self, name: str, kind: str) -> Answer:
        found = self.facts.answer(name, kind)
        if found.outcome is Outcome.UNASKED:
            self.missing.add(Question(name, kind))
        return found

    def policy(self) -> Policy | None:
        self.wants_policy = True
        return self.facts.policy

    def texts(self, name: str) -> list[str]:
        return [value for value in self.answer(name, "TXT").values if isinstance(value, str)]

    def mx(self, name: str) -> list[Mx]:
        """By preference, then name."""
        found = [value for value in self.answer(name, "MX").values if isinstance(value, Mx)]
        return sorted(found, key=lambda one: (one.preference, one.host))

    def srv(self, name: str) -> list[Srv]:
        return [value for value in self.answer(name, "SRV").values if isinstance(value, Srv)]

    def tlsa(self, name: str) -> list[Tlsa]:
        return [value for value in self.answer(name, "TLSA").values if isinstance(value, Tlsa)]

    def addresses(self, name: str) -> tuple[list[str], list[Answer]]:
        """IPv4 and IPv6 addresses of a name, and both answers."""
        answers = [self.answer(name, kind) for kind in ("A", "AAAA")]
        return [value for one in answers for value in one.values if isinstance(value, str)], answers


def absent(answers: Sequence[Answer]) -> bool:
    """Whether all of them say for certain that there is nothing."""
    return all(one.outcome in (Outcome.NODATA, Outcome.NXDOMAIN) for one in answers)


def serial_of(view: View, zone: str) -> int | None:
    values = view.answer(zone, "SOA").values
    return next((value.serial for value in values if isinstance(value, Soa)), None)
