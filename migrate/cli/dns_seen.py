"""What the ``dns`` commands saw, kept for a domain's rollout: whether the new system may send, who holds the new MX."""

from __future__ import annotations

from collections.abc import Sequence

from migrate.cli.observing import observe
from migrate.cli.organisation import Place
from migrate.dns.admitting import admitted
from migrate.dns.arrival import Held
from migrate.dns.findings import Finding
from migrate.rollout.world import expect_of, sites_of
from plans import Organisation


def keep_senders(
    place: Place, organisation: Organisation | None, domain: str, expect: str, findings: Sequence[Finding]
) -> None:
    """Whether SPF and DKIM let the domain's new system send; of another system nothing is kept."""
    if not _is_its_target(organisation, domain, expect):
        return
    good = admitted([one.code for one in findings])
    observe(place, "domain", domain, "senders", good, f"bascule dns check {domain}")


def keep_arrival(
    place: Place, organisation: Organisation | None, domain: str, expect: str, found: Sequence[Held]
) -> None:
    """Which of those who count hold the MX of the domain's new system; of another system nothing is kept."""
    if not _is_its_target(organisation, domain, expect):
        return
    seen = {f"{one.view}": one.state == "new" for one in found if one.counts}
    # A name server that no longer serves the zone is asked no more: nothing waits for it.
    observe(place, "domain", domain, "arrived", seen, f"bascule dns wait {domain}", whole=True)


def _is_its_target(organisation: Organisation | None, domain: str, expect: str) -> bool:
    """What is right for the old system, or for a third one, says nothing of the cutover."""
    if organisation is None or domain not in organisation.domains:
        return False
    sites = sites_of(organisation)[domain]
    return expect in {expect_of(organisation, organisation.sites[name].target) for name in sites}
