"""Fetching an MTA-STS policy as senders do (RFC 8461, section 3.3)."""

from __future__ import annotations

from migrate.dns.facts import Policy
from migrate.dns.fetching import NotFetched, Web, fetch


def fetch_policy(domain: str, web: Web | None = None) -> Policy:
    """The policy of ``domain``, or why there is none.

    No redirect is followed, and the certificate must be good: whatever else is there does not count for senders either.
    """
    try:
        raw = fetch(web or Web(), f"https://mta-sts.{domain}/.well-known/mta-sts.txt", redirects=0)
    except NotFetched as error:
        return Policy(None, str(error))
    return Policy(raw.decode("utf-8", "replace"))
