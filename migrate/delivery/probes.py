"""Probes: test messages that prove routes.  What was sent, what arrived, and what must have arrived.  Data alone.

Everything here is kept as evidence in the organisation's folder: addresses, times, names of hosts and verdicts of
servers, never a body, a password or the text of an answer beyond its code.
"""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

from migrate.delivery.recipe import Mode

Sender = Literal["outside", "old", "new"]
Whom = Literal["moved", "not-moved", "group", "alias", "unknown"]
Side = Literal["old", "new"]
SENDERS: tuple[Sender, ...] = ("outside", "old", "new")
#: The header field that holds the token, beside the Message-ID and the subject: servers may replace those.
FIELD = "X-Bascule-Probe"


class _Kept(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Leg(_Kept):
    """A mailbox on one side.  ``must``: a copy has to arrive; else one may; what is no leg must stay away."""

    side: Side
    mailbox: str
    must: bool = True


class Route(_Kept):
    """One cell of the matrix: from whom to whom."""

    sender: Sender
    whom: Whom
    address: str
    legs: tuple[Leg, ...]

    @property
    def label(self) -> str:
        return f"{self.sender}>{self.whom}:{self.address}"


class Hop(_Kept):
    """A Received field: which host took the message, from which."""

    by: str
    source: str = ""


class Arrived(_Kept):
    """A copy of a probe, as it lies in a mailbox."""

    side: Side
    mailbox: str
    folder: tuple[str, ...]
    key: str
    #: Seconds since 1970: when the server received it, or when it was seen where the server does not say.
    at: float
    #: The path, the last hop first, as Received fields stand.
    hops: tuple[Hop, ...] = ()
    delivered_to: tuple[str, ...] = ()
    #: Verdicts of Authentication-Results (RFC 8601), such as ``{"spf": "pass", "dkim": "fail"}``; the topmost counts.
    authentication: dict[str, str] = {}


class Probe(_Kept):
    """One probe.  Its token is written down before it is sent, so that it can be told from any other mail."""

    token: str
    route: Route
    #: ``pending`` (not sent yet), ``sending`` (it may have left), ``accepted``, ``refused``, ``failed``, ``unsendable``
    #: (the plan has no account for this sender).
    state: Literal["pending", "sending", "accepted", "refused", "failed", "unsendable"] = "pending"
    sent_at: float | None = None
    #: The SMTP code of the answer, or what kept it from being sent; never the server's text.
    answer: str = ""
    arrived: tuple[Arrived, ...] = ()


class ProbeRun(_Kept):
    """All probes of one run over a site."""

    site: str
    mode: Mode
    began: float
    probes: tuple[Probe, ...]
    #: When it was judged for the last time, and all was decided.
    ended: float | None = None
    #: Mailboxes that could not be looked into, as ``side mailbox``.
    unseen: tuple[str, ...] = ()


class Person(_Kept):
    """Somebody whom probes are sent to, and who may be looked at on either side."""

    mailbox: str
    address: str
    aliases: tuple[str, ...] = ()


def routes(
    mode: Mode,
    moved: list[Person],
    not_moved: list[Person],
    *,
    group: str | None,
    unknown: str,
) -> list[Route]:
    """The matrix, as far as there is somebody for each cell.  ``unknown``: an address that nobody has.

    Mail from outside and from the old side to somebody who moves reaches both sides with dual delivery, the new side
    alone with split delivery.  Mail from the new side stays there for whom has an account there; a copy on the old side
    is no fault.  Mail for who has not moved reaches the old side alone, whoever sends it: one of them proves the way
    there, and each of them that the new side does not keep it.
    """
    found: list[Route] = []
    for sender in SENDERS:
        for person in moved:
            legs = _legs(mode, sender, person)
            found.append(Route(sender=sender, whom="moved", address=person.address, legs=legs))
            if person.aliases:
                found.append(Route(sender=sender, whom="alias", address=person.aliases[0], legs=legs))
        for person in not_moved if sender == "new" else not_moved[:1]:
            legs = (Leg(side="old", mailbox=person.mailbox),)
            found.append(Route(sender=sender, whom="not-moved", address=person.address, legs=legs))
        if group is not None and moved and not_moved:
            found.append(Route(sender=sender, whom="group", address=group, legs=_mixed(mode, sender, moved, not_moved)))
        found.append(Route(sender=sender, whom="unknown", address=unknown, legs=()))
    return found


def _mixed(mode: Mode, sender: Sender, moved: list[Person], not_moved: list[Person]) -> tuple[Leg, ...]:
    """To a group of both the first of each belongs; the others may."""
    first = (*_legs(mode, sender, moved[0]), Leg(side="old", mailbox=not_moved[0].mailbox))
    others = [leg for person in moved[1:] for leg in _legs(mode, sender, person)]
    others += [Leg(side="old", mailbox=person.mailbox) for person in not_moved[1:]]
    return (*first, *(leg.model_copy(update={"must": False}) for leg in others))


def _legs(mode: Mode, sender: Sender, person: Person) -> tuple[Leg, ...]:
    new = Leg(side="new", mailbox=person.mailbox)
    if mode == "split":
        return (new,)
    return (Leg(side="old", mailbox=person.mailbox, must=sender != "new"), new)
