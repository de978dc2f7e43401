"""What commands saw, as a rollout goes by it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from migrate.cli.delivery_seen import keep_probes
from migrate.cli.dns_seen import keep_arrival, keep_senders
from migrate.cli.organisation import Place
from migrate.delivery.judging import Proof, Verdict
from migrate.delivery.probes import Probe, Route, Sender, Whom
from migrate.dns.arrival import Held, State
from migrate.dns.facts import View
from migrate.dns.findings import Finding
from migrate.ledger import deliveries, mailboxes, observations
from migrate.ledger.observations import Observed
from migrate.rollout.staying import staying
from migrate.rollout.steps import judged
from migrate.rollout.world import World
from tests.unit.rollout.company import Company, company


@pytest.fixture
def one(tmp_path: Path) -> Iterator[Company]:
    with company(tmp_path) as found:
        yield found


def _verdict(sender: Sender, whom: Whom, proof: Proof, address: str = "lea@old-first.example") -> Verdict:
    route = Route(sender=sender, whom=whom, address=address, legs=())
    return Verdict(Probe.model_construct(route=route, token="t"), proof)


def _states(one: Company, name: str) -> dict[str, str]:
    return {gate.code: verdict.state for gate, verdict in judged(one.subject(name))}


def _to_dual_delivery(one: Company, name: str) -> None:
    while one.subject(name).phase != "dual-delivery":
        one.rollout.force("site", name, "Karim", "a test")


def test_a_run_of_probes_says_which_routes_hold_and_who_would_lose_mail(one: Company) -> None:
    _to_dual_delivery(one, "hq")
    place = Place(one.folder)
    assert (_states(one, "hq")["probes"], _states(one, "hq")["routes"]) == ("unknown", "unknown")
    keep_probes(
        place,
        "hq",
        [_verdict("outside", "moved", Proof.PROVED, "a@x"), _verdict("new", "not-moved", Proof.MISSING)],
    )
    assert (_states(one, "hq")["probes"], _states(one, "hq")["routes"]) == ("not met", "not met")
    # Of the next run nothing of this one is left: the address that nobody has is another one each time.
    keep_probes(
        place,
        "hq",
        [_verdict("new", "unknown", Proof.PROVED, "nobody-2@x"), _verdict("new", "not-moved", Proof.PROVED)],
    )
    one.now = 2_000_000_000.0
    with one.ledger.read() as connection:
        kept = observations.of(connection, "site", "hq", "probes")
    assert set(kept) == {"new>unknown:nobody-2@x", "new>not-moved:lea@old-first.example"}
    assert all(seen.good for seen in kept.values())
    assert _states(one, "hq")["routes"] == "met"
    assert _states(one, "hq")["probes"] == "not met", "that was years ago"


def test_who_stays_is_told_with_whether_the_new_side_knows_them(one: Company) -> None:
    def stays() -> dict[str, bool]:
        with one.ledger.read() as connection:
            world = World.read(one.organisation, connection, one.now)
        found = staying(world, one.organisation.sites["hq"], "old-first.example")
        return {each.person.mailbox: each.known for each in found}

    lea, lyon = "lea@old-first.example", "lyon@old-first.example"
    assert stays() == {lea: False, lyon: False}
    one.see("site", "lyon", "accounts", lyon)
    assert stays() == {lea: False, lyon: True}
    with one.ledger.write() as connection:
        row = mailboxes.get_or_create(connection, lyon, "lyon")
        deliveries.switch(connection, row.id, "on", one.now, one.now, "Karim")
    assert stays() == {lea: False}
    with one.ledger.write() as connection:
        deliveries.switch(connection, row.id, "off", one.now + 1, one.now + 1, "Karim")
        mailboxes.go_live(connection, [mailboxes.get_or_create(connection, lea, "lyon").id], one.now)
    assert stays() == {lyon: True}


def test_an_account_made_after_the_probes_keeps_the_site_from_switching(one: Company) -> None:
    _to_dual_delivery(one, "hq")
    keep_probes(Place(one.folder), "hq", [_verdict("new", "not-moved", Proof.PROVED)])
    assert _states(one, "hq")["routes"] == "met"
    one.see("site", "lyon", "accounts", "lea@old-first.example", "lyon@old-first.example")
    assert _states(one, "hq")["routes"] == "not met"
    one.dual("lyon")
    assert _states(one, "hq")["routes"] == "met", "copies on both sides: nobody loses mail"


def test_dual_delivery_that_was_switched_off_is_not_on(one: Company) -> None:
    _to_dual_delivery(one, "hq")
    one.dual("hq")
    assert _states(one, "hq")["dual"] == "met"
    with one.ledger.write() as connection:
        row = mailboxes.of_site(connection, "hq")[0]
        deliveries.switch(connection, row.id, "off", one.now, one.now, "Karim")
    assert _states(one, "hq")["dual"] == "not met"


@pytest.mark.parametrize(
    ("code", "state"), [("spf-new-sender", "not met"), ("dkim-missing", "not met"), ("dkim-short-key", "met")]
)
def test_findings_that_shut_the_new_system_out_keep_a_site_from_switching(one: Company, code: str, state: str) -> None:
    _to_dual_delivery(one, "hq")
    finding = Finding("note", code, "old-first.example", "x", "y", "", "")  # type: ignore[arg-type]
    keep_senders(Place(one.folder), one.organisation, "old-first.example", "new", [finding])
    assert _states(one, "hq")["senders"] == state


def test_what_is_right_for_another_system_proves_nothing_of_the_new_one(one: Company) -> None:
    """``--expect`` of the old system: it may send, and everybody holds its MX, as ever."""
    _to_dual_delivery(one, "hq")
    place, domain = Place(one.folder), "old-first.example"
    keep_senders(place, one.organisation, domain, "old", [])
    keep_arrival(place, one.organisation, domain, "old", [_holds("ns1", "new")])
    assert _states(one, "hq")["senders"] == "unknown"
    assert "arrived" not in _kept(one, domain)


def test_a_name_server_that_serves_the_zone_no_more_is_not_waited_for(one: Company) -> None:
    place, domain = Place(one.folder), "old-first.example"
    keep_arrival(place, one.organisation, domain, "new", [_holds("ns1", "old"), _holds("ns2", "new")])
    keep_arrival(place, one.organisation, domain, "new", [_holds("ns2", "new"), _holds("ns3", "new")])
    assert {item: seen.good for item, seen in _kept(one, domain)["arrived"].items()} == {"ns2": True, "ns3": True}


def _holds(name: str, state: State) -> Held:
    return Held(View("authoritative", name, None, {}), state)


def _kept(one: Company, domain: str) -> dict[str, dict[str, Observed]]:
    with one.ledger.read() as connection:
        return observations.every(connection).get(("domain", domain), {})
