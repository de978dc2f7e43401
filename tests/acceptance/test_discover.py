"""``bascule discover``, as installed: real name servers, real mail servers; and nothing is written to any of them."""

from __future__ import annotations

import os
import re
import signal
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Sink

from migrate.discover.inventory import Inventory
from migrate.discover.keeping import Begun
from tests.acceptance.box import Box
from tests.acceptance.letters import letter
from tests.acceptance.organisation import COMMAND, SITE, Ended, Organisation, imap, organisation
from tests.acceptance.schemas import valid
from tests.conftest import _present
from tests.servers.certificates import Certificates
from tests.servers.courier import running_courier
from tests.servers.dovecot import running_dovecot
from tests.servers.mail import seed
from tests.servers.process import free_port
from tests.servers.server import ImapServer
from tests.servers.zones import dns_port, running_nsd, running_unbound, zone_text

_OVH = "".join(f"@ MX {preference} mx{n}.mail.ovh.net.\n" for n, preference in enumerate((1, 5, 50, 100)))


@dataclass(frozen=True)
class World:
    """Name servers, and a Dovecot and an SMTP server that the records of ``found.example`` name."""

    dns: int
    dovecot: ImapServer
    smtp: int
    authority: Path

    def run(self, folder: Path, *arguments: str, language: str = "C.UTF-8", trusting: bool = True) -> Ended:
        command = [
            COMMAND, "-C", folder, "discover", *arguments, "--resolver", f"127.0.0.6:{self.dns}", "--inside",
            f"127.0.0.6:{self.dns}", "--server", f"127.0.0.3:{self.dns}",
        ]  # fmt: skip
        more = {"LANGUAGE": language} | ({"SSL_CERT_FILE": str(self.authority)} if trusting else {})
        done = subprocess.run(command, capture_output=True, text=True, env=os.environ | more, timeout=90)
        return Ended(done.returncode, done.stdout, done.stderr)


@pytest.fixture(scope="module")
def world(certificates: Certificates) -> Iterator[World]:
    with ExitStack() as stack:
        dovecot = _present(lambda: stack.enter_context(running_dovecot(certificates, pop3=True)))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificates.certificate, certificates.key)
        smtp = Controller(Sink(), hostname="127.0.0.1", port=free_port(), ssl_context=context)
        smtp.start()
        stack.callback(smtp.stop)
        zones = {
            "found.example": "@ NS ns.found.example.\nns A 127.0.0.3\n@ MX 10 mail\nmail A 127.0.0.1\n"
            '@ TXT "v=spf1 mx include:spf.shop.example -all"\n'
            f"_imaps._tcp SRV 0 1 {dovecot.tls_port} localhost.\n_imap._tcp SRV 0 1 {dovecot.port} localhost.\n"
            f"_pop3s._tcp SRV 0 1 {dovecot.pop3s_port} localhost.\n"
            f"_submissions._tcp SRV 0 1 {smtp.port} localhost.\n",
            "hosted.example": "@ NS ns.found.example.\n" + _OVH,
            "nothing.example": "@ NS ns.found.example.\n@ MX 0 .\n",
            ".": "@ NS ns.found.example.\n",
        }
        text = {name: zone_text(name if name == "." else f"{name}.", 3, lines) for name, lines in zones.items()}
        port = dns_port()
        _present(lambda: stack.enter_context(running_nsd("127.0.0.3", port, text)))
        _present(lambda: stack.enter_context(running_unbound("127.0.0.6", port, "127.0.0.3")))
        yield World(port, dovecot, smtp.port, certificates.authority)


def _told(ended: Ended) -> dict[str, Any]:
    assert ended.out, ended.err
    return valid(ended.json, "discover")


