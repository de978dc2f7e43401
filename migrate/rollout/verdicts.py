"""Gates: what must be so before the next phase, and what a look at the facts says of it.  Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Generic, Literal, TypeVar

from connectors.language import _, number, plural
from runbooks.facts import DomainFacts, Seen, Share, SiteFacts, Unknown

F = TypeVar("F", SiteFacts, DomainFacts)
T = TypeVar("T")
State = Literal["met", "not met", "unknown"]
#: Names that one line has room for.
_NAMED = 3


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the facts say of one gate."""

    state: State
    #: As short as ``12/14``; may be empty.
    figure: str = ""
    #: What is missing, as a sentence without its full stop; empty when the gate is met.
    missing: str = ""
    #: Nothing can be done before.
    until: datetime | None = None
    #: The site or domain that has to go on first.
    waits_for: str | None = None

    @property
    def met(self) -> bool:
        return self.state == "met"

    @property
    def waits(self) -> bool:
        """Whether nothing can be done about it here and now."""
        return not self.met and (self.until is not None or self.waits_for is not None)


#: ``automatic``: the facts alone decide. ``person``: a named person confirms. ``either``: a named person may where the
#: facts say nothing.
How = Literal["automatic", "person", "either"]


@dataclass(frozen=True)
class Gate(Generic[F]):
    """A check before the next phase; ``code`` is its name in commands and JSON."""

    code: str
    how: How
    judge: Callable[[F], Verdict]
    #: Whether a confirmation needs a file that proves it.
    proof: bool = False


def met(figure: str = "") -> Verdict:
    return Verdict("met", figure)


def unmet(missing: str, figure: str = "") -> Verdict:
    return Verdict("not met", figure, missing)


def unknown(fact: Unknown) -> Verdict:
    return Verdict("unknown", "?", _("nobody has looked yet; to find out: {how}").format(how=fact.how))


def named(names: tuple[str, ...]) -> str:
    """A few of them, and how many more."""
    told = ", ".join(names[:_NAMED])
    if len(names) > _NAMED:
        told += " " + plural("and {n} more", "and {n} more", len(names) - _NAMED)
    return told


def share_figure(share: Share) -> str:
    return f"{number(share.done)}/{number(share.of)}"


def all_of(fact: Seen[Share] | Unknown, missing: str) -> Verdict:
    """Met when the share is whole.  ``missing`` is a text with ``{names}``."""
    if isinstance(fact, Unknown):
        return unknown(fact)
    share = fact.value
    if share.whole:
        return met(share_figure(share))
    return unmet(missing.format(names=named(share.missing) or share_figure(share)), share_figure(share))


def fresh(verdict: Verdict, fact: Seen[T] | Unknown, now: datetime, days: int) -> Verdict:
    """A verdict on what was seen long ago counts no longer: it is to be looked at again."""
    if not verdict.met or isinstance(fact, Unknown) or now - fact.at <= timedelta(days=days):
        return verdict
    day = fact.at.astimezone(now.tzinfo).date().isoformat()
    told = _("what is known is of {day}, and counts for {n} days").format(day=day, n=days)
    return unmet(told, verdict.figure)
