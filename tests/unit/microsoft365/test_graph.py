"""Graph: pages, pauses, batches of twenty, and errors by status and code alone."""

from __future__ import annotations

import json
from collections.abc import Callable
from threading import Event
from typing import Any

import httpx
import pytest

from connectors.contract import AuthFailed, Fatal, OverQuota, Reason, Stopped, Transient
from connectors.microsoft365 import graph as graph_module
from connectors.microsoft365.graph import Call, Graph, GraphRefused

BASE = "https://graph.microsoft.com"
Answer = Callable[[httpx.Request], httpx.Response]


class _Tokens:
    def __init__(self) -> None:
        self.number = 1

    def token(self, refused: str = "") -> str:
        if refused == f"token-{self.number}":
            self.number += 1
        return f"token-{self.number}"


class _Stop(Event):
    """Notes how long it was waited for, and waits for nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.waited: list[float] = []

    def wait(self, timeout: float | None = None) -> bool:
        self.waited.append(timeout or 0.0)
        return self.is_set()


def _graph(answer: Answer, stop: Event | None = None) -> Graph:
    client = httpx.Client(transport=httpx.MockTransport(answer))
    return Graph(client, BASE, _Tokens(), stop or _Stop())


def _error(status: int, code: str = "", **headers: str) -> httpx.Response:
    body = {"error": {"code": code, "message": "planted words"}} if code else {}
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return httpx.Response(status, json=body, headers=named)


def _inner(request: httpx.Request) -> list[dict[str, Any]]:
    told: list[dict[str, Any]] = json.loads(request.content)["requests"]
    return told


def test_a_collection_is_read_to_its_last_page() -> None:
    pages = {
        "/v1.0/users": {"value": [{"id": 1}], "@odata.nextLink": f"{BASE}/v1.0/more?$skiptoken=x"},
        "/v1.0/more": {"value": [{"id": 2}]},
    }
    graph = _graph(lambda request: httpx.Response(200, json=pages[request.url.path]))
    assert [one["id"] for one in graph.pages("/users")] == [1, 2]


def test_a_page_elsewhere_is_not_asked_for_because_the_token_would_go_there() -> None:
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.host)
        return httpx.Response(200, json={"value": [], "@odata.nextLink": "https://graph.microsoft.com.evil.example/x"})

    with pytest.raises(Fatal):
        list(_graph(answer).pages("/users"))
    assert asked == ["graph.microsoft.com"]


def test_a_pause_that_is_asked_for_is_kept() -> None:
    answers = iter([_error(429, "TooManyRequests", Retry_After="7"), _error(503, Retry_After="3")])
    stop = _Stop()
    graph = _graph(lambda _request: next(answers, httpx.Response(200, json={"id": "1"})), stop)
    assert graph.get("/users/1") == {"id": "1"}
    assert stop.waited == [7.0, 3.0]


def test_a_long_pause_is_left_to_the_caller() -> None:
    stop = _Stop()
    with pytest.raises(Transient) as caught:
        _graph(lambda _request: _error(429, Retry_After="600"), stop).get("/users")
    assert caught.value.retry_after == 600
    assert stop.waited == []


def test_what_may_have_been_done_is_not_done_twice() -> None:
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.method)
        return _error(503)

    with pytest.raises(Transient):
        _graph(answer).post("/users", {})
    assert asked == ["POST"]
    with pytest.raises(Transient):
        _graph(answer).patch("/users/1", {})
    assert asked.count("PATCH") == 5


def test_a_token_that_is_turned_down_is_renewed_once() -> None:
    seen: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request.headers["Authorization"])
        return _error(401, "InvalidAuthenticationToken")

    with pytest.raises(AuthFailed):
        _graph(answer).get("/users")
    assert seen == ["Bearer token-1", "Bearer token-2"]


@pytest.mark.parametrize(
    ("status", "code", "reason"),
    [
        (403, "Authorization_RequestDenied", Reason.NO_PERMISSION),
        (404, "Request_ResourceNotFound", Reason.GONE),
        (409, "Request_MultipleObjectsWithSameKeyValue", Reason.REFUSED),
        (400, "UnknownError", Reason.REFUSED),
    ],
)
def test_refusals_tell_status_and_code_and_no_text(status: int, code: str, reason: Reason) -> None:
    with pytest.raises(GraphRefused) as caught:
        _graph(lambda _request: _error(status, code)).get("/users")
    error = caught.value
    assert (error.status, error.code, error.reason) == (status, code, reason)
    assert "planted" not in str(error)


def test_a_full_mailbox_is_told_as_such() -> None:
    with pytest.raises(OverQuota):
        _graph(lambda _request: _error(403, "ErrorQuotaExceeded")).get("/users")


def test_forty_five_calls_are_three_batches_and_each_is_judged_alone() -> None:
    sizes: list[int] = []

    def answer(request: httpx.Request) -> httpx.Response:
        calls = _inner(request)
        sizes.append(len(calls))
        told = [
            {"id": one["id"], "status": 404, "body": {"error": {"code": "ErrorItemNotFound"}}}
            if one["url"] == "/messages/7"
            else {"id": one["id"], "status": 200, "body": {"url": one["url"]}}
            for one in reversed(calls)
        ]
        return httpx.Response(200, json={"responses": told})

    answers = _graph(answer).batch([Call("GET", f"/messages/{number}") for number in range(45)])
    assert sizes == [20, 20, 5]
    assert [one.body.get("url") for one in answers if one.error is None] == [
        f"/messages/{number}" for number in range(45) if number != 7
    ]
    assert isinstance(answers[7].error, GraphRefused)


def test_of_a_batch_only_what_was_throttled_is_sent_again() -> None:
    rounds: list[list[str]] = []

    def answer(request: httpx.Request) -> httpx.Response:
        calls = _inner(request)
        rounds.append([one["url"] for one in calls])
        throttled = {"status": 429, "headers": {"Retry-After": "4"}, "body": {"error": {"code": "TooManyRequests"}}}
        done = {"status": 200, "body": {}}
        first = len(rounds) == 1
        told = [{"id": one["id"], **(throttled if first and one["url"] == "/b" else done)} for one in calls]
        return httpx.Response(200, json={"responses": told})

    stop = _Stop()
    answers = _graph(answer, stop).batch([Call("PATCH", path, {}) for path in ("/a", "/b", "/c")])
    assert rounds == [["/a", "/b", "/c"], ["/b"]]
    assert all(one.error is None for one in answers)
    assert stop.waited == [4.0]


def test_a_call_whose_answer_is_missing_is_no_success(monkeypatch: pytest.MonkeyPatch) -> None:
    graph = _graph(lambda _request: httpx.Response(200, json={"responses": []}))
    (answer,) = graph.batch([Call("POST", "/users", {})])
    assert isinstance(answer.error, Transient)


def test_after_stop_nothing_is_asked() -> None:
    stop = Event()
    stop.set()
    with pytest.raises(Stopped):
        _graph(lambda _request: pytest.fail("it was asked"), stop).get("/users")


def test_the_limits_are_those_of_the_documents() -> None:
    assert graph_module.BATCH == 20
