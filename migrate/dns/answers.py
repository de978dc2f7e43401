"""A server's answer as a fact."""

from __future__ import annotations

from collections.abc import Iterable

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdata
import dns.rdatatype
from dns.rdtypes.ANY.CNAME import CNAME
from dns.rdtypes.ANY.MX import MX
from dns.rdtypes.ANY.NS import NS
from dns.rdtypes.ANY.SOA import SOA
from dns.rdtypes.ANY.TLSA import TLSA
from dns.rdtypes.ANY.TXT import TXT
from dns.rdtypes.IN.SRV import SRV

from migrate.dns.facts import Answer, Mx, Outcome, Soa, Srv, Tlsa, Value

_FAILURES = {dns.rcode.SERVFAIL: Outcome.SERVFAIL, dns.rcode.REFUSED: Outcome.REFUSED}


def answer_of(response: dns.message.Message, zone: str | None = None) -> Answer:
    """What ``response`` says.  ``zone``: it was asked of a server that is named for this zone, without recursion."""
    code = response.rcode()
    if code not in (dns.rcode.NOERROR, dns.rcode.NXDOMAIN):
        return Answer(_FAILURES.get(code, Outcome.BROKEN))
    own_zone = bool(response.flags & dns.flags.AA)
    if zone is not None and not own_zone:
        return Answer(Outcome.DELEGATED if _delegates(response, zone) else Outcome.LAME)
    if not isinstance(response, dns.message.QueryMessage):
        return Answer(Outcome.BROKEN)
    try:
        chain = response.resolve_chaining()
    except dns.exception.DNSException:
        return Answer(Outcome.BROKEN)
    aliases = tuple(plain(rdata.target) for rrset in chain.cnames for rdata in rrset)
    secure = bool(response.flags & dns.flags.AD)
    if zone is not None and aliases and not chain.canonical_name.is_subdomain(dns.name.from_text(zone)):
        # What it may have of other zones is not what it is asked for.
        return Answer(Outcome.NODATA, (), None, aliases, own_zone)
    if chain.answer is not None:
        values = tuple(dict.fromkeys(values_of(chain.answer)))
        return Answer(Outcome.RECORDS, values, chain.minimum_ttl, aliases, own_zone, secure)
    outcome = Outcome.NXDOMAIN if code == dns.rcode.NXDOMAIN else Outcome.NODATA
    # Without an SOA there is nothing that says how long the news may be kept.
    told = any(rrset.rdtype == dns.rdatatype.SOA for rrset in response.authority)
    return Answer(outcome, (), chain.minimum_ttl if told else None, aliases, own_zone, secure)


def _delegates(response: dns.message.Message, zone: str) -> bool:
    """Whether it points to the servers of a part of the zone, and not up to those of others."""
    below = dns.name.from_text(zone)
    return not response.answer and any(
        rrset.rdtype == dns.rdatatype.NS and rrset.name != below and rrset.name.is_subdomain(below)
        for rrset in response.authority
    )


def values_of(records: Iterable[dns.rdata.Rdata]) -> list[Value]:
    """Each record as a value; of types that no judge asks for, the text of a zone file."""
    return [_value(record) for record in records]


def _value(record: dns.rdata.Rdata) -> Value:
    match record:
        case MX():
            return Mx(record.preference, plain(record.exchange))
        case SRV():
            return Srv(record.priority, record.weight, record.port, plain(record.target))
        case TLSA():
            return Tlsa(record.usage, record.selector, record.mtype, record.cert.hex())
        case SOA():
            return Soa(plain(record.mname), record.serial, record.minimum)
        case TXT():
            return b"".join(record.strings).decode("utf-8", "replace")
        case CNAME() | NS():
            return plain(record.target)
    return record.to_text()


def plain(name: dns.name.Name) -> str:
    """As facts have names: in small letters, without the dot at the end; the root is empty."""
    return name.to_text(omit_final_dot=True).lower().removesuffix(".")
