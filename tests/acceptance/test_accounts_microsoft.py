"""``bascule accounts`` at Microsoft's stand-in, as installed."""

from __future__ import annotations

from pathlib import Path

import pytest

from migrate.sandbox.microsoft.started import App, MicrosoftStandIn
from tests.acceptance.clouds import Cloud, microsoft_cloud, own_name
from tests.acceptance.organisation import SITE
from tests.acceptance.schemas import valid

LICENCES = {"standard": {"bought": 0, "sku": "business-standard"}}


@pytest.fixture
def app(microsoft: MicrosoftStandIn) -> App:
    return microsoft.app()


@pytest.fixture
def cloud(tmp_path: Path, microsoft: MicrosoftStandIn, app: App) -> Cloud:
    domain = f"{own_name('site')}.example"
    microsoft.control("domain", name=domain)
    microsoft.control("sku", part_number="O365_BUSINESS_PREMIUM", bought=100_000, renews="2027-03-01T00:00:00Z")
    return microsoft_cloud(tmp_path, microsoft, app, domain, usage_location="FR", licence="standard")


def test_people_are_made_with_licences_and_the_rest_is_told_as_powershell(
    cloud: Cloud, microsoft: MicrosoftStandIn
) -> None:
    anna, info = cloud.name("o'neil"), cloud.name("info")
    people = [
        {"address": anna, "name": "Anna O’Neil", "aliases": [cloud.name("ao")], "groups": ["Sales"]},
        {"address": info, "name": "Info $(Get-Date)", "shared": "yes"},
    ]
    groups = {cloud.name("sales"): {"name": "Sales", "kind": "list", "members": ["x@outside.example"]}}
    cloud.write(people, licences=LICENCES, groups=groups)
    ended = cloud.organisation.run_installed("accounts", "apply", SITE, "--yes", "--json")
    told = valid(ended.json, "accounts-apply")
    outcomes = {(one["change"], one["subject"]): one["outcome"] for one in told["changes"]}
    assert (ended.code, outcomes["create-account", anna], outcomes["assign-licence", anna]) == (3, "done", "done")
    assert outcomes["create-account", info] == outcomes["create-group", cloud.name("sales")] == "by-hand"
    lines = [line for one in told["changes"] for line in one["by_hand"]]
    # A name is a text to PowerShell, whatever is in it.
    assert f"New-Mailbox -Shared -Name 'Info $(Get-Date)' -PrimarySmtpAddress '{info}'" in lines
    assert any("smtp:ao@" in line and "o''neil@" in line for line in lines)
    assert any(line.startswith("New-MailContact") for line in lines)
    # What is run by hand is seen the next time.
    microsoft.control("shared_mailbox", address=info, name="Info $(Get-Date)")
    rest = {(one["change"], one["subject"]) for one in cloud.diff().json["changes"]}
    assert not {("create-account", anna), ("assign-licence", anna), ("create-account", info)} & rest


def test_people_get_no_licence_that_is_not_there(tmp_path: Path, cloud: Cloud, microsoft: MicrosoftStandIn) -> None:
    microsoft.control("sku", part_number="EXCHANGEENTERPRISE", bought=1)
    licences = {"standard": {"bought": 9, "sku": "exchange-plan-2"}}
    people = [{"address": cloud.name(name), "name": f"{name} X"} for name in ("anna", "ben")]
    cloud.write(people, licences=licences)
    ended = cloud.apply()
    codes = [one["code"] for one in ended.json["findings"] if one["kind"] == "obstacle"]
    assert (ended.code, codes) == (3, ["licence-short"])
    told = valid(cloud.run("licences", "--json").json, "licences")
    (stock,) = told["licences"]
    assert (told["exit_code"], stock["bought"], stock["assigned"], stock["needed"], stock["short"]) == (3, 1, 1, 2, 1)
    assert stock["sites"] == [{"site": SITE, "wave": None, "switch": None, "needed": 2, "missing": 1}]
    made = valid(cloud.run("licences", "order", SITE, "--json").json, "licences-order")
    assert [(line["sku"], line["number"]) for line in made["lines"]] == [("EXCHANGEENTERPRISE", 1)]


def test_renewals_and_trials_are_told_ahead(cloud: Cloud, microsoft: MicrosoftStandIn) -> None:
    microsoft.control("sku", part_number="SPB", bought=5, renews="2026-12-01T00:00:00Z", trial=True)
    cloud.write([], licences={"premium": {"bought": 1, "sku": "SPB"}}, ordering={"warn": "3000 days"})
    cloud.organisation.systems["new"]["accounts"].pop("licence")  # type: ignore[attr-defined]
    cloud.write([{"address": cloud.name("a"), "name": "A B", "licence": "premium"}],
                licences={"premium": {"bought": 1, "sku": "SPB"}}, ordering={"warn": "3000 days"})  # fmt: skip
    ended = cloud.run("licences")
    assert (ended.code, "2026-12-01" in ended.out, "It is a trial" in ended.out) == (3, True, True)


def test_busy_answers_are_waited_for_and_a_lost_answer_makes_nothing_twice(
    cloud: Cloud, microsoft: MicrosoftStandIn
) -> None:
    people = [{"address": cloud.name(own_name(name)), "name": f"{name} Berg"} for name in ("anna", "ben")]
    cloud.write(people, licences=LICENCES)
    microsoft.fault("answer", on="POST /users", status=429, code="TooManyRequests", retry_after=1)
    microsoft.fault("drop_reply", on="POST /users", nth=2)
    microsoft.fault("answer", on="GET /users", status=503)
    ended = cloud.apply()
    assert ended.code == 0, ended.out
    assert cloud.diff().json["changes"] == []
    assert microsoft.stats()["graph"]["requests"]["POST /users"] >= 3


def test_a_permission_that_is_missing_is_told_with_what_to_do(
    tmp_path: Path, microsoft: MicrosoftStandIn, cloud: Cloud, app: App
) -> None:
    cloud.write([{"address": cloud.name(own_name("anna")), "name": "Anna Berg"}], licences=LICENCES)
    roles = {"graph": ["User.Read.All", "Group.Read.All", "Domain.Read.All", "Organization.Read.All"]}
    microsoft.control("change_application", client_id=app.client_id, roles=roles)
    ended = cloud.apply()
    assert (ended.code, {one["outcome"] for one in ended.json["changes"]}) == (3, {"failed", "waiting"})
    assert "User.ReadWrite.All" in ended.json["changes"][0]["what"]
    microsoft.control("change_application", client_id=app.client_id, roles={"graph": []})
    nothing = cloud.diff()
    assert (nothing.code, nothing.out) == (7, "")
    assert "User.ReadWrite.All" in nothing.err


def test_a_deleted_person_is_told(cloud: Cloud, microsoft: MicrosoftStandIn, app: App) -> None:
    anna = cloud.name(own_name("anna"))
    cloud.write([{"address": anna, "name": "Anna Berg"}], licences=LICENCES)
    assert cloud.apply().code == 0
    _delete(microsoft, app, anna)
    (finding,) = [one for one in cloud.diff().json["findings"] if one["kind"] == "obstacle"]
    assert (finding["code"], "30 days" in finding["to_do"]) == ("address-of-deleted-account", True)


def _delete(microsoft: MicrosoftStandIn, app: App, address: str) -> None:
    from tests.servers.microsoft import Person

    with Person(microsoft, address, app).graph() as client:
        assert client.delete(f"/users/{address}").status_code == 204
