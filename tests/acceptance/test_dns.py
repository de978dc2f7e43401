"""``bascule dns check``, as installed, at real servers: what it prints, its JSON and its exit codes."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.acceptance.organisation import COMMAND, Ended, imap, organisation
from tests.acceptance.schemas import valid
from tests.conftest import _present
from tests.servers.dns_world import DnsWorld, running_dns_world


@pytest.fixture(scope="module")
def world() -> Iterator[DnsWorld]:
    with ExitStack() as running:
        yield _present(lambda: running.enter_context(running_dns_world()))


def _check(folder: Path, world: DnsWorld, *arguments: str, language: str = "C.UTF-8") -> Ended:
    resolver = f"127.0.0.5:{world.port}"
    servers = [f"--server=127.0.0.2:{world.port}", f"--server=127.0.0.1:{world.port}"]
    command = [
        COMMAND,
        "-C",
        folder,
        "dns",
        "check",
        *arguments,
        "--resolver",
        resolver,
        "--inside",
        resolver,
        *servers,
    ]
    done = subprocess.run(
        command, capture_output=True, text=True, env=os.environ | {"LANGUAGE": language}, timeout=60
    )  # fmt: skip
    return Ended(done.returncode, done.stdout, done.stderr)


def test_a_domain_that_is_right_is_said_to_be_and_shown(tmp_path: Path, world: DnsWorld) -> None:
    ended = _check(tmp_path, world, "google.example", "--expect", "google")
    assert (ended.code, ended.err) == (0, "")
    assert "google.example: all is well." in ended.out
    assert ended.out.count("1 smtp.google.com") == 4  # two name servers, a resolver, one inside


def test_the_json_follows_its_schema_whatever_is_found(tmp_path: Path, world: DnsWorld) -> None:
    right = valid(_check(tmp_path, world, "microsoft.example", "--expect", "microsoft365", "--json").json, "dns-check")
    assert (right["exit_code"], right["findings"]) == (0, [])
    assert [one["serial"] for one in right["servers"]] == [7, 7, None, None]
    wrong = _check(tmp_path, world, "half.example", "--expect", "google", "--json", language="fr_FR.UTF-8")
    told = valid(wrong.json, "dns-check")
    assert (wrong.code, told["exit_code"]) == (3, 3)
    assert {"servers-disagree", "mx-elsewhere", "spf-new-sender"} <= {one["code"] for one in told["findings"]}


def test_each_finding_is_said_with_what_should_be_and_what_to_do(tmp_path: Path, world: DnsWorld) -> None:
    ended = _check(tmp_path, world, "example.org", "--selector", "s2")
    assert ended.code == 3
    said = ended.out[ended.out.index("attention") :].splitlines()
    assert said[0] == "attention  dkim-missing: s2._domainkey.example.org: No DKIM key."
    assert said[1].startswith("  should be: ")
    assert said[2].startswith("  to do: ")
    assert said[3] == "  RFC 6376, section 3.6.2"
    assert said[4] == "example.org: 0 problems, 1 needs attention, 0 notes"


def test_a_system_of_the_plan_can_be_expected(tmp_path: Path, world: DnsWorld) -> None:
    source, target = imap(143, host="imap.gmail.com"), imap(143, host="mail.example.org")
    organisation(tmp_path, source, target)
    assert _check(tmp_path, world, "example.org", "--expect", "new").code == 0
    old = _check(tmp_path, world, "example.org", "--expect", "old", "--json").json
    assert "mx-elsewhere" in {one["code"] for one in old["findings"]}
    unknown = _check(tmp_path, world, "example.org", "--expect", "nwe")
    assert (unknown.code, unknown.err) == (2, 'Error: There is no system "nwe". Did you mean "new"?\n')


@pytest.mark.parametrize("domain", ["example", "exa mple.org", "a@example.org", "x" * 64 + ".org"])
def test_what_is_no_domain_is_refused(tmp_path: Path, world: DnsWorld, domain: str) -> None:
    ended = _check(tmp_path, world, domain)
    assert (ended.code, "is not a mail domain" in ended.err) == (2, True)


def test_a_domain_with_accents_is_asked_for_as_dns_has_it(tmp_path: Path, world: DnsWorld) -> None:
    told = json.loads(_check(tmp_path, world, "société.example", "--json").out)
    assert told["domain"] == "xn--socit-esab.example"
    assert "domain-missing" in {one["code"] for one in told["findings"]}


def test_nobody_who_answers_is_exit_code_6_and_no_finding(tmp_path: Path, world: DnsWorld) -> None:
    nobody = f"127.0.0.9:{world.port}"
    done = subprocess.run(
        [COMMAND, "dns", "check", "example.org", "--json", "--resolver", nobody, "--inside", nobody],
        capture_output=True, text=True, cwd=tmp_path, timeout=60,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (6, "")
    assert "--resolver" in done.stderr


@pytest.mark.parametrize("address", ["ns1.example.org", "192.0.2.1:0", "192.0.2.1:dns", "[2001:db8::1]:70000"])
def test_a_server_is_named_by_its_address(tmp_path: Path, address: str) -> None:
    done = subprocess.run(
        [COMMAND, "dns", "check", "example.org", "--server", address], capture_output=True, text=True, cwd=tmp_path
    )
    assert done.returncode == 2
    assert f"{address} is no IP address" in done.stderr
