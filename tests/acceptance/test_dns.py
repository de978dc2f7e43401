"""``bascule dns check``, as installed, at real servers: what it prints, its JSON and its exit codes."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import dns.message
import dns.query
import pytest
import yaml

from tests.acceptance.organisation import COMMAND, Ended, finished, imap, organisation, running
from tests.acceptance.schemas import valid
from tests.conftest import _present
from tests.servers.dns_world import DnsWorld, running_dns_world
from tests.servers.zones import running_nsd, running_unbound, zone_text


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


@pytest.mark.parametrize("command", ["check", "records", "wait"])
def test_nobody_who_answers_is_exit_code_6_and_no_finding(tmp_path: Path, world: DnsWorld, command: str) -> None:
    nobody = f"127.0.0.9:{world.port}"
    done = subprocess.run(
        [COMMAND, "dns", command, "example.org", "--expect=google", "--json", "--resolver", nobody, "--inside", nobody],
        capture_output=True, text=True, cwd=tmp_path, timeout=60,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (6, "")
    assert "--resolver" in done.stderr


def _records(folder: Path, world: DnsWorld, *arguments: str) -> Ended:
    servers = [f"127.0.0.{last}:{world.port}" for last in (5, 5, 2, 1)]
    whom = zip(("--resolver", "--inside", "--server", "--server"), servers, strict=True)
    command = [COMMAND, "-C", folder, "dns", "records", *arguments, *(word for pair in whom for word in pair)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    return Ended(done.returncode, done.stdout, done.stderr)


def test_the_records_of_a_cutover_are_a_zone_that_a_server_loads(tmp_path: Path, world: DnsWorld) -> None:
    told = valid(_records(tmp_path, world, "example.org", "--expect", "google", "--json").json, "dns-records")
    assert [(one["step"], one["wait"]) for one in told["steps"]] == [
        ("before", 0), ("cutover", 3600), ("after", 300), ("back", 0),
    ]  # fmt: skip
    spf = told["steps"][0]["enter"][1]
    for form in ("zone", "cloudflare", "ovh", "gandi"):
        step = _records(tmp_path, world, "example.org", "--expect", "google", "--step", "cutover", "--form", form).out
        lines = f"@ NS ns1\nns1 A 127.0.0.3\n{spf}\n{step}"
        with running_nsd("127.0.0.3", world.port, {"example.org": zone_text("example.org.", 1, lines)}):
            query = dns.message.make_query("example.org", "MX")
            (answer,) = dns.query.udp(query, "127.0.0.3", port=world.port, timeout=5).answer
        assert answer.to_text() == "example.org. 300 IN MX 1 smtp.google.com."


def test_all_steps_are_shown_with_their_times_and_what_they_replace(tmp_path: Path, world: DnsWorld) -> None:
    ended = _records(tmp_path, world, "example.org", "--expect", "google")
    assert (ended.code, ended.err) == (0, "")
    lines = ended.out.splitlines()
    assert [line.split(":")[0] for line in lines if re.match("; [A-Z]", line)] == [
        "; Before", "; Cutover", "; After", "; The way back",
    ]  # fmt: skip
    assert "; in the place of: example.org. 3600 IN MX 10 mail.example.org." in lines
    assert "3600 seconds after that at the earliest" in ended.out


def test_a_domain_that_is_there_or_must_be_mended_gets_no_records(tmp_path: Path, world: DnsWorld) -> None:
    there = _records(tmp_path, world, "google.example", "--expect", "google")
    assert (there.code, there.out) == (0, "; The MX of google.example leads to Google Workspace already.\n")
    disagreeing = _records(tmp_path, world, "half.example", "--expect", "google")
    assert (disagreeing.code, disagreeing.out) == (3, "")
    assert "bascule dns check" in disagreeing.err
    untold = _records(tmp_path, world, "example.org", "--expect", "microsoft365")
    assert (untold.code, "--mx" in untold.err) == (3, True)


def _rolling(folder: Path) -> None:
    """An organisation whose site moves from example.org's own server to Google's, with its rollout begun."""
    made = organisation(folder, imap(143, host="mail.example.org"), imap(143, host="imap.gmail.com"))
    plan = yaml.safe_load((folder / "organisation.yaml").read_text())
    (folder / "organisation.yaml").write_text(yaml.safe_dump(plan | {"domains": {"example.org": {}}}))
    assert made.run("rollout", "status").code == 0


def _old_records(folder: Path) -> list[str]:
    command = [COMMAND, "-C", folder, "rollout", "back", "example.org", "--json"]
    told = json.loads(subprocess.run(command, capture_output=True, text=True, timeout=60).stdout)
    return list(told["way_back"]["records"])


def _domain(folder: Path) -> dict[str, Any]:
    command = [COMMAND, "-C", folder, "rollout", "status", "example.org", "--json"]
    (told,) = json.loads(subprocess.run(command, capture_output=True, text=True, timeout=60).stdout)["domains"]
    gates = {gate["gate"]: gate["state"] for gate in told["gates"]}
    return {**told, "states": gates}


def test_a_rollout_keeps_the_first_records_and_knows_since_when_the_ttl_is_short(
    tmp_path: Path, world: DnsWorld
) -> None:
    _rolling(tmp_path)
    assert _domain(tmp_path)["states"] == {"sites-near": "not met", "records": "unknown", "ttl": "unknown"}
    assert _records(tmp_path, world, "example.org", "--expect", "google").code == 0
    assert _domain(tmp_path)["states"] == {"sites-near": "not met", "records": "met", "ttl": "not met"}
    old = _old_records(tmp_path)
    assert old[0] == "example.org. 3600 IN MX 10 mail.example.org."
    assert old[1].startswith("example.org. ")
    assert "v=spf1" in old[1]
    # The records of the first step are entered, and looked at again.
    lines = "@ NS ns1\nns1 A 127.0.0.3\nmail A 192.0.2.1\n@ 300 MX 10 mail\n"
    lines += '@ TXT "v=spf1 ip4:192.0.2.1 include:_spf.google.com -all"\n'
    with running_nsd("127.0.0.3", world.port, {"example.org": zone_text("example.org.", 2, lines)}):
        server = f"127.0.0.3:{world.port}"
        command = [COMMAND, "-C", tmp_path, "dns", "records", "example.org", "--expect", "google", "--server", server]
        command += ["--resolver", server, "--inside", server]
        subprocess.run(command, capture_output=True, timeout=60, check=False)
        checked = [COMMAND, "-C", tmp_path, "dns", "check", *command[5:]]
        assert subprocess.run(checked, capture_output=True, timeout=60, check=False).returncode in (0, 3)
    assert _domain(tmp_path)["states"] == {"sites-near": "not met", "records": "met", "ttl": "met"}
    assert _old_records(tmp_path) == old


def _zone(mx: str, ttl: int) -> dict[str, str]:
    lines = f"@ NS ns1\nns1 A 127.0.0.3\n@ {ttl} MX 1 {mx}\n"
    return {
        "moving.example": zone_text("moving.example.", 1, lines),
        ".": zone_text(".", 1, "@ NS ns1.moving.example.\n"),
    }


def _waiting(folder: Path, world: DnsWorld) -> subprocess.Popen[str]:
    servers = [
        f"--{kind}=127.0.0.{last}:{world.port}" for kind, last in (("resolver", 6), ("inside", 6), ("server", 3))
    ]
    command = [COMMAND, "-C", folder, "dns", "wait", "moving.example", "--expect", "google", "--json", *servers]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_a_wait_ends_when_the_resolver_has_forgotten_the_old_mx(tmp_path: Path, world: DnsWorld) -> None:
    mx = dns.message.make_query("moving.example", "MX")
    with running_unbound("127.0.0.6", world.port, "127.0.0.3"):
        with running_nsd("127.0.0.3", world.port, _zone("old.example.", 6)):
            dns.query.udp(mx, "127.0.0.6", port=world.port, timeout=5)
        with (
            running_nsd("127.0.0.3", world.port, _zone("smtp.google.com.", 6)),
            running(_waiting(tmp_path, world)) as command,
        ):
            ended = finished(command)
    assert ended.code == 0
    assert {one["state"] for one in valid(ended.json, "dns-wait")["servers"]} == {"new"}
    progress = ended.err.splitlines()
    assert "not yet: 127.0.0.6" in progress[0]
    assert progress[-1].endswith("3 of 3 servers hold the new MX")


@pytest.mark.parametrize("command", ["check", "records"])
def test_an_interrupted_command_says_so_by_its_exit_code(tmp_path: Path, world: DnsWorld, command: str) -> None:
    nobody = f"127.0.0.9:{world.port}"
    arguments = [COMMAND, "dns", command, "example.org", "--expect=google", "--resolver", nobody, "--inside", nobody]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listening:
        listening.bind(("127.0.0.9", world.port))
        listening.settimeout(30)
        with running(subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)) as process:
            listening.recv(512)  # it has asked, and waits
            process.send_signal(signal.SIGINT)
            ended = finished(process)
    assert (ended.code, "Traceback" in ended.err) == (130, False)


def test_a_wait_that_is_interrupted_says_who_holds_what(tmp_path: Path, world: DnsWorld) -> None:
    with (
        running_unbound("127.0.0.6", world.port, "127.0.0.3"),
        running_nsd("127.0.0.3", world.port, _zone("old.example.", 3600)),
        running(_waiting(tmp_path, world)) as command,
    ):
        assert command.stderr is not None
        assert "0 of 3 servers hold the new MX" in command.stderr.readline()
        command.send_signal(signal.SIGINT)
        ended = finished(command)
    assert ended.code == 130
    told = valid(ended.json, "dns-wait")["servers"]
    assert [(one["state"], one["mx"]) for one in told] == [("old", ["1 old.example"])] * 3
    assert told[0]["seconds_left"] is None
    assert 3500 < told[1]["seconds_left"] <= 3600


@pytest.mark.parametrize("address", ["ns1.example.org", "192.0.2.1:0", "192.0.2.1:dns", "[2001:db8::1]:70000"])
def test_a_server_is_named_by_its_address(tmp_path: Path, address: str) -> None:
    done = subprocess.run(
        [COMMAND, "dns", "check", "example.org", "--server", address], capture_output=True, text=True, cwd=tmp_path
    )
    assert done.returncode == 2
    assert f"{address} is no IP address" in done.stderr
