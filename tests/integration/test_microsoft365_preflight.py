"""What stands in the way of a mailbox is told one by one, each with what mends it; and keywords become categories."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from connectors.body import ByteBudget, MemoryBody
from connectors.contract import Account, FlagChange, Outgoing, Resources
from connectors.microsoft365.connector import Microsoft365Connector
from connectors.preconditions import Precondition, preconditions
from connectors.secret_setting import Secret
from connectors.wire import digest_bytes
from migrate.sandbox.microsoft.started import App
from tests.acceptance.letters import letter
from tests.servers.certificates_of_apps import certificate_of, pem_of
from tests.servers.exchange import DOMAIN, Exchange

_numbers = count(1)
Connects = Callable[..., Microsoft365Connector]


@pytest.fixture
def connects(exchange: Exchange, tmp_path: Path) -> Iterator[Connects]:
    exchange.stand_in.control("reset")

    def connect(app: App | None = None, **more: Any) -> Microsoft365Connector:
        if app is not None:
            more |= {"client_id": app.client_id, "secret": Secret("env:NAME").fetched_by(lambda: app.secret)}
        return Microsoft365Connector(exchange.settings(**more), Resources(ByteBudget(), tmp_path))

    yield connect
    exchange.stand_in.control("reset")


@pytest.fixture
def address(exchange: Exchange) -> str:
    return exchange.person(f"ready{next(_numbers)}")


def _told(connector: Microsoft365Connector, address: str) -> dict[str, Precondition]:
    return {one.code: one for one in preconditions(connector, Account(address), "target", Event())}


def _wrong(told: dict[str, Precondition]) -> dict[str, str]:
    """What is not met, with what mends it."""
    return {code: one.mend for code, one in told.items() if one.met is False}


def test_a_mailbox_that_is_ready_meets_all(connects: Connects, address: str) -> None:
    told = _told(connects(), address)
    assert {code: one.met for code, one in told.items()} == {
        "app-accepted": True,
        "mail-permission": True,
        "mailbox-opens": True,
    }
    assert [one.of for one in told.values()] == ["system", "system", "mailbox"]


def test_an_app_with_a_certificate_needs_no_secret(connects: Connects, exchange: Exchange, address: str) -> None:
    key = rsa.generate_private_key(65537, 2048)
    certificate = certificate_of(key)
    app = exchange.stand_in.app(certificate=certificate, secret=None)
    exchange.stand_in.control("add_mailbox_permission", mailbox=address, user=app.principal_id)
    pem = Secret("file:x.pem").fetched_by(lambda: pem_of(key) + certificate)
    told = _told(connects(client_id=app.client_id, secret=None, certificate=pem), address)
    assert _wrong(told) == {}, told
    stranger = rsa.generate_private_key(65537, 2048)
    pem = Secret("file:x.pem").fetched_by(lambda: pem_of(stranger) + certificate_of(stranger))
    told = _told(connects(client_id=app.client_id, secret=None, certificate=pem), address)
    assert "certificate is not the one that is registered" in told["app-accepted"].what


def test_what_is_true_of_the_tenant_is_asked_for_once(connects: Connects, exchange: Exchange, address: str) -> None:
    connector = connects()
    for _ in range(3):
        _told(connector, address)
    assert exchange.stand_in.stats()["tokens"] == {"client_credentials": 1}


def test_where_people_sign_in_by_code_each_of_them_is_asked_for(
    connects: Connects, address: str, tmp_path: Path
) -> None:
    connector = connects(secret=None, token_cache=tmp_path / "sign-in.json")
    for one in (address, "bruno@contoso.example"):
        told = _told(connector, one)
        assert list(told) == ["signed-in"]
        assert (told["signed-in"].met, told["signed-in"].of) == (False, "mailbox")
        assert f"sign in as {one}" in told["signed-in"].what


def test_a_missing_consent_is_told_before_any_mailbox_is_tried(
    connects: Connects, exchange: Exchange, address: str
) -> None:
    told = _told(connects(exchange.stand_in.app(roles={})), address)
    assert set(_wrong(told)) == {"mail-permission"}
    assert "Grant admin consent" in told["mail-permission"].mend
    assert "IMAP.AccessAsApp" in told["mail-permission"].what
    assert exchange.stand_in.stats()["commands"] == {}


def test_a_wrong_object_id_is_mended_by_a_line_with_the_right_one(
    connects: Connects, exchange: Exchange, address: str
) -> None:
    app = exchange.stand_in.app(known_to_exchange=False)
    exchange.stand_in.control("new_service_principal", client_id=app.client_id, object_id=app.object_id)
    mends = _wrong(_told(connects(app), address))
    assert f"New-ServicePrincipal -AppId {app.client_id} -ObjectId {app.principal_id}" in mends["app-known-to-exchange"]


def test_a_missing_grant_is_mended_by_a_line_for_this_mailbox_and_this_app(
    connects: Connects, exchange: Exchange, address: str
) -> None:
    app = exchange.app
    exchange.stand_in.control("remove_mailbox_permission", mailbox=address, user=app.principal_id)
    mends = _wrong(_told(connects(), address))
    assert set(mends) == {"full-access"}
    line = f"Add-MailboxPermission -Identity {address} -User {app.principal_id} -AccessRights FullAccess"
    assert line in mends["full-access"]
    exchange.stand_in.control("add_mailbox_permission", mailbox=address, user=app.principal_id)
    assert _wrong(_told(connects(), address)) == {}


def test_imap_that_is_switched_off_is_mended_by_the_line_beside_it(
    connects: Connects, exchange: Exchange, address: str
) -> None:
    exchange.stand_in.control("set_mailbox", mailbox=address, imap_enabled=False)
    assert f"Set-CASMailbox -Identity {address} -ImapEnabled $true" in _wrong(_told(connects(), address))["full-access"]


def test_a_person_without_a_licence_is_told_so(connects: Connects, exchange: Exchange) -> None:
    address = f"unlicensed{next(_numbers)}@{DOMAIN}"
    exchange.stand_in.control("person", address=address, name="Bruno", sku=None)
    mends = _wrong(_told(connects(), address))
    assert "24 hours" in mends["mailbox-licensed"]


def test_a_mailbox_that_is_still_being_made_is_told_so(connects: Connects, exchange: Exchange, address: str) -> None:
    exchange.stand_in.control("set_mailbox", mailbox=address, ready_in=600)
    mends = _wrong(_told(connects(), address))
    assert set(mends) == {"mailbox-ready"}
    assert mends["mailbox-ready"].startswith("Wait")


def test_somebody_who_is_not_there_is_told_so(connects: Connects) -> None:
    told = _told(connects(), f"nobody@{DOMAIN}")
    assert set(_wrong(told)) == {"mailbox-there"}


def test_without_a_right_to_the_directory_the_licence_is_left_open(
    connects: Connects, exchange: Exchange, address: str
) -> None:
    app = exchange.stand_in.app(roles={"exchange": ["IMAP.AccessAsApp"]})
    told = _told(connects(app), address)
    assert told["mailbox-licensed"].met is None
    assert "User.Read.All" in told["mailbox-licensed"].mend
    assert "full-access" in _wrong(told)


def test_a_secret_that_cannot_be_had_is_told_as_what_it_is(connects: Connects, address: str) -> None:
    def fetch() -> str:
        raise LookupError("there is no file secrets/app.txt")

    told = _told(connects(secret=Secret("file:secrets/app.txt").fetched_by(fetch)), address)
    assert _wrong(told) == {"app-accepted": ""}
    assert "secrets/app.txt" in told["app-accepted"].what


def test_conditional_access_is_told_as_such(connects: Connects, exchange: Exchange, address: str) -> None:
    exchange.stand_in.control("tokens", refuse=53003)
    told = _told(connects(), address)
    assert list(told) == ["app-accepted"]
    assert "Conditional Access" in told["app-accepted"].what


def test_an_expired_secret_is_told_and_quoted_nowhere(connects: Connects, exchange: Exchange, address: str) -> None:
    expired = "planted~expired~secret"
    exchange.stand_in.control("new_secret", client_id=exchange.app.client_id, secret=expired, lasts=-1)
    told = _told(connects(secret=Secret("env:NAME").fetched_by(lambda: expired)), address)
    assert "has expired" in told["app-accepted"].what
    assert expired not in str(told)


# -- categories -----------------------------------------------------------------------------------------------------


def test_keywords_become_categories_and_what_stood_there_stays(
    connects: Connects, exchange: Exchange, address: str
) -> None:
    connector = connects(keywords="categories")
    target = connector.open_target(Account(address), Event())
    try:
        folder = target.ensure(("Projets", "Été"), None)
        mails = [letter(number) for number in range(25)]
        batch = [_outgoing(number, mail.data) for number, mail in enumerate(mails)]
        keys = [receipt.key or "" for receipt in target.write(folder, batch, lambda: None)]
        graph = connector._access.graph(Event(), address)
        changes = [FlagChange(key, add=frozenset({"$label1", "Invoice", "$Forwarded"})) for key in keys]
        marked = list(target.mark(folder, changes))
        again = list(target.mark(folder, [FlagChange(keys[0], add=frozenset({"Invoice", "Other"}))]))
    finally:
        target.close()
    assert {one.added for one in marked} == {frozenset({"$label1", "Invoice"})}
    assert again[0].added == {"Invoice", "Other"}
    found = {}
    for message in graph.pages(f"/users/{address}/messages", {"$select": "internetMessageId,categories", "$top": "50"}):
        found[message["internetMessageId"]] = set(message["categories"])
    assert found.pop("<0.acceptance@example.org>") == {"Important", "Invoice", "Other"}
    assert list(found.values()) == [{"Important", "Invoice"}] * 24
    listed = {one["displayName"] for one in graph.pages(f"/users/{address}/outlook/masterCategories")}
    assert listed == {"Important", "Invoice", "Other"}


def test_without_the_permission_keywords_stay_a_loss_and_check_says_what_to_grant(
    connects: Connects, exchange: Exchange, address: str
) -> None:
    app = exchange.stand_in.app(roles={"exchange": ["IMAP.AccessAsApp"]})
    exchange.stand_in.control("add_mailbox_permission", mailbox=address, user=app.principal_id)
    connector = connects(app, keywords="categories")
    assert "Mail.ReadWrite" in _wrong(_told(connector, address))["categories-permission"]
    target = connector.open_target(Account(address), Event())
    try:
        folder = target.ensure(("INBOX",), None)
        (receipt,) = target.write(folder, [_outgoing(0, letter(1).data)], lambda: None)
        (marked,) = target.mark(folder, [FlagChange(receipt.key or "", add=frozenset({"Invoice"}))])
    finally:
        target.close()
    assert marked.added == frozenset()


def _outgoing(ordinal: int, data: bytes) -> Outgoing:
    digests = digest_bytes(data)
    return Outgoing(
        ordinal, MemoryBody(data), letter(1).received, frozenset(), digests.wire, digests.header, digests.message_id
    )
