"""The grade of a mailbox or a site, with the figures that give it.  Pure.

The rules are published in docs/verify.md; they go from the worst to the best, and the first that applies decides.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import IntEnum, StrEnum

from migrate.verify.findings import OPEN_CAUSES, Finding, Kind


class Grade(StrEnum):
    """How well a mailbox or a site has arrived."""

    PERFECT = "perfect"
    GOOD = "good"
    INVESTIGATE = "investigate"
    POOR = "poor"


#: From the best to the worst.
ORDER = (Grade.PERFECT, Grade.GOOD, Grade.INVESTIGATE, Grade.POOR)
#: Differences in date, place and flags are borne up to one message in so many.
BORNE = 1000


class Weight(IntEnum):
    """What a finding means for the grade."""

    EXPLAINED = 0  #: the ledger says why
    FLAGS = 1  #: flags, without an explanation
    OPEN = 2  #: not known yet, or still to be done
    DIFFERENT = 3  #: date, place, number; without an explanation
    LOST = 4  #: missing or altered, without an explanation


def weigh(finding: Finding) -> Weight:
    if finding.cause in OPEN_CAUSES:
        return Weight.OPEN
    if finding.cause is not None:
        return Weight.EXPLAINED
    if finding.kind in (Kind.MISSING, Kind.ALTERED):
        return Weight.LOST
    if finding.kind in (Kind.UNREAD, Kind.NO_FOLDER):
        return Weight.OPEN
    return Weight.FLAGS if finding.kind is Kind.FLAGS else Weight.DIFFERENT


class Note(StrEnum):
    """What is no finding, and keeps a mailbox from being perfect."""

    FIELDS_ADDED = "fields-added"  #: messages equal but for header fields that a server added
    REBUILT = "rebuilt"  #: messages of an archive that keeps pieces, for which another source's copy stands
    SENDERS_DATE = "senders-date"  #: messages that show the sender's date, as the target dates all mail
    RENAMED = "renamed"  #: folders whose names the target could not hold


@dataclass(frozen=True, slots=True)
class Why:
    """One figure behind a grade: so many of these, which by themselves give this grade."""

    grade: Grade
    what: Kind | Note
    weight: Weight
    count: int
    #: The number up to which the next better grade is given; None where there is no such number.
    borne: int | None = None


def judge(
    expected: int,
    findings: Iterable[Finding],
    *,
    fields_added: int = 0,
    rebuilt: int = 0,
    senders_date: int = 0,
    renamed: int = 0,
) -> tuple[Grade, Sequence[Why]]:
    """The grade of a mailbox of ``expected`` messages, and every figure behind it, the worst first."""
    counted = Counter((weigh(finding), finding.kind) for finding in findings)
    of_weight: Counter[Weight] = Counter()
    for (weight, _), count in counted.items():
        of_weight[weight] += count
    borne = expected // BORNE
    given = {
        Weight.LOST: Grade.POOR,
        Weight.DIFFERENT: Grade.POOR if of_weight[Weight.DIFFERENT] > borne else Grade.INVESTIGATE,
        Weight.OPEN: Grade.INVESTIGATE,
        Weight.FLAGS: Grade.INVESTIGATE if of_weight[Weight.FLAGS] > borne else Grade.GOOD,
        Weight.EXPLAINED: Grade.GOOD,
    }
    kinds = list(Kind)
    why = [
        Why(given[weight], kind, weight, count, borne if weight in (Weight.DIFFERENT, Weight.FLAGS) else None)
        for (weight, kind), count in sorted(counted.items(), key=lambda one: (-one[0][0], kinds.index(one[0][1])))
    ]
    notes = (
        (Note.FIELDS_ADDED, fields_added),
        (Note.REBUILT, rebuilt),
        (Note.SENDERS_DATE, senders_date),
        (Note.RENAMED, renamed),
    )
    for note, count in notes:
        if count:
            why.append(Why(Grade.GOOD, note, Weight.EXPLAINED, count))
    return worst(one.grade for one in why), why


def worst(grades: Iterable[Grade]) -> Grade:
    """The worst of them; PERFECT of none."""
    return max(grades, key=ORDER.index, default=Grade.PERFECT)
