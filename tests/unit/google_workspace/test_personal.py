"""Private accounts: which file is a client's, what is searched for, where a leave is kept."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import httplib2
import pytest

from connectors.contract import AuthFailed, Fatal
from connectors.google_workspace import personal
from connectors.google_workspace.personal import PersonalMail, about, ask_for_leave, read_client
from migrate.engine.private_gmail import Leave, keep_leave, leave_file, leave_of
from plans.secrets import SecretError

_INSTALLED = {
    "client_id": "c", "client_secret": "hunter2", "project_id": "p", "auth_uri": "https://accounts.google.com/o/oauth2/auth",
    "token_uri": "https://oauth2.googleapis.com/token",
}  # fmt: skip
CLIENT = json.dumps({"installed": _INSTALLED})
_LEAVE = Leave("anna@gmail.com", datetime(2026, 11, 22, 10, 0, tzinfo=UTC), "1//hunter2")


def test_the_file_of_a_desktop_application_is_taken() -> None:
    client = read_client(json.dumps({"installed": _INSTALLED}))
    assert (client.project, client.endpoint) == ("p", None)
    assert "hunter2" not in repr(client)


def test_a_stand_in_is_where_its_tokens_come_from() -> None:
    client = read_client(json.dumps({"installed": {**_INSTALLED, "token_uri": "http://127.0.0.1:8080/token"}}))
    assert client.endpoint == "http://127.0.0.1:8080"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        json.dumps({"web": _INSTALLED}),
        json.dumps({"installed": {**_INSTALLED, "client_secret": ""}}),
        json.dumps({"installed": {**_INSTALLED, "token_uri": "https://evil.example/token"}}),
        json.dumps({"installed": {**_INSTALLED, "token_uri": "https://oauth2.googleapis.com.evil.example/token"}}),
        json.dumps({"installed": {**_INSTALLED, "token_uri": "http://oauth2.googleapis.com/token"}}),
    ],
)
def test_any_other_file_is_told_and_nothing_of_it(text: str) -> None:
    with pytest.raises(Fatal, match="Desktop app") as raised:
        read_client(text)
    assert "hunter2" not in str(raised.value)


class _Answer:
    """A connection on which one thing is said."""

    def __init__(self, error: str) -> None:
        self._error = error

    def request(self, *_arguments: object, **_named: object) -> tuple[httplib2.Response, bytes]:
        return httplib2.Response({"status": "401"}), json.dumps({"error": self._error}).encode()

    def close(self) -> None:
        """Nothing was opened."""


@pytest.mark.parametrize(
    ("error", "kind", "told"),
    [("invalid_grant", AuthFailed, "give it anew"), ("invalid_client", Fatal, "download its JSON file anew")],
)
def test_a_leave_that_was_taken_back_is_told_from_a_client_that_is_gone(
    monkeypatch: pytest.MonkeyPatch, error: str, kind: type[Exception], told: str
) -> None:
    monkeypatch.setattr(personal, "new_http", lambda *_arguments: _Answer(error))
    with pytest.raises(kind, match=told) as raised:
        PersonalMail(read_client(CLIENT), "anna@gmail.com", "1//hunter2").token()
    assert "hunter2" not in str(raised.value)


def test_who_gives_other_rights_than_were_asked_for_did_not_agree(monkeypatch: pytest.MonkeyPatch) -> None:
    def changed(*_arguments: object, **_named: object) -> None:
        raise Warning("Scope has changed")

    monkeypatch.setattr("google_auth_oauthlib.flow.InstalledAppFlow.run_local_server", changed)
    with pytest.raises(AuthFailed, match="did not agree"):
        ask_for_leave(read_client(CLIENT), "anna@gmail.com", open_browser=False)


def test_what_is_searched_for_has_to_do_with_the_domains() -> None:
    assert about(["Example.org"]) == "{from:example.org to:example.org cc:example.org}"
    assert about([]) == ""
    assert "from:xn--" in about(["société.example"])


def test_a_domain_cannot_widen_the_search() -> None:
    for domain in ("example.org} OR {in:anywhere", "a b", "", "x" * 300):
        with pytest.raises(Fatal, match="no mail domain"):
            about([domain])


def test_a_leave_is_kept_for_its_owner_alone_and_read_again(tmp_path: Path) -> None:
    path = keep_leave(tmp_path, _LEAVE)
    keep_leave(tmp_path, _LEAVE)
    assert path == leave_file(tmp_path, "Anna@gmail.com")
    assert path.stat().st_mode & 0o777 == 0o600
    assert [one.name for one in path.parent.iterdir()] == [path.name]
    assert leave_of(tmp_path, "anna@gmail.com", "anna@example.org") == _LEAVE
    assert "hunter2" not in repr(_LEAVE)


@pytest.mark.parametrize(
    "content", [None, "", "{}", "[]", '{"address": "a", "given_at": "soon", "refresh_token": "x"}']
)
def test_without_a_leave_it_is_said_who_gives_one(tmp_path: Path, content: str | None) -> None:
    if content is not None:
        path = keep_leave(tmp_path, _LEAVE)
        path.write_text(content)
    with pytest.raises(AuthFailed, match=r"bascule gmail authorise anna@example\.org") as raised:
        leave_of(tmp_path, "anna@gmail.com", "anna@example.org")
    assert raised.value.tells_what_to_do


def test_a_leave_that_others_can_read_is_not_used(tmp_path: Path) -> None:
    keep_leave(tmp_path, _LEAVE).chmod(0o644)
    with pytest.raises(SecretError, match="chmod 600"):
        leave_of(tmp_path, "anna@gmail.com", "anna@example.org")


def test_no_address_leads_out_of_the_folder(tmp_path: Path) -> None:
    assert leave_file(tmp_path, "../../anna@gmail.com").parent == tmp_path / "secrets" / "gmail"
