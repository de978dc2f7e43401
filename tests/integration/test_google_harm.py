"""Tokens, quotas, faults and the life of Google's stand-in: what a client has to live with."""

from __future__ import annotations

import base64
import hashlib
import http.client
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from google.auth.exceptions import RefreshError

from migrate.sandbox.google.started import ControlError, GoogleStandIn, running_google
from tests.servers.google import ADMIN, GoogleForTests, refusal_of

_SCOPE = "https://www.googleapis.com/auth/"
_READ = ["gmail.readonly"]


@pytest.fixture
def anna(google: GoogleForTests) -> str:
    return google.person()


def test_a_token_is_for_the_scopes_it_was_got_for(google: GoogleForTests, anna: str) -> None:
    users = google.service("gmail.v1", anna, ["gmail.insert"]).users()
    assert _import(users, "1@scopes") is None
    assert refusal_of(lambda: users.messages().list(userId="me")) == (403, "insufficientPermissions")
    assert refusal_of(lambda: users.labels().list(userId="me")) == (403, "insufficientPermissions")


def test_a_scope_that_was_not_granted_gets_no_token(google: GoogleForTests, anna: str) -> None:
    google.stand_in.manners(granted_scopes=[f"{_SCOPE}gmail.insert"])
    assert _import(google.service("gmail.v1", anna, ["gmail.insert"]).users(), "1@grant") is None
    refused = google.service("gmail.v1", anna, ["gmail.insert", "gmail.labels"]).users()
    with pytest.raises(RefreshError, match="unauthorized_client"):
        refused.labels().list(userId="me").execute()


@pytest.mark.parametrize(
    ("subject", "scopes", "said"),
    [
        ("nobody@example.org", _READ, "invalid_grant.*Invalid email or User ID"),
        (ADMIN, ["gmail.nosuch"], "invalid_scope"),
    ],
)
def test_who_or_what_does_not_exist_gets_no_token(
    google: GoogleForTests, subject: str, scopes: list[str], said: str
) -> None:
    with pytest.raises(RefreshError, match=said):
        google.service("gmail.v1", subject, scopes).users().getProfile(userId="me").execute()


def test_a_key_that_was_revoked_or_forged_gets_no_token(google: GoogleForTests, anna: str, tmp_path: Path) -> None:
    good, other = tmp_path / "good.json", tmp_path / "other.json"
    key_id = google.stand_in.write_key(good)
    google.stand_in.write_key(other)
    assert good.stat().st_mode & 0o077 == 0
    forged = json.loads(good.read_text()) | {"private_key": json.loads(other.read_text())["private_key"]}
    (tmp_path / "forged.json").write_text(json.dumps(forged))
    for path in (tmp_path / "forged.json", good):
        google.stand_in.control("revoke_key", key_id=key_id)
        with pytest.raises(RefreshError, match="Invalid JWT Signature"):
            google.service("gmail.v1", anna, _READ, key=path).users().getProfile(userId="me").execute()
    google.service("gmail.v1", anna, _READ, key=other).users().getProfile(userId="me").execute()


def test_a_clock_that_is_off_gets_no_token(google: GoogleForTests, anna: str) -> None:
    google.stand_in.manners(clock_off=2 * 3600)
    with pytest.raises(RefreshError, match="reasonable timeframe"):
        google.service("gmail.v1", anna, _READ).users().getProfile(userId="me").execute()
    connection = http.client.HTTPConnection(google.stand_in.endpoint.removeprefix("http://"))
    connection.request("POST", "/token")
    answer = connection.getresponse()
    answer.read()
    connection.close()
    # From this a client can tell which of the two clocks it is.
    assert 7000 < parsedate_to_datetime(answer.headers["Date"]).timestamp() - time.time() < 7400


