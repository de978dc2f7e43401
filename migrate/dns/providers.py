"""What providers and systems want to see in a domain's records.

Google's values are the same for everybody.  Microsoft's are made for each tenant and told by Microsoft alone, so they
are recognised by their form here and never put together.  All of them stand in the table of presets
(:mod:`connectors.presets`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from connectors.presets import Dns, of_mx, presets

Provider = Literal["google", "microsoft365"]
_PROVIDERS: tuple[Provider, ...] = ("google", "microsoft365")


def _dns(provider: Provider) -> Dns:
    known = presets()[provider].dns
    assert known is not None, "the records of these two are known"
    return known


#: Google's form since 2023, and the one before it, of which a zone has all five.
GOOGLE_NOW, GOOGLE_BEFORE = _dns("google").mx_forms
TITLES: dict[Provider, str] = {provider: presets()[provider].title for provider in _PROVIDERS}
#: What a domain's SPF includes so that the provider may send for it.
SPF_INCLUDES: dict[Provider, str] = {provider: _dns(provider).spf for provider in _PROVIDERS}
#: The selectors that a provider's own set-up proposes.
SELECTORS: dict[Provider, tuple[str, ...]] = {provider: _dns(provider).selectors for provider in _PROVIDERS}


@dataclass(frozen=True, slots=True)
class Expected:
    """Who is to receive the domain's mail: a provider, or the system of the plan that lies at ``host``."""

    title: str
    provider: Provider | None = None
    host: str = ""
    #: Hosts that take mail for the system, where it was told that others do than ``host``.
    takers: frozenset[str] = frozenset()


def expected_provider(provider: Provider) -> Expected:
    return Expected(TITLES[provider], provider)


def provider_at(connector: str) -> Provider | None:
    """The provider that this kind of system is one of; None where each has a host of its own."""
    return next((one for one in _PROVIDERS if presets()[one].connector == connector), None)


def expected_host(title: str, host: str) -> Expected:
    """What a system of the plan stands for: a provider where its host is one's, else the host itself."""
    wanted = host.lower().rstrip(".")
    provider = next((one for one in _PROVIDERS if wanted in presets()[one].hosts), None)
    return expected_provider(provider) if provider else Expected(title, host=wanted)


def provider_of(host: str) -> Provider | None:
    """Whose MX this is, by its form."""
    preset = of_mx([host])
    return next((one for one in _PROVIDERS if preset is not None and preset.name == one), None)


def complete(provider: Provider, hosts: Sequence[str]) -> bool:
    """Whether these are all the MXs that the provider has its customers enter, in one of its forms."""
    if provider == "google":
        return frozenset(hosts) in (GOOGLE_NOW, GOOGLE_BEFORE) or any("googlemail" in host for host in hosts)
    return len(set(hosts)) == 1
