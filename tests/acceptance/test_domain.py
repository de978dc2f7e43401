"""``bascule domain add``, as installed: at both clouds' stand-ins, with a zone that changes while it waits."""

from __future__ import annotations

import json
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from migrate.cli import domain as command
from migrate.sandbox.microsoft.started import MicrosoftStandIn
from tests.acceptance.clouds import Cloud, google_cloud, microsoft_cloud, own_name
from tests.acceptance.organisation import running
from tests.acceptance.schemas import valid
from tests.servers.changing_zone import ChangingZone, running_changing_zone
from tests.servers.google import DOMAIN, GoogleForTests


@pytest.fixture
def zone() -> Iterator[ChangingZone]:
    with running_changing_zone(f"{own_name('lyon')}.example") as made:
        yield made


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "_LOOK", 0.05)


@pytest.fixture
def at_google(tmp_path: Path, google: GoogleForTests, zone: ChangingZone) -> Cloud:
    cloud = google_cloud(tmp_path, google, DOMAIN)
    cloud.write([{"address": f"anna@{DOMAIN}", "name": "Anna Berg"}])
    google.stand_in.manners(resolver=zone.address)
    return cloud


def _interrupted(cloud: Cloud, zone: ChangingZone, *options: str) -> dict[str, Any]:
    """A run that is stopped while it waits for the record."""
    arguments = ("domain", "add", zone.domain, *zone.options, *options, "--json")
    with running(cloud.organisation.start(*arguments)) as process:
        _wait_for(process, " hold the TXT record")
        process.send_signal(signal.SIGINT)
        out, _err = process.communicate(timeout=30)
    assert process.returncode == 130
    return valid(json.loads(out), "domain-add")


def _wait_for(process: subprocess.Popen[str], text: str) -> None:
    assert process.stderr is not None
    assert any(text in line for line in process.stderr)


def test_a_domain_is_walked_to_its_end_by_the_same_command(at_google: Cloud, zone: ChangingZone) -> None:
    told = _interrupted(at_google, zone)
    assert (told["state"], [one["outcome"] for one in told["steps"]]) == ("interrupted", ["done", "waiting"])
    assert told["proof"]["value"].startswith("google-site-verification=")
    zone.texts = ["v=spf1 -all", told["proof"]["value"]]
    ended = at_google.run("domain", "add", zone.domain, *zone.options, "--json")
    done = valid(ended.json, "domain-add")
    assert (ended.code, done["state"]) == (0, "verified")
    assert [one["outcome"] for one in done["steps"]] == ["already", "done", "done", "already"]
    assert {"name": zone.domain, "type": "MX", "value": "1 smtp.google.com.", "what": "at the cutover"} in done[
        "records"
    ]
    again = at_google.run("domain", "add", zone.domain, *zone.options)
    assert (again.code, f"{zone.domain}: verified." in again.out) == (0, True)
    assert "bascule dns records" in again.out


def test_an_alias_domain_gives_everybody_an_address_there(
    at_google: Cloud, zone: ChangingZone, google: GoogleForTests
) -> None:
    told = _interrupted(at_google, zone, "--alias-of", DOMAIN)
    zone.texts = [told["proof"]["value"]]
    assert at_google.run("domain", "add", zone.domain, "--alias-of", DOMAIN, *zone.options).code == 0
    service = google.service("admin.directory_v1", f"admin@{DOMAIN}", ["admin.directory.domain"])
    found = service.domainAliases().get(customer="my_customer", domainAliasName=zone.domain).execute()
    assert found["parentDomainName"] == DOMAIN


def test_a_domain_of_another_customer_is_told(at_google: Cloud, zone: ChangingZone, google: GoogleForTests) -> None:
    google.stand_in.manners(taken_domains=[zone.domain])
    ended = at_google.run("domain", "add", zone.domain, *zone.options, "--json")
    told = valid(ended.json, "domain-add")
    assert (ended.code, told["state"], told["steps"][0]["outcome"]) == (3, "refused", "failed")
    assert "give it up" in told["steps"][0]["what"]


def test_microsofts_records_are_read_and_not_put_together(
    tmp_path: Path, microsoft: MicrosoftStandIn, zone: ChangingZone
) -> None:
    cloud = microsoft_cloud(tmp_path, microsoft, microsoft.app(), "contoso.example")
    cloud.write([{"address": "anna@contoso.example", "name": "Anna Berg"}])
    told = _interrupted(cloud, zone)
    assert told["proof"]["value"].startswith("MS=")
    zone.texts = [told["proof"]["value"]]
    microsoft.control("publish", domain=zone.domain, texts=zone.texts)
    ended = cloud.run("domain", "add", zone.domain, *zone.options, "--json")
    done = valid(ended.json, "domain-add")
    assert (ended.code, [one["outcome"] for one in done["steps"]]) == (0, ["already", "done", "done", "done"])
    (mx,) = [one["value"] for one in done["records"] if one["type"] == "MX"]
    assert mx.endswith(".mx.microsoft.")
    shown = cloud.run("domain", "add", zone.domain, *zone.options)
    assert f"--mx {mx.split()[1].rstrip('.')}" in shown.out
    cloud.write([{"address": "anna@contoso.example", "name": "Anna Berg"}], domains={zone.domain: {}})
    steps = cloud.run("dns", "records", zone.domain, "--expect", "new", *zone.options, "--json")
    (cutover,) = [one for one in valid(steps.json, "dns-records")["steps"] if one["step"] == "cutover"]
    assert cutover["enter"] == [f"{zone.domain}. 300 IN MX {mx}"]
    aliased = cloud.run("domain", "add", zone.domain, "--alias-of", "contoso.example", *zone.options)
    assert (aliased.code, "no alias domains" in aliased.out) == (3, True)


def test_what_cannot_be_is_told(at_google: Cloud, zone: ChangingZone) -> None:
    for arguments, text in (
        (("no domain",), "is not a mail domain"),
        ((zone.domain, "--target", "nwe"), 'Did you mean "new"?'),
        ((zone.domain, "--target", "old"), "does not know how accounts are made"),
    ):
        ended = at_google.run("domain", "add", *arguments)
        assert (ended.code, text in ended.err) == (2, True), ended.err
