"""Whether a domain's records let the new side send.  Pure."""

from __future__ import annotations

from collections.abc import Collection

from migrate.dns.codes import Code

#: Findings after which mail that the new side sends is refused, or taken for forged.
_STOPS: dict[str, frozenset[Code]] = {
    "SPF": frozenset(
        {"spf-missing", "spf-several", "spf-syntax", "spf-look-ups", "spf-include-broken", "spf-new-sender"}
    ),
    "DKIM": frozenset({"dkim-missing", "dkim-leads-nowhere", "dkim-several", "dkim-broken", "dkim-revoked"}),
}


def admitted(codes: Collection[Code]) -> dict[str, bool]:
    """By SPF and DKIM, whether they let it send.

    ``codes``: what was found with the new side expected; every finding counts, whatever its severity: until the first
    switch nobody needs the records, so they are easily forgotten.
    """
    return {name: stops.isdisjoint(codes) for name, stops in _STOPS.items()}
