"""Google's refusals are told apart by status and reason, never by their text."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.contract import AuthFailed, ConnectorError, Denial, Fatal, OverQuota, Refused, TooSoon, Transient
from connectors.google_workspace.answers import denied
from connectors.google_workspace.verdicts import verdict


def _body(reason: str, status: str = "", *, info: str = "", **metadata: str) -> bytes:
    error: dict[str, object] = {
        "message": "SECRET subject",
        "errors": [{"reason": reason, "message": "SECRET subject"}],
    }
    if status:
        error["status"] = status
    if info:
        error["details"] = [{"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": info, "metadata": metadata}]
    return json.dumps({"error": error}).encode()


def _verdict(status: int, body: bytes, **headers: str) -> ConnectorError:
    answer = denied(status, {name.replace("_", "-"): value for name, value in headers.items()}, body)
    return verdict(answer, system="google", api="Gmail API", project="p-1", subject="anna@example.org")


@pytest.mark.parametrize(
    ("status", "body", "whose"),
    [
        (429, _body("rateLimitExceeded"), "user"),
        (429, b"", "user"),
        (403, _body("userRateLimitExceeded"), "user"),
        (403, _body("rateLimitExceeded"), "project"),
        (403, _body("quotaExceeded"), "project"),
        (403, _body("rateLimitExceeded", info="RATE_LIMIT_EXCEEDED", quota_limit="QueriesPerMinutePerUser"), "user"),
        (
            429,
            _body("rateLimitExceeded", info="RATE_LIMIT_EXCEEDED", quota_limit="QueriesPerMinutePerProject"),
            "project",
        ),
        (403, _body("dailyLimitExceeded"), "project"),
        (403, _body("forbidden"), None),
        (400, _body("rateLimitExceeded"), None),
        (503, _body("backendError"), None),
    ],
)
def test_whose_rate_is_used_up(status: int, body: bytes, whose: str | None) -> None:
    answer = denied(status, {}, body)
    assert answer.limited == whose
    if whose:
        found = verdict(answer, system="google", api="Gmail API")
        assert isinstance(found, TooSoon) == (whose == "user")
        assert isinstance(found, Transient)
        assert found.retry_after


@pytest.mark.parametrize(
    ("status", "body", "kind", "words"),
    [
        (403, _body("accessNotConfigured"), Fatal, "library?project=p-1"),
        (403, _body("forbidden", info="SERVICE_DISABLED"), Fatal, "Gmail API"),
        (403, _body("insufficientPermissions"), AuthFailed, "bascule check"),
        (403, _body("domainPolicy"), AuthFailed, "policy"),
        (403, _body("forbidden"), AuthFailed, "suspended"),
        (401, _body("authError"), AuthFailed, "anna@example.org"),
        (400, _body("failedPrecondition"), AuthFailed, "Licences"),
        (413, _body("uploadTooLarge"), Refused, "too large"),
        (403, _body("storageQuotaExceeded"), OverQuota, "full"),
        (500, _body("backendError"), Transient, "moment"),
        (418, b"<html>teapot</html>", Fatal, "not expected"),
    ],
)
def test_each_reason_has_its_verdict_and_says_what_to_do(
    status: int, body: bytes, kind: type[ConnectorError], words: str
) -> None:
    found = _verdict(status, body)
    assert type(found) is kind
    assert words in str(found)
    assert "SECRET" not in str(found)


def test_a_mailbox_that_is_not_there_is_no_wrong_password() -> None:
    found = _verdict(400, _body("failedPrecondition"))
    assert isinstance(found, AuthFailed)
    assert found.denial is Denial.NOT_CONNECTED


@pytest.mark.parametrize(
    ("value", "least", "most"), [("30", 30, 30), ("99999999", 86_400, 86_400), ("soon", None, None)]
)
def test_pauses_are_taken_in_seconds_within_reason(value: str, least: float | None, most: float | None) -> None:
    assert denied(429, {"retry-after": value}, b"").retry_after in (least, most)


def test_pauses_are_taken_as_dates() -> None:
    until = format_datetime(datetime.now(UTC) + timedelta(seconds=90), usegmt=True)
    pause = denied(503, {"retry-after": until}, b"").retry_after
    assert pause is not None
    assert 80 < pause <= 90


@given(st.integers(400, 599), st.binary(max_size=200) | st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(
        ["error", "errors", "reason", "details", "metadata", "@type", "status", "quota_limit"]), inner, max_size=4),
    max_leaves=12,
).map(lambda value: json.dumps(value).encode()))  # fmt: skip
def test_any_answer_at_all_ends_in_a_verdict(status: int, body: bytes) -> None:
    assert isinstance(_verdict(status, body), ConnectorError)
