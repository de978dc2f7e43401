"""Zones that are changed from here: at BIND by DNS updates, and at stand-ins of Gandi, Cloudflare and OVHcloud."""

from __future__ import annotations

import base64
import logging
import time
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from migrate.dns.asking import Server
from migrate.dns.zones.cloudflare import CloudflareZone
from migrate.dns.zones.contract import RecordSet, Zone, ZoneError
from migrate.dns.zones.gandi import GandiZone
from migrate.dns.zones.ovh import OvhKeys, OvhZone
from migrate.dns.zones.update import UpdatedZone
from tests.conftest import _present
from tests.servers import zone_providers
from tests.servers.zone_providers import Provider, running_provider
from tests.servers.zones import dns_port, running_bind, zone_text

ZONE = "example.org"
SECRET = base64.b64encode(b"a secret of thirty-two octets ..").decode()
OLD = frozenset({"10 mx1.old.example.", "20 mx2.old.example."})
NEW = RecordSet(ZONE, "MX", 300, frozenset({"1 smtp.google.com."}))
SPF = '"v=spf1 mx -all"'
OTHER = '"some-verification=abc"'
_TEXT = f"""\
@ NS ns1.example.org.
ns1 A 127.0.0.1
@ MX 10 mx1.old.example.
@ MX 20 mx2.old.example.
@ TXT {SPF}
@ TXT {OTHER}
"""


@pytest.fixture(scope="module")
def bind() -> Iterator[Server]:
    port = dns_port()
    with ExitStack() as running:
        zones = {ZONE: zone_text(f"{ZONE}.", 1, _TEXT), "fixed.example": zone_text("fixed.example.", 1, _TEXT)}
        _present(lambda: running.enter_context(running_bind(port, zones, keys={"bascule": SECRET})))
        yield Server("ns1", "127.0.0.1", port)


@pytest.fixture(params=["gandi", "cloudflare", "ovh"])
def provider(request: pytest.FixtureRequest) -> Iterator[Provider]:
    with running_provider(request.param) as running:
        _fill(running)
        yield running


def _fill(one: Provider) -> None:
    if one.kind == "gandi":
        one.published = {("", "MX"): (10800, sorted(OLD)), ("", "TXT"): (3600, [SPF, OTHER])}
    elif one.kind == "cloudflare":
        mx = [{"id": f"m{value[:1]}", "priority": int(value[:2]), "content": value[3:-1]} for value in sorted(OLD)]
        # As people type it in there.
        one.published = {("", "MX"): (1, mx), ("", "TXT"): (3600, [{"id": "t", "content": SPF.strip('"')}])}
    else:
        for number, (kind, value) in enumerate([*(("MX", value) for value in OLD), ("TXT", SPF)]):
            ttl, values = one.records.get(("", kind), (3600, []))
            one.records["", kind] = (ttl, [*values, {"id": f"r{number}", "target": value}])
        one.published = dict(one.records)


def _opened(one: Provider, *, token: str = zone_providers.TOKEN) -> Zone:
    if one.kind == "gandi":
        return GandiZone(ZONE, token, one.root)
    if one.kind == "cloudflare":
        return CloudflareZone(ZONE, token, one.root)
    keys = OvhKeys(zone_providers.APPLICATION, zone_providers.SECRET, zone_providers.CONSUMER)
    return OvhZone(ZONE, keys if token == zone_providers.TOKEN else OvhKeys("app", token, "consumer"), one.root)


def test_a_set_is_read_as_a_zone_file_has_it(provider: Provider) -> None:
    zone = _opened(provider)
    found = zone.read(ZONE, "MX")
    assert found is not None
    assert found.values == OLD
    assert found.ttl == {"gandi": 10800, "cloudflare": 300, "ovh": 3600}[provider.kind]
    text = zone.read(ZONE, "TXT")
    assert text is not None
    assert SPF in text.values
    assert zone.read(f"_dmarc.{ZONE}", "TXT") is None


