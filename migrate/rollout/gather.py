"""Gathering the facts of a site: once, from the plan, the ledger and what commands saw last.

``SITE_FACTS`` is the registry: who brings a fact adds a gatherer, or lets its command keep what it sees
(:func:`migrate.ledger.observations.keep`), under the name that stands here.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, time, timedelta
from math import inf
from typing import cast

from connectors.language import _
from migrate.ledger.observations import Observed
from migrate.ledger.schema import ON_TARGET, MailboxState, Outcome
from migrate.ledger.standing import Standing
from migrate.rollout.cases import cases_of
from migrate.rollout.gather_domain import senders
from migrate.rollout.history import moment
from migrate.rollout.staying import staying
from migrate.rollout.world import TRY_BACK, Fact, SiteGatherer, World, of_mailboxes, of_parts, share_of
from plans import Site
from runbooks.facts import Copied, Grade, Graded, Seen, Share, Unknown

_OPEN = (Outcome.PENDING, Outcome.UNCERTAIN)
_GRADES = ("perfect", "good", "investigate", "poor")


def _licences(world: World, site: Site) -> Fact:
    if not world.organisation.licences:
        return share_of(world, {}, (), "")
    return of_parts("licences", "bascule licences order")(world, site)


def _cases(world: World, site: Site) -> Fact:
    wanted = dict(case for person in site.people for case in cases_of(person))
    missing = tuple(title for code, title in sorted(wanted.items()) if code not in world.history.tested)
    share = Share(done=len(wanted) - len(missing), of=len(wanted), missing=missing)
    return Seen(value=share, at=moment(world.now), source="ledger")


def _copied(world: World, site: Site) -> Fact:
    rows = {one.mailbox: world.mailboxes.get(one.mailbox) for one in site.people}
    begun = [row for row in rows.values() if row is not None and row.last_pass is not None]
    if not begun:
        return Unknown(how=f"bascule copy {site.name}")
    counts = dict.fromkeys(Outcome, 0)
    for row in begun:
        for outcome, count in row.outcomes.items():
            counts[outcome] += count
    missing = tuple(name for name, row in rows.items() if row is None or row.state is not MailboxState.COPIED)
    copied = Copied(
        seen=sum(counts.values()),
        there=sum(counts[one] for one in ON_TARGET),
        explained=counts[Outcome.LEFT_OUT] + counts[Outcome.REFUSED],
        left_out=counts[Outcome.LEFT_OUT],
        open=sum(counts[one] for one in _OPEN),
        mailboxes=Share(done=len(rows) - len(missing), of=len(rows), missing=missing),
    )
    return Seen(value=copied, at=moment(min(row.last_pass or 0 for row in begun)), source="ledger")


def _space(world: World, site: Site) -> Fact:
    """Whether twice of what arrives as a rule has room until the switch; unknown where one server does not say."""
    items = world.observed("site", site.name, "space")
    wanted = [person.mailbox for person in site.people]
    looked = {one: items[one] for one in wanted if one in items}
    missing = tuple(one for one, seen in looked.items() if not _has_room(seen, site))
    if len(looked) < len(wanted) and not missing:
        return Unknown(how=f"bascule rollout confirm {site.name} space")
    share = Share(done=len(wanted) - len(missing), of=len(wanted), missing=missing)
    at = min((one.at for one in looked.values()), default=world.now)
    return Seen(value=share, at=moment(at), source=f"bascule check {site.name}")


def _has_room(seen: Observed, site: Site) -> bool:
    days = 0.0
    if site.switch is not None:
        switch = datetime.combine(site.switch, time(), site.time_zone)
        days = max((switch - moment(seen.at)) / timedelta(days=1), 0.0)
    return bool(seen.good and seen.detail["free"] >= 2 * seen.detail["a_day"] * days)


def _dual(world: World, site: Site) -> Fact:
    rows = {one.mailbox: world.mailboxes.get(one.mailbox) for one in site.people}
    on = {name for name, row in rows.items() if row is not None and row.dual_delivery_since is not None}
    if not on:
        return Unknown(how=f"bascule delivery on {site.name}")
    missing = tuple(name for name in rows if name not in on)
    return Seen(value=Share(done=len(on), of=len(rows), missing=missing), at=moment(world.now), source="ledger")


def _archives(world: World, site: Site) -> Fact:
    wanted = [person.mailbox for person in site.people if person.archives]
    how = f"bascule archive coverage {site.name}"
    return share_of(world, world.observed("site", site.name, "archives"), wanted, how)


def _site_senders(world: World, site: Site) -> Fact:
    domain = world.domain_of(site)
    if domain is None:
        how = _("write its domain under domains in organisation.yaml, and as domain in sites/{site}.yaml")
        return Unknown(how=how.format(site=site.name))
    return senders(world, domain)


def _routes(world: World, site: Site) -> Fact:
    """Mail from the new side to each who has not moved, and above all to whom it has an account for already."""
    how = f"bascule delivery probe {site.name}"
    items = world.observed("site", site.name, "routes")
    if not items:
        return Unknown(how=how)
    domain = world.domain_of(site)
    stays = staying(world, site, domain) if domain is not None else []
    unproved = {one.person.address for one in stays if one.known} - items.keys()
    return share_of(world, items, [*items, *sorted(unproved)], how)


def _delta(world: World, site: Site) -> Fact:
    """Complete passes since everybody is at work in the new mailbox: until then some still write in the old one."""
    rows = {one.mailbox: world.mailboxes.get(one.mailbox) for one in site.people}
    if not any(row is not None and row.last_pass is not None for row in rows.values()):
        return Unknown(how=f"bascule copy {site.name}")
    entered = world.history.course("site", site.name).entered
    at_work = max((entered[phase] for phase in ("switch", "delta") if phase in entered), default=inf)
    missing = tuple(name for name, row in rows.items() if row is None or not _copied_since(row, at_work))
    return Seen(
        value=Share(done=len(rows) - len(missing), of=len(rows), missing=missing),
        at=moment(world.now),
        source="ledger",
    )


def _copied_since(row: Standing, when: float) -> bool:
    return row.last_pass is not None and row.last_pass > when and row.state is MailboxState.COPIED


def _verified(world: World, site: Site) -> Fact:
    items = world.observed("site", site.name, "verified")
    wanted = [person.mailbox for person in site.people]
    looked = [items[one] for one in wanted if one in items]
    if not looked:
        return Unknown(how=f"bascule verify {site.name}")
    missing = tuple(one for one in wanted if one not in items)
    grades = [str(one.detail["grade"]) for one in looked]
    otherwise = [str(one.detail.get("but_for_removed", one.detail["grade"])) for one in looked]
    removed = sum(int(one.detail.get("removed", 0)) for one in looked)
    graded = Graded(
        grade=cast("Grade", max(grades, key=_GRADES.index)),
        mailboxes=Share(done=len(looked), of=len(wanted), missing=missing),
        removed=removed,
        but_for_removed=cast("Grade", max(otherwise, key=_GRADES.index)) if removed else None,
    )
    return Seen(
        value=graded,
        at=moment(min(one.at for one in looked)),
        source=looked[0].source,
    )


#: Each fact of a site that is looked up; a gatherer whose part is not there says how to find out.
SITE_FACTS: Mapping[str, SiteGatherer] = {
    "sign_in": of_mailboxes("sign-in", "bascule check"),
    "accounts": of_mailboxes("accounts", "bascule check"),
    "licences": _licences,
    "backup": of_mailboxes("backup", "bascule backup"),
    "cases": _cases,
    "copied": _copied,
    "space": _space,
    "dual": _dual,
    "archives": _archives,
    "probes": of_parts("probes", "bascule delivery probe"),
    "routes": _routes,
    "senders": _site_senders,
    "way_back": of_mailboxes("way-back", TRY_BACK),
    "delta": _delta,
    "verified": _verified,
}
