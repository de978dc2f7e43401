"""The installed command signs in: a certificate that is trusted after a look, and tokens that end while a copy runs."""

from __future__ import annotations

import re
import stat
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.acceptance.letters import letter
from tests.acceptance.organisation import SITE, Organisation, finished, imap, organisation, running
from tests.conftest import ProxyFactory, _entered
from tests.servers import certificates as made
from tests.servers.certificates import Certificates
from tests.servers.dovecot import find_dovecot, running_dovecot
from tests.servers.mail import expected, holdings, seed
from tests.servers.passdbs import SWITCHED_OFF, TOKEN_MECHANISMS, particular_passdbs, token_passdbs
from tests.servers.server import ImapServer
from tests.servers.tokens import TokenEndpoint, running_tokens


def test_the_line_that_an_error_prints_makes_a_certificate_trusted(
    place: Path, old: ImapServer, certificates: Certificates, user: str
) -> None:
    seed(old, user, [letter(1), letter(2)])
    outdated = made.expired(certificates)
    shown = made.fingerprint(outdated)
    with ExitStack() as stack:
        server = _entered(stack, running_dovecot(outdated))
        target = {"connector": "imap", "host": "localhost", "port": server.tls_port}
        plan = organisation(place, imap(old.port), target, source_user=user, target_user=user)
        ended = plan.run("check", SITE)
        text = " ".join((ended.out + ended.err).split())
        assert ended.code == 6, text
        line = re.search(r"certificate_pin: (sha256:[0-9a-f]{64})", text)
        assert line is not None, text
        assert line[1] == f"sha256:{shown}"
        assert plan.run("secrets", "status", SITE).code == 6
        plan.systems["new"]["certificate_pin"] = line[1]
        plan.write()
        assert plan.copy().code == 0
        assert sum(one.total() for one in holdings(server, user).values()) == 2


def test_a_switched_off_account_is_told_from_a_wrong_password(
    place: Path, old: ImapServer, certificates: Certificates, user: str
) -> None:
    with ExitStack() as stack:
        passdbs = stack.enter_context(particular_passdbs(find_dovecot()[1]))
        server = _entered(stack, running_dovecot(certificates, passdbs=passdbs))
        plan = organisation(place, imap(old.port), imap(server.port), source_user=user, target_user=SWITCHED_OFF)
        ended = plan.copy()
        assert ended.code == 7
        (error,) = ended.mailbox["errors"]
        assert (error["kind"], error["code"]) == ("AuthFailed", "account-disabled")
        ended = plan.run("secrets", "status", SITE)
        text = " ".join((ended.out + ended.err).split())
        assert "it is switched off or locked (CONTACTADMIN). Ask that system's administrator" in text


class Vendor:
    """Where tokens come from: one is good at a time, and a program prints it."""

    def __init__(self, folder: Path, endpoint: TokenEndpoint, user: str) -> None:
        self._now = folder / "token-of-now"
        self._endpoint = endpoint
        self._user = user
        self.program = folder / "mail-token"
        self.program.write_text(f"#!{sys.executable}\nprint(open({str(self._now)!r}).read())\n")
        self.program.chmod(self.program.stat().st_mode | stat.S_IXUSR)

    def issue(self, token: str) -> None:
        """From now on this token is good, and no other one."""
        self._now.write_text(token)
        self._endpoint.good.clear()
        self._endpoint.good[token] = self._user


@pytest.fixture
def endpoint() -> Iterator[TokenEndpoint]:
    with running_tokens() as endpoint:
        yield endpoint


@pytest.fixture
def vendor(tmp_path: Path, endpoint: TokenEndpoint, user: str) -> Vendor:
    vendor = Vendor(tmp_path, endpoint, user)
    vendor.issue("first-token-of-all")
    return vendor


@pytest.fixture
def token_target(certificates: Certificates, endpoint: TokenEndpoint) -> Iterator[ImapServer]:
    with ExitStack() as stack:
        passdbs = stack.enter_context(token_passdbs(find_dovecot()[1], endpoint.port))
        options = {"mechanisms": f"plain {TOKEN_MECHANISMS}", "passdbs": passdbs}
        yield _entered(stack, running_dovecot(certificates, **options))


def plan_with_tokens(
    place: Path, old: ImapServer, user: str, vendor: Vendor, target_port: int, mechanism: str
) -> Organisation:
    target = imap(target_port, auth=mechanism)
    plan = organisation(place, imap(old.port), target, source_user=user, target_user=user)
    plan.people[0]["target_password"] = f"command:{vendor.program}"
    plan.write()
    return plan


@pytest.mark.parametrize("mechanism", ["xoauth2", "oauthbearer"])
def test_a_token_that_ends_while_messages_are_sent_loses_and_doubles_nothing(
    place: Path,
    old: ImapServer,
    token_target: ImapServer,
    proxy: ProxyFactory,
    endpoint: TokenEndpoint,
    vendor: Vendor,
    user: str,
    mechanism: str,
) -> None:
    mails = [letter(number, size=10_000) for number in range(150)]
    seed(old, user, mails)
    line = proxy(token_target.port, rate=400_000)
    plan = plan_with_tokens(place, old, user, vendor, line.port, mechanism)
    with running(plan.start("copy", SITE, "--json")) as process:
        assert line.wait_taken(500_000, "up")
        vendor.issue("second-token-of-all")
        line.cut_after(20_000, "up")
        ended = finished(process)
    assert ended.code == 0, ended.out + ended.err
    assert ended.mailbox["outcomes"]["stored"] == 150
    assert holdings(token_target, user) == expected(mails)
    assert "second-token-of-all" in endpoint.asked
    for token in ("first-token-of-all", "second-token-of-all"):
        assert token not in ended.out + ended.err
        for file in plan.folder.rglob("*"):
            assert not file.is_file() or token.encode() not in file.read_bytes(), file


def test_a_token_that_is_never_taken_says_so(
    place: Path, old: ImapServer, token_target: ImapServer, endpoint: TokenEndpoint, vendor: Vendor, user: str
) -> None:
    seed(old, user, [letter(1)])
    endpoint.good.clear()
    plan = plan_with_tokens(place, old, user, vendor, token_target.port, "xoauth2")
    ended = plan.copy()
    assert ended.code == 7
    (error,) = ended.mailbox["errors"]
    assert error["code"] == "token-refused"
    assert "gives the access token again that was just refused" in error["message"]
    assert "first-token-of-all" not in ended.out + ended.err