def test_a_set_is_replaced_and_read_back(provider: Provider) -> None:
    zone = _opened(provider)
    record = RecordSet(f"s1._domainkey.{ZONE}", "TXT", 600, frozenset({'"v=DKIM1; p=abc"'}))
    zone.replace([NEW, record])
    assert zone.read(ZONE, "MX") == NEW
    assert zone.read(record.name, "TXT") == record
    # And the world sees it: OVH's has to be refreshed.
    assert len(provider.published["", "MX"][1]) == 1
    assert provider.published["s1._domainkey", "TXT"][0] == 600


def test_between_the_old_set_and_the_new_one_the_world_sees_no_gap(provider: Provider) -> None:
    zone = _opened(provider)
    seen: list[int] = []
    answer = provider.answer

    def watched(*arguments: object) -> zone_providers.Answer:
        told = answer(*arguments)  # type: ignore[arg-type]
        seen.append(len(provider.published.get(("", "MX"), (0, []))[1]))
        return told

    provider.answer = watched  # type: ignore[method-assign]
    zone.replace([NEW])
    assert set(seen) <= {2, 1}
    assert seen[-1] == 1


def test_what_was_changed_and_not_published_is_published_by_itself() -> None:
    with running_provider("ovh") as running:
        _fill(running)
        zone = _opened(running)
        running.withheld = frozenset({f"POST /domain/zone/{ZONE}/refresh"})
        with pytest.raises(ZoneError) as caught:
            zone.replace([NEW])
        assert caught.value.denied
        assert (zone.read(ZONE, "MX"), len(running.published["", "MX"][1])) == (NEW, 2)
        running.withheld = frozenset()
        zone.publish()
        assert [one["target"] for one in running.published["", "MX"][1]] == list(NEW.values)


def test_at_ovh_a_value_that_stays_keeps_its_record_and_an_spf_record_counts_as_text() -> None:
    with running_provider("ovh") as running:
        _fill(running)
        zone = _opened(running)
        running.records["", "SPF"] = running.records.pop(("", "TXT"))
        text = zone.read(ZONE, "TXT")
        assert text is not None
        assert text.values == {SPF}
        longer = '"v=spf1 mx include:_spf.google.com -all"'
        zone.replace([RecordSet(ZONE, "MX", 300, OLD), RecordSet(ZONE, "TXT", 3600, frozenset({longer}))])
        assert zone.read(ZONE, "MX") == RecordSet(ZONE, "MX", 300, OLD)
        assert zone.read(ZONE, "TXT") == RecordSet(ZONE, "TXT", 3600, frozenset({longer}))
        assert sum(asked.startswith("DELETE") for asked in running.asked) == 1


def test_a_long_text_without_quotes_is_read_as_its_strings() -> None:
    text = "v=spf1 " + " ".join(f"ip4:198.51.100.{number}" for number in range(20)) + " -all"
    with running_provider("cloudflare") as running:
        running.published = {("", "TXT"): (3600, [{"id": "t", "content": text}])}
        found = _opened(running).read(ZONE, "TXT")
    assert found is not None
    assert found.values == {f'"{text[:255]}" "{text[255:]}"'}


