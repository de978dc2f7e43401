"""A domain is asked about at real servers: NSD, BIND and Unbound."""

from __future__ import annotations

import re
import socketserver
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from threading import Event

import dns.flags
import dns.message
import dns.query
import dns.rcode
import dns.rdatatype
import dns.rrset
import pytest

from migrate.dns.asking import Inquiry, NobodyAnswers, Server, Whom, ask
from migrate.dns.facts import Mx, Outcome, Policy, Question
from migrate.dns.findings import Aims
from migrate.dns.providers import expected_host, expected_provider
from tests.conftest import _present
from tests.servers.dns_world import DnsWorld, running_dns_world
from tests.servers.zones import dns_port, running_bind, running_nsd, running_unbound, zone_text

_SELF = Aims(expected_host("new", "mail.example.org"), ("s1",))


@pytest.fixture(scope="module")
def world() -> Iterator[DnsWorld]:
    with ExitStack() as running:
        yield _present(lambda: running.enter_context(running_dns_world()))


def _inquiry(world: DnsWorld, domain: str, **whom: object) -> Inquiry:
    asked = {"resolvers": [world.resolver], "port": world.port, "timeout": 1.0, **whom}
    return Inquiry(domain, Whom(**asked), Event(), _no_policy)  # type: ignore[arg-type]  # passed on


def _no_policy(domain: str) -> Policy:
    raise AssertionError(f"{domain} has no MTA-STS record, so there is no policy to fetch")


@pytest.mark.parametrize(
    ("domain", "aims"),
    [
        ("example.org", _SELF),
        ("google.example", Aims(expected_provider("google"))),
        ("google-before.example", Aims(expected_provider("google"))),
        ("microsoft.example", Aims(expected_provider("microsoft365"))),
        ("microsoft-now.example", Aims(expected_provider("microsoft365"))),
    ],
)
def test_nothing_is_said_of_a_domain_that_is_right_everywhere(world: DnsWorld, domain: str, aims: Aims) -> None:
    inquiry = _inquiry(world, domain)
    assert inquiry.judge(aims) == []
    servers = inquiry.facts.of("authoritative")
    assert [(view.name, view.answer(domain, "SOA").own_zone) for view in servers] == [
        ("ns1.example.org", True),
        ("ns2.example.org", True),
    ]


def test_two_servers_that_disagree_are_both_quoted(world: DnsWorld) -> None:
    found = {finding.code: finding for finding in _inquiry(world, "half.example").judge(Aims())}
    assert set(found) == {"servers-disagree", "serials-differ"}
    told = found["servers-disagree"].found
    assert re.search(
        r"ns1\.example\.org [^;]*: 10 mail\.half\.example\.; ns2\.example\.org .*: 10 mail2\.half\.example", told
    )


def test_servers_that_fail_are_told_apart_by_how(world: DnsWorld) -> None:
    inquiry = _inquiry(world, "lame.example")
    codes = {finding.code for finding in inquiry.judge(Aims())}
    assert codes == {"server-lame", "server-refuses", "server-silent", "server-without-address"}
    outcomes = {view.name: view.answer("lame.example", "SOA").outcome for view in inquiry.facts.of("authoritative")}
    assert outcomes == {
        "ns1.example.org": Outcome.RECORDS,
        "ns2.example.org": Outcome.REFUSED,
        "resolver.example.org": Outcome.LAME,
        "nobody.example.org": Outcome.TIMEOUT,
        "nowhere.example.org": Outcome.UNASKED,
    }


def test_a_name_that_is_not_there_yet_is_not_asked_of_resolvers(world: DnsWorld) -> None:
    inquiry = _inquiry(world, "example.org")
    inquiry.judge(Aims(selectors=("s1", "s2")))
    (resolver,) = inquiry.facts.of("resolver")
    there, missing = (Question(f"{name}._domainkey.example.org", "TXT") for name in ("s1", "s2"))
    assert inquiry.facts.answer(missing.name, missing.type).outcome is Outcome.NXDOMAIN
    assert (there in resolver.answers, missing in resolver.answers) == (True, False)


