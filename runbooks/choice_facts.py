"""What a choice note is made of: three systems side by side for one organisation, each figure with its source."""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal

from runbooks.facts import Plain, Seen, Unknown

OptionCode = Literal["google_workspace", "microsoft365", "open_source"]
Stance = Literal["for", "against", "rules_out"]


class Answer(Plain):
    """One answer of the organisation's."""

    code: str
    question: str
    #: In words; None while it is open.
    answer: str | None


class Sizes(Plain):
    """Mailboxes as they were found, in bytes.  ``missing``: those that nobody has looked at."""

    mailboxes: int
    missing: int
    messages: int
    bytes: int
    largest_mailbox: int
    largest_message: int


class Inventory(Plain):
    """What the organisation has today."""

    mailboxes: Seen[int]
    #: Mailboxes that several people work in.
    shared: Seen[int]
    groups: Seen[int]
    archives: Seen[int]
    sizes: Seen[Sizes] | Unknown
    #: Messages with keywords, of those that the ledger has seen.
    keywords: Seen[int] | Unknown
    folders: Seen[int] | Unknown


class Duration(Plain):
    """Seconds of copying, one site after the other, at any hour of the day."""

    typical: float
    slow: float
    #: Passes that the rate was measured on; 0: as documented.
    measured_passes: int


class Year(Plain):
    """What one year costs.  ``parts`` add up to ``amount``; ``whole``: nothing of it is missing, else it costs more."""

    year: int
    mailboxes: int
    mailbox: float
    month: float
    once: float
    storage: float
    amount: float
    whole: bool


class Money(Plain):
    """An amount.  ``whole`` as in :class:`Year`."""

    amount: float
    whole: bool


class Cost(Plain):
    """What a system costs, in the currency of the prices."""

    currency: str
    #: The day on which the prices were looked up; None without prices.
    looked_up: date | None
    years: Seen[tuple[Year, ...]] | Unknown
    #: Work to keep it running, a year.
    work: Seen[float] | Unknown
    #: Of all years, work included.
    total: Seen[Money] | Unknown
    #: What to ask, and whom, so that the figures become whole.
    ask: tuple[str, ...]


class Change(Plain):
    """What becomes of one thing that people have in their mailboxes."""

    code: str
    title: str
    verdict: Literal["kept", "changed", "lost", "not_known"]
    what: str
    #: How many messages, mailboxes or folders are concerned; None where that is not known.
    count: int | None
    source: str


class Need(Plain):
    """Something that somebody has to know or to do."""

    what: str
    source: str


class Ground(Plain):
    """Why something speaks for or against a system, here."""

    code: str
    stance: Stance
    why: str
    #: The answer, or the finding, that it follows from, and the page behind it.
    source: str


class OptionFacts(Plain):
    """One of the three."""

    code: OptionCode
    title: str
    duration: Seen[Duration] | Unknown
    cost: Cost
    changes: tuple[Change, ...]
    needs: tuple[Need, ...]
    grounds: tuple[Ground, ...]


class Verdict(Plain):
    """``one`` leads, or ``none_left`` after what rules out, or what they differ in is for people to weigh
    (``to_weigh``), or answers are still ``open``."""

    kind: Literal["one", "none_left", "to_weigh", "open"]
    option: OptionCode | None
    why: tuple[str, ...]


class ChoiceFacts(Plain):
    """A choice note at one moment."""

    organisation: str
    language: Literal["fr", "en"]
    at: datetime
    answers: tuple[Answer, ...]
    inventory: Inventory
    options: tuple[OptionFacts, ...]
    verdict: Verdict