def test_a_token_that_ends_in_the_middle_is_replaced_and_the_call_done_once(google: GoogleForTests, anna: str) -> None:
    users = google.service("gmail.v1", anna, ["gmail.insert"]).users()
    assert _import(users, "1@expiry") is None
    google.stand_in.fault("expire_token", method="gmail.users.messages.import")
    assert _import(users, "2@expiry") is None
    google.stand_in.advance(3601)
    assert _import(users, "3@expiry") is None
    assert len(google.stand_in.mailbox(anna)) == 3
    assert google.stand_in.control("answers")["tokens"] == 3
    assert google.stand_in.answers()["gmail.users.messages.import 401 authError"] == 2


def test_without_a_token_nothing_is_told(google: GoogleForTests) -> None:
    host = google.stand_in.endpoint.removeprefix("http://")
    for headers in ({}, {"Authorization": "Bearer nonsense"}, {"Authorization": "Basic eDp5"}):
        connection = http.client.HTTPConnection(host)
        connection.request("GET", "/gmail/v1/users/me/profile", headers=headers)
        answer = connection.getresponse()
        assert (answer.status, json.loads(answer.read())["error"]["status"]) == (401, "UNAUTHENTICATED")
        connection.close()


@pytest.mark.parametrize(
    ("change", "refusal"),
    [({"suspended": True}, (403, "forbidden")), ({"gmail": False}, (403, "domainPolicy"))],
)
def test_a_mailbox_that_may_not_be_used_says_why(
    google: GoogleForTests, anna: str, change: dict[str, Any], refusal: tuple[int, str]
) -> None:
    users = google.service("gmail.v1", anna, _READ).users()
    google.stand_in.control("change_user", address=anna, **change)
    assert refusal_of(lambda: users.getProfile(userId="me")) == refusal
    google.stand_in.control("change_user", address=anna, **{name: not value for name, value in change.items()})
    assert refusal_of(lambda: users.getProfile(userId="me")) is None


def test_an_account_without_a_licence_has_no_mailbox_and_a_service_account_neither(google: GoogleForTests) -> None:
    for subject in (google.person(licensed=False), None):
        users = google.service("gmail.v1", subject, _READ).users()
        assert refusal_of(lambda users=users: users.getProfile(userId="me")) == (400, "failedPrecondition")


def test_an_api_that_nobody_switched_on_says_so(google: GoogleForTests, anna: str) -> None:
    google.stand_in.manners(disabled_apis=["gmail.googleapis.com"])
    users = google.service("gmail.v1", anna, _READ).users()
    assert refusal_of(lambda: users.getProfile(userId="me")) == (403, "accessNotConfigured")
    directory = google.service("admin.directory_v1", ADMIN, ["admin.directory.user"])
    assert refusal_of(lambda: directory.users().get(userKey=anna)) is None


@pytest.mark.parametrize(
    ("kind", "refusal", "stored"),
    [
        ("429", (429, "rateLimitExceeded"), 0),
        ("403", (403, "userRateLimitExceeded"), 0),
        ("500", (500, "backendError"), 0),
        ("503", (503, "backendError"), 0),
        ("503_after_commit", (503, "backendError"), 1),
    ],
)
def test_an_answer_of_harm_comes_once_for_the_call_that_was_meant(
    google: GoogleForTests, anna: str, kind: str, refusal: tuple[int, str], stored: int
) -> None:
    users = google.service("gmail.v1", anna, ["gmail.insert"]).users()
    google.stand_in.fault(kind, method="gmail.users.messages.import", user=anna, first=2)
    assert [_import(users, f"{number}@{kind}") for number in range(3)] == [None, refusal, None]
    assert len(google.stand_in.mailbox(anna)) == 2 + stored


def test_what_is_refused_is_not_said_to_have_failed_after_it_was_done(google: GoogleForTests, anna: str) -> None:
    users = google.service("gmail.v1", anna, ["gmail.insert"]).users()
    google.stand_in.fault("503_after_commit", method="gmail.users.messages.import")
    body = {"raw": base64.urlsafe_b64encode(b"Subject: from nobody\r\n\r\n").decode()}
    refusal = refusal_of(lambda: users.messages().import_(userId="me", body=body))
    assert refusal == (400, "invalidArgument")
    assert google.stand_in.mailbox(anna) == []


