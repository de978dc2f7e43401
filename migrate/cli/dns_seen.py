"""What the ``dns`` commands saw, kept for a domain's rollout: whether the new system may send, who holds the new MX."""

from __future__ import annotations

from collections.abc import Sequence

from migrate.cli.observing import observe
from migrate.cli.organisation import Place
from migrate.dns.admitting import admitted
from migrate.dns.arrival import Held
from migrate.dns.findings import Finding


def keep_senders(place: Place, domain: str, findings: Sequence[Finding]) -> None:
    """Whether SPF and DKIM let the expected system send."""
    good = admitted([one.code for one in findings])
    observe(place, "domain", domain, "senders", good, f"bascule dns check {domain}")


def keep_arrival(place: Place, domain: str, found: Sequence[Held]) -> None:
    """Which of those who count hold the new MX."""
    seen = {f"{one.view}": one.state == "new" for one in found if one.counts}
    observe(place, "domain", domain, "arrived", seen, f"bascule dns wait {domain}")