def test_refused_credentials_are_told_apart_and_never_shown(
    provider: Provider, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with pytest.raises(ZoneError) as caught:
        _opened(provider, token="another-planted").read(ZONE, "MX")
    assert (caught.value.denied, caught.value.detail) == (True, "403")
    assert "planted" not in f"{caught.value!r} {caplog.text}"


@pytest.mark.parametrize("provider", ["gandi", "cloudflare"], indirect=True)
def test_credentials_that_no_header_can_hold_are_refused_and_not_shown(provider: Provider) -> None:
    with pytest.raises(ZoneError) as caught:
        _opened(provider, token="pl4nted…")
    assert caught.value.denied
    assert "pl4nted" not in f"{caught.value!r} {caught.value.__cause__!r}"


def test_a_refused_change_changes_nothing(provider: Provider) -> None:
    zone = _opened(provider)
    provider.trouble = 500
    with pytest.raises(ZoneError) as caught:
        zone.replace([NEW])
    assert (caught.value.denied, caught.value.detail) == (False, "500")
    assert len(provider.published["", "MX"][1]) == 2


def test_a_provider_that_was_asked_too_often_is_asked_again_later(provider: Provider) -> None:
    zone = _opened(provider)
    provider.trouble = 429
    with pytest.raises(ZoneError, match="wait some minutes") as caught:
        zone.replace([NEW])
    assert (caught.value.denied, caught.value.detail) == (False, "429")


def test_a_zone_that_is_not_there_is_not_one_that_holds_nothing() -> None:
    with running_provider("gandi") as running:
        zone = GandiZone("other.example", zone_providers.TOKEN, running.root)
        with pytest.raises(ZoneError, match=r"no zone other\.example") as caught:
            zone.read("other.example", "MX")
    assert caught.value.denied


def test_a_zone_that_the_token_does_not_reach_is_told() -> None:
    with running_provider("cloudflare") as running, pytest.raises(ZoneError, match=r"other\.example") as caught:
        CloudflareZone("other.example", zone_providers.TOKEN, running.root)
    assert caught.value.denied


def test_nobody_at_the_providers_address_is_told() -> None:
    with running_provider("gandi") as running:
        zone = GandiZone(ZONE, zone_providers.TOKEN, running.root)
    with pytest.raises(ZoneError, match="cannot be reached"):
        zone.read(ZONE, "MX")


def test_bind_takes_an_update_whole(bind: Server) -> None:
    zone = UpdatedZone(ZONE, bind, "bascule", SECRET, "hmac-sha256")
    before = [zone.read(ZONE, "MX"), zone.read(ZONE, "TXT")]
    assert before == [RecordSet(ZONE, "MX", 3600, OLD), RecordSet(ZONE, "TXT", 3600, frozenset({SPF, OTHER}))]
    text = RecordSet(ZONE, "TXT", 3600, frozenset({OTHER, '"v=spf1 mx include:_spf.google.com -all"'}))
    zone.replace([NEW, text])
    assert [zone.read(ZONE, "MX"), zone.read(ZONE, "TXT")] == [NEW, text]
    zone.replace([one for one in before if one])
    assert zone.read(ZONE, "MX") == before[0]
    assert zone.read(f"nothing.{ZONE}", "TXT") is None


@pytest.mark.parametrize(("name", "secret"), [("other", SECRET), ("bascule", base64.b64encode(b"x" * 32).decode())])
def test_bind_refuses_another_key(bind: Server, name: str, secret: str) -> None:
    zone = UpdatedZone(ZONE, bind, name, secret, "hmac-sha256")
    with pytest.raises(ZoneError) as caught:
        zone.replace([NEW])
    assert caught.value.denied
    assert secret not in f"{caught.value!r}"


def test_a_clock_that_is_wrong_is_told_apart_from_a_key(bind: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    zone = UpdatedZone(ZONE, bind, "bascule", SECRET, "hmac-sha256")
    now = time.time
    monkeypatch.setattr("dns.message.time.time", lambda: now() - 3600)
    with pytest.raises(ZoneError, match="clock") as caught:
        zone.replace([NEW])
    assert not caught.value.denied


def test_a_zone_that_bind_does_not_have_is_refused(bind: Server) -> None:
    zone = UpdatedZone("elsewhere.example", bind, "bascule", SECRET, "hmac-sha256")
    with pytest.raises(ZoneError):
        zone.replace([RecordSet("elsewhere.example", "MX", 300, frozenset({"1 a.example."}))])


def test_what_is_no_key_is_told_without_it() -> None:
    with pytest.raises(ZoneError) as caught:
        UpdatedZone(ZONE, Server("ns1", "127.0.0.1", 1), "bascule", "pl4nted!", "hmac-sha256")
    assert "pl4nted" not in f"{caught.value!r}"


@pytest.mark.parametrize("algorithm", ["hmac-sha3", "sha256", "hmac sha256"])
def test_an_algorithm_that_nobody_knows_is_told(algorithm: str) -> None:
    with pytest.raises(ZoneError, match="hmac-sha256"):
        UpdatedZone(ZONE, Server("ns1", "127.0.0.1", dns_port()), "bascule", SECRET, algorithm).read(ZONE, "MX")


def test_nobody_at_the_servers_address_is_told() -> None:
    zone = UpdatedZone(ZONE, Server("ns1", "127.0.0.1", dns_port()), "bascule", SECRET, "hmac-sha256")
    with pytest.raises(ZoneError, match="does not answer"):
        zone.read(ZONE, "MX")
