"""What documents say of the mail itself: how much there is, what did not arrive, how long it takes, what is carried."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from runbooks.facts import Plain


class Inventory(Plain):
    """What a site holds, over the mailboxes that were looked at.  Sizes are bytes."""

    mailboxes: int
    #: Of these, those that were looked at.
    looked_at: int
    shared: int
    messages: int
    size: int
    #: The largest mailboxes, the largest first, at most ten: address, messages, bytes.
    largest: tuple[MailboxLoad, ...]
    #: The longest message that was found, bytes; None when nobody looked.
    longest_message: int | None


class MailboxLoad(Plain):
    address: str
    messages: int
    size: int


class ReasonCount(Plain):
    """Messages that are not on the target for one reason."""

    #: As in ``bascule explain CODE``.
    code: str
    #: In the document's language.
    text: str
    count: int
    #: Nobody wants them there: a rule of the plan leaves them out.
    left_out: bool


class Missed(Plain):
    """One message that is not on the target.  Nothing of what it says."""

    address: str
    folder: str
    #: Bytes; None when the source does not tell.
    size: int | None
    received: datetime | None
    code: str
    text: str


class NotCopied(Plain):
    """All that is not on the target."""

    reasons: tuple[ReasonCount, ...]
    #: Refused, left out by rule, and open.
    refused: int
    left_out: int
    open: int
    #: Those over the target's limit, and the first hundred refused ones.
    too_large: int
    messages: tuple[Missed, ...]
    #: Refused ones beyond these, which ``bascule not-copied`` lists.
    more: int


class Estimate(Plain):
    """When the first copy of a site is done, if it is begun when the figures were made."""

    begin: datetime
    #: In the middle of cases and in the worst tenth of them; None: not within ten years.
    p50: datetime | None
    p90: datetime | None
    #: Passes that the pace was measured on; 0: as documented.
    passes: int
    #: Where the pace is from when nothing was measured.
    documented: str
    #: What one mailbox reaches in the middle of cases, and in the worst tenth; None without a limit.
    messages_per_second: float | None
    bytes_per_second: float | None
    slow_messages_per_second: float | None
    slow_bytes_per_second: float | None
    #: What is still to copy.
    messages: int
    size: int
    #: Mailboxes that were never looked at.
    unknown: int


class Rehearsal(Plain):
    """The last rehearsal of a site."""

    mailboxes: int
    #: Messages that were read and judged.
    judged: int
    would_fail: int
    reasons: tuple[ReasonCount, ...]
    interrupted: bool
    #: Messages a mailbox that were taken; None for all.
    sample: int | None
    #: The longest message that the target is documented to take, bytes.
    max_message: int | None


class ScopeItem(Plain):
    """Something that people have in their mailbox, and what becomes of it."""

    #: ``messages``, ``read-state``, ``rules``, ``signatures`` … stable.
    code: str
    title: str
    #: What becomes of it, as a sentence.
    what: str
    #: What its owner does about it; empty where there is nothing to do.
    to_do: str = ""
    #: How many, where that was counted.
    count: int | None = None
    #: Where this is known from: a system's capability, the plan, a rehearsal.
    source: str


class Scope(Plain):
    """What is carried, what arrives changed, what is left behind."""

    carried: tuple[ScopeItem, ...]
    changed: tuple[ScopeItem, ...]
    left_behind: tuple[ScopeItem, ...]


Verdict = Literal["carried", "changed", "left_behind"]

Inventory.model_rebuild()
