"""The stand-in's sign-in answers as Microsoft's: msal signs in, and each refusal has its number."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import msal
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from migrate.sandbox.microsoft.started import MicrosoftStandIn
from tests.servers.microsoft import EXCHANGE, GRAPH, Person, new_person, running_microsoft, trusting

_MAIL = [f"{EXCHANGE}/.default"]
_STATUS = ["MESSAGES", "UIDNEXT", "UIDVALIDITY", "UNSEEN"]


@pytest.fixture
def person(microsoft: MicrosoftStandIn) -> Person:
    return new_person(microsoft)


def _confidential(person: Person, credential: object, **more: Any) -> msal.ConfidentialClientApplication:
    given = {
        "authority": person.stand_in.authority, "instance_discovery": False, "verify": str(person.stand_in.ca_file),
        "client_credential": credential, **more,
    }  # fmt: skip
    return msal.ConfidentialClientApplication(person.app.client_id, **given)


def test_msal_signs_in_with_a_secret_and_keeps_the_token(person: Person) -> None:
    application = _confidential(person, person.app.secret)
    first = application.acquire_token_for_client(_MAIL)
    second = application.acquire_token_for_client(_MAIL)
    assert first["access_token"] == second["access_token"]
    assert second["token_source"] == "cache"
    with person.raw() as raw:
        assert raw.sign_in(person.address, first["access_token"]).startswith(b"OK")


def test_msal_signs_in_with_a_certificate_and_another_one_is_refused(microsoft: MicrosoftStandIn) -> None:
    key, certificate = _certificate()
    _, other = _certificate()
    person = new_person(microsoft, secret=None, certificate=certificate)
    good = _confidential(person, {"private_key": key, "public_certificate": certificate})
    assert "access_token" in good.acquire_token_for_client(_MAIL)
    wrong = _confidential(person, {"private_key": key, "public_certificate": other})
    assert wrong.acquire_token_for_client(_MAIL)["error_codes"] == [700027]


def test_a_person_signs_in_by_code_and_the_cache_serves_a_second_run(person: Person) -> None:
    cache = msal.SerializableTokenCache()
    scopes = ["https://outlook.office.com/IMAP.AccessAsUser.All"]

    def client(kept: msal.SerializableTokenCache) -> msal.PublicClientApplication:
        return msal.PublicClientApplication(
            person.app.client_id, authority=person.stand_in.authority, instance_discovery=False,
            verify=str(person.stand_in.ca_file), token_cache=kept,
        )  # fmt: skip

    application = client(cache)
    flow = application.initiate_device_flow(scopes)
    assert application.acquire_token_by_device_flow(flow, exit_condition=lambda _flow: True)["error_codes"] == [70016]
    page = httpx.post(
        flow["verification_uri"], data={"code": flow["user_code"], "user": person.address},
        verify=trusting(person.stand_in), trust_env=False,
    )  # fmt: skip
    assert "You have signed in" in page.text
    answer = application.acquire_token_by_device_flow(flow)
    assert answer["scope"] == scopes[0].replace("office.com", "office365.com")
    with person.raw() as raw:
        assert raw.sign_in(person.address, answer["access_token"]).startswith(b"OK")
        assert raw.ask(b"SELECT INBOX")[-1].startswith(b"OK")
    kept = msal.SerializableTokenCache()
    kept.deserialize(cache.serialize())
    again = client(kept)
    (account,) = again.get_accounts()
    person.stand_in.control("tokens", expire_all=True)
    renewed = again.acquire_token_silent(scopes, account, force_refresh=True)
    assert renewed["access_token"] != answer["access_token"]


@pytest.mark.parametrize(
    ("form", "number", "status", "error"),
    [
        ({"client_secret": "wrong"}, 7000215, 401, "invalid_client"),
        ({"client_id": "11111111-2222-3333-4444-555555555555"}, 700016, 400, "unauthorized_client"),
        ({"scope": f"{EXCHANGE}/IMAP.AccessAsApp"}, 1002012, 400, "invalid_scope"),
        ({"scope": "https://nowhere.example/.default"}, 500011, 400, "invalid_resource"),
        ({"grant_type": "password"}, 70003, 400, "unsupported_grant_type"),
        ({"grant_type": "refresh_token", "refresh_token": "wrong"}, 70000, 400, "invalid_grant"),
        ({"client_assertion": "a.b.c", "client_assertion_type":
          "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"}, 700027, 401, "invalid_client"),
    ],
)  # fmt: skip
def test_each_refusal_has_microsofts_number_and_shape(
    person: Person, form: dict[str, str], number: int, status: int, error: str
) -> None:
    answer = person.ask_token(person.app.secret, **form)
    told = answer.json()
    assert (answer.status_code, told["error"], told["error_codes"]) == (status, error, [number])
    assert told["error_description"].startswith(f"AADSTS{number}: ")
    assert set(told) == {
        "error", "error_description", "error_codes", "timestamp", "trace_id", "correlation_id", "error_uri"
    }  # fmt: skip
    assert person.app.secret not in answer.text


def test_an_expired_secret_a_disabled_application_and_an_unknown_tenant_are_told(person: Person) -> None:
    stand_in, client_id = person.stand_in, person.app.client_id
    stand_in.control("new_secret", client_id=client_id, secret="outworn", lasts=-60)
    assert person.ask_token("outworn").json()["error_codes"] == [7000222]
    stand_in.control("change_application", client_id=client_id, enabled=False)
    assert person.ask_token(person.app.secret).json()["error_codes"] == [7000112]
    with httpx.Client(verify=trusting(stand_in), trust_env=False) as client:
        told = client.get(f"{stand_in.address}/nowhere.example/v2.0/.well-known/openid-configuration")
    assert (told.status_code, told.json()["error_codes"]) == (400, [90002])


def test_a_permission_without_consent_is_told_to_a_person(microsoft: MicrosoftStandIn) -> None:
    person = new_person(microsoft, scopes={"exchange": []})
    application = msal.PublicClientApplication(
        person.app.client_id, authority=microsoft.authority, instance_discovery=False, verify=str(microsoft.ca_file)
    )
    flow = application.initiate_device_flow(["https://outlook.office.com/IMAP.AccessAsUser.All"])
    microsoft.control("approve", user_code=flow["user_code"], user=person.address)
    assert application.acquire_token_by_device_flow(flow)["error_codes"] == [65001]


def test_conditional_access_refuses_everything_until_it_is_lifted(person: Person) -> None:
    person.stand_in.control("tokens", refuse=53003)
    assert person.ask_token(person.app.secret).json()["error_codes"] == [53003]
    person.stand_in.control("tokens", refuse=0)
    assert person.token()


def test_another_authority_is_not_trusted(person: Person) -> None:
    with pytest.raises(httpx.ConnectError, match="certificate verify failed"):
        httpx.get(f"{person.stand_in.address}/x", trust_env=False)


def test_nobody_but_its_parent_controls_it(person: Person) -> None:
    address = f"{person.stand_in.address}/_stand_in/dump"
    for headers in ({}, {"Authorization": "Bearer wrong"}):
        answer = httpx.post(address, headers=headers, verify=trusting(person.stand_in), trust_env=False)
        assert answer.status_code == 401
        assert person.address not in answer.text


def test_no_secret_and_no_token_is_in_the_state_or_in_a_dump(tmp_path: Path, own_authorities: None) -> None:
    with running_microsoft(state=tmp_path / "state") as stand_in:
        person = new_person(stand_in)
        token = person.token()
        application = msal.PublicClientApplication(
            person.app.client_id, authority=stand_in.authority, instance_discovery=False, verify=str(stand_in.ca_file)
        )
        flow = application.initiate_device_flow([f"{GRAPH}/User.Read"])
        stand_in.control("approve", user_code=flow["user_code"], user=person.address)
        refresh = application.acquire_token_by_device_flow(flow)["refresh_token"]
        planted = (person.app.secret, token, refresh, flow["device_code"])
        dump = str(stand_in.control("dump")) + str(stand_in.stats())
    kept = "".join(path.read_text() for path in (tmp_path / "state").rglob("*") if path.is_file())
    assert person.address in dump
    assert person.address in kept
    assert not [secret for secret in planted if secret in dump or secret in kept]
    assert not re.search("PRIVATE KEY", kept)


def test_what_is_kept_is_found_again(tmp_path: Path) -> None:
    letter = b"From: a@b.example\r\nMessage-ID: <kept@b.example>\r\n\r\nkept\r\n"
    with running_microsoft(state=tmp_path) as stand_in:
        person = new_person(stand_in)
        with person.imap() as client:
            client.create_folder("Own/Été")
            client.append("Own/Été", letter, ("\\Seen",), datetime(2020, 2, 2, tzinfo=UTC))
            before = client.folder_status("Own/Été", _STATUS)
        with person.graph() as graph:
            (message,) = graph.get(f"/users/{person.address}/messages").json()["value"]
            graph.patch(f"/users/{person.address}/messages/{message['id']}", json={"categories": ["Red"]})
    with running_microsoft(state=tmp_path) as stand_in:
        again = Person(stand_in, person.address, person.app)
        with again.imap() as client:
            assert client.folder_status("Own/Été", _STATUS) == before
            client.select_folder("Own/Été")
            (found,) = client.fetch(client.search(), ["BODY.PEEK[]", "FLAGS", "INTERNALDATE"]).values()
            assert (found[b"BODY[]"], b"\\Seen" in found[b"FLAGS"]) == (letter, True)
        with again.graph() as graph:
            (message,) = graph.get(f"/users/{person.address}/messages").json()["value"]
        assert message["categories"] == ["Red"]
        assert message["receivedDateTime"] == "2020-02-02T00:00:00Z"


def _certificate() -> tuple[str, str]:
    """Private key and certificate, as PEM."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Bascule")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(x509.random_serial_number()).not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1)).sign(key, hashes.SHA256())
    )  # fmt: skip
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return pem.decode(), certificate.public_bytes(serialization.Encoding.PEM).decode()
