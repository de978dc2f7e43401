"""A small internet: NSD and BIND have the zones, Unbound asks NSD for everything.

``ns1`` is NSD at 127.0.0.2, ``ns2`` BIND at 127.0.0.1; the resolver is at 127.0.0.5; nobody is at 127.0.0.9.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from migrate.dns.asking import Server
from tests.servers.zones import dns_port, running_bind, running_nsd, running_unbound, zone_text

_KEY = (
    '"v=DKIM1; k=rsa; p=MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAqkYjr7/qcqN3lRavdwd0ysCZbqo7iiJFvrgxK/c459Xlte1Z" '
    '"csOjU1Q0aInE6tTIQC2ZS9eJS5Or7NoYXv299w72XJpOHjJuI2tMIpTZoMTouNXm4R0Xjqguve0VqPg1/Hiy4WEtU3voDbMX0JIkoE1aoqmI" '
    '"SUXI5Vlq/ISrMIPY7wJIUXlIQaBbCcSGDOofO6lD1WzVX2DoqMqjD9tDeEe+29+0ZuSkepsTPxrRAAkafXhDfr4lalvfg/5wYyNDTpQfg/Js" '
    '"7GGUwPvjBR8h6t9DXzMyLH0M4jo3yDBK5l1eTnKU7sqolQn/O+kiWMQByoAXonjSh7nZrfAKdNSNUwIDAQAB"'
)
_NS = "@ NS ns1.example.org.\n@ NS ns2.example.org.\n"
_DMARC = '_dmarc TXT "v=DMARC1; p=none; rua=mailto:dmarc@example.org"\n'
_AGREED = '*._report._dmarc TXT "v=DMARC1"\n'
_SERVERS = "ns1 A 127.0.0.2\nns2 A 127.0.0.1\nresolver A 127.0.0.5\nnobody A 127.0.0.9\n"
#: What the world has beside the zones below, in one zone: the root.
_ROOT_ZONE = f"""\
@ NS ns1.example.org.
smtp.google.com. A 198.51.100.10
aspmx.l.google.com. A 198.51.100.11
alt1.aspmx.l.google.com. A 198.51.100.12
alt2.aspmx.l.google.com. A 198.51.100.13
alt3.aspmx.l.google.com. A 198.51.100.14
alt4.aspmx.l.google.com. A 198.51.100.15
_spf.google.com. TXT "v=spf1 include:_netblocks.google.com ~all"
_netblocks.google.com. TXT "v=spf1 ip4:198.51.100.0/28 ~all"
made-for-us.mail.protection.outlook.com. A 198.51.100.20
made-for-us.o-v1.mx.microsoft. A 198.51.100.21
spf.protection.outlook.com. TXT "v=spf1 ip4:198.51.100.16/28 -all"
autodiscover.outlook.com. A 198.51.100.22
selector1-ours._domainkey.ours.onmicrosoft.com. TXT {_KEY}
"""
_GOOGLE = f'@ TXT "v=spf1 include:_spf.google.com ~all"\ngoogle._domainkey TXT {_KEY}\n{_NS}{_DMARC}'
_MICROSOFT = f"""\
@ TXT "v=spf1 include:spf.protection.outlook.com -all"
autodiscover CNAME autodiscover.outlook.com.
selector1._domainkey CNAME selector1-ours._domainkey.ours.onmicrosoft.com.
{_NS}{_DMARC}"""
_SELF = f"""\
@ MX 10 mail
@ TXT "v=spf1 mx -all"
mail A 198.51.100.40
mail AAAA 2001:db8::40
autoconfig CNAME mail
_imaps._tcp SRV 0 1 993 mail
s1._domainkey TXT {_KEY}
{_DMARC}"""
_GOOGLE_BEFORE = "".join(
    f"@ MX {preference} {name}aspmx.l.google.com.\n"
    for preference, name in ((1, ""), (5, "alt1."), (5, "alt2."), (10, "alt3."), (10, "alt4."))
)
#: Zones that are right, the same on both servers.
_RIGHT = {
    "example.org": _SELF
    + _NS
    + _AGREED
    + "ns1 A 127.0.0.2\nns2 A 127.0.0.1\nresolver A 127.0.0.5\nnobody A 127.0.0.9\n",
    "google.example": "@ MX 1 smtp.google.com.\n" + _GOOGLE,
    "google-before.example": _GOOGLE_BEFORE + _GOOGLE,
    "microsoft.example": "@ MX 0 made-for-us.mail.protection.outlook.com.\n" + _MICROSOFT,
    "microsoft-now.example": "@ MX 0 made-for-us.o-v1.mx.microsoft.\n" + _MICROSOFT,
}
#: ``ns1`` alone has it; the other servers that it names do not, do not answer, or have no address.
_LAME = _SELF + "".join(f"@ NS {name}.example.org.\n" for name in ("ns1", "ns2", "resolver", "nobody", "nowhere"))
_HALF = _SELF + _NS + "mail2 A 198.51.100.41\n"


@dataclass(frozen=True)
class DnsWorld:
    port: int

    def server(self, address: str) -> Server:
        return Server(f"{address}:{self.port}", address, self.port)

    @property
    def resolver(self) -> Server:
        return self.server("127.0.0.5")


@contextmanager
def running_dns_world() -> Iterator[DnsWorld]:
    """Raises ServerMissing."""
    port = dns_port()
    right = {name: zone_text(f"{name}.", 7, lines) for name, lines in _RIGHT.items()}
    first = {
        ".": zone_text(".", 1, _ROOT_ZONE),
        "lame.example": zone_text("lame.example.", 7, _LAME),
        "half.example": zone_text("half.example.", 7, _HALF),
    }
    second = {"half.example": zone_text("half.example.", 8, _HALF.replace("10 mail", "10 mail2"))}
    with ExitStack() as running:
        running.enter_context(running_nsd("127.0.0.2", port, right | first))
        running.enter_context(running_bind(port, right | second))
        running.enter_context(running_unbound("127.0.0.5", port, "127.0.0.2"))
        yield DnsWorld(port)
