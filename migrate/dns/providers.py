"""What providers and systems want to see in a domain's records.

Google's values are the same for everybody.  Microsoft's are made for each tenant and told by Microsoft alone, so they
are recognised by their form here and never put together.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

#: Google's form since 2023, and the one before it, of which a zone has all five.
GOOGLE_NOW = frozenset({"smtp.google.com"})
GOOGLE_BEFORE = frozenset({"aspmx.l.google.com", *(f"alt{number}.aspmx.l.google.com" for number in (1, 2, 3, 4))})
_GOOGLE = re.compile(r"(smtp\.google\.com|(alt[1-4]\.)?aspmx\.l\.google\.com|aspmx[2-5]\.googlemail\.com)")
#: ``LABEL.mail.protection.outlook.com``, and with DNSSEC ``LABEL.WORD.mx.microsoft``.
_MICROSOFT = re.compile(r"[a-z0-9-]+\.mail\.protection\.outlook\.com|[a-z0-9-]+\.[a-z0-9-]+\.mx\.microsoft")

Provider = Literal["google", "microsoft365"]
TITLES: dict[Provider, str] = {"google": "Google Workspace", "microsoft365": "Microsoft 365"}
#: What a domain's SPF includes so that the provider may send for it.
SPF_INCLUDES: dict[Provider, str] = {"google": "_spf.google.com", "microsoft365": "spf.protection.outlook.com"}
#: The selectors that a provider's own set-up proposes.
SELECTORS: dict[Provider, tuple[str, ...]] = {"google": ("google",), "microsoft365": ("selector1", "selector2")}
_HOSTS: dict[str, Provider] = {
    "imap.gmail.com": "google",
    "imap.googlemail.com": "google",
    "outlook.office365.com": "microsoft365",
    "outlook.office.com": "microsoft365",
}


@dataclass(frozen=True, slots=True)
class Expected:
    """Who is to receive the domain's mail: a provider, or the system of the plan that lies at ``host``."""

    title: str
    provider: Provider | None = None
    host: str = ""


def expected_provider(provider: Provider) -> Expected:
    return Expected(TITLES[provider], provider)


def expected_host(title: str, host: str) -> Expected:
    """What a system of the plan stands for: a provider where its host is one's, else the host itself."""
    provider = _HOSTS.get(host.lower().rstrip("."))
    return expected_provider(provider) if provider else Expected(title, host=host.lower().rstrip("."))


def provider_of(host: str) -> Provider | None:
    """Whose MX this is, by its form."""
    if _GOOGLE.fullmatch(host):
        return "google"
    return "microsoft365" if _MICROSOFT.fullmatch(host) else None


def complete(provider: Provider, hosts: Sequence[str]) -> bool:
    """Whether these are all the MXs that the provider has its customers enter, in one of its forms."""
    if provider == "google":
        return frozenset(hosts) in (GOOGLE_NOW, GOOGLE_BEFORE) or any("googlemail" in host for host in hosts)
    return len(set(hosts)) == 1
