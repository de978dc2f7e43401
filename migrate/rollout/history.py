"""What the events of a rollout come to: phases, confirmations, open incidents, cases, lessons.  Pure.

The state is the fold of the events and of nothing else: the same events give the same state on every machine.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from migrate.ledger.events import Event
from migrate.rollout.hours import TAKEN_BACK, USED, Use, use_of
from migrate.rollout.phases import order_of
from runbooks.facts import Confirmation, Forced, Incident, Lesson

#: A lesson for every site.
ALL_SITES = "all"


@dataclass
class Course:
    """A site or a domain, as far as its events brought it."""

    kind: str
    name: str
    phase: str
    #: Seconds since 1970; None in the first phase, which nobody entered.
    since: float | None = None
    #: By gate, with the phase that it was given in.
    confirmed: dict[str, tuple[str, Confirmation]] = field(default_factory=dict)
    incidents: dict[int, Incident] = field(default_factory=dict)
    #: Incidents ever opened: their numbers go on.
    opened: int = 0
    forced: list[Forced] = field(default_factory=list)
    #: When each phase was last entered, seconds since 1970.
    entered: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Tested:
    """A case that somebody tried, where and when."""

    site: str
    by: str
    at: datetime
    note: str


@dataclass
class History:
    """Everything that the events say."""

    courses: dict[tuple[str, str], Course] = field(default_factory=dict)
    tested: dict[str, list[Tested]] = field(default_factory=dict)
    #: With the site each is for, ``all`` for every one.
    lessons: list[tuple[str, Lesson]] = field(default_factory=list)
    #: Support hours that were used, in the order in which they were told.
    hours: list[Use] = field(default_factory=list)
    #: The place of the newest event.
    newest: int = 0

    def course(self, kind: str, name: str) -> Course:
        """Of a site or domain; in its first phase when nothing was recorded of it."""
        return self.courses.setdefault((kind, name), Course(kind, name, order_of(kind)[0]))

    def lessons_for(self, site: str | None) -> tuple[Lesson, ...]:
        """Those of one site; without a site, those of all."""
        return tuple(lesson for whom, lesson in self.lessons if whom in (ALL_SITES, site))


def fold(events: Iterable[Event]) -> History:
    """What the events, in their order, come to.  Events of kinds that this version does not know change nothing."""
    history = History()
    for event in events:
        history.newest = max(history.newest, event.id)
        if event.kind in ("site", "domain"):
            _of_course(history.course(event.kind, event.subject), event)
        elif event.kind == "case" and event.event == "tested":
            tested = Tested(str(event.detail["site"]), event.who, moment(event.at), event.note or "")
            history.tested.setdefault(event.subject, []).append(tested)
        elif event.kind == "step" and event.event == "note":
            lesson = Lesson(step=event.subject, text=event.note or "", by=event.who, at=moment(event.at))
            history.lessons.append((str(event.detail["sites"]), lesson))
        elif event.kind == "organisation" and event.event == USED:
            history.hours.append(use_of(len(history.hours) + 1, event.who, event.note or "", event.detail))
        elif event.kind == "organisation" and event.event == TAKEN_BACK:
            place = int(event.detail["number"]) - 1
            history.hours[place] = replace(history.hours[place], taken_back=event.note or "")
    return history


def _of_course(course: Course, event: Event) -> None:
    if event.event in ("advance", "force", "back"):
        _go(course, event)
    elif event.event == "confirm":
        word = Confirmation(by=event.who, at=moment(event.at), note=event.note or "", evidence=event.evidence)
        course.confirmed[str(event.detail["gate"])] = (course.phase, word)
    elif event.event == "incident":
        course.opened += 1
        course.incidents[course.opened] = Incident(
            subject=course.name,
            number=course.opened,
            severity=event.detail["severity"],
            what=event.note or "",
            by=event.who,
            at=moment(event.at),
        )
    elif event.event == "solved":
        course.incidents.pop(int(event.detail["number"]), None)


def _go(course: Course, event: Event) -> None:
    to = event.to_phase or course.phase
    if event.event == "force":
        course.forced.append(
            Forced(
                from_phase=event.from_phase or "",
                to_phase=to,
                by=event.who,
                at=moment(event.at),
                because=event.note or "",
                unmet=tuple(event.detail["unmet"]),
            )
        )
    elif event.event == "back":
        # What was confirmed for this phase or a later one is to be looked at afresh when it comes again.
        order = order_of(course.kind)
        still = order[: order.index(to)]
        course.confirmed = {gate: (given, word) for gate, (given, word) in course.confirmed.items() if given in still}
    course.phase, course.since = to, event.at
    course.entered[to] = event.at


def moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
