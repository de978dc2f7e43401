"""Everything that is to be said of a domain, from the facts alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from migrate.dns.facts import Outcome
from migrate.dns.findings import SEVERITIES, Aims, Finding, Look
from migrate.dns.judge_mx import judge_mx
from migrate.dns.judge_servers import judge_servers
from migrate.dns.judge_services import judge_services
from migrate.dns.judge_signing import judge_dkim, judge_dmarc
from migrate.dns.judge_spf import judge_spf
from migrate.dns.judge_transport import judge_mta_sts, judge_tls_reports, judge_tlsa

_JUDGES: tuple[Callable[[Look, Aims], Iterator[Finding]], ...] = (
    judge_servers,
    judge_mx,
    judge_spf,
    judge_dkim,
    judge_dmarc,
    judge_services,
    judge_mta_sts,
    judge_tls_reports,
    judge_tlsa,
)


def judge(look: Look, aims: Aims) -> list[Finding]:
    """The findings, the worst first; ``look`` then knows what more was to be asked before they are final."""
    gone = look.answer(look.domain, "MX").outcome is Outcome.NXDOMAIN
    judges = (judge_servers, judge_mx) if gone else _JUDGES
    found = [finding for judge_one in judges for finding in judge_one(look, aims)]
    return sorted(dict.fromkeys(found), key=lambda finding: SEVERITIES.index(finding.severity))
