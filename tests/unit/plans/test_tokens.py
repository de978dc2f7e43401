"""Access tokens as secrets of a plan: fetched once for all, and anew when one has expired."""

from __future__ import annotations

import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from connectors import registry
from connectors.contract import Account, AuthFailed, Denial
from plans import PlanError, SecretError, load, loading
from plans.accounts import source_account, target_account
from tests.unit.plans.conftest import ORGANISATION

Write = Callable[..., Path]

MASTER = "password: env:NEW_MASTER"


@pytest.fixture(autouse=True)
def real_connectors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loading, "connector_class", registry.connector_class)


def counting_command(folder: Path) -> Path:
    """A program that prints t1, t2, ..."""
    program = folder / "token"
    program.write_text('#!/bin/sh\necho x >> "$0.runs"\necho "t$(wc -l < "$0.runs")"\n')
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    return program


def runs(program: Path) -> int:
    return len(program.with_name("token.runs").read_text().splitlines())


@pytest.fixture
def folder(write: Write, tmp_path: Path) -> Path:
    system = ORGANISATION.replace(MASTER, f"password: 'command:{counting_command(tmp_path)}'")
    folder = write({"organisation.yaml": system + "    auth: xoauth2\n"})
    (folder / "secrets").mkdir()
    path = folder / "secrets" / "lyon.csv"
    path.write_text("address;source password\njean.p@meridional.example;his\nlea.t@meridional.example;hers\n")
    path.chmod(0o600)
    return folder


def targets(folder: Path) -> list[Account]:
    organisation = load(folder)
    site = organisation.sites["lyon"]
    return [target_account(organisation, site, person) for person in site.people]


def token_of(account: Account, refused: str = "") -> str:
    assert account.tokens is not None
    return account.tokens.token(refused)


def test_one_token_serves_all_mailboxes_and_passwords_stay_passwords(folder: Path, tmp_path: Path) -> None:
    accounts = targets(folder)
    assert [(token_of(account), account.password) for account in accounts] == [("t1", "")] * 2
    assert runs(tmp_path / "token") == 1
    organisation = load(folder)
    site = organisation.sites["lyon"]
    assert source_account(organisation, site, site.people[0]) == Account("jeanp", "his")


def test_a_refused_token_is_fetched_anew_once_for_all(folder: Path, tmp_path: Path) -> None:
    jean, lea = targets(folder)
    assert token_of(jean, refused="t1") == "t2"
    assert token_of(lea, refused="t1") == "t2", "another session met the same old token"
    assert token_of(lea) == "t2"
    assert runs(tmp_path / "token") == 2


def test_a_command_that_gives_the_same_token_again_is_no_endless_loop(folder: Path, tmp_path: Path) -> None:
    (jean, _) = targets(folder)
    (tmp_path / "token").write_text("#!/bin/sh\necho t1\n")
    with pytest.raises(AuthFailed, match="gives the access token again") as caught:
        token_of(jean, refused="t1")
    assert caught.value.denial is Denial.TOKEN
    assert "t1" not in str(caught.value)


def test_a_command_that_fails_says_so_and_is_asked_again(folder: Path, tmp_path: Path) -> None:
    (jean, _) = targets(folder)
    program = tmp_path / "token"
    works = program.read_text()
    program.write_text("#!/bin/sh\nexit 3\n")
    with pytest.raises(AuthFailed, match="failed with exit code 3") as caught:
        token_of(jean, refused="t1")
    assert caught.value.denial is Denial.TOKEN
    program.write_text(works)
    assert token_of(jean, refused="t1") == "t2"


def test_without_a_first_token_the_secret_is_what_is_wrong(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "token").write_text("#!/bin/sh\nexit 3\n")
    with pytest.raises(SecretError, match="failed with exit code 3"):
        targets(folder)


def test_a_slip_in_auth_is_told_with_what_was_meant(write: Write) -> None:
    with pytest.raises(PlanError) as caught:
        load(write({"organisation.yaml": ORGANISATION + "    auth: xouath2\n"}))
    assert str(caught.value) == (
        'organisation.yaml:12:11: "auth" must be scram-sha-256, scram-sha-1, plain, login, cram-md5, oauthbearer or '
        'xoauth2. Did you mean "xoauth2"?'
    )


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ("    certificate_pin: sha256:12\n", "must be sha256: and the 64 hexadecimal digits of a fingerprint"),
        ("    tls: plain\n    certificate_pin: sha256:" + "ab" * 32 + "\n", "certificate_pin means nothing"),
    ],
)
def test_a_pin_that_cannot_be_is_told(write: Write, lines: str, message: str) -> None:
    with pytest.raises(PlanError, match=message):
        load(write({"organisation.yaml": ORGANISATION + lines}))
