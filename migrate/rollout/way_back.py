"""The way back, as a plan: what is done in which order, with the old records to the letter.  Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from connectors.language import _
from migrate.rollout.phases import domain_reached, site_reached
from runbooks.facts import DomainFacts, Plain, SiteFacts, Unknown

#: The command that copies from the new side to the old one.
COPY_BACK: Final = "bascule copy {site} --back"


class WayBack(Plain):
    """What to do, line by line; a line may be a command."""

    do: tuple[str, ...]
    #: The old records, to the letter; empty where the MX did not change.
    records: tuple[str, ...] = ()


def way_back_of(facts: SiteFacts | DomainFacts) -> WayBack:
    """The plan for a site or a domain in the phase that it is in."""
    if isinstance(facts, SiteFacts):
        return WayBack(do=tuple(_of_site(facts)))
    return _of_domain(facts)


def _of_site(site: SiteFacts) -> Iterator[str]:
    if not site_reached(site.phase, "switch"):
        yield _("Nobody works in the new mailbox yet: nothing has to be brought back. The copies there stay.")
    else:
        if site.mx_first == "old" and site.domain_phase is not None and domain_reached(site.domain_phase, "cutover"):
            # What arrives after the copy back would be on the new side alone.
            yield _("The MX of {domain} leads to the new side: first bascule rollout back {domain}").format(
                domain=site.domain
            )
        yield _("Tell everybody at the site to write and send nothing for an hour.")
        yield _("Put the old account back into their programs: host, user and password are those of before.")
        yield COPY_BACK.format(site=site.name)
        yield _("What arrived, and was sent, on the new side since the switch is now in the old mailboxes.")
        yield _("Leave dual delivery on: what arrives goes to both sides.")
    yield _('To record it: bascule rollout back {subject} --because "…"').format(subject=site.name)


def _of_domain(domain: DomainFacts) -> WayBack:
    records = () if isinstance(domain.records, Unknown) else domain.records.value.lines
    do: list[str] = []
    if domain.phase == "decommission":
        told = _(
            "See first that the old server runs and takes mail for {domain}; where it is gone there is no way back."
        )
        do.append(told.format(domain=domain.name))
    if not domain_reached(domain.phase, "cutover"):
        do.append(_("The MX has not changed. If the TTL was lowered, enter the old records again:"))
    else:
        told = _("If the old server passes mail for {domain} on to the new one, have it stop passing it on.")
        do.append(told.format(domain=domain.name))
        zone = domain.zone_at or _("at your provider")
        do.append(_("Enter the old records where the zone is kept ({zone_at}):").format(zone_at=zone))
        do.append(_("See that everybody holds them: bascule dns check {domain}").format(domain=domain.name))
        do.append(
            _("Leave the new side as it is: for minutes, and from some senders for days, mail still arrives there.")
        )
        do += [COPY_BACK.format(site=site.name) for site in domain.sites if site_reached(site.phase, "switch")]
        told = _(
            "What arrived on the new side since the cutover is now in the old mailboxes. Copy back again tomorrow."
        )
        do.append(told)
    do.append(_('To record it: bascule rollout back {subject} --because "…"').format(subject=domain.name))
    if not records:
        how = domain.records.how if isinstance(domain.records, Unknown) else ""
        do.insert(0, _("The old records are not kept. Look for them now: {how}").format(how=how))
    return WayBack(do=tuple(do), records=tuple(records))


def lines_of(plan: WayBack) -> Sequence[str]:
    """Numbered for people; the records below."""
    return [
        *(f"  {number}. {line}" for number, line in enumerate(plan.do, 1)),
        *(f"     {one}" for one in plan.records),
    ]
