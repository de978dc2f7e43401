"""What the plan and the ledger know of an organisation before it chooses.  Asks no server and writes nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from sqlalchemy import Connection, func, select

from migrate.choice.systems import SYSTEMS, MailSystem
from migrate.engine.remembered import Remembered
from migrate.ledger import pace
from migrate.ledger.messages import UNTOLD
from migrate.ledger.pace import MailboxSize
from migrate.ledger.schema import Direction, folder, message
from migrate.rollout.estimate import Load
from migrate.rollout.outlook import guess, outlook
from plans import Organisation, Site, System
from plans.choice import OptionCode
from runbooks.choice_facts import Duration, Inventory, Sizes
from runbooks.facts import Seen, Unknown

_LOOK = "bascule estimate"
_PLAN = "plan"
_LEDGER = "ledger"
#: A made-up system's name, which no plan can have: nothing was measured with it.
_IMAGINED = "(imagined)"
_MAX_SESSIONS = 20


@dataclass(frozen=True, slots=True)
class Known:
    """The inventory, and what forecasts and costs are made from: sizes by site, and by mailbox."""

    inventory: Inventory
    sizes: dict[str, dict[str, MailboxSize]]

    @property
    def mailbox_sizes(self) -> list[int]:
        return [one.size for found in self.sizes.values() for one in found.values()]


def gather(organisation: Organisation, remembered: Remembered, now: datetime) -> Known:
    """Of all sites.  Raises LedgerError."""
    sizes = {name: _sizes(site, remembered) for name, site in sorted(organisation.sites.items())}
    people = [person for site in organisation.sites.values() for person in site.people]
    unseen: tuple[int | None, int | None] = None, None
    keywords, folders = remembered.read(_counted, unseen)

    def planned(count: int) -> Seen[int]:
        return Seen(value=count, at=now, source=_PLAN)

    def ledgered(count: int | None) -> Seen[int] | Unknown:
        return Unknown(how="bascule copy") if count is None else Seen(value=count, at=now, source=_LEDGER)

    inventory = Inventory(
        mailboxes=planned(len(people)),
        shared=planned(sum(person.shared for person in people)),
        groups=planned(len(set(organisation.groups) | {group for person in people for group in person.groups})),
        archives=planned(sum(len(person.archives) for person in people)),
        sizes=_told([one for found in sizes.values() for one in found.values()], len(people)),
        keywords=ledgered(keywords),
        folders=ledgered(folders),
    )
    return Known(inventory, sizes)


def _sizes(site: Site, remembered: Remembered) -> dict[str, MailboxSize]:
    nothing: dict[str, MailboxSize] = {}
    found = remembered.read(lambda connection: pace.sizes(connection, site.name), nothing)
    return {person.mailbox: found[person.mailbox] for person in site.people if person.mailbox in found}


def _told(found: Sequence[MailboxSize], mailboxes: int) -> Seen[Sizes] | Unknown:
    if not found:
        return Unknown(how=_LOOK)
    told = Sizes(
        mailboxes=len(found),
        missing=mailboxes - len(found),
        messages=sum(one.messages for one in found),
        bytes=sum(one.size for one in found),
        largest_mailbox=max(one.size for one in found),
        largest_message=max(one.largest for one in found),
    )
    oldest = datetime.fromtimestamp(min(one.found_at for one in found), UTC)
    return Seen(value=told, at=oldest, source=_LOOK)


def _counted(connection: Connection) -> tuple[int | None, int | None]:
    """Messages with keywords, and folders; None while no message was ever seen."""
    forth = message.c.direction == Direction.FORTH
    rows = connection.execute(
        select(message.c.flags_seen, func.count())
        .where(forth, message.c.successor.is_(None), message.c.gone_at.is_(None))
        .group_by(message.c.flags_seen)
    ).all()
    if not rows:
        return None, None
    keyed = sum(
        count for flags, count in rows if any(not flag.startswith("\\") for flag in flags.split()) and flags != UNTOLD
    )
    here = (folder.c.direction == Direction.FORTH) & folder.c.gone_at.is_(None)
    return keyed, connection.scalar(select(func.count()).select_from(folder).where(here))


def duration_of(
    option: OptionCode, organisation: Organisation, known: Known, remembered: Remembered, now: datetime
) -> Seen[Duration] | Unknown:
    """How long copying to one system would take; unknown while a mailbox was never looked at."""
    if known.inventory.mailboxes.value == 0:
        return Unknown(how="bascule people import")
    sizes = known.inventory.sizes
    if isinstance(sizes, Unknown) or sizes.value.missing:
        return Unknown(how=_LOOK)
    system = SYSTEMS[option]
    typical = slow = 0.0
    passes = 0
    grounds: list[str] = []
    for name, found in known.sizes.items():
        if not found:
            continue
        meant, site = _as_if(organisation, organisation.sites[name], system)
        expected = outlook(meant, site, remembered)
        told = guess([Load(one.messages, one.size, one.listing) for one in found.values()], expected)
        typical, slow, passes = typical + told.typical, slow + told.slow, passes + told.passes
        grounds.append(expected.documented or "ledger: bascule copy")
    duration = Duration(typical=typical, slow=slow, measured_passes=passes)
    return Seen(value=duration, at=now, source=" · ".join(["bascule estimate", *dict.fromkeys(grounds)]))


def _as_if(organisation: Organisation, site: Site, system: MailSystem) -> tuple[Organisation, Site]:
    """The site as if it went to this system: as planned where it does, else with what its connector keeps to."""
    if organisation.systems[site.target].connector == system.connector:
        return organisation, site
    imagined = System(
        name=_IMAGINED,
        connector=system.connector,
        settings=system.settings,
        max_sessions=_MAX_SESSIONS,
        bandwidth=None,
        messages_per_second=None,
        master=None,
    )
    return replace(organisation, systems={**organisation.systems, _IMAGINED: imagined}), replace(site, target=_IMAGINED)