def test_servers_are_found_looked_at_and_proposed_as_a_plan(tmp_path: Path, world: World) -> None:
    told = _told(world.run(tmp_path, "found.example", "--json"))
    by_port = {one["port"]: one for one in told["servers"]}
    assert [by_port[port]["state"] for port in (world.dovecot.tls_port, world.dovecot.port)] == ["answers"] * 2
    pop, smtp = by_port[world.dovecot.pop3s_port], by_port[world.smtp]
    assert (pop["protocol"], pop["state"], pop["certificate"]["trusted"]) == ("pop3", "answers", True)
    assert (smtp["protocol"], smtp["state"], smtp["certificate"]["trusted"]) == ("smtp", "answers", True)
    assert "UIDL" in pop["capabilities"]
    assert "IMAP4REV1" in {word.upper() for word in by_port[world.dovecot.tls_port]["capabilities"]}
    assert (told["preset"], told["exit_code"]) == ("dovecot", 0)
    system = {"preset": "dovecot", "host": "localhost", "port": world.dovecot.tls_port}
    assert yaml.safe_load(told["proposal"]["yaml"]) == {"systems": {"old": system}}
    assert (told["proposal"]["mx_first"], told["proposal"]["recipe"]) == ("old", "sieve")
    assert not list(tmp_path.iterdir())


def test_a_certificate_that_nobody_vouches_for_is_asked_about(tmp_path: Path, world: World) -> None:
    told = _told(world.run(tmp_path, "found.example", "--json", trusting=False))
    seen = {one["port"]: one["certificate"] for one in told["servers"]}
    for port in (world.dovecot.tls_port, world.dovecot.port, world.dovecot.pop3s_port, world.smtp):
        assert not seen[port]["trusted"]
        assert re.fullmatch("[0-9a-f]{64}", seen[port]["fingerprint"])
    assert len({one["fingerprint"] for one in seen.values()}) == 1
    assert "certificate_pin" not in told["proposal"]["systems"]["old"]  # somebody has to compare it first
    assert "certificate" in {one["code"] for one in told["questions"]}


def test_the_plan_that_is_written_passes_its_check_and_is_never_overwritten(tmp_path: Path, world: World) -> None:
    out = tmp_path / "out"
    ended = world.run(tmp_path, "found.example", "--out", str(out), language="fr_FR.UTF-8")
    assert ended.code == 0, ended.err
    assert {"organisation.yaml", "questions.md", "discover.json", "sites"} == {path.name for path in out.iterdir()}
    check = subprocess.run([COMMAND, "-C", out, "plan", "check"], capture_output=True, text=True, timeout=60)
    assert check.returncode == 0, check.stdout + check.stderr
    before = {path: path.read_bytes() for path in out.rglob("*") if path.is_file()}
    again = world.run(tmp_path, "found.example", "--out", str(out))
    assert (again.code, "is not empty" in again.err) == (2, True)
    assert {path: path.read_bytes() for path in out.rglob("*") if path.is_file()} == before


def test_a_hosted_domain_is_recognised_by_its_mx_and_needs_no_more_than_a_preset(tmp_path: Path, world: World) -> None:
    out = tmp_path / "out"
    told = _told(world.run(tmp_path, "hosted.example", "--out", str(out), "--json"))
    assert (told["preset"], told["proposal"]["recipe"]) == ("ovh", "ovh")
    assert told["proposal"]["systems"] == {"old": {"preset": "ovh"}}
    check = subprocess.run([COMMAND, "-C", out, "plan", "check"], capture_output=True, text=True, timeout=60)
    assert check.returncode == 0, check.stdout


def test_mistakes_are_told_in_a_line(tmp_path: Path, world: World) -> None:
    missing = world.run(tmp_path, "no-such.example")
    assert (missing.code, "There is no domain no-such.example" in missing.err) == (2, True)
    assert world.run(tmp_path, "x y").code == 2
    nothing = world.run(tmp_path, "nothing.example")
    assert (nothing.code, "receives no mail" in nothing.out) == (0, True)
    no_plan = world.run(tmp_path, "found.example", "--site", "paris")
    assert no_plan.code == 2
    assert "Traceback" not in missing.err + no_plan.err


def _people(folder: Path, world: World) -> Organisation:
    source = imap(world.dovecot.port)
    plan = organisation(folder, source, imap(1), people=["dana", "dino", "dora"])
    plan.people[2]["source_password"] = "env:NO_SUCH_SECRET"
    plan.site = {"leave_out": {"private": "ask"}}
    del plan.passwords["dora@example.org"]
    plan.write()
    return plan