def test_nodata_and_nxdomain_are_told_apart_with_the_time_that_they_are_remembered(world: DnsWorld) -> None:
    inquiry = _inquiry(world, "example.org")
    inquiry.judge(Aims())
    nodata = inquiry.facts.answer("mail.example.org", "CNAME")
    missing = inquiry.facts.answer("_mta-sts.example.org", "TXT")
    assert (nodata.outcome, nodata.ttl) == (Outcome.NODATA, 300)
    assert (missing.outcome, missing.ttl) == (Outcome.NXDOMAIN, 300)


def test_a_domain_that_does_not_exist_is_said_to(world: DnsWorld) -> None:
    (finding,) = _inquiry(world, "missing.example").judge(Aims())
    assert finding.code == "domain-missing"


def test_a_resolver_that_remembers_the_old_mx_is_told_with_the_time_that_is_left(world: DnsWorld) -> None:
    lines = "@ NS ns1\nns1 A 127.0.0.3\nmail A 198.51.100.1\n"
    before, after = ({"old.example": zone_text("old.example.", at, f"@ MX {at} mail\n{lines}")} for at in (1, 2))
    with running_unbound("127.0.0.6", world.port, "127.0.0.3"):
        resolvers = [world.server("127.0.0.6")]
        with running_nsd("127.0.0.3", world.port, before):
            codes = {one.code for one in _inquiry(world, "old.example", resolvers=resolvers).judge(Aims())}
            assert "resolver-behind" not in codes
        with running_nsd("127.0.0.3", world.port, after):
            inquiry = _inquiry(world, "old.example", resolvers=resolvers)
            found = {finding.code: finding for finding in inquiry.judge(Aims())}
    (resolver,) = inquiry.facts.of("resolver")
    left = resolver.answer("old.example", "MX").ttl
    assert left is not None
    assert left <= 3600
    assert str(left) in found["resolver-behind"].mend
    assert inquiry.facts.answer("old.example", "MX").values == (Mx(2, "mail.old.example"),)


def test_a_resolver_that_fails_where_the_zone_answers_is_told(world: DnsWorld) -> None:
    anchor = f'module-config: "validator iterator"\n  trust-anchor: "example.org. DS 12345 8 2 {"ab" * 32}"'
    with running_unbound("127.0.0.6", world.port, "127.0.0.2", anchor):
        inquiry = _inquiry(world, "example.org", resolvers=[world.server("127.0.0.6")])
        found = {finding.code: finding for finding in inquiry.judge(Aims())}
    assert "DNSSEC" in found["resolver-fails"].mend
    assert len(inquiry.facts.of("authoritative")) == 2


def test_a_server_inside_with_a_zone_of_its_own_is_found_out(world: DnsWorld) -> None:
    lines = "@ NS ns1\nns1 A 127.0.0.2\n@ MX 5 exchange\nexchange A 10.0.0.5\n"
    with running_nsd("127.0.0.7", world.port, {"example.org": zone_text("example.org.", 1, lines)}):
        (finding,) = _inquiry(world, "example.org", inside=[world.server("127.0.0.7")]).judge(Aims())
    assert (finding.severity, finding.code) == ("problem", "split-brain")
    assert "5 exchange.example.org" in finding.found


@pytest.mark.parametrize("trusted", [True, False])
def test_a_tlsa_record_counts_when_a_resolver_has_verified_its_signature(trusted: bool) -> None:
    port = dns_port()
    lines = f"@ NS ns1\nns1 A 127.0.0.1\n@ MX 1 mail\nmail A 198.51.100.1\n_25._tcp.mail TLSA 3 1 1 {'ab' * 32}\n"
    with running_bind(port, {"signed.example": zone_text("signed.example.", 1, lines)}, signed=True):
        anchor = _key("signed.example.", port)
        validating = f'module-config: "validator iterator"\n  trust-anchor: "{anchor}"' if trusted else ""
        with running_unbound("127.0.0.5", port, "127.0.0.1", validating):
            whom = Whom([Server("resolver", "127.0.0.5", port)], port=port)
            inquiry = Inquiry("signed.example", whom, Event(), _no_policy)
            codes = {finding.code for finding in inquiry.judge(Aims())}
    assert inquiry.facts.answer("_25._tcp.mail.signed.example", "TLSA").outcome is Outcome.RECORDS
    assert ("tlsa-unsigned" in codes) is not trusted


