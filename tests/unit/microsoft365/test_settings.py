"""What a plan may say about a Microsoft 365 tenant."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from connectors.folder_names import EXCHANGE
from connectors.microsoft365.clouds import CLOUDS
from connectors.microsoft365.settings import Microsoft365Settings
from tests.unit.microsoft365.tenants import SECRET, secret, settings


def test_mail_goes_by_imap_with_tokens_to_the_host_of_the_cloud() -> None:
    imap = settings(cloud="us_government").imap
    assert (imap.host, imap.effective_port, imap.tls, imap.auth) == ("outlook.office365.us", 993, "implicit", "xoauth2")
    assert imap.sessions == 2


def test_a_stand_in_takes_the_place_of_the_hosts_and_tokens_stay_for_the_cloud() -> None:
    ends = {"sign_in": "https://localhost:1", "graph": "https://localhost:2", "imap": "localhost:3"}
    told = settings(endpoints=ends)
    assert (told.imap.host, told.imap.effective_port) == ("localhost", 3)
    assert told.hosts.sign_in == "https://localhost:1"
    assert told.hosts.mail == CLOUDS["global"].mail


def test_all_workers_of_a_tenant_share_its_pauses_and_another_tenant_does_not() -> None:
    assert settings(sessions=2).server == settings(sessions=5, tenant="CONTOSO.example").server
    assert settings().server != settings(tenant="fabrikam.example").server


@pytest.mark.parametrize(("said", "longest"), [(35, 36_700_160), ("150 MB", 157_286_400), ("36Mo", 37_748_736)])
def test_the_longest_message_is_counted_as_exchange_counts(said: object, longest: int) -> None:
    assert settings(max_message=said).longest == longest


@pytest.mark.parametrize(
    "wrong",
    [
        {"max_message": 151},
        {"max_message": "150 kB"},
        {"tenant": "common"},
        {"tenant": "https://contoso"},
        {"certificate": secret()},
        {"endpoints": {"sign_in": "http://localhost:1", "graph": "https://localhost:2", "imap": "localhost:3"}},
        {"keywords": "labels"},
        {"password": "x"},
    ],
)
def test_a_mistake_is_found_when_the_plan_is_read(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        settings(**wrong)


def test_a_secret_is_shown_nowhere() -> None:
    assert SECRET not in repr(settings()) + str(settings())


def test_without_secret_and_certificate_people_sign_in() -> None:
    assert not Microsoft365Settings(tenant="contoso.example", client_id="app").app_only
    assert settings().app_only


def test_names_that_exchange_cannot_hold_are_known() -> None:
    assert EXCHANGE.spelt("Files", at_top=True) == "Files_"
    assert EXCHANGE.folds_case
    assert EXCHANGE.deepest == 300
