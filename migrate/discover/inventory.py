"""What each person's mailbox holds, and who may be using POP.  Pure: a survey in, an inventory out.

How somebody reads mail is not told by a server, and nobody's mail is opened to find out: what remains is a guess from
what a listing tells, and a question.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from connectors.contract import Role
from connectors.reasons import Reason
from migrate.check.survey import Survey
from plans import Person
from plans.uses import case_code

#: Why somebody may be reading mail by POP, so that most of it lies on a PC.
PopSign = Literal["said", "pop-system", "empty", "inbox-only", "recent-only", "small-quota", "archives"]
Pop = Literal["yes", "likely", "no-sign"]
#: People who use several devices leave more than this on a server.
_RECENT = timedelta(days=45)
#: Bytes: mailboxes of this size date from the time when mail was fetched.
_SMALL = 1_100_000_000
_PRIVATE = (Reason.RULE_PRIVATE, Reason.PRIVATE_UNDECIDED)
#: A sign that is enough by itself, beside which the others count two together.
_STRONG: frozenset[PopSign] = frozenset({"pop-system", "empty", "recent-only"})


@dataclass(frozen=True, slots=True)
class Inventory:
    """One mailbox.  Sizes are bytes; times ISO 8601, None where nothing was received.  Holds no name of a folder."""

    mailbox: str
    #: Why it could not be looked at; empty when it was.
    error: str = ""
    folders: int = 0
    messages: int = 0
    size: int = 0
    oldest: str | None = None
    newest: str | None = None
    #: Messages that are longer than the target takes; None when it is not known what it takes.
    oversize: int | None = None
    largest_message: int = 0
    private_folders: int = 0
    unreadable_folders: int = 0
    quota: int | None = None
    used: int | None = None
    pop: Pop = "no-sign"
    signs: tuple[PopSign, ...] = ()
    #: When it was looked at, seconds since 1970.
    at: float = 0.0

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def from_json(told: Any) -> Inventory:
    """Raises TypeError or KeyError for what is none."""
    return Inventory(**{**told, "signs": tuple(told["signs"])})


def inventory_of(person: Person, survey: Survey, now: datetime, *, pop_system: bool) -> Inventory:
    """``pop_system``: it is read by POP3 already, as the plan says."""
    dates = [one for facts in survey.folders for one in (facts.oldest, facts.newest) if one is not None]
    left_out: Counter[Reason] = Counter(facts.mapped.left_out for facts in survey.folders if facts.mapped.left_out)
    signs = tuple(_signs(person, survey, min(dates, default=None), now, pop_system=pop_system))
    quota = survey.source_quota
    return Inventory(
        person.mailbox,
        str(survey.source_error) if survey.source_error is not None else "",
        len(survey.folders),
        survey.messages,
        survey.size,
        min(dates).isoformat() if dates else None,
        max(dates).isoformat() if dates else None,
        None if survey.max_message is None else sum(facts.too_large for facts in survey.folders),
        max((facts.largest for facts in survey.folders), default=0),
        sum(left_out[reason] for reason in _PRIVATE),
        sum(facts.error is not None for facts in survey.folders),
        None if quota is None else quota.limit,
        None if quota is None else quota.used,
        "no-sign" if survey.source_error is not None else pop_of(signs),
        () if survey.source_error is not None else signs,
        now.timestamp(),
    )


def pop_of(signs: tuple[PopSign, ...]) -> Pop:
    if "said" in signs:
        return "yes"
    return "likely" if _STRONG & set(signs) or len(signs) > 1 else "no-sign"


def _signs(
    person: Person, survey: Survey, oldest: datetime | None, now: datetime, *, pop_system: bool
) -> Iterator[PopSign]:
    if any("pop" in case_code(use).split("-") for use in person.uses):
        yield "said"
    if pop_system:
        yield "pop-system"
    inbox = sum(facts.messages for facts in survey.folders if facts.mapped.folder.role is Role.INBOX)
    if not survey.messages:
        yield "empty"
    elif inbox == survey.messages and not pop_system:
        # Who works on the server leaves what was sent there, and sorts.
        yield "inbox-only"
    if oldest is not None and now - oldest < _RECENT:
        yield "recent-only"
    quota = survey.source_quota
    if quota is not None and quota.limit is not None and quota.limit <= _SMALL:
        yield "small-quota"
    if person.archives:
        yield "archives"
