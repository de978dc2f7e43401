"""A refused sign-in is told apart: by code first, by a known wording where there is no telling code."""

from __future__ import annotations

from pathlib import Path

import pytest

from connectors.contract import AuthFailed, ConnectorError, Denial, Fatal, TooManySessions, Unavailable
from connectors.imap.refusals import Refusal, not_connected, sign_in_refused
from connectors.imap.response import parse_status
from tests.unit.imap.scripted import FULL, PASSWORD, Peer, playing


def refused(line: str, *, by: str = "PLAIN") -> ConnectorError:
    status = parse_status(line.encode())
    assert status is not None
    return sign_in_refused("mail.example.org", Refusal(status, line.lower().encode()), by=by)


@pytest.mark.parametrize(
    ("line", "denial"),
    [
        # Dovecot
        ("NO [AUTHENTICATIONFAILED] Authentication failed.", Denial.BAD_PASSWORD),
        ("NO [AUTHORIZATIONFAILED] no", Denial.NO_RIGHT),
        ("NO [EXPIRED] Password expired", Denial.PASSWORD_EXPIRED),
        ("NO [CONTACTADMIN] Login disabled for this user", Denial.DISABLED),
        ("NO [CONTACTADMIN] Ask the helpdesk", Denial.ADMINISTRATOR),
        # Courier, Cyrus
        ("NO Login failed.", Denial.BAD_PASSWORD),
        ("NO Login failed: authentication failure", Denial.BAD_PASSWORD),
        ("NO Account is disabled", Denial.DISABLED),
        # Gmail
        ("NO [AUTHENTICATIONFAILED] Invalid credentials (Failure)", Denial.BAD_PASSWORD),
        (
            "NO [ALERT] Application-specific password required: https://support.google.com/accounts/answer/1 (Failure)",
            Denial.POLICY,
        ),
        ("NO [ALERT] Web login required: http://support.google.com/mail (Failure)", Denial.POLICY),
        ("NO [ALERT] Please log in via your web browser: https://support.google.com (Failure)", Denial.POLICY),
        ("NO [ALERT] Your account is not enabled for IMAP use. Please visit your settings", Denial.POLICY),
        ("NO [ALERT] IMAP access is disabled for your domain. (Failure)", Denial.POLICY),
        # Microsoft 365, Zoho
        ("NO LOGIN failed. BasicAuthBlocked", Denial.POLICY),
        ("BAD User is authenticated but not connected.", Denial.NOT_CONNECTED),
        ("NO AUTHENTICATE failed.", Denial.BAD_PASSWORD),
        ("NO [ALERT] You are yet to enable IMAP for your account. (Failure)", Denial.POLICY),
        # a code leaves nothing to the wording
        ("NO [AUTHENTICATIONFAILED] account is disabled, too many connections", Denial.BAD_PASSWORD),
    ],
)
def test_each_refusal_has_its_denial(line: str, denial: Denial) -> None:
    error = refused(line)
    assert isinstance(error, AuthFailed)
    assert error.denial is denial
    assert error.system == "mail.example.org"


@pytest.mark.parametrize(
    ("line", "limit", "of"),
    [
        (
            "NO [LIMIT] Maximum number of connections from user+IP exceeded (mail_max_userip_connections=10)",
            10,
            "account",
        ),
        (
            "NO [UNAVAILABLE] Maximum number of connections from user+IP exceeded (mail_max_userip_connections=3)",
            3,
            "account",
        ),
        ("NO [ALERT] Too many simultaneous connections. (Failure)", None, "account"),
        ("BYE Too many connections from your host", None, "system"),
        ("NO Too many open connections (2 of 2 for anna)", 2, "account"),
        ("NO Too many open connections (4 of 3 from localhost [127.0.0.1])", 3, "system"),
        ("NO [LIMIT] not now", None, "account"),
        ("NO [LIMIT] LOGIN Rate limit hit", None, "account"),
    ],
)
def test_too_many_sessions_are_a_kind_of_their_own(line: str, limit: int | None, of: str) -> None:
    error = refused(line)
    assert isinstance(error, TooManySessions)
    assert (error.limit, error.of) == (limit, of)


@pytest.mark.parametrize("line", ["NO [UNAVAILABLE] try later", "NO [INUSE] busy", "BYE closing", "NO [SERVERBUG] oh"])
def test_a_passing_trouble_is_no_wrong_password(line: str) -> None:
    assert type(refused(line)) is Unavailable


def test_privacy_required_is_a_matter_of_the_plan() -> None:
    assert type(refused("NO [PRIVACYREQUIRED] Plaintext authentication disallowed on non-secure connections")) is Fatal


@pytest.mark.parametrize("mechanism", ["XOAUTH2", "OAUTHBEARER"])
@pytest.mark.parametrize("line", ["NO [AUTHENTICATIONFAILED] no", "NO [EXPIRED] no", "NO AUTHENTICATE failed."])
def test_what_is_wrong_with_a_token_is_no_password(mechanism: str, line: str) -> None:
    error = refused(line, by=mechanism)
    assert isinstance(error, AuthFailed)
    assert error.denial is Denial.TOKEN


def test_another_answer_to_the_first_command_says_nothing_about_the_sign_in() -> None:
    status = parse_status(b"NO not now")
    assert status is not None
    assert not_connected("mail.example.org", Refusal(status, b"no not now")) is None


def test_an_untagged_alert_counts_too(tmp_path: Path) -> None:
    def script(peer: Peer) -> None:
        peer.say("* OK [CAPABILITY IMAP4rev1] hello")
        peer.answer(
            "LOGIN",
            "* NO [WEBALERT https://accounts.google.com/signin/continue?x=y] Web login required.",
            status=f"NO [ALERT] {PASSWORD}",
        )
        peer.ended_by()

    with playing(tmp_path, script) as server, pytest.raises(AuthFailed) as raised:
        server.source()
    assert raised.value.denial is Denial.POLICY
    assert "google" not in str(raised.value)
    assert PASSWORD not in str(raised.value)


@pytest.mark.parametrize(
    "status",
    ["BAD User is authenticated but not connected.", "NO not connected: User is authenticated but not connected."],
)
def test_authenticated_but_not_connected_is_found_before_anything_is_read(tmp_path: Path, status: str) -> None:
    """Exchange says yes to the password, and no to the first command."""

    def script(peer: Peer) -> None:
        peer.say(f"* OK [CAPABILITY {FULL}] hello")
        peer.answer("LOGIN", status=f"OK [CAPABILITY {FULL}] in")
        peer.answer("NAMESPACE", status=status)
        peer.ended_by()

    with playing(tmp_path, script) as server, pytest.raises(AuthFailed) as raised:
        server.source()
    assert raised.value.denial is Denial.NOT_CONNECTED