def test_the_inventory_is_taken_and_the_mailboxes_are_as_before(tmp_path: Path, world: World) -> None:
    seed(
        world.dovecot, "dana", [letter(n) for n in range(9)] + [letter(50, folder=("Privé",)), letter(51, size=90_000)]
    )
    plan = _people(tmp_path, world)
    seed(world.dovecot, "dino", [])
    box = Box(world.dovecot, "dana")
    before = box.marks(), box.folders()
    ended = world.run(tmp_path, "found.example", "--site", SITE, "--json", "--out", str(tmp_path / "out"))
    told = _told(ended)
    written = {path.name for path in (tmp_path / "out").iterdir()}
    assert written == {"systems.yaml", "sites.csv", "questions.md", "discover.json"}  # no plan beside the plan
    assert (ended.code, told["exit_code"]) == (7, 7)  # nobody can sign in for dora
    dana, dino, dora = told["sites"][0]["mailboxes"]
    assert (dana["messages"], dana["private_folders"], dana["error"]) == (11, 1, "")
    assert dana["largest_message"] > 90_000
    assert (dana["oldest"][:10], dana["newest"][:10]) == ("2019-05-06", "2019-05-08")
    assert (dana["pop"], dino["pop"], dino["signs"]) == ("no-sign", "likely", ["empty"])
    assert dora["error"]
    asked = {one["code"] for one in told["questions"]}
    assert {"pop-likely", "private", "access"} <= asked
    assert not {"people", "passwords"} & asked
    assert told["proposal"]["waves"][0]["site"] == SITE
    assert (box.marks(), box.folders()) == before
    kept = list((tmp_path / "evidence" / "discover" / "found.example").iterdir())
    assert len(kept) == 1
    assert "correct-horse" not in kept[0].read_text() + ended.out + ended.err
    assert not plan.ledger.exists()


def test_a_look_that_was_interrupted_goes_on_where_it_was(tmp_path: Path, world: World) -> None:
    plan = _people(tmp_path, world)
    (tmp_path / ".bascule").mkdir(exist_ok=True)
    first = world.run(tmp_path, "found.example", "--site", SITE, "--json").json
    # As an interruption leaves it: one mailbox was done, and the line of the next one was cut off.

    begun = Begun(tmp_path / ".bascule", SITE)
    begun.add(Inventory("dana@example.org", messages=4711, at=time.time()))
    with begun._file.open("a") as file:
        file.write('\n{"mailbox": "dino@exa')
    told = world.run(tmp_path, "found.example", "--site", SITE, "--json").json
    dana, dino, _dora = told["sites"][0]["mailboxes"]
    assert dana["messages"] == 4711  # not looked at again
    assert dino["messages"] == first["sites"][0]["mailboxes"][1]["messages"]
    assert not begun._file.exists()
    assert plan.folder == tmp_path


def test_courier_is_left_as_it_was(tmp_path: Path, world: World) -> None:
    with ExitStack() as running:
        courier = _present(lambda: running.enter_context(running_courier(pop3=True)))
        seed(courier, "carl", [letter(n) for n in range(6)])
        plan = organisation(tmp_path, imap(courier.port), imap(1), people=["carl"])
        box = Box(courier, "carl")
        before = box.marks(), box.folders()
        told = _told(world.run(tmp_path, "found.example", "--site", SITE, "--json"))
        assert told["sites"][0]["mailboxes"][0]["messages"] == 6
        pop = {"connector": "pop3", "host": "127.0.0.1", "port": courier.pop3_port, "tls": "plain"}
        plan.systems["old"] = pop
        plan.write()
        told = _told(world.run(tmp_path, "found.example", "--site", SITE, "--json"))
        (carl,) = told["sites"][0]["mailboxes"]
        assert (carl["pop"], "pop-system" in carl["signs"]) == ("likely", True)
        assert (box.marks(), box.folders()) == before


def test_ctrl_c_ends_it_and_leaves_nothing(tmp_path: Path) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        nobody = f"127.0.0.1:{silent.getsockname()[1]}"
        command = [COMMAND, "-C", tmp_path, "discover", "found.example", "--resolver", nobody, "--inside", nobody]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
            silent.settimeout(30)
            silent.recv(2000)  # it asks
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=30)
    assert (process.returncode, "Traceback" in out + err) == (130, False)
    assert not list(tmp_path.iterdir())