def test_a_server_on_the_way_answers_with_a_page_instead_of_json(google: GoogleForTests, anna: str) -> None:
    token = _token(google.stand_in, anna)
    google.stand_in.fault("502", method="gmail.users.messages.import")
    assert _plain_import(google.stand_in, token, "1@page") == 502
    assert google.stand_in.mailbox(anna) == []


@pytest.mark.parametrize(("kind", "stored"), [("drop", 0), ("drop_after_commit", 1), ("truncate", 1)])
def test_a_connection_is_cut_before_or_after_the_message_is_stored(
    google: GoogleForTests, anna: str, kind: str, stored: int
) -> None:
    token = _token(google.stand_in, anna)
    google.stand_in.fault(kind, method="gmail.users.messages.import")
    with pytest.raises((http.client.HTTPException, OSError)):
        _plain_import(google.stand_in, token, f"1@{kind}")
    assert len(google.stand_in.mailbox(anna)) == stored
    assert _plain_import(google.stand_in, token, f"2@{kind}") == 200


def test_googles_own_transport_sends_a_message_again_when_its_answer_is_lost(google: GoogleForTests, anna: str) -> None:
    # httplib2 does so by itself: a client that may not send twice has to keep it from that.
    google.stand_in.manners(dedupe=False)
    users = google.service("gmail.v1", anna, ["gmail.insert"]).users()
    assert _import(users, "1@again") is None
    google.stand_in.fault("drop_after_commit", method="gmail.users.messages.import")
    assert _import(users, "2@again") is None
    assert Counter(one.message_id for one in google.stand_in.mailbox(anna)) == {"1@again": 1, "2@again": 2}


def test_units_are_counted_by_user_and_by_project_and_fill_again(google: GoogleForTests, anna: str) -> None:
    bruno = google.person()
    by_anna, by_bruno = (google.service("gmail.v1", one, ["gmail.insert"]).users() for one in (anna, bruno))
    # Slow enough that no machine is: 100 units at once, and 25 more in 250 seconds.
    google.stand_in.manners(user_units=6, project_units=60, burst=1000)
    assert [_import(by_anna, f"{number}@units") for number in range(5)].count(None) == 4
    assert _import(by_bruno, "1@units") is None
    google.stand_in.advance(250)
    assert _import(by_anna, "5@units") is None
    google.stand_in.manners(user_units=None, project_units=3)
    google.stand_in.advance(1000)
    answers = [_import(one, f"{number}@project") for number, one in enumerate([by_anna, by_bruno, by_anna])]
    assert answers == [None, None, (403, "rateLimitExceeded")]
    units = google.stand_in.control("answers")["units"]
    assert (units[anna], units[bruno]) == (6 * 25, 2 * 25)


