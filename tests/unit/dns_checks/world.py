"""A world of records written by hand, and what the judges say of a domain in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import dns.rdata
import dns.rdataclass

from migrate.dns.answers import values_of
from migrate.dns.facts import Answer, Facts, Kind, Outcome, Policy, Question, Value, View
from migrate.dns.findings import Aims, Finding, Look
from migrate.dns.judging import judge
from migrate.dns.providers import expected_host, expected_provider

GOOGLE, MICROSOFT = Aims(expected_provider("google")), Aims(expected_provider("microsoft365"))
SELF_HOSTED = Aims(expected_host("new", "mail.example.org"))
TTL = 3600
#: Keys of 2048, 1024 and 512 bits, of openssl; nobody has their other halves.
KEY = (
    "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAqkYjr7/qcqN3lRavdwd0ysCZbqo7iiJFvrgxK/c459Xlte1ZcsOjU1Q0"
    "aInE6tTIQC2ZS9eJS5Or7NoYXv299w72XJpOHjJuI2tMIpTZoMTouNXm4R0Xjqguve0VqPg1/Hiy4WEtU3voDbMX0JIkoE1aoqmI"
    "SUXI5Vlq/ISrMIPY7wJIUXlIQaBbCcSGDOofO6lD1WzVX2DoqMqjD9tDeEe+29+0ZuSkepsTPxrRAAkafXhDfr4lalvfg/5wYyND"
    "TpQfg/Js7GGUwPvjBR8h6t9DXzMyLH0M4jo3yDBK5l1eTnKU7sqolQn/O+kiWMQByoAXonjSh7nZrfAKdNSNUwIDAQAB"
)
MIDDLE_KEY = (
    "MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQC1OtG/MLXf3tNzyp7XbZTz0m3Kev2+byIKHh2zTd00jt5+drj25aymuzoaOPT4"
    "lCiO4d3QhP6+hW0grFkt1Yq+QzPIl43FdqqmF1ZGCtnmlUYhm+U12/a+j/IWGQhpgIGMCuSlSio42Z15fJmfZfn88k+X1Pjc+Qcy"
    "GzmJETgSmwIDAQAB"
)
SHORT_KEY = (
    "MFwwDQYJKoZIhvcNAQEBBQADSwAwSAJBALSmP7rSYdeeSziCpf2mvAjjgG6h1iZ7TXGZqZxVyc8clw9V451TrUccFutaCRjZozyUqRTThutz"
    "Ru2x04Oq8xsCAwEAAQ=="
)
_ZONE = """
example.org SOA ns1.example.org. admin.example.org. 7 7200 3600 1209600 300
example.org NS ns1.example.org.
example.org NS ns2.example.org.
"""
#: What providers have, as far as it matters here.
OTHERS = """
smtp.google.com A 198.51.100.10
aspmx.l.google.com A 198.51.100.11
alt1.aspmx.l.google.com A 198.51.100.12
alt2.aspmx.l.google.com A 198.51.100.13
alt3.aspmx.l.google.com A 198.51.100.14
alt4.aspmx.l.google.com A 198.51.100.15
_spf.google.com TXT "v=spf1 include:_netblocks.google.com ~all"
_netblocks.google.com TXT "v=spf1 ip4:198.51.100.0/28 ~all"
example-org.mail.protection.outlook.com A 198.51.100.20
example-org.o-v1.mx.microsoft A 198.51.100.21
spf.protection.outlook.com TXT "v=spf1 ip4:198.51.100.16/28 -all"
autodiscover.outlook.com A 198.51.100.22
selector1-example-org._domainkey.example.onmicrosoft.com TXT "v=DKIM1; k=rsa; p={key}"
""".replace("{key}", f'{KEY[:200]}" "{KEY[200:]}')


def records(text: str) -> dict[Question, list[Value]]:
    """``NAME TYPE DATA`` a line."""
    found: dict[Question, list[Value]] = {}
    for line in filter(None, text.splitlines()):
        name, kind, data = line.split(None, 2)
        rdata = dns.rdata.from_text(dns.rdataclass.IN, kind, data)
        found.setdefault(Question(name, kind), []).extend(values_of([rdata]))
    return found


def answer(known: Mapping[Question, Sequence[Value]], question: Question, *, own_zone: bool, ttl: int = TTL) -> Answer:
    """As a server answers that has all this: aliases followed, an empty name told apart from none."""
    name, aliases = question.name, []
    if name.endswith(".invalid"):
        return Answer(Outcome.TIMEOUT)
    while question.type != "CNAME" and (alias := known.get(Question(name, "CNAME"))):
        name = str(alias[0])
        aliases.append(name)
    values = tuple(known.get(Question(name, question.type), ()))
    if not any(one.name == name or one.name.endswith(f".{name}") for one in known):  # RFC 4592
        values = tuple(known.get(Question("*.example.org", question.type), ())) if name.endswith(".example.org") else ()
    if values:
        return Answer(Outcome.RECORDS, values, ttl, tuple(aliases), own_zone)
    there = any(one.name in (name, "*.example.org") or one.name.endswith(f".{name}") for one in known)
    return Answer(Outcome.NODATA if there else Outcome.NXDOMAIN, (), 300, tuple(aliases), own_zone)


@dataclass
class World:
    """``zone``: the lines of example.org, beside its SOA and name servers; ``others``: those of everybody else."""

    zone: str
    others: str = OTHERS
    policy: Policy | None = None
    #: What one server says instead, by its name and the question; None for all questions.
    says: dict[tuple[str, Question | None], Answer] = field(default_factory=dict)
    inside: bool = False
    ttl: int = TTL
    domain: str = "example.org"

    def facts(self, asked: set[Question]) -> Facts:
        known = records(_ZONE + self.zone + self.others)
        servers: list[tuple[Kind, str]] = [("authoritative", "ns1.example.org"), ("authoritative", "ns2.example.org")]
        servers += [("resolver", "192.0.2.53"), ("resolver", "192.0.2.54")]
        servers += [("inside", "10.0.0.53")] if self.inside else []
        views = []
        for kind, name in servers:
            answers = {}
            for question in asked:
                ours = question.name == "example.org" or question.name.endswith(".example.org")
                if kind == "authoritative" and not ours:
                    continue
                own = self.says.get((name, question), self.says.get((name, None)))
                answers[question] = own or answer(known, question, own_zone=kind == "authoritative", ttl=self.ttl)
            views.append(View(kind, name, name, answers))
        return Facts(self.domain, "example.org", views, self.policy)

    def judged(self, aims: Aims | None = None) -> list[Finding]:
        asked: set[Question] = set()
        while True:
            look = Look(self.facts(asked))
            found = judge(look, aims or Aims())
            if look.missing <= asked:
                return found
            asked |= look.missing

    def codes(self, aims: Aims | None = None) -> list[str]:
        """Without notes."""
        return [finding.code for finding in self.judged(aims) if finding.severity != "note"]
