"""Tokens: fetched once for all, renewed once for all, and refused in words that a person can act on."""

from __future__ import annotations

import base64
import json
import logging
import traceback
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier, Event

import httpx
import pytest

from connectors.contract import AuthFailed, Denial, Unavailable
from connectors.errors import ConnectorError, Untrusted
from connectors.microsoft365 import access as access_module
from connectors.microsoft365.access import Access, access_of
from connectors.microsoft365.preflight import Claims
from connectors.microsoft365.refusals import _REFUSALS
from connectors.microsoft365.web import web_client
from tests.unit.microsoft365.tenants import SECRET, Answer, Tenant, refused, secret, settings, token

THREADS = 16
Use = Callable[..., Tenant]


@pytest.fixture
def tenant(monkeypatch: pytest.MonkeyPatch) -> Use:
    def use(tokens: Answer | None = None, graph: Answer | None = None) -> Tenant:
        made = Tenant(tokens, graph)
        monkeypatch.setattr(access_module, "web_client", made.client)
        return made

    return use


def _together(ask: Callable[[], str]) -> set[str]:
    barrier = Barrier(THREADS)

    def asked(_number: int) -> str:
        barrier.wait(10)
        return ask()

    with ThreadPoolExecutor(THREADS) as pool:
        return set(pool.map(asked, range(THREADS)))


def test_sixteen_threads_fetch_one_token_and_renew_it_once(tenant: Use) -> None:
    asked = tenant()
    access = Access(settings())
    first = _together(lambda: access.mail("anna@contoso.example").token())
    assert (first, asked.given()) == ({"token-1"}, 1)
    second = _together(lambda: access.mail("bruno@contoso.example").token(refused="token-1"))
    assert (second, asked.given()) == ({"token-2"}, 2)
    assert access.mail("anna@contoso.example").token() == "token-2"


def test_mail_and_graph_have_tokens_of_their_own(tenant: Use) -> None:
    asked = tenant()
    access = Access(settings())
    assert access.mail("").token() != access.graph_tokens().token()
    scopes = [request.content.decode() for request in asked.asked if request.url.path.endswith("/token")]
    assert "outlook.office365.com%2F.default" in scopes[0]
    assert "graph.microsoft.com%2F.default" in scopes[1]


def test_a_token_that_comes_back_after_it_was_refused_is_not_offered_again(tenant: Use) -> None:
    tenant(lambda _request: token("the same"))
    access = Access(settings())
    with pytest.raises(AuthFailed) as caught:
        access.mail("").token(refused="the same")
    assert caught.value.denial is Denial.TOKEN


@pytest.mark.parametrize("number", sorted(_REFUSALS))
def test_each_known_number_says_what_to_do_and_quotes_nothing(tenant: Use, number: int) -> None:
    tenant(lambda _request: refused(number))
    with pytest.raises(AuthFailed) as caught:
        Access(settings()).mail("").token()
    error = caught.value
    assert error.detail == f"AADSTS{number}"
    assert len(str(error)) > 80
    shown = "".join(traceback.format_exception(error)) + str(error)
    assert SECRET not in shown
    assert "Trace ID" not in shown


def test_an_unknown_number_is_told_with_where_to_look_it_up(tenant: Use) -> None:
    tenant(lambda _request: refused(9999999))
    with pytest.raises(AuthFailed) as caught:
        Access(settings()).mail("").token()
    assert caught.value.denial is Denial.ADMINISTRATOR
    assert "login.microsoftonline.com/error" in str(caught.value)


def test_a_tenant_that_is_not_there_is_told_so(tenant: Use, monkeypatch: pytest.MonkeyPatch) -> None:
    made = tenant()

    def configuration(request: httpx.Request) -> httpx.Response:
        return refused(90002, "invalid_tenant", 400)

    monkeypatch.setattr(made, "_answer", configuration)
    with pytest.raises(AuthFailed) as caught:
        Access(settings()).mail("").token()
    assert "no tenant of this name" in str(caught.value)
    assert caught.value.denial is Denial.APP