def _key(zone: str, port: int) -> str:
    """The key of a zone that was just signed, as a record; waited for until the zone is signed with it."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        query = dns.message.make_query(zone, "DNSKEY", want_dnssec=True)
        answer = dns.query.tcp(query, "127.0.0.1", port=port, timeout=5).answer
        signed = any(rrset.rdtype == dns.rdatatype.RRSIG for rrset in answer)
        keys = [key for rrset in answer if rrset.rdtype == dns.rdatatype.DNSKEY for key in rrset]
        if signed and keys:
            return f"{zone} DNSKEY {keys[0].to_text()}"
        time.sleep(0.05)
    raise AssertionError("the zone was not signed")


class _Strange(socketserver.BaseRequestHandler):
    """A name server of another time, or one that is none."""

    def handle(self) -> None:
        raw, line = self.request
        query = dns.message.from_wire(raw)
        (asked,) = query.question
        answer = dns.message.make_response(query)
        answer.flags |= dns.flags.AA
        name = asked.name.to_text()
        if name == "garbage.example.":
            line.sendto(b"\0" * 5, self.client_address)
            return
        if name == "no-edns.example." and query.edns >= 0:
            answer.set_rcode(dns.rcode.FORMERR)
        elif name == "loop.example.":
            answer.answer = [dns.rrset.from_text(name, 60, "IN", "CNAME", name)]
        elif name == "other.example.":
            answer.set_rcode(dns.rcode.NOTIMP)
        else:
            answer.answer = [dns.rrset.from_text(name, 60, "IN", "MX", "1 mail.example.")]
        line.sendto(answer.to_wire(), self.client_address)


@pytest.mark.parametrize(
    ("name", "outcome"),
    [
        ("no-edns.example", Outcome.RECORDS),
        ("garbage.example", Outcome.BROKEN),
        ("loop.example", Outcome.BROKEN),
        ("other.example", Outcome.BROKEN),
    ],
)
def test_servers_of_another_time_and_broken_ones_are_borne(name: str, outcome: Outcome) -> None:
    with socketserver.ThreadingUDPServer(("127.0.0.1", 0), _Strange) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            there = Server("strange", "127.0.0.1", server.server_address[1])
            assert ask(there, Question(name, "MX"), name, 5.0, 2).outcome is outcome
        finally:
            server.shutdown()
            thread.join()


def test_an_answer_too_long_for_udp_is_fetched_whole(world: DnsWorld) -> None:
    many = "".join(f'@ TXT "{"x" * 200}{number:03}"\n' for number in range(40))
    zone = {"long.example": zone_text("long.example.", 1, f"@ NS ns1\nns1 A 127.0.0.8\n{many}")}
    with running_nsd("127.0.0.8", world.port, zone):
        inquiry = _inquiry(world, "long.example", servers=[world.server("127.0.0.8")])
        inquiry.judge(Aims())
    assert len(inquiry.facts.answer("long.example", "TXT").values) == 40


def test_nobody_who_answers_is_an_error_and_not_a_judgement(world: DnsWorld) -> None:
    nobody = Server("127.0.0.9", "127.0.0.9", world.port)
    with pytest.raises(NobodyAnswers):
        _inquiry(world, "example.org", resolvers=[nobody], timeout=0.1).judge(Aims())


def test_an_inquiry_that_is_told_to_stop_ends(world: DnsWorld) -> None:
    stop = Event()
    stop.set()
    with pytest.raises(NobodyAnswers):
        Inquiry("example.org", Whom([world.resolver]), stop, _no_policy).judge(Aims())
