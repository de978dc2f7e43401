"""The system is recognised by records as zones have them, and the plan says what follows from it."""

from __future__ import annotations

import pytest

from connectors.presets import presets
from migrate.discover.candidates import MOST, Candidate, candidates
from migrate.discover.endpoints import Certificate, Endpoint
from migrate.discover.finding_out import DomainFound
from migrate.discover.proposing import Proposal, propose
from migrate.discover.recognising import recognise
from migrate.discover.records import Records
from migrate.discover.told import ToldServer
from migrate.dns.facts import Mx, Outcome, Srv

#: MX and includes of SPF as customers' zones have them.
RECORDED: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "ovh": (("mx0.mail.ovh.net", "mx1.mail.ovh.net", "mx2.mail.ovh.net", "mx3.mail.ovh.net"), ("mx.ovh.com",)),
    "gandi": (("spool.mail.gandi.net", "fb.mail.gandi.net"), ("_mailcust.gandi.net",)),
    "ionos": (("mx00.ionos.fr", "mx01.ionos.fr"), ("_spf.perfora.net", "_spf.kundenserver.de")),
    "infomaniak": (("mta-gw.infomaniak.ch",), ("spf.infomaniak.ch",)),
    "google": (("aspmx.l.google.com", "alt1.aspmx.l.google.com", "alt2.aspmx.l.google.com"), ("_spf.google.com",)),
    "microsoft365": (("example-org.mail.protection.outlook.com",), ("spf.protection.outlook.com",)),
    "outlook": (("hotmail-com.olc.protection.outlook.com",), ("spf2.outlook.com",)),
    "yahoo": (("mta5.am0.yahoodns.net", "mta6.am0.yahoodns.net"), ("_spf.mail.yahoo.com",)),
    "aol": (("mx-aol.mail.gm0.yahoodns.net",), ("aspmx.aol.com",)),
    "fastmail": (("in1-smtp.messagingengine.com", "in2-smtp.messagingengine.com"), ("spf.messagingengine.com",)),
    "zoho": (("mx.zoho.com", "mx2.zoho.com"), ("zoho.com",)),
}


def records(
    mx: tuple[str, ...] = (), includes: tuple[str, ...] = (), services: dict[str, tuple[Srv, ...]] | None = None
) -> Records:
    return Records(
        "example.org",
        Outcome.RECORDS if mx else Outcome.NODATA,
        tuple(Mx(10 * place, host) for place, host in enumerate(mx)),
        includes=includes,
        services=services or {},
        addresses={
            "mail.example.org": ("192.0.2.1",),
            "imap.example.org": ("192.0.2.1",),
            **dict.fromkeys(mx, ("192.0.2.9",)),
        },
    )


def found(known: Records, *endpoints: Endpoint, told: tuple[ToldServer, ...] = ()) -> DomainFound:
    return DomainFound(known, (), endpoints, recognise(known, [one.host for one in told], endpoints))


def endpoint(
    host: str = "mail.example.org", *, protocol: str = "imap", tls: str = "implicit", **more: object
) -> Endpoint:
    ports = {("imap", "implicit"): 993, ("imap", "starttls"): 143, ("pop3", "implicit"): 995}
    said = {"greeting": "", "capabilities": (), "certificate": Certificate("", "ab", None)} | more
    one = Candidate(protocol, host, ports[protocol, tls], tls, "usual-name")  # type: ignore[arg-type]  # names of these
    return Endpoint(one, "answers", **said)  # type: ignore[arg-type]  # as above


def test_every_preset_with_records_is_in_the_recorded_sets() -> None:
    assert set(RECORDED) == {name for name, preset in presets().items() if preset.dns is not None}


@pytest.mark.parametrize("name", RECORDED)
def test_a_provider_is_recognised_by_its_mx(name: str) -> None:
    mx, includes = RECORDED[name]
    recognised = recognise(records(mx, includes), [], [])
    assert (recognised.preset and recognised.preset.name, recognised.contradicting) == (name, [])
    assert {one.value for one in recognised.evidence if one.sign == "mx"} == set(mx)


def test_behind_a_relay_the_spf_and_the_servers_tell() -> None:
    recognised = recognise(records(("mx1.filter.example",), ("_spf.google.com",)), [], [])
    assert recognised.preset is not None
    assert recognised.preset.name == "google"
    named = recognise(records(("mx1.filter.example",), ("_spf.google.com",)), ["mail.gandi.net"], [])
    assert named.preset is not None
    assert named.preset.name == "gandi"


def test_servers_of_another_provider_contradict_and_are_asked_about() -> None:
    recognised = recognise(records(("smtp.google.com",)), ["mail.gandi.net"], [])
    assert recognised.preset is not None
    assert (recognised.preset.name, [one.preset for one in recognised.contradicting]) == ("google", ["gandi"])