def test_more_calls_at_a_time_than_a_user_may_make_are_refused(google: GoogleForTests, anna: str) -> None:
    token = _token(google.stand_in, anna)
    google.stand_in.manners(user_concurrency=2, latency=1.0)
    answers: list[int] = []
    threads = [
        threading.Thread(
            target=lambda number=number: answers.append(_plain_import(google.stand_in, token, f"{number}@c"))
        )
        for number in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [200, 200, 429, 429]
    assert _plain_import(google.stand_in, token, "5@c") == 200


def test_a_person_signs_in_with_a_browser_and_later_with_the_refresh_token(google: GoogleForTests, anna: str) -> None:
    client = google.stand_in.control("client")["installed"]
    verifier = "v" * 50
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    back = "http://localhost:1234/"
    asked = {
        "client_id": client["client_id"], "redirect_uri": back, "response_type": "code", "state": "s",
        "scope": f"{_SCOPE}gmail.readonly", "code_challenge": challenge, "code_challenge_method": "S256",
    }  # fmt: skip
    assert _consented(google.stand_in, asked) == {"error": ["access_denied"], "state": ["s"]}
    google.stand_in.control("sign_in", address=anna)
    code = _consented(google.stand_in, asked)["code"][0]
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": back, "code_verifier": verifier}
    secret = {"client_id": client["client_id"], "client_secret": client["client_secret"]}
    assert _exchanged(google.stand_in, form | secret | {"client_secret": "wrong"})[0] == 401
    status, told = _exchanged(google.stand_in, form | secret)
    assert status == 200
    assert _exchanged(google.stand_in, form | secret)[1]["error"] == "invalid_grant"
    refresh = {"grant_type": "refresh_token", "refresh_token": told["refresh_token"], **secret}
    assert _exchanged(google.stand_in, refresh)[0] == 200
    assert _exchanged(google.stand_in, refresh | {"refresh_token": "x"})[1]["error"] == "invalid_grant"
    google.stand_in.control("sign_in", address=None)


def test_what_is_kept_is_there_after_a_kill_and_holds_no_secret(tmp_path: Path) -> None:
    state, key = tmp_path / "state", tmp_path / "key.json"
    with running_google(state=state) as first:
        first.add_user("anna@example.org")
        first.add_user(ADMIN, admin=True)
        first.write_key(key)
        refresh = first.control("refresh_token", address="anna@example.org", scopes=[f"{_SCOPE}gmail.modify"])
        ids = first.put("anna@example.org", [_mail(f"{number}@kept") for number in range(3)], ["Projects/Lyon"])
        first.relabel("anna@example.org", ids[0], ["STARRED"])
        first.remove("anna@example.org", ids[1])
        token = _token(first, "anna@example.org")
        held = first.mailbox("anna@example.org")
        os.kill(first.pid, 9)
    with (state / "google.journal").open("ab") as journal:
        journal.write(b'{"do":"put","user"')
    with running_google(state=state) as second:
        assert second.mailbox("anna@example.org") == held
        assert second.put("anna@example.org", [_mail("new@kept")], ["projects/lyon"])[0] not in ids
        google = GoogleForTests(second, key)
        users = google.service("gmail.v1", "anna@example.org", ["gmail.modify"]).users()
        start = users.history().list(userId="me", startHistoryId=1000).execute()
        google.fresh()
        assert sum("messagesAdded" in one for one in start["history"]) == 4
    with running_google(state=state) as third:
        assert [one.labels for one in third.mailbox("anna@example.org")] == [
            {"STARRED"},
            {"Projects/Lyon"},
            {"Projects/Lyon"},
        ]
    written = b"".join(path.read_bytes() for path in state.rglob("*") if path.is_file())
    secrets = [token, refresh, json.loads(key.read_text())["private_key"].splitlines()[3]]
    assert len(written) > 500
    assert not [secret for secret in secrets if secret.encode() in written]
    assert {path.stat().st_mode & 0o077 for path in (state, *state.rglob("*"))} == {0}


def test_a_stand_in_ends_with_the_process_that_started_it() -> None:
    script = (
        "import time\n"
        "from migrate.sandbox.google.started import running_google\n"
        "with running_google() as google:\n"
        "    print(google.endpoint, flush=True)\n"
        "    time.sleep(60)\n"
    )
    run = subprocess.Popen(
        [sys.executable, "-c", script], cwd=Path(__file__).parents[2], stdout=subprocess.PIPE, text=True
    )
    assert run.stdout is not None
    with run.stdout:
        host = run.stdout.readline().strip().removeprefix("http://")
        run.kill()
        run.wait()
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        connection = http.client.HTTPConnection(host, timeout=5)
        try:
            connection.request("GET", "/")
            connection.getresponse()
        except (OSError, http.client.HTTPException):
            return
        finally:
            connection.close()
        time.sleep(0.05)
    pytest.fail("it still answers")


def test_an_interrupt_ends_it_at_once_and_a_port_that_is_taken_is_said(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "migrate.sandbox.google"]
    root = Path(__file__).parents[2]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, cwd=root, **pipes) as first:  # type: ignore[call-overload]
        port = json.loads(first.stdout.readline())["endpoint"].rpartition(":")[2]
        second = subprocess.run([*command, "--port", port], cwd=root, capture_output=True, text=True, check=False)
        assert (second.returncode, "cannot start" in second.stderr, second.stdout) == (1, True, "")
        first.send_signal(signal.SIGINT)
        assert first.wait(timeout=10) == 130
        assert first.stderr.read() == ""


