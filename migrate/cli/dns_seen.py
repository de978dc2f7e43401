"""What the ``dns`` commands saw, kept for a domain's rollout: whether the new system may send, who holds the new MX."""

from __future__ import annotations

from collections.abc import Sequence

from migrate.cli.observing import observe
from migrate.cli.organisation import Place
from migrate.dns.arrival import Held
from migrate.dns.findings import Finding

#: Findings with which mail from the new system may be taken for spam, whatever their severity.
_SHUT_OUT = ("spf-new-sender", "dkim-missing")


def keep_senders(place: Place, domain: str, findings: Sequence[Finding]) -> None:
    """Whether SPF and DKIM let the expected system send."""
    against = [one.code for one in findings if one.severity == "problem" or one.code in _SHUT_OUT]
    by = f"bascule dns check {domain}"
    good = {kind.upper(): not any(code.startswith(f"{kind}-") for code in against) for kind in ("spf", "dkim")}
    observe(place, "domain", domain, "senders", good, by)


def keep_arrival(place: Place, domain: str, found: Sequence[Held]) -> None:
    """Which of those who count hold the new MX."""
    seen = {f"{one.view}": one.state == "new" for one in found if one.counts}
    observe(place, "domain", domain, "arrived", seen, f"bascule dns wait {domain}")
