"""How much mail there is, what did not arrive, how long it takes, and what the rehearsal said."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from math import inf
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from connectors.contract import Reason
from migrate.figures import path_text
from migrate.ledger import mailboxes, not_copied
from migrate.ledger.counts import tally
from migrate.ledger.pace import MailboxSize
from migrate.ledger.schema import Direction, Outcome
from migrate.rollout.estimate import Load, forecast
from migrate.rollout.history import moment
from migrate.rollout.outlook import Outlook
from migrate.rollout.world import World
from plans import Person, Site
from runbooks.facts import Seen, Unknown
from runbooks.mail_facts import Estimate, Inventory, MailboxLoad, Missed, NotCopied, ReasonCount, Rehearsal

#: What a reason is called in the language that is spoken.
ReasonText = Callable[[Reason], str]
#: Refused messages that a document lists; the rest stands in ``bascule not-copied``.
LISTED = 100
_LARGEST = 10
_OPEN = (Outcome.PENDING, Outcome.UNCERTAIN)
#: Where rehearsals keep what they came to, below the organisation's folder.
_REHEARSALS = "rehearsals"


def inventory(world: World, site: Site, sizes: Mapping[str, MailboxSize]) -> Seen[Inventory] | Unknown:
    known = {one.address: sizes[one.mailbox] for one in site.people if one.mailbox in sizes}
    if not known and site.people:
        return Unknown(how=f"bascule estimate {site.name}")
    ordered = sorted(known.items(), key=lambda one: (-one[1].size, one[0]))
    told = Inventory(
        mailboxes=len(site.people),
        looked_at=len(known),
        shared=sum(one.shared for one in site.people),
        messages=sum(one.messages for one in known.values()),
        size=sum(one.size for one in known.values()),
        largest=tuple(
            MailboxLoad(address=address, messages=one.messages, size=one.size) for address, one in ordered[:_LARGEST]
        ),
        longest_message=max((one.largest for one in known.values()), default=None),
    )
    at = min((one.found_at for one in known.values()), default=world.now)
    return Seen(value=told, at=_local(at, site), source=f"bascule estimate {site.name}")


def not_there(site: Site, connection: Connection, text: ReasonText) -> Seen[NotCopied] | Unknown:
    """What the ledger says did not arrive, and why."""
    people = {one.mailbox: one for one in site.people}
    rows = [row for row in mailboxes.of_site(connection, site.name) if row.name in people and row.last_pass is not None]
    if not rows:
        return Unknown(how=f"bascule copy {site.name}")
    counted = tally(connection, [row.id for row in rows], Direction.FORTH)
    reasons: Counter[str] = Counter()
    outcomes: Counter[Outcome] = Counter()
    for one in counted.values():
        reasons.update(one.reasons)
        outcomes.update(one.outcomes)
    refused = outcomes[Outcome.REFUSED]
    holding = [(row.id, people[row.name]) for row in rows if counted[row.id].outcomes[Outcome.REFUSED]]
    listed = list(_missed(connection, holding, site, text))
    told = NotCopied(
        reasons=tuple(_reasons(reasons, text)),
        refused=refused,
        left_out=outcomes[Outcome.LEFT_OUT],
        open=sum(outcomes[one] for one in _OPEN),
        too_large=reasons[Reason.TOO_LARGE],
        messages=tuple(listed),
        more=max(0, refused - len(listed)),
    )
    return Seen(value=told, at=_local(min(row.last_pass or 0 for row in rows), site), source="ledger")


#: Reasons of messages that are on the target all the same.
_THERE = frozenset({Reason.ADOPTED, Reason.IN_ANOTHER_SOURCE, Reason.DUAL_DELIVERED, Reason.MOVED_ON_SOURCE})
#: Of messages that are left out, as somebody wants it.
_BY_RULE = frozenset(
    {
        Reason.RULE_FOLDER, Reason.RULE_PRIVATE, Reason.PRIVATE_UNDECIDED, Reason.RULE_DATE, Reason.RULE_SIZE,
        Reason.NOT_MAIL, Reason.CAME_FROM_THERE, Reason.BEFORE_SWITCH,
    }
)  # fmt: skip


def _reasons(counts: Mapping[str, int], text: ReasonText) -> Iterator[ReasonCount]:
    known = {one.value: one for one in Reason if one not in _THERE}
    for code, count in sorted(counts.items(), key=lambda one: (-one[1], one[0])):
        if code in known and count:
            reason = known[code]
            yield ReasonCount(code=code, text=text(reason), count=count, left_out=reason in _BY_RULE)


def _missed(
    connection: Connection, rows: Sequence[tuple[int, Person]], site: Site, text: ReasonText
) -> Iterator[Missed]:
    left = LISTED
    for id_, person in rows:
        for one in not_copied.page(connection, id_, Direction.FORTH, Outcome.REFUSED, 0, left):
            left -= 1
            yield Missed(
                address=person.address,
                folder=path_text(one.folder),
                size=one.size,
                received=None if one.received is None else _local(one.received, site),
                code=(one.reason or Reason.REFUSED).value,
                text=text(one.reason or Reason.REFUSED),
            )
        if left <= 0:
            return


def estimate(
    world: World, site: Site, sizes: Mapping[str, MailboxSize], there: Mapping[str, tuple[int, int]], outlook: Outlook
) -> Seen[Estimate] | Unknown:
    """Of what is still to be copied.  ``there``: messages and bytes on the target already, by mailbox."""
    known = [one.mailbox for one in site.people if one.mailbox in sizes]
    if not known:
        return Unknown(how=f"bascule estimate {site.name}")
    loads = [_left(sizes[one], there.get(one, (0, 0))) for one in known]
    begin = _local(world.now, site)
    told = forecast(loads, outlook.pace, outlook.limits, outlook.hours, begin)
    typical, slow = outlook.pace.typical, outlook.pace.slow
    value = Estimate(
        begin=begin,
        p50=told.typical,
        p90=told.slow,
        passes=outlook.pace.passes,
        documented=outlook.documented,
        messages_per_second=_finite(typical.messages_per_second),
        bytes_per_second=_finite(typical.bytes_per_second),
        slow_messages_per_second=_finite(slow.messages_per_second),
        slow_bytes_per_second=_finite(slow.bytes_per_second),
        messages=sum(one.messages for one in loads),
        size=sum(one.size for one in loads),
        unknown=len(site.people) - len(known),
    )
    return Seen(value=value, at=begin, source=f"bascule estimate {site.name}")


def _left(size: MailboxSize, there: tuple[int, int]) -> Load:
    return Load(max(size.messages - there[0], 0), max(size.size - there[1], 0), size.listing)


def _finite(rate: float) -> float | None:
    return None if rate == inf else round(rate, 3)


def rehearsal(folder: Path, site: Site, text: ReasonText) -> Seen[Rehearsal] | Unknown:
    """The newest report that can be read."""
    how = Unknown(how=f"bascule rehearse {site.name}")
    pattern = f"{site.name}-[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]T*.json"
    for path in sorted((folder / _REHEARSALS).glob(pattern), reverse=True):
        try:
            told = json.loads(path.read_text(encoding="utf-8"))
            value = _rehearsed(told, text)
            at = datetime.fromisoformat(told["at"]).astimezone(site.time_zone)
        except (OSError, ValueError, KeyError, TypeError):
            continue
        return Seen(value=value, at=at, source=f"bascule rehearse {site.name}")
    return how


def _rehearsed(told: dict[str, Any], text: ReasonText) -> Rehearsal:
    failing = Counter(one["reason"] for mailbox in told["mailboxes"] for one in mailbox["would_fail"])
    return Rehearsal(
        mailboxes=len(told["mailboxes"]),
        judged=sum(one["judged"] for one in told["mailboxes"]),
        would_fail=sum(failing.values()),
        reasons=tuple(_reasons(failing, text)),
        interrupted=told["interrupted"],
        sample=told["sample"],
        max_message=told["target"]["max_message"],
    )


def _local(seconds: float, site: Site) -> datetime:
    return moment(seconds).astimezone(site.time_zone)
