"""What goes wrong outside the plan: said in words, with what to do, the right exit code and no traceback."""

from __future__ import annotations

import re
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.acceptance.full import quota
from tests.acceptance.letters import letter
from tests.acceptance.organisation import SITE, Organisation, imap, organisation
from tests.conftest import DovecotFactory, _entered
from tests.servers.certificates import Certificates, expired
from tests.servers.dovecot import find_dovecot, running_dovecot
from tests.servers.mail import holdings, seed
from tests.servers.process import free_port
from tests.servers.server import ImapServer


@pytest.fixture
def plan(place: Path, old: ImapServer, new: ImapServer, user: str) -> Organisation:
    seed(old, user, [letter(1), letter(2)])
    return organisation(place, imap(old.port), imap(new.port), source_user=user, target_user=user)


def said(plan: Organisation, code: int, *wanted: str, command: str = "check") -> str:
    """The command ends with this code, and says all of that."""
    ended = plan.run(command, SITE)
    text = " ".join((ended.out + ended.err).split())
    assert ended.code == code, text
    assert "Traceback" not in text
    for words in wanted:
        assert words in text, text
    return text


@pytest.mark.parametrize("command", ["check", "copy", "folders", "adopt"])
def test_a_wrong_password(plan: Organisation, command: str) -> None:
    plan.passwords = {"anna@example.org": ("falsches-Kennwort", "falsches-Kennwort")}
    plan.write()
    text = said(
        plan,
        7,
        "127.0.0.1: does not let this account in (AUTHENTICATIONFAILED).",
        "Look at the user name in the people file and the password in the passwords file",
        command=command,
    )
    assert "falsches-Kennwort" not in text


@pytest.mark.parametrize("command", ["check", "copy"])
def test_an_unknown_host(plan: Organisation, command: str) -> None:
    plan.systems["old"]["host"] = "mail.old.invalid"
    plan.write()
    said(plan, 6, "mail.old.invalid: there is no host of this name", "Look at host in", command=command)


@pytest.mark.parametrize("side", ["old", "new"])
def test_a_wrong_port_where_nobody_answers(plan: Organisation, side: str) -> None:
    plan.systems[side]["port"] = free_port()
    plan.write()
    said(
        plan,
        6,
        "127.0.0.1: cannot be reached (ECONNREFUSED).",
        "look at host, port and tls in organisation.yaml",
    )


def test_the_port_of_something_else(plan: Organisation, old: ImapServer) -> None:
    """Implicit TLS on the plain port."""
    plan.systems["old"]["tls"] = "implicit"
    plan.write()
    said(plan, 6, "does this port speak TLS", "Look at this system in organisation.yaml.")


def test_tls_where_the_plan_says_plain(plan: Organisation, old: ImapServer) -> None:
    assert old.tls_port is not None
    plan.systems["old"].update(port=old.tls_port, timeout=3)
    plan.write()
    said(plan, 6, "anna@example.org: the source cannot be read: 127.0.0.1:")


@pytest.mark.parametrize("command", ["check", "copy"])
def test_an_expired_certificate(
    plan: Organisation, old: ImapServer, user: str, certificates: Certificates, command: str
) -> None:
    with ExitStack() as stack:
        server = _entered(stack, running_dovecot(expired(certificates)))
        plan.systems["new"] = {
            "connector": "imap", "host": "localhost", "port": server.tls_port, "ca_file": str(certificates.authority)
        }  # fmt: skip
        plan.write()
        said(
            plan,
            6,
            "localhost: the server's certificate has expired (X509 10).",
            "must renew the certificate",
            command=command,
        )


def test_a_certificate_that_is_not_trusted(plan: Organisation, old: ImapServer) -> None:
    plan.systems["old"].update(port=old.tls_port, tls="implicit", host="localhost")
    plan.write()
    said(plan, 6, "the server's certificate is not trusted", "name its authority with ca_file")


def test_a_full_server(plan: Organisation, old: ImapServer, dovecot: DovecotFactory, user: str) -> None:
    target = dovecot(settings=quota(20, find_dovecot()[1]))
    seed(old, f"full-{user}", [letter(number, size=3000, folder=("INBOX",)) for number in range(20)])
    full = organisation(plan.folder, imap(old.port), imap(target.port, batch=2), source_user=f"full-{user}")
    said(full, 5, "the mailbox is full. Give the mailbox more room", command="copy")
    there = sum(stored.total() for stored in holdings(target, "anna").values())
    assert 0 < there < 20
    told = full.run("status", "--json").json["sites"][SITE][0]
    assert told["outcomes"] == {**told["outcomes"], "stored": there, "pending": 20 - there}
    configuration = target.folder / "dovecot.conf"
    configuration.write_text(re.sub(r"(storage(_size)? ?=) ?20K", r"\g<1>2000K", configuration.read_text()))
    target.restart()
    assert full.copy().code == 0
    assert sum(stored.total() for stored in holdings(target, "anna").values()) == 20


@pytest.mark.parametrize("command", ["check", "copy", "folders"])
def test_a_passwords_file_that_others_can_read(plan: Organisation, command: str) -> None:
    secrets = plan.folder / "secrets" / f"{SITE}.csv"
    secrets.chmod(0o644)
    said(plan, 7, "can be read by others on this machine. Run: chmod 600", command=command)


@pytest.mark.parametrize("command", ["check", "copy"])
def test_a_passwords_file_that_is_missing(plan: Organisation, command: str) -> None:
    (plan.folder / "secrets" / f"{SITE}.csv").unlink()
    said(plan, 7, "there is no file", "Make it, readable by you only.", command=command)


def test_a_secret_whose_variable_is_not_set(plan: Organisation) -> None:
    plan.people[0]["source_password"] = "env:BASCULE_TEST_NOT_SET"
    plan.write()
    said(plan, 7, "The environment variable BASCULE_TEST_NOT_SET is not set.", command="copy")


def test_a_connection_that_is_tried_again_says_so_and_why(plan: Organisation) -> None:
    plan.systems["new"]["port"] = free_port()
    plan.write()
    ended = plan.run("check", SITE)
    assert re.search(r"anna@example\.org: .*cannot be reached.*; trying again in \d+ s", ended.err), ended.err
