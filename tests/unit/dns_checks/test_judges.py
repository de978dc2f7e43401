"""Zones of three kinds of domain, right and wrong: what is wrong is found, and nothing is said of what is right."""

from __future__ import annotations

import pytest

from migrate.dns.admitting import admitted
from migrate.dns.codes import CODES, Code
from migrate.dns.facts import Answer, Mx, Outcome, Policy, Question, Soa
from migrate.dns.findings import Aims
from tests.unit.dns_checks.world import GOOGLE, KEY, MICROSOFT, MIDDLE_KEY, OTHERS, SELF_HOSTED, SHORT_KEY, World

_DKIM = f'"v=DKIM1; k=rsa; p={KEY[:200]}" "{KEY[200:]}"'
_DMARC = '_dmarc.example.org TXT "v=DMARC1; p=none; rua=mailto:dmarc@example.org"\n'
_GOOGLE = f"""
example.org MX 1 smtp.google.com.
example.org TXT "v=spf1 include:_spf.google.com ~all"
google._domainkey.example.org TXT {_DKIM}
{_DMARC}"""
_GOOGLE_BEFORE = _GOOGLE.replace(
    "example.org MX 1 smtp.google.com.",
    """example.org MX 1 aspmx.l.google.com.
example.org MX 5 alt1.aspmx.l.google.com.
example.org MX 5 alt2.aspmx.l.google.com.
example.org MX 10 alt3.aspmx.l.google.com.
example.org MX 10 alt4.aspmx.l.google.com.""",
)
_MICROSOFT = f"""
example.org MX 0 example-org.mail.protection.outlook.com.
example.org TXT "v=spf1 include:spf.protection.outlook.com -all"
example.org TXT "MS=ms12345678"
autodiscover.example.org CNAME autodiscover.outlook.com.
selector1._domainkey.example.org CNAME selector1-example-org._domainkey.example.onmicrosoft.com.
{_DMARC}"""
_MICROSOFT_NOW = _MICROSOFT.replace("example-org.mail.protection.outlook.com", "example-org.o-v1.mx.microsoft")
_SELF = f"""
example.org MX 10 mail.example.org.
example.org TXT "v=spf1 mx ip4:198.51.100.77 -all"
mail.example.org A 198.51.100.40
mail.example.org AAAA 2001:db8::40
autoconfig.example.org CNAME mail.example.org.
_imaps._tcp.example.org SRV 0 1 993 mail.example.org.
_pop3._tcp.example.org SRV 0 0 0 .
_mta-sts.example.org TXT "v=STSv1; id=20270101"
_smtp._tls.example.org TXT "v=TLSRPTv1; rua=mailto:tls@example.org"
s1._domainkey.example.org TXT {_DKIM}
{_DMARC}"""
_POLICY = Policy("version: STSv1\r\nmode: enforce\r\nmx: *.example.org\r\nmax_age: 604800\r\n")
_SELF_AIMS = Aims(SELF_HOSTED.expected, ("s1",))


@pytest.mark.parametrize(
    ("zone", "aims"),
    [
        (_GOOGLE, GOOGLE), (_GOOGLE, Aims()), (_GOOGLE_BEFORE, GOOGLE), (_GOOGLE_BEFORE, Aims()),
        (_MICROSOFT, MICROSOFT), (_MICROSOFT, Aims()), (_MICROSOFT_NOW, MICROSOFT), (_SELF, _SELF_AIMS),
        (_SELF, Aims()),
    ],
)  # fmt: skip
def test_nothing_is_said_of_a_zone_that_is_right(zone: str, aims: Aims) -> None:
    assert World(zone, policy=_POLICY).judged(aims) == []


@pytest.mark.parametrize(
    ("zone", "aims"),
    [
        (_GOOGLE + '*.example.org A 198.51.100.80\n*.example.org TXT "v=spf1 -all"\n', GOOGLE),
        (_MICROSOFT + '*.example.org TXT "v=spf1 -all"\n', MICROSOFT),
        (_GOOGLE.replace("google._domainkey", "s2025._domainkey"), Aims(GOOGLE.expected, ("s2025",))),
        (_GOOGLE.replace("include:_spf.google.com", "exists:%{i}._spf.example.net"), GOOGLE),
        (_GOOGLE.replace("include:_spf.google.com ~all", "redirect=_spf.google.com"), GOOGLE),
        (_SELF.replace("mx ip4:198.51.100.77", "a:mail.example.org/28"), SELF_HOSTED),
    ],
    ids=["wildcard", "wildcard-text", "own-selector", "spf-service", "redirect", "network"],
)
def test_nothing_is_said_of_what_is_right_in_another_way(zone: str, aims: Aims) -> None:
    assert World(zone, policy=_POLICY).judged(aims) == []


