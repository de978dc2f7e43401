"""The phases of a site and of a domain, in their order, as people read them.  Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from connectors.language import _, mark
from runbooks.facts import DomainPhase, SitePhase

SITE_PHASES: Mapping[SitePhase, str] = {
    "assess": mark("assess"),
    "prepare": mark("prepare"),
    "pre-copy": mark("pre-copy"),
    "dual-delivery": mark("dual delivery"),
    "switch": mark("switch"),
    "delta": mark("delta"),
    "verify": mark("verify"),
    "acceptance": mark("acceptance"),
    "hypercare": mark("hypercare"),
    "done": mark("done"),
}
DOMAIN_PHASES: Mapping[DomainPhase, str] = {
    "untouched": mark("as it was"),
    "ttl-lowered": mark("TTL lowered"),
    "cutover": mark("cutover"),
    "settled": mark("settled"),
    "decommission": mark("decommission"),
}
_SITE: tuple[SitePhase, ...] = tuple(SITE_PHASES)
_DOMAIN: tuple[DomainPhase, ...] = tuple(DOMAIN_PHASES)


def order_of(kind: str) -> tuple[str, ...]:
    """All phases of a site or a domain, the first one first."""
    return _SITE if kind == "site" else _DOMAIN


def phase_text(phase: str) -> str:
    site, domain = cast("SitePhase", phase), cast("DomainPhase", phase)
    return _(SITE_PHASES[site] if phase in SITE_PHASES else DOMAIN_PHASES[domain])


def after(kind: str, phase: str) -> str | None:
    """The phase that comes next; None after the last one."""
    order = order_of(kind)
    place = order.index(phase) + 1
    return order[place] if place < len(order) else None


def before(kind: str, phase: str) -> str | None:
    """The phase that came before; None before the first one."""
    order = order_of(kind)
    place = order.index(phase)
    return order[place - 1] if place else None


def site_reached(phase: SitePhase, wanted: SitePhase) -> bool:
    """Whether a site is in this phase or beyond it."""
    return _SITE.index(phase) >= _SITE.index(wanted)


def domain_reached(phase: DomainPhase, wanted: DomainPhase) -> bool:
    return _DOMAIN.index(phase) >= _DOMAIN.index(wanted)
