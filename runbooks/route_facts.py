"""What documents say of the way mail takes: DNS records, dual delivery, test messages.  Plain."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from runbooks.facts import Plain, Seen, TimeToLive, Unknown


class DnsAnswer(Plain):
    """What the zone's own name servers say."""

    name: str
    type: str
    #: As a zone file has them; empty where there are none.
    values: tuple[str, ...]
    #: Seconds.
    ttl: int | None


class DnsNow(Plain):
    """The records of a domain that concern mail, as they were seen last."""

    answers: tuple[DnsAnswer, ...]
    #: Of the zone's SOA; None when it was not told.
    serial: int | None
    #: Name servers asked that do not agree with the others.
    disagreeing: tuple[str, ...]


class DnsStep(Plain):
    """One change of the zone."""

    #: ``before``: shorten the TTL; ``cutover``: the new MX; ``after``: the TTL as it was; ``back``: the old records.
    when: str
    #: Seconds to wait after it.
    wait: int
    #: Lines of a zone file.
    remove: tuple[str, ...]
    enter: tuple[str, ...]


class DnsSteps(Plain):
    """The steps of a cutover, worked out before anything was changed."""

    #: Who is to receive the mail.
    expected: str
    steps: tuple[DnsStep, ...]


class DnsFacts(Plain):
    """A domain's records: how they are, how they shall be, and when the MX may change."""

    domain: str
    zone_at: str | None
    now: Seen[DnsNow] | Unknown
    target: Seen[DnsSteps] | Unknown
    ttl: Seen[TimeToLive] | Unknown
    #: Nobody who keeps to the rules holds the long-lived MX after that; None while its TTL is long.
    earliest_cutover: datetime | None
    command: str


class RecipeFile(Plain):
    """A file of a recipe, and its place on the server."""

    name: str
    text: str
    goes_to: str


class RecipeStep(Plain):
    """One thing to do, to switch it on, to check it, or to switch it off."""

    moment: Literal["on", "check", "off"]
    owner: str
    what: str
    command: str
    see: str
    otherwise: str


class Recipe(Plain):
    """How the old server delivers to both sides."""

    server: str
    title: str
    mode: Literal["dual", "split"]
    domain: str
    #: The domain that belongs to the new side alone.
    technical: str
    files: tuple[RecipeFile, ...]
    steps: tuple[RecipeStep, ...]
    pitfalls: tuple[str, ...]


class ProbeCell(Plain):
    """One route, and what a test message proved of it."""

    #: ``outside``, ``old`` or ``new``.
    sender: str
    #: ``moved``, ``not-moved``, ``group``, ``alias`` or ``unknown``.
    whom: str
    address: str
    #: ``proved``, ``missing``, ``doubled``, ``loop`` … as in ``bascule explain``.
    proof: str
    #: In the document's language.
    text: str
    good: bool
    #: Seconds until the slowest copy was there.
    latency: float | None


class ProbeMatrix(Plain):
    """The last run of test messages."""

    mode: Literal["dual", "split"]
    cells: tuple[ProbeCell, ...]
    proved: int
    #: Whether nothing is left to be waited for.
    decided: bool


class Delivery(Plain):
    """Both deliveries of a site."""

    recipe: Seen[Recipe] | Unknown
    probes: Seen[ProbeMatrix] | Unknown