def _without(zone: str, part: str) -> str:
    kept = [line for line in zone.splitlines() if part not in line]
    assert len(kept) < len(zone.splitlines())
    return "\n".join(kept) + "\n"


def _with(zone: str, old: str, new: str) -> str:
    assert old in zone
    return zone.replace(old, new)


_SPF = '"v=spf1 mx ip4:198.51.100.77 -all"'
_WRONG = {
    # MX
    "no MX": (_without(_SELF, " MX "), Aims(), ["mx-missing"]),
    "null MX where mail is expected": (_with(_SELF, "MX 10 mail.example.org.", "MX 0 ."), SELF_HOSTED,
        ["mx-null", "spf-new-sender"]),
    "null MX beside another": (_SELF + "example.org MX 0 .\n", Aims(), ["mx-null-beside-others"]),
    "MX is an alias": (
        _with(_SELF, "MX 10 mail", "MX 10 mx") + "mx.example.org CNAME mail.example.org.\n", Aims(), ["mx-is-alias"],
    ),
    "MX is an address": (
        _with(_SELF, "MX 10 mail.example.org.", "MX 10 198.51.100.40."), Aims(),
        ["mx-is-address", "mta-sts-without-mx"],
    ),
    "MX has no address": (
        _SELF + "example.org MX 20 gone.example.org.\n", Aims(), ["mx-without-address"],
    ),
    "MX has an address of inside": (_with(_SELF, "A 198.51.100.40", "A 192.168.1.4"), Aims(), ["mx-private-address"]),
    "MX elsewhere": (_SELF, GOOGLE, ["mx-elsewhere", "spf-new-sender", "dkim-missing"]),
    "MX of two systems": (_GOOGLE + "example.org MX 20 mail.example.org.\nmail.example.org A 198.51.100.40\n",
        GOOGLE, ["mx-mixed"]),
    "MX half of Google's": (_without(_GOOGLE_BEFORE, "alt"), GOOGLE, ["mx-incomplete"]),
    "MX of Microsoft twice": (
        _MICROSOFT + "example.org MX 5 example-org.o-v1.mx.microsoft.\n", MICROSOFT, ["mx-incomplete"],
    ),
    # SPF
    "no SPF": (_without(_SELF, "v=spf1"), Aims(), ["spf-missing"]),
    "two SPF": (_SELF + 'example.org TXT "v=spf1 a -all"\n', Aims(), ["spf-several"]),
    "SPF of a wrong term": (_with(_SELF, "ip4:198.51.100.77", "ip4:198.51.100.777"), Aims(), ["spf-syntax"]),
    "SPF for anybody": (_with(_SELF, "-all", "+all"), Aims(), ["spf-all-pass"]),
    "SPF without an end": (_with(_SELF, " -all", ""), Aims(), ["spf-without-end"]),
    "SPF goes on after its end": (_with(_SELF, "-all", "-all a"), Aims(), ["spf-after-all"]),
    "SPF with ptr": (_with(_SELF, "mx ip4", "mx ptr ip4"), Aims(), ["spf-ptr"]),
    "SPF of 11 look-ups": (
        _with(_SELF, _SPF, f'"v=spf1 mx {" ".join(f"exists:h{n}.example.org" for n in range(10))} -all"')
        + "".join(f"h{n}.example.org A 198.51.100.9\n" for n in range(10)), Aims(), ["spf-look-ups"],
    ),
    "SPF of three voids": (
        _with(_SELF, "mx ip4", "mx a:x.example.org a:y.example.org exists:z.example.org ip4"), Aims(),
        ["spf-void-look-ups"],
    ),
    "SPF includes what has none": (
        _with(_SELF, "mx ip4", "mx include:mail.example.org ip4"), Aims(), ["spf-include-broken"],
    ),
    "SPF includes itself": (_with(_SELF, "mx ip4", "mx include:example.org ip4"), Aims(), ["spf-include-broken"]),
    "SPF without the new sender": (_with(_GOOGLE, "include:_spf.google.com", "a:smtp.google.com"), GOOGLE,
        ["spf-new-sender"]),
    "SPF without the old sender": (
        _with(_GOOGLE, "include:_spf.google.com", "include:spf.protection.outlook.com"), MICROSOFT,
        ["mx-elsewhere", "spf-old-sender", "autodiscover-missing", "dkim-missing"],
    ),
    "SPF does not name the new host": (_with(_SELF, "mx ip4", "ip4"), SELF_HOSTED, ["spf-new-sender"]),
    # DKIM and DMARC
    "no key": (_without(_SELF, "s1._domainkey"), _SELF_AIMS, ["dkim-missing"]),
    "two keys": (_SELF + 's1._domainkey.example.org TXT "v=DKIM1; p="\n', _SELF_AIMS, ["dkim-several"]),
    "a key cut off": (_with(_SELF, f'" "{KEY[200:]}', ""), _SELF_AIMS, ["dkim-broken"]),
    "a revoked key": (_with(_SELF, _DKIM, '"v=DKIM1; k=rsa; p="'), _SELF_AIMS, ["dkim-revoked"]),
    "a key of 512 bits": (
        _with(_SELF, _DKIM, f'"v=DKIM1; p={SHORT_KEY}"'), _SELF_AIMS, ["dkim-short-key"],
    ),
    "an alias to no key": (
        _with(_MICROSOFT, "selector1-example-org._domainkey.example", "selector1-example-org._domainkey.other"),
        MICROSOFT, ["dkim-leads-nowhere"],
    ),
    "no DMARC": (_without(_SELF, "_dmarc"), Aims(), ["dmarc-missing"]),
    "two DMARC": (_SELF + '_dmarc.example.org TXT "v=DMARC1; p=reject"\n', Aims(), ["dmarc-several"]),
    "a DMARC without policy": (_with(_SELF, "p=none; ", ""), Aims(), ["dmarc-broken"]),
    "DMARC reports to nobody's address": (_with(_SELF, "mailto:dmarc", "dmarc"), Aims(), ["dmarc-report-address"]),
    "DMARC reports that nobody agreed to": (
        _with(_SELF, "dmarc@example.org", "dmarc@example.net"), Aims(), ["dmarc-report-refused"],
    ),
    # What programs look for
    "autodiscover at the old system": (
        _with(_MICROSOFT, "CNAME autodiscover.outlook.com", "CNAME smtp.google.com"), MICROSOFT,
        ["autodiscover-elsewhere"],
    ),
    "no autodiscover": (_without(_MICROSOFT, "autodiscover."), MICROSOFT, ["autodiscover-missing"]),
    "autodiscover left behind": (
        _GOOGLE + "autodiscover.example.org CNAME autodiscover.outlook.com.\n", GOOGLE, ["autodiscover-left"],
    ),
    "autoconfig leads nowhere": (
        _with(_SELF, "autoconfig.example.org CNAME mail", "autoconfig.example.org CNAME gone"), Aims(),
        ["alias-leads-nowhere"],
    ),
    "SRV leads nowhere": (_with(_SELF, "993 mail", "993 gone"), Aims(), ["srv-leads-nowhere"]),
    "SRV leads to an alias": (_with(_SELF, "993 mail", "993 autoconfig"), Aims(), ["srv-is-alias"]),
    # TLS
    "an MTA-STS record without an id": (_with(_SELF, "; id=20270101", ""), Aims(), ["mta-sts-broken"]),
    "an MTA-STS policy for other hosts": (
        _SELF + "example.org MX 20 smtp.google.com.\n", Aims(),
        ["mta-sts-without-mx", "spf-old-sender"],
    ),
    "a TLS-RPT record without an address": (_with(_SELF, "mailto:tls", "tls"), Aims(), ["tls-rpt-broken"]),
    "a TLSA record of a usage that is not for mail": (
        _SELF + f"_25._tcp.mail.example.org TLSA 1 1 1 {'ab' * 32}\n", Aims(), ["tlsa-unusable", "tlsa-unsigned"],
    ),
    "a TLSA record that nobody signed": (
        _SELF + f"_25._tcp.mail.example.org TLSA 3 1 1 {'ab' * 32}\n", Aims(), ["tlsa-unsigned"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", _WRONG)
def test_what_is_wrong_is_found_and_nothing_else(case: str) -> None:
    zone, aims, codes = _WRONG[case]
    assert sorted(World(zone, policy=_POLICY).codes(aims)) == sorted(codes)


@pytest.mark.parametrize(
    ("policy", "codes"),
    [
        (Policy(None, "no answer came in time."), ["mta-sts-no-policy"]),
        (Policy("version: STSv1\nmode: strict\nmx: *.example.org\nmax_age: 86400\n"), ["mta-sts-policy-broken"]),
        (Policy("version: STSv1\nmode: enforce\nmax_age: 86400\n"), ["mta-sts-policy-broken"]),
        (Policy("version: STSv1\nmode: none\nmax_age: 86400\n"), []),
        (Policy("version: STSv1\nmode: testing\nmx: mail.example.net\nmax_age: 86400\n"), ["mta-sts-without-mx"]),
        (Policy("version: STSv1\nmode: testing\nmx: *.org\nmax_age: 86400\n"), ["mta-sts-without-mx"]),
    ],
)
def test_a_policy_is_read_as_senders_read_it(policy: Policy, codes: list[str]) -> None:
    assert World(_SELF, policy=policy).codes() == codes


_MX = Question("example.org", "MX")
_OTHER_MX = Answer(Outcome.RECORDS, (Mx(5, "old.example.net"),), 240, (), own_zone=True)
_FAILS = Answer(Outcome.SERVFAIL)
_SOA = Question("example.org", "SOA")
_LATER = Answer(Outcome.RECORDS, (Soa("ns1.example.org", 8, 300),), 3600, (), own_zone=True)
#: Who says what instead, and the code of what is said of it.
_FAILING = [
    ({("ns2.example.org", None): Answer(Outcome.LAME)}, "server-lame"),
    ({("ns2.example.org", None): Answer(Outcome.REFUSED)}, "server-refuses"),
    ({("ns2.example.org", None): _FAILS}, "server-fails"),
    ({("ns2.example.org", None): Answer(Outcome.TIMEOUT)}, "server-silent"),
    ({("ns2.example.org", _MX): _OTHER_MX}, "servers-disagree"),
    ({("ns2.example.org", _MX): Answer(Outcome.NODATA, own_zone=True)}, "servers-disagree"),
    ({("ns2.example.org", _SOA): _LATER}, "serials-differ"),
    ({("192.0.2.53", _MX): _FAILS}, "resolver-fails"),
    ({("192.0.2.53", _MX): Answer(Outcome.RECORDS, _OTHER_MX.values, 240)}, "resolver-behind"),
    ({("192.0.2.53", _MX): Answer(Outcome.TIMEOUT)}, "resolver-silent"),
    ({("10.0.0.53", _MX): _OTHER_MX}, "split-brain"),
    ({("10.0.0.53", _MX): Answer(Outcome.RECORDS, _OTHER_MX.values, 240)}, "split-brain"),
    ({("10.0.0.53", _MX): Answer(Outcome.REFUSED)}, "inside-silent"),
    ({("10.0.0.53", _MX): Answer(Outcome.RECORDS, (Mx(10, "mail.example.org"),), 9, (), own_zone=True)}, "inside-zone"),
]


def _said(question: Question, answer: Answer) -> dict[tuple[str, Question | None], Answer]:
    """Everybody says this."""
    return {(name, question): answer for name in ("ns1.example.org", "ns2.example.org", "192.0.2.53", "192.0.2.54")}


_POLICIES = [Policy(None, "no answer came in time."), Policy("mode: strict")]
#: Eleven hosts for a domain that SPF's mx looks at, and an include whose servers do not answer (see World.others).
_MANY_MX = _with(_SELF, "mx ip4", "mx:many.example.org ip4") + "".join(
    f"many.example.org MX 1 h{number}.example.org.\n" for number in range(11)
)
_UNANSWERED = _with(_SELF, "mx ip4", "mx include:silent.invalid ip4")
_UNKNOWN = [
    (_said(_MX, _FAILS), "mx-unknown"),
    (_said(Question("mail.example.org", "A"), _FAILS) | _said(Question("mail.example.org", "AAAA"), _FAILS),
        "mx-address-unknown"),
    (_said(Question("s1._domainkey.example.org", "TXT"), _FAILS), "dkim-unknown"),
    (_said(Question("_25._tcp.mail.example.org", "TLSA"), _FAILS), "tlsa-unknown"),
    ({(name, None): Answer(Outcome.TIMEOUT) for name in ("ns1.example.org", "ns2.example.org")}, "no-server"),
]  # fmt: skip


@pytest.mark.parametrize(("says", "code"), _FAILING)
def test_each_way_in_which_servers_fail_or_differ_is_told_apart(
    says: dict[tuple[str, Question | None], Answer], code: str
) -> None:
    assert [one.code for one in World(_SELF, policy=_POLICY, inside=True, says=says).judged()] == [code]


@pytest.mark.parametrize("inside", [False, True])
@pytest.mark.parametrize(("says", "code"), _UNKNOWN)
def test_what_nobody_knows_is_not_taken_for_absent(
    says: dict[tuple[str, Question | None], Answer], code: str, inside: bool
) -> None:
    codes = World(_SELF, policy=_POLICY, inside=inside, says=says).codes(_SELF_AIMS)
    assert code in codes
    assert not {"mx-missing", "mx-without-address", "dkim-missing", "domain-missing"} & set(codes)


#: Records that are right with a remark.
_NOTED = {
    "mx-null": (_with(_SELF, "MX 10 mail.example.org.", "MX 0 ."), Aims()),
    "mx-ttl-long": (_SELF, Aims(GOOGLE.expected, ("s1",))),
    "dkim-testing": (_with(_SELF, "v=DKIM1; k=rsa", "v=DKIM1; t=y; k=rsa"), _SELF_AIMS),
    "dkim-weak-key": (_with(_SELF, _DKIM, f'"v=DKIM1; p={MIDDLE_KEY}"'), _SELF_AIMS),
    "dmarc-without-reports": (_with(_SELF, "; rua=mailto:dmarc@example.org", ""), Aims()),
    "tlsa-not-everywhere": (
        _SELF + f"_25._tcp.mail.example.org TLSA 3 1 1 {'ab' * 32}\nexample.org MX 20 b.example.org.\n"
        "b.example.org A 198.51.100.41\n", Aims(),
    ),
}  # fmt: skip


@pytest.mark.parametrize("code", _NOTED)
def test_what_is_worth_knowing_is_a_note(code: str) -> None:
    zone, aims = _NOTED[code]
    world = World(zone, policy=_POLICY, ttl=7200)
    assert code in {finding.code for finding in world.judged(aims) if finding.severity == "note"}


def test_every_code_is_given_by_one_of_these_worlds() -> None:
    worlds = [(World(zone, policy=_POLICY), aims) for zone, aims, _codes in _WRONG.values()]
    worlds += [(World(zone, policy=_POLICY, ttl=7200), aims) for zone, aims in _NOTED.values()]
    worlds += [
        (World(_SELF, policy=_POLICY, inside=True, says=says), _SELF_AIMS) for says, _code in _FAILING + _UNKNOWN
    ]
    worlds += [(World(_SELF, policy=policy), Aims()) for policy in _POLICIES]
    worlds += [(World("", domain="gone.example.org"), Aims()), (World(_MANY_MX), Aims()), (World(_UNANSWERED), Aims())]
    given = {finding.code for world, aims in worlds for finding in world.judged(aims)}
    # Name servers are found by asking, which integration tests do: one alone, and one without an address.
    assert given | {"one-server", "server-without-address"} == set(CODES)


def test_what_a_resolver_still_remembers_is_said_with_the_time_it_takes() -> None:
    old = Answer(Outcome.RECORDS, _OTHER_MX.values, 240)
    (finding,) = World(_SELF, policy=_POLICY, says={("192.0.2.53", _MX): old}).judged()
    assert "240" in finding.mend


def test_a_domain_that_is_not_there_is_one_finding() -> None:
    world = World("", domain="gone.example.org")
    assert world.codes(GOOGLE) == ["domain-missing"]


def test_every_finding_says_what_is_what_should_be_and_what_to_do() -> None:
    for zone, aims, _codes in _WRONG.values():
        for finding in World(zone, policy=_POLICY).judged(aims):
            assert all((finding.name, finding.found, finding.wanted, finding.mend)), finding
            assert "{" not in finding.found + finding.wanted + finding.mend
            assert finding.found.endswith((".", "all")) or ":" in finding.found


def test_a_dmarc_policy_of_the_domain_above_counts() -> None:
    zone = _with(_SELF, "example.org MX", "sub.example.org MX") + 'sub.example.org TXT "v=spf1 mx -all"\n'
    assert "dmarc-missing" not in World(zone, OTHERS, domain="sub.example.org").codes()


@pytest.mark.parametrize(
    ("codes", "spf", "dkim"),
    [
        (["spf-new-sender", "mx-elsewhere"], False, True),
        (["dkim-missing", "spf-missing"], False, False),
        (["mx-elsewhere", "dkim-short-key"], True, True),
    ],
)
def test_the_new_sender_must_be_admitted(codes: list[Code], spf: bool, dkim: bool) -> None:
    assert admitted(codes) == {"SPF": spf, "DKIM": dkim}