def test_the_other_side_is_closed_to_clients_and_says_what_is_wrong(google: GoogleForTests) -> None:
    connection = http.client.HTTPConnection(google.stand_in.endpoint.removeprefix("http://"))
    connection.request("POST", "/control/summary", b"{}")
    answer = connection.getresponse()
    assert (answer.status, answer.read()) == (403, b"")
    connection.close()
    for command, arguments in (
        ("manners", {"nosuch": 1}), ("manners", {"burst": -1}), ("fault", {"kind": "flood"}), ("nosuch", {}),
        ("messages", {"address": "nobody@example.org"}), ("add_user", {"address": ADMIN}), ("add_user", {}),
    ):  # fmt: skip
        with pytest.raises(ControlError):
            google.stand_in.control(command, **arguments)
    assert "private" not in repr(google.stand_in.control("summary"))
    assert google.stand_in._word not in repr(google.stand_in)


def _mail(message_id: str) -> bytes:
    return f"From: a@b.org\r\nDate: Wed, 01 Jan 2025 00:00:00 +0000\r\nMessage-ID: <{message_id}>\r\n\r\nx".encode()


def _import(users: Any, message_id: str) -> tuple[int, str] | None:
    body = {"raw": base64.urlsafe_b64encode(_mail(message_id)).decode()}
    return refusal_of(lambda: users.messages().import_(userId="me", body=body))


def _token(stand_in: GoogleStandIn, address: str) -> str:
    client = stand_in.control("client")["installed"]
    form = {
        "grant_type": "refresh_token", "client_id": client["client_id"], "client_secret": client["client_secret"],
        "refresh_token": stand_in.control("refresh_token", address=address, scopes=[f"{_SCOPE}gmail.modify"]),
    }  # fmt: skip
    return str(_exchanged(stand_in, form)[1]["access_token"])


def _exchanged(stand_in: GoogleStandIn, form: dict[str, str]) -> tuple[int, dict[str, Any]]:
    connection = http.client.HTTPConnection(stand_in.endpoint.removeprefix("http://"))
    connection.request("POST", "/token", urlencode(form))
    answer = connection.getresponse()
    told = json.loads(answer.read())
    connection.close()
    return answer.status, told


def _consented(stand_in: GoogleStandIn, query: dict[str, str]) -> dict[str, list[str]]:
    connection = http.client.HTTPConnection(stand_in.endpoint.removeprefix("http://"))
    connection.request("GET", f"/o/oauth2/auth?{urlencode(query)}")
    answer = connection.getresponse()
    answer.read()
    connection.close()
    assert answer.status == 302
    return parse_qs(urlsplit(answer.headers["Location"]).query)


def _plain_import(stand_in: GoogleStandIn, token: str, message_id: str) -> int:
    """One import by a client that tries nothing twice; the status of its answer."""
    connection = http.client.HTTPConnection(stand_in.endpoint.removeprefix("http://"), timeout=10)
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "message/rfc822"}
    try:
        path = "/upload/gmail/v1/users/me/messages/import?uploadType=media"
        connection.request("POST", path, _mail(message_id), headers)
        answer = connection.getresponse()
        answer.read()
    finally:
        connection.close()
    return answer.status
