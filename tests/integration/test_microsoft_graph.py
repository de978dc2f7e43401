"""The stand-in's Graph judges by the vendor's types and answers as Graph does."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import httpx
import pytest

from migrate.sandbox.microsoft.started import MicrosoftStandIn
from tests.servers.microsoft import Person, new_person

_PASSWORD = {"password": "Correct-Horse-7", "forceChangePasswordNextSignIn": True}


@pytest.fixture
def person(microsoft: MicrosoftStandIn) -> Person:
    return new_person(microsoft)


@pytest.fixture
def graph(person: Person) -> Iterator[httpx.Client]:
    with person.graph() as client:
        yield client


def _new_user(**changes: Any) -> dict[str, Any]:
    name = f"new-{uuid4().hex[:8]}"
    return {
        "accountEnabled": True, "displayName": "Léa Tournier", "mailNickname": name,
        "userPrincipalName": f"{name}@contoso.example", "passwordProfile": _PASSWORD, "usageLocation": "FR", **changes,
    }  # fmt: skip


def _error(answer: httpx.Response) -> tuple[int, str]:
    told = answer.json()["error"]
    assert set(told) >= {"code", "message", "innerError"}
    return answer.status_code, told["code"]


def test_a_user_is_made_licensed_and_has_a_mailbox_after_the_delay(person: Person, graph: httpx.Client) -> None:
    person.stand_in.control("tenant", mailbox_delay=1.0)
    try:
        made = graph.post("/users", json=_new_user())
        assert made.status_code == 201
        key = made.json()["id"]
        sku = graph.get("/subscribedSkus").json()["value"][0]
        used = sku["consumedUnits"]
        body = {"addLicenses": [{"skuId": sku["skuId"], "disabledPlans": []}], "removeLicenses": []}
        assert graph.post(f"/users/{key}/assignLicense", json=body).status_code == 200
        assert graph.get("/subscribedSkus").json()["value"][0]["consumedUnits"] == used + 1
        assert _error(graph.get(f"/users/{key}/mailFolders")) == (404, "MailboxNotEnabledForRESTAPI")
    finally:
        person.stand_in.control("tenant", mailbox_delay=0.0)
    address = made.json()["userPrincipalName"]
    person.stand_in.control("set_mailbox", mailbox=address, ready_in=0)
    assert graph.get(f"/users/{key}/mailFolders").status_code == 200
    selected = graph.get(f"/users/{key}?$select=proxyAddresses,mail").json()
    assert (selected["mail"], selected["proxyAddresses"]) == (address, [f"SMTP:{address}"])


@pytest.mark.parametrize(
    "changes",
    [
        {"nickname": "Léa"},  # there is no such property
        {"accountEnabled": "true"},
        {"businessPhones": "+33"},
        {"passwordProfile": {"password": "short"}},
        {"passwordProfile": {"password": "Correct-Horse-7", "mustChange": True}},
        {"proxyAddresses": ["smtp:a@contoso.example"]},  # read-only in Graph
        {"displayName": ""},
        {"mailNickname": "a b"},
        {"usageLocation": "France"},
        {"userPrincipalName": "anna@elsewhere.example"},
    ],
)
def test_a_user_that_graph_would_refuse_is_refused(graph: httpx.Client, changes: dict[str, Any]) -> None:
    before = graph.get("/users?$count=true&$top=1").json()["@odata.count"]
    assert _error(graph.post("/users", json=_new_user(**changes))) == (400, "Request_BadRequest")
    assert graph.get("/users?$count=true&$top=1").json()["@odata.count"] == before


def test_an_address_is_taken_also_by_somebody_who_was_deleted(graph: httpx.Client) -> None:
    body = _new_user()
    key = graph.post("/users", json=body).json()["id"]
    twice = graph.post("/users", json=body)
    assert twice.json()["error"]["details"][0]["code"] == "ObjectConflict"
    assert graph.delete(f"/users/{key}").status_code == 204
    assert _error(graph.post("/users", json=body)) == (400, "Request_BadRequest")
    deleted = graph.get("/directory/deletedItems/microsoft.graph.user?$top=999").json()["value"]
    assert key in {one["id"] for one in deleted}
    assert graph.post(f"/directory/deletedItems/{key}/restore").status_code == 200
    assert graph.get(f"/users/{key}").status_code == 200


def test_a_licence_needs_a_location_a_known_sku_and_a_free_unit(person: Person, graph: httpx.Client) -> None:
    key = graph.post("/users", json=_new_user(usageLocation=None)).json()["id"]
    scarce = person.stand_in.control("sku", part_number="EXCHANGEDESKLESS", bought=0)

    def assign(sku: str) -> str:
        body = {"addLicenses": [{"skuId": sku}], "removeLicenses": []}
        return str(graph.post(f"/users/{key}/assignLicense", json=body).json()["error"]["message"])

    assert "usage location" in assign(scarce)
    assert graph.patch(f"/users/{key}", json={"usageLocation": "FR"}).status_code == 204
    assert "does not have any available licenses" in assign(scarce)
    assert "valid company License" in assign(str(uuid4()))
    assert _error(graph.post(f"/users/{key}/assignLicense", json={"addLicenses": []}))[0] == 400


def test_groups_are_written_unless_they_are_distribution_lists(person: Person, graph: httpx.Client) -> None:
    name = f"team-{uuid4().hex[:8]}"
    body = {"displayName": "Team", "mailEnabled": True, "mailNickname": name, "securityEnabled": False}
    assert _error(graph.post("/groups", json=body)) == (400, "Request_BadRequest")
    made = graph.post("/groups", json={**body, "groupTypes": ["Unified"]})
    assert made.status_code == 201
    key = made.json()["id"]
    user = graph.get(f"/users/{person.address}").json()["id"]
    reference = {"@odata.id": f"{person.stand_in.address}/v1.0/directoryObjects/{user}"}
    assert graph.post(f"/groups/{key}/members/$ref", json=reference).status_code == 204
    again = graph.post(f"/groups/{key}/members/$ref", json=reference)
    assert "already exist" in again.json()["error"]["message"]
    (member,) = graph.get(f"/groups/{key}/members").json()["value"]
    assert (member["id"], member["@odata.type"]) == (user, "#microsoft.graph.user")
    assert graph.delete(f"/groups/{key}/members/{user}/$ref").status_code == 204
    assert graph.get(f"/groups/{key}/members").json()["value"] == []
    assert _error(graph.get(f"/groups/{uuid4()}")) == (404, "Request_ResourceNotFound")


def test_a_domain_is_verified_by_its_record_and_says_what_nobody_can_guess(person: Person, graph: httpx.Client) -> None:
    name = f"d{uuid4().hex[:8]}.example"
    assert graph.post("/domains", json={"id": name}).status_code == 201
    assert _error(graph.post(f"/domains/{name}/verify")) == (400, "Request_BadRequest")
    records = graph.get(f"/domains/{name}/verificationDnsRecords").json()["value"]
    text = next(one["text"] for one in records if one["recordType"] == "Txt")
    person.stand_in.control("publish", domain=name, texts=[text])
    assert graph.post(f"/domains/{name}/verify").json()["isVerified"] is True
    assert graph.get(f"/domains/{name}/serviceConfigurationRecords").json()["value"] == []
    assert graph.patch(f"/domains/{name}", json={"supportedServices": ["Email"]}).status_code == 204
    told = graph.get(f"/domains/{name}/serviceConfigurationRecords").json()["value"]
    exchanger = next(one["mailExchange"] for one in told if one["recordType"] == "Mx")
    assert exchanger.endswith(".mx.microsoft")
    assert exchanger != f"{name.replace('.', '-')}.mail.protection.outlook.com"
    dkim = person.stand_in.control("dkim_signing_config", domain=name)
    assert set(dkim) == {"selector1", "selector2"}
    assert all(target.endswith("-v1.dkim.mail.microsoft") for target in dkim.values())
    assert _error(graph.post("/domains", json={"id": "not a domain"}))[0] == 400


def test_collections_come_in_pages_that_follow_one_another(person: Person, graph: httpx.Client) -> None:
    for _ in range(4):
        new_person(person.stand_in)
    seen: list[str] = []
    address: str | None = "/users?$top=2&$select=id"
    while address:
        page = graph.get(address).json()
        assert len(page["value"]) <= 2
        assert all(set(one) == {"id"} for one in page["value"])
        seen += [one["id"] for one in page["value"]]
        address = page.get("@odata.nextLink")
    assert len(seen) == len(set(seen)) == graph.get("/users?$count=true").json()["@odata.count"]
    assert _error(graph.get("/users?$top=1000"))[0] == 400
    assert _error(graph.get("/users?$skiptoken=wrong"))[0] == 400
    assert _error(graph.get("/users?$wish=all"))[0] == 400


def test_filters_find_and_what_is_not_understood_is_refused(person: Person, graph: httpx.Client) -> None:
    found = graph.get("/users", params={"$filter": f"userPrincipalName eq '{person.address.upper()}'"}).json()["value"]
    assert [one["mail"] for one in found] == [person.address]
    proxy = f"proxyAddresses/any(p:p eq 'smtp:{person.address}')"
    assert len(graph.get("/users", params={"$filter": proxy}).json()["value"]) == 1
    start = f"startswith(mail,'{person.address[:9]}') and accountEnabled eq true"
    assert graph.get("/users", params={"$filter": start}).json()["value"]
    for wrong in ("mail like 'a'", "colour eq 'red'", "mail eq", "(mail eq 'a'"):
        assert graph.get("/users", params={"$filter": wrong}).status_code == 400
    for options in ("$expand=manager", '$search="displayName:anna"', "$orderby=displayName sideways"):
        assert _error(graph.get(f"/users?{options}"))[0] == 400
    assert _error(graph.get(f"/users/{person.address}?$expand=manager"))[0] == 400
    assert graph.get("/users?$orderby=displayName desc").status_code == 200


def test_messages_are_found_by_their_identity_read_whole_and_given_a_category(
    person: Person, graph: httpx.Client
) -> None:
    raw = (
        b"From: =?utf-8?q?L=C3=A9a?= <lea@b.example>\r\nTo: a@b.example\r\nSubject: =?utf-8?q?=C3=89t=C3=A9?=\r\n"
        b"Message-ID: <found@b.example>\r\n\r\n8-bit \xe9\r\n"
    )
    with person.imap() as client:
        client.append("Archive", raw, (), datetime(2021, 5, 6, 7, 8, 9, tzinfo=UTC))
        client.append("INBOX", b"Subject: other\r\n\r\nx\r\n", ("\\Seen",))
    where = f"/users/{person.address}/messages"
    (found,) = graph.get(where, params={"$filter": "internetMessageId eq '<found@b.example>'"}).json()["value"]
    assert (found["subject"], found["isRead"]) == ("Été", False)
    assert found["receivedDateTime"] == "2021-05-06T07:08:09Z"
    assert found["from"]["emailAddress"] == {"name": "Léa", "address": "lea@b.example"}
    assert graph.get(f"{where}/{found['id']}/$value").content == raw
    archive = graph.get(f"/users/{person.address}/mailFolders/archive").json()
    assert (found["parentFolderId"], archive["totalItemCount"]) == (archive["id"], 1)
    categories = f"/users/{person.address}/outlook/masterCategories"
    assert graph.post(categories, json={"displayName": "Client", "color": "preset3"}).status_code == 201
    assert _error(graph.post(categories, json={"displayName": "client"}))[0] == 409
    assert _error(graph.post(categories, json={"displayName": "x", "color": "mauve"})) == (400, "RequestBodyRead")
    marked = graph.patch(f"{where}/{found['id']}", json={"categories": ["Client"]})
    assert marked.json()["categories"] == ["Client"]
    assert _error(graph.patch(f"{where}/{found['id']}", json={"category": "Client"})) == (400, "RequestBodyRead")
    assert _error(graph.patch(f"{where}/{found['id']}", json={"categories": "Client"})) == (400, "RequestBodyRead")
    assert _error(graph.get(f"{where}/nonsense")) == (400, "ErrorInvalidIdMalformed")


def test_a_message_that_is_gone_is_not_found(person: Person, graph: httpx.Client) -> None:
    with person.imap() as client:
        client.append("INBOX", b"Subject: short\r\n\r\nx\r\n")
        (found,) = graph.get(f"/users/{person.address}/messages").json()["value"]
        client.select_folder("INBOX")
        client.delete_messages(client.search())
        client.expunge()
    assert _error(graph.get(f"/users/{person.address}/messages/{found['id']}")) == (404, "ErrorItemNotFound")


def test_each_part_of_a_batch_is_judged_alone_and_what_depends_on_a_failure_is_not_done(
    person: Person, graph: httpx.Client
) -> None:
    parts = [
        {"id": "1", "method": "GET", "url": f"/users/{person.address}"},
        {"id": "2", "method": "GET", "url": f"/users/{uuid4()}"},
        {"id": "3", "method": "GET", "url": "/users", "dependsOn": ["2"]},
        {"id": "4", "method": "PATCH", "url": f"/users/{person.address}", "body": {"jobTitle": "Chief"},
         "headers": {"Content-Type": "application/json"}},
    ]  # fmt: skip
    told = {one["id"]: one for one in graph.post("/$batch", json={"requests": parts}).json()["responses"]}
    assert {key: one["status"] for key, one in told.items()} == {"1": 200, "2": 404, "3": 424, "4": 204}
    assert told["1"]["body"]["mail"] == person.address
    many = [{"id": str(number), "method": "GET", "url": "/users"} for number in range(21)]
    assert _error(graph.post("/$batch", json={"requests": many}))[0] == 400


def test_too_much_is_throttled_with_the_seconds_to_wait(person: Person, graph: httpx.Client) -> None:
    person.stand_in.control("graph_limits", mail_requests=2, mail_window=30.0)
    folder = f"/users/{person.address}/mailFolders"
    assert [graph.get(folder).status_code for _ in range(3)] == [200, 200, 429]
    refused = graph.get(folder)
    assert _error(refused)[1] == "ApplicationThrottled"
    assert 1 <= int(refused.headers["Retry-After"]) <= 30
    assert graph.get("/users").status_code == 200


def test_more_than_four_requests_at_a_time_for_a_mailbox_are_refused(person: Person, graph: httpx.Client) -> None:
    with person.imap() as client:
        for _ in range(50):
            client.append("INBOX", b"Subject: x\r\n\r\nx\r\n")
    with ThreadPoolExecutor(12) as pool:
        wanted = [pool.submit(graph.get, f"/users/{person.address}/messages") for _ in range(12)]
        statuses = {one.result().status_code for one in wanted}
    assert statuses == {200, 429}


def test_trouble_comes_on_demand_before_or_after_the_work(person: Person, graph: httpx.Client) -> None:
    stand_in = person.stand_in
    stand_in.fault("answer", "POST /users", status=503, retry_after=7)
    body = _new_user()
    refused = graph.post("/users", json=body)
    assert (refused.status_code, refused.headers["Retry-After"]) == (503, "7")
    assert graph.get(f"/users/{body['userPrincipalName']}").status_code == 404
    stand_in.control("reset")
    stand_in.fault("answer_after", "POST /users", status=503)
    assert graph.post("/users", json=body).status_code == 503
    assert graph.get(f"/users/{body['userPrincipalName']}").status_code == 200
    stand_in.fault("drop_reply", "PATCH /users/{}")
    with pytest.raises(httpx.RemoteProtocolError):
        graph.patch(f"/users/{body['userPrincipalName']}", json={"jobTitle": "Chief"})
    assert graph.get(f"/users/{body['userPrincipalName']}").json()["jobTitle"] == "Chief"


def test_tokens_and_permissions_are_judged(microsoft: MicrosoftStandIn) -> None:
    reader = new_person(microsoft, roles={"exchange": ["IMAP.AccessAsApp"], "graph": ["User.Read.All"]})
    with reader.graph() as graph:
        assert graph.get("/users").status_code == 200
        assert _error(graph.post("/users", json=_new_user())) == (403, "Authorization_RequestDenied")
        assert _error(graph.get(f"/users/{reader.address}/messages")) == (403, "ErrorAccessDenied")
        assert _error(graph.get("/nowhere"))[0] == 400
        assert _error(graph.put("/users"))[0] == 405
        microsoft.control("tokens", expire_all=True)
        assert _error(graph.get("/users")) == (401, "InvalidAuthenticationToken")
        graph.headers["Authorization"] = f"Bearer {reader.token()}"
        assert _error(graph.get("/users")) == (401, "InvalidAuthenticationToken")


def test_subscriptions_say_what_was_bought_until_when(microsoft: MicrosoftStandIn) -> None:
    person = new_person(microsoft)
    microsoft.control("sku", part_number="SPB", bought=12, renews="2027-03-01T00:00:00Z", trial=True, status="Warning")
    with person.graph() as graph:
        held = graph.get("/directory/subscriptions").json()["value"]
        bought = next(one for one in held if one["skuPartNumber"] == "SPB")
        sku = next(one for one in graph.get("/subscribedSkus").json()["value"] if one["skuPartNumber"] == "SPB")
    assert (bought["totalLicenses"], bought["isTrial"], bought["status"]) == (12, True, "Warning")
    assert bought["nextLifecycleDateTime"] == "2027-03-01T00:00:00Z"
    assert sku["prepaidUnits"]["warning"] == 12


def test_an_application_finds_the_object_id_that_exchange_wants(person: Person, graph: httpx.Client) -> None:
    told = graph.get(f"/servicePrincipals(appId='{person.app.client_id}')").json()
    assert told["id"] == person.app.principal_id != person.app.object_id
