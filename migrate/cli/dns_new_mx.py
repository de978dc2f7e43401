"""The MX that is to come, where it has to be told: by whoever gives the command, or by the tenant of the plan."""

from __future__ import annotations

from collections.abc import Sequence

from connectors.errors import ConnectorError
from migrate.cli.dns_whom import checked
from migrate.cli.organisation import Place
from migrate.dns.providers import Expected
from plans import Organisation, SecretError


def new_hosts(
    place: Place, organisation: Organisation | None, domain: str, expected: Expected, told: Sequence[str]
) -> list[str]:
    """The hosts of ``--mx``; without any, what Microsoft says of the domain; none where nobody says it."""
    if told or organisation is None or expected.provider != "microsoft365":
        return [checked(host) for host in told]
    # The vendor's library: only where it is needed.
    from migrate.cli.accounts_site import directory_of
    from migrate.directory.skus import MICROSOFT

    targets = {site.target: organisation.systems[site.target] for site in organisation.sites.values()}
    tenants = [system for system in targets.values() if system.connector == MICROSOFT]
    if len(tenants) != 1:
        return []
    try:
        with directory_of(place, tenants[0]) as directory:
            records = [] if directory.domains is None else directory.domains.records(domain)
    except (ConnectorError, SecretError):
        # Not verified yet, no right to ask, no network: then a person copies it, and is told from where.
        return []
    return [one.value.split()[1].rstrip(".") for one in records if one.type == "MX"]
