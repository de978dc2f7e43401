"""What a domain's records say of where its mail is.  Pure: a judge's look in, records out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from migrate.dns import spf
from migrate.dns.facts import Mx, Outcome, Srv
from migrate.dns.findings import Look

Protocol = Literal["imap", "pop3", "smtp"]
Tls = Literal["implicit", "starttls"]

#: RFC 6186 and RFC 8314, section 5.1.
SERVICES: Mapping[str, tuple[Protocol, Tls]] = {
    "_imaps._tcp": ("imap", "implicit"),
    "_imap._tcp": ("imap", "starttls"),
    "_pop3s._tcp": ("pop3", "implicit"),
    "_pop3._tcp": ("pop3", "starttls"),
    "_submissions._tcp": ("smtp", "implicit"),
    "_submission._tcp": ("smtp", "starttls"),
}
#: Where people look first who were told nothing.
USUAL: Mapping[str, tuple[Protocol, ...]] = {
    "mail": ("imap", "pop3", "smtp"),
    "imap": ("imap",),
    "pop": ("pop3",),
    "pop3": ("pop3",),
    "smtp": ("smtp",),
}


@dataclass(frozen=True, slots=True)
class Records:
    """What counts of a domain's records for finding its mail."""

    domain: str
    #: How the question for the MX ended.
    outcome: Outcome
    #: By preference; without a null MX (RFC 7505).
    mx: tuple[Mx, ...] = ()
    null_mx: bool = False
    spf: str | None = None
    #: What the SPF includes or redirects to.
    includes: tuple[str, ...] = ()
    #: Of :data:`SERVICES`, those that there are.
    services: Mapping[str, tuple[Srv, ...]] = field(default_factory=dict)
    #: Hosts that ``_autodiscover._tcp`` names ([MS-OXDISCO]).
    autodiscover: tuple[str, ...] = ()
    #: Names that were asked for and have addresses.
    addresses: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    nameservers: tuple[str, ...] = ()

    @property
    def mx_hosts(self) -> list[str]:
        return [one.host for one in self.mx]


def read(look: Look) -> Records:
    """As far as it is known; what is missing is noted in ``look`` and asked for."""
    domain = look.domain
    all_mx = look.mx(domain)
    texts = [text for text in look.texts(domain) if spf.is_spf(text)]
    parsed = spf.parse(texts[0]) if texts else None
    includes = [term.value for term in parsed.terms if term.name in ("include", "redirect")] if parsed else []
    services = {service: tuple(one for one in look.srv(f"{service}.{domain}") if one.target) for service in SERVICES}
    autodiscover = tuple(one.target for one in look.srv(f"_autodiscover._tcp.{domain}") if one.target)
    names = [domain, f"autoconfig.{domain}", f"autodiscover.{domain}", *(f"{name}.{domain}" for name in USUAL)]
    mx = tuple(one for one in all_mx if one.host)
    names += [one.host for one in mx] + list(autodiscover)
    addresses = {name: tuple(look.addresses(name)[0]) for name in dict.fromkeys(names)}
    zone = look.answer(look.facts.zone, "NS")
    return Records(
        domain,
        look.answer(domain, "MX").outcome,
        mx,
        bool(all_mx) and not mx,
        texts[0] if texts else None,
        tuple(value.lower() for value in includes),
        {service: found for service, found in services.items() if found},
        autodiscover,
        {name: found for name, found in addresses.items() if found},
        tuple(sorted(str(value) for value in zone.values)),
    )
