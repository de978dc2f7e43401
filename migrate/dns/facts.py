"""What was asked about a domain and what came back.  Data only: nothing here talks to a network.

Names are in small letters and without the dot at their end; the root is the empty name.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal


class Outcome(StrEnum):
    """How a question ended."""

    RECORDS = "records"
    #: The name is there, and has no record of this type (RFC 2308, section 2.2).
    NODATA = "nodata"
    #: There is no such name (RFC 2308, section 2.1, and RFC 8020: nor any below it).
    NXDOMAIN = "nxdomain"
    SERVFAIL = "servfail"
    REFUSED = "refused"
    #: Named as the zone's server, it does not have the zone (RFC 1912, section 2.8; RFC 9499 has the word).
    LAME = "lame"
    #: The zone's server points to others, who have the part of the zone that was asked for.
    DELEGATED = "delegated"
    TIMEOUT = "timeout"
    UNREACHABLE = "unreachable"
    #: An answer that cannot be read, or another code of failure.
    BROKEN = "broken"
    #: Nobody was asked yet, or could be.
    UNASKED = "unasked"


#: What says for certain what is there.
DEFINITE = frozenset({Outcome.RECORDS, Outcome.NODATA, Outcome.NXDOMAIN})
#: What says nothing at all.
SILENT = frozenset({Outcome.UNASKED, Outcome.TIMEOUT, Outcome.UNREACHABLE})


@dataclass(frozen=True, slots=True)
class Mx:
    preference: int
    host: str


@dataclass(frozen=True, slots=True)
class Srv:
    priority: int
    weight: int
    port: int
    target: str


@dataclass(frozen=True, slots=True)
class Tlsa:
    usage: int
    selector: int
    matching: int
    #: In hexadecimal digits.
    data: str


@dataclass(frozen=True, slots=True)
class Soa:
    primary: str
    serial: int
    minimum: int


#: Addresses, names (of CNAME and NS) and the joined text of TXT are plain texts.
Value = str | Mx | Srv | Tlsa | Soa


@dataclass(frozen=True, slots=True)
class Question:
    name: str
    type: str

    def __str__(self) -> str:
        return f"{self.name} {self.type}"


@dataclass(frozen=True, slots=True)
class Answer:
    outcome: Outcome
    #: Without those that stand there twice.
    values: tuple[Value, ...] = ()
    #: Seconds: of the records, or of the news that there is none; None where it was not told.
    ttl: int | None = None
    #: The names that CNAMEs led to, in their order.
    aliases: tuple[str, ...] = ()
    #: Whoever answered has the zone itself.
    own_zone: bool = False
    #: The resolver has verified the signatures (RFC 4035, section 3.2.3).
    secure: bool = False

    @property
    def definite(self) -> bool:
        return self.outcome in DEFINITE

    @property
    def same(self) -> tuple[Outcome, frozenset[Value], tuple[str, ...]]:
        """What two answers have in common that say the same, in whatever order and with whatever TTL."""
        return self.outcome, frozenset(self.values), self.aliases


UNASKED = Answer(Outcome.UNASKED)
Kind = Literal["authoritative", "resolver", "inside"]


@dataclass(frozen=True, slots=True)
class View:
    """What one server said.  ``inside``: a resolver that people of the company use, and may have a zone of its own."""

    kind: Kind
    name: str
    #: With its port where that is not 53; None where the name has no address.
    address: str | None
    answers: Mapping[Question, Answer] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.name if self.address in (None, self.name) else f"{self.name} ({self.address})"

    def answer(self, name: str, kind: str) -> Answer:
        return self.answers.get(Question(name, kind), UNASKED)


@dataclass(frozen=True, slots=True)
class Policy:
    """An MTA-STS policy as it was fetched, or why it could not be."""

    text: str | None
    error: str = ""


@dataclass(frozen=True, slots=True)
class Facts:
    """All that is known of a domain.  ``zone`` is the name that its name servers answer for: itself, or one above."""

    domain: str
    zone: str
    views: Sequence[View]
    policy: Policy | None = None

    def of(self, *kinds: Kind) -> list[View]:
        return [view for view in self.views if view.kind in kinds]

    def in_zone(self, name: str) -> bool:
        return name == self.zone or name.endswith(f".{self.zone}")

    def answer(self, name: str, kind: str) -> Answer:
        """The answer that counts: the zone's own servers know best, then resolvers outside.

        A CNAME that leads out of the zone is followed by resolvers alone, so theirs counts for what lies behind it.
        What is said inside counts only where nobody outside says anything, be it that he cannot find out.
        """
        found = [*self._answers(name, kind, "authoritative"), *self._answers(name, kind, "resolver")]
        if all(one.outcome in SILENT for one in found):
            found += self._answers(name, kind, "inside")
        whole = (one for one in found if one.definite and not (one.own_zone and self._led_away(one)))
        return next(whole, found[0] if found else UNASKED)

    def _answers(self, name: str, kind: str, by: Kind) -> list[Answer]:
        answers = (view.answer(name, kind) for view in self.of(by))
        return [answer for answer in answers if answer is not UNASKED]

    def _led_away(self, answer: Answer) -> bool:
        aliases = answer.aliases
        return answer.outcome is not Outcome.RECORDS and bool(aliases) and not self.in_zone(aliases[-1])
