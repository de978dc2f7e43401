"""The zone of a domain as the plan says who keeps it and with what it may be changed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from connectors.language import _
from migrate.dns.asking import server_at
from migrate.dns.zones.cloudflare import CloudflareZone
from migrate.dns.zones.contract import Zone, ZoneError
from migrate.dns.zones.gandi import GandiZone
from migrate.dns.zones.ovh import OvhKeys, OvhZone
from migrate.dns.zones.update import UpdatedZone
from plans.model import Domain, ZoneAccess
from plans.secrets import SecretRef, resolve

#: The keys of ``zone_access`` that each needs.
_NEEDED: Mapping[str, tuple[str, ...]] = {
    "ovh": ("application_key", "application_secret", "consumer_key"),
    "gandi": ("token",),
    "cloudflare": ("token",),
    "update": ("server", "key_name", "key"),
}


def open_zone(domain: Domain, zone: str, organisation: Path) -> Zone:
    """The zone, ready to be changed.

    Raises ZoneError where the plan does not say enough, or the provider does not know us; SecretError.
    """
    kind = (domain.zone_at or "").lower()
    if kind not in _NEEDED:
        what = _(
            "The plan does not say that the zone of {domain} is at {known}: enter the records by hand, or write zone_at"
            " and zone_access for the domain in organisation.yaml."
        )
        raise ZoneError(what.format(domain=domain.name, known=", ".join(_NEEDED)))
    access = domain.zone_access
    missing = [key for key in _NEEDED[kind] if access is None or getattr(access, key) is None]
    if access is None or missing:
        what = _("The plan lacks {keys} in zone_access of {domain}.")
        raise ZoneError(what.format(keys=", ".join(missing), domain=domain.name))
    return _OPEN[kind](access, zone, organisation)


def _ovh(access: ZoneAccess, zone: str, organisation: Path) -> Zone:
    keys = (
        _secret(one, organisation) for one in (access.application_key, access.application_secret, access.consumer_key)
    )
    return OvhZone(zone, OvhKeys(*keys))


def _gandi(access: ZoneAccess, zone: str, organisation: Path) -> Zone:
    return GandiZone(zone, _secret(access.token, organisation))


def _cloudflare(access: ZoneAccess, zone: str, organisation: Path) -> Zone:
    return CloudflareZone(zone, _secret(access.token, organisation))


def _update(access: ZoneAccess, zone: str, organisation: Path) -> Zone:
    assert access.server is not None
    assert access.key_name is not None
    try:
        server = server_at(access.server)
    except ValueError:
        what = _("{value} is no IP address; write one such as 192.0.2.53, or 192.0.2.53:5353 with a port.")
        raise ZoneError(what.format(value=access.server)) from None
    return UpdatedZone(zone, server, access.key_name, _secret(access.key, organisation), access.algorithm)


_OPEN: Mapping[str, Callable[[ZoneAccess, str, Path], Zone]] = {
    "ovh": _ovh,
    "gandi": _gandi,
    "cloudflare": _cloudflare,
    "update": _update,
}


def _secret(ref: SecretRef | None, organisation: Path) -> str:
    assert ref is not None, "asked for before"
    return resolve(ref, organisation)