@pytest.mark.parametrize("answer", [refused(90033, "temporarily_unavailable", 503), httpx.Response(500)])
def test_trouble_of_the_moment_is_no_refusal(tenant: Use, answer: httpx.Response) -> None:
    tenant(lambda _request: answer)
    with pytest.raises(Unavailable):
        Access(settings()).mail("").token()


def test_a_secret_that_was_corrected_counts_at_once(tenant: Use) -> None:
    values = iter(["wrong", "right"])
    tenant(lambda request: token("good") if b"right" in request.content else refused(7000215))
    access = Access(settings(secret=secret().fetched_by(lambda: next(values))))
    with pytest.raises(AuthFailed):
        access.mail("").token()
    assert access.mail("").token() == "good"


def test_one_access_serves_all_who_ask_with_the_same_plan(tenant: Use) -> None:
    tenant()
    plan = settings()
    assert access_of(plan) is access_of(plan)
    assert access_of(plan) is not access_of(settings())  # the same words, and another way to fetch the secret


def test_nothing_of_a_sign_in_is_logged(tenant: Use, caplog: pytest.LogCaptureFixture) -> None:
    tenant(graph=lambda _request: httpx.Response(200, json={}))
    with caplog.at_level(logging.DEBUG):
        access = Access(settings())
        made = access.mail("").token()
        access.graph(Event()).get("/organization")
        from connectors.microsoft365.web import silence

        silence()
        logging.getLogger("httpcore.http11").debug("send_request_headers %s", made)
        logging.getLogger("msal.application").warning("%s", made)
    assert made not in caplog.text
    assert SECRET not in caplog.text


def test_a_host_that_is_not_there_is_told_as_such(tmp_path: Path) -> None:
    ends = {"sign_in": "https://127.0.0.1:9", "graph": "https://127.0.0.1:9", "imap": "127.0.0.1:9"}
    with pytest.raises(Unavailable) as caught:
        Access(settings(endpoints=ends)).mail("").token()
    assert caught.value.detail == "ECONNREFUSED"
    assert not isinstance(caught.value, Untrusted)


def test_nobody_signed_in_by_code_yet_is_told_what_to_run(tenant: Use, tmp_path: Path) -> None:
    tenant()
    access = Access(settings(secret=None, token_cache=tmp_path / "secrets" / "cache.json"))
    with pytest.raises(AuthFailed) as caught:
        access.mail("anna@contoso.example").token()
    assert "bascule microsoft365 sign-in" in str(caught.value)
    assert "anna@contoso.example" in str(caught.value)


def test_a_cache_that_others_can_read_is_not_used(tenant: Use, tmp_path: Path) -> None:
    tenant()
    cache = tmp_path / "cache.json"
    cache.write_text("{}")
    cache.chmod(0o644)
    with pytest.raises(ConnectorError, match="chmod 600"):
        Access(settings(secret=None, token_cache=cache)).mail("").token()


def test_a_cache_that_is_damaged_says_what_to_do(tenant: Use, tmp_path: Path) -> None:
    tenant()
    cache = tmp_path / "cache.json"
    cache.write_text('{"AccessToken"')
    cache.chmod(0o600)
    with pytest.raises(ConnectorError, match="delete it, and sign in again"):
        Access(settings(secret=None, token_cache=cache)).mail("").token()


def test_what_a_token_says_of_itself_is_read_for_advice_alone() -> None:
    told = {"roles": ["IMAP.AccessAsApp"], "oid": "1-2-3"}
    body = base64.urlsafe_b64encode(json.dumps(told).encode()).decode().rstrip("=")
    claims = Claims.of(f"e30.{body}.x")
    assert claims is not None
    assert claims.permissions == {"IMAP.AccessAsApp"}
    assert claims.object_id == "1-2-3"
    assert [Claims.of(odd) for odd in ("opaque", "a.b.c", "a.W10.c", "é.é.é")] == [None] * 4


def test_a_stand_in_is_spoken_with_through_no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")
    ends = {"sign_in": "https://localhost:1", "graph": "https://localhost:1", "imap": "localhost:2"}
    with web_client(settings(endpoints=ends)) as stand_in, web_client(settings()) as microsoft:
        assert (len(stand_in._mounts), len(microsoft._mounts)) == (0, 1)