def test_of_one_providers_products_the_servers_name_tells_which() -> None:
    recognised = recognise(records(("mx1.mail.ovh.net",)), ["ex5.mail.ovh.net"], [])
    assert recognised.preset is not None
    assert (recognised.preset.name, recognised.contradicting) == ("ovh-exchange", [])


@pytest.mark.parametrize(
    ("greeting", "capabilities", "name"),
    [
        ("* OK [CAPABILITY IMAP4rev1] Dovecot (Debian) ready.", (), "dovecot"),
        ("* OK server Cyrus IMAP 3.6.1-Debian server ready", (), "cyrus"),
        ("* OK Courier-IMAP ready. Copyright 1998-2018 Double Precision, Inc.", (), "courier"),
        ("* OK ready", ("ACL2=UNION",), "courier"),
        ("* OK mail.example.org Zimbra IMAP4rev1 server ready", (), "zimbra"),
        ("* OK The Microsoft Exchange IMAP4 service is ready.", (), "exchange"),
        ("* OK ready when you are", ("IMAP4REV1",), None),
    ],
)
def test_software_is_recognised_by_what_it_says(greeting: str, capabilities: tuple[str, ...], name: str | None) -> None:
    known = found(records(("mail.example.org",)), endpoint(greeting=greeting, capabilities=capabilities))
    preset = known.recognised.preset
    assert (preset and preset.name) == name


def test_software_never_goes_before_a_provider() -> None:
    mx, includes = RECORDED["ovh"]
    known = found(records(mx, includes), endpoint(greeting="* OK Dovecot ready."))
    assert known.recognised.preset is not None
    assert (known.recognised.preset.name, known.recognised.contradicting) == ("ovh", [])


def _proposed(known: DomainFound) -> Proposal:
    return propose(known)


def test_the_proposal_names_a_preset_alone_where_that_says_the_server() -> None:
    assert dict(_proposed(found(records(("mx1.mail.ovh.net",)))).system) == {"preset": "ovh"}
    exchange = found(
        records(("mx1.mail.ovh.net",)),
        endpoint("ex5.mail.ovh.net"),
        told=(ToldServer("imap", "ex5.mail.ovh.net", 993, "implicit"),),
    )
    assert dict(_proposed(exchange).system) == {"preset": "ovh-exchange", "host": "ex5.mail.ovh.net"}


def test_of_several_servers_the_best_protected_one_is_proposed() -> None:
    untrusted = endpoint("imap.example.org", certificate=Certificate("it has expired", "ab" * 32, None))
    starttls = endpoint(tls="starttls", greeting="Dovecot")
    proposal = _proposed(found(records(), untrusted, starttls))
    assert dict(proposal.system) == {"preset": "dovecot", "host": "mail.example.org", "tls": "starttls"}
    alone = _proposed(found(records(), untrusted))
    assert dict(alone.system) == {"connector": "imap", "host": "imap.example.org"}
    assert "ab" * 32 in " ".join(alone.remarks)


def test_only_pop_leads_to_the_pop_connector() -> None:
    proposal = _proposed(found(records(), endpoint(protocol="pop3")))
    assert dict(proposal.system) == {"connector": "pop3", "host": "mail.example.org"}


@pytest.mark.parametrize(
    ("name", "first"), [("ovh", "old"), ("gandi", "old"), ("google", "old"), ("ionos", "new"), ("infomaniak", "new")]
)
def test_who_cannot_send_copies_on_does_not_receive_first(name: str, first: str) -> None:
    assert _proposed(found(records(*RECORDED[name]))).mx_first == first


def test_nothing_known_keeps_the_old_side_first() -> None:
    proposal = _proposed(found(records()))
    assert (proposal.mx_first, proposal.system["host"]) == ("old", "mail.example.org")


def test_who_is_named_is_looked_at_and_usual_names_only_for_what_is_lacking() -> None:
    services = {"_imaps._tcp": (Srv(0, 1, 1993, "imap.far.example"), Srv(0, 1, 0, "bad.example"))}
    tried = candidates(records(("mx.example.net",), services=services), [], [], None)
    assert [(one.host, one.port, one.origin) for one in tried if one.protocol == "imap"] == [
        ("imap.far.example", 1993, "srv")
    ]
    assert {one.host for one in tried if one.protocol == "pop3"} == {"mail.example.org", "mx.example.net"}


def test_names_that_are_one_machine_are_looked_at_once() -> None:
    tried = candidates(records(), [], [], None)
    assert {one.host for one in tried if one.protocol == "imap"} == {"mail.example.org"}


def test_a_hostile_answer_names_no_more_servers_than_are_tried() -> None:
    told = [ToldServer("imap", f"s{number}.example", 993, "implicit") for number in range(500)]
    assert len(candidates(records(), told, [], None)) == MOST


def test_a_server_without_protection_is_not_tried() -> None:
    assert not [
        one
        for one in candidates(records(), [ToldServer("imap", "plain.example", 143, None)], [], None)
        if one.host == "plain.example"
    ]
