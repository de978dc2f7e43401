"""The page of a verification: one file that needs nothing else, to read on a screen, to print and to keep.

Takes plain facts, worded already; knows nothing of how they were found.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from connectors.language import _
from runbooks.output.frames import frame

#: A count is set flush right, with its thousands apart.
Cell = str | int


@dataclass(frozen=True, slots=True)
class Table:
    """A table with its caption; every row has as many cells as there are headings."""

    caption: str
    headings: Sequence[str]
    rows: Sequence[Sequence[Cell]]

    def is_count(self, column: int) -> bool:
        """Whether the column holds counts, so that its heading stands above them."""
        return any(isinstance(row[column], int) for row in self.rows)


@dataclass(frozen=True, slots=True)
class MailboxFacts:
    """One mailbox.  ``grade``: perfect, good, investigate or poor, None when it was not verified."""

    mailbox: str
    grade: str | None
    grade_word: str
    #: Why this grade, or why there is none.
    why: Sequence[str]
    tables: Sequence[Table]
    #: What is too long for the page.
    not_listed: str = ""


@dataclass(frozen=True, slots=True)
class ReportFacts:
    """A site.  ``language``: of all texts in it, ``en`` or ``fr``; ``when`` in the time zone ``zone``."""

    language: str
    title: str
    organisation: str
    when: str
    zone: str
    grade: str | None
    grade_word: str
    meaning: str
    method: str
    interrupted: bool
    steps: Sequence[str]
    figures: Table
    mailboxes: Sequence[MailboxFacts]


def render(facts: ReportFacts) -> str:
    """The page as HTML; whatever the facts hold stands in it as text."""
    labels = {
        "grade": _("Grade"),
        "why": _("Why this grade"),
        "why_not": _("Why it was not verified"),
        "steps": _("What to do now"),
        "rules": _("How the grade is given"),
        "interrupted": _("The verification was interrupted: what is missing here was not verified."),
        "no_difference": _("No difference was found."),
    }
    rules = [
        _("Perfect: every message is in its folder, with its bytes (line ends aside), its date and its flags."),
        _("Good: what is absent or different has an explanation, or is a flag on at most 1 message in 1,000."),
        _(
            "Investigate: messages not settled yet, or dates, folders or doubles without an explanation on at most"
            " 1 message in 1,000, or flags on more."
        ),
        _("Poor: a message is missing or altered without an explanation, or more than that differs."),
    ]
    return frame("report.html.j2").render(facts=facts, labels=labels, rules=rules)
