"""``bascule sandbox``, as installed: a learner's whole migration, and nothing left behind."""

from __future__ import annotations

import json
import os
import poplib
import signal
import smtplib
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from email.message import EmailMessage
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import httpx
import msal
import pytest
from click.testing import CliRunner
from filelock import FileLock
from imapclient import IMAPClient

from migrate.cli.main import bascule
from migrate.sandbox import running
from tests.acceptance.organisation import COMMAND, Ended, Organisation
from tests.acceptance.schemas import valid

_ANNA = "jean.perrin@meridional.example"
_IMAP = ("--only", "imap")
#: Clouds that a connector is installed for.
_INSTALLED = {one.name for one in entry_points(group="bascule.connectors")}
_CLOUDS = [
    target
    for target, connector in (("google", "google_workspace"), ("microsoft", "microsoft365"))
    if connector in _INSTALLED
]


def _bascule(folder: Path, *arguments: str) -> Ended:
    """What sandboxes do themselves runs installed, as does what nobody else tests so."""
    return Organisation(folder, {}, [], {}, {"LANGUAGE": "C.UTF-8"} if arguments[0] == "sandbox" else {}).run(
        *arguments
    )


@contextmanager
def _up(folder: Path, *arguments: str, keep: Sequence[str] = ()) -> Iterator[tuple[subprocess.Popen[str], Any]]:
    """A sandbox in the foreground, and what its status says; killed at the end if it still runs."""
    with subprocess.Popen(
        [COMMAND, "-C", folder, "sandbox", "up", *arguments, *keep], stdout=subprocess.PIPE, text=True,
        env=os.environ | {"LANGUAGE": "C.UTF-8"}, stdin=subprocess.DEVNULL,
    ) as process:  # fmt: skip
        try:
            assert process.stdout is not None
            while line := process.stdout.readline():
                if line == "Ctrl-C ends it.\n":
                    break
            else:
                pytest.fail("it ended before it was ready")
            yield process, valid(_bascule(folder, "sandbox", "status", *keep, "--json").json, "sandbox-status")
        finally:
            process.kill()


def _port(status: Any, name: str) -> int:
    return int(status["stand_ins"][name]["address"].rpartition(":")[2])


def _free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _children(pid: int) -> list[int]:
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = stat.read_text().rpartition(")")[2].split()[1]
        except OSError:
            continue
        if parent == str(pid):
            found.append(int(stat.parent.name))
    return found


def _gone(pids: Sequence[int]) -> bool:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        if not [pid for pid in pids if Path(f"/proc/{pid}").exists() and _state(pid) != "Z"]:
            return True
        time.sleep(0.05)
    return False


def _state(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return "Z"


def test_a_learner_moves_a_whole_company(tmp_path: Path) -> None:
    learn = tmp_path / "learn"
    with _up(learn, "--learn", *_IMAP) as (process, status):
        assert _bascule(learn, "plan", "check").code == 0
        assert _bascule(learn, "secrets", "status", "paris").code == 0
        assert _bascule(learn, "check", "paris").code == 0
        assert _bascule(learn, "copy", "paris").code == 0
        lyon = _bascule(learn, "copy", "lyon", "--json")
        assert lyon.code == 3  # one message of the company is too large for the new server
        refused = [one for one in lyon.json["mailboxes"] if one["outcomes"]["refused"]]
        assert [one["mailbox"] for one in refused] == ["atelier@meridional.example"]
        assert "too-large" in _bascule(learn, "not-copied", "lyon").out
        verified = _bascule(learn, "verify", "paris")
        assert verified.code == 0
        assert "Perfect" in verified.out
        dns = f"127.0.0.1:{_port(status, 'dns')}"
        asked = ("--server", dns, "--resolver", dns, "--inside", dns)
        checked = _bascule(learn, "dns", "check", "meridional.example", *asked)
        assert "10 mail.meridional.example." in checked.out
        # Mail arrives on the old server while the company moves, and the next pass brings it.
        message = EmailMessage()
        message["Subject"] = "news"
        message.set_content("it came")
        with smtplib.SMTP("127.0.0.1", _port(status, "smtp-old")) as smtp:
            smtp.send_message(message, "me@elsewhere.example", _ANNA)
        again = _bascule(learn, "copy", "paris", "--json")
        assert sum(one["this_pass"]["copied"] for one in again.json["mailboxes"]) == 1
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=30) == 0
    assert [path.name for path in (learn / ".bascule" / "sandbox").iterdir()] == ["sandbox.lock"]


@pytest.mark.parametrize("target", _CLOUDS)
def test_a_learner_moves_a_mailbox_to_a_cloud(tmp_path: Path, target: str) -> None:
    only = ("--mailbox", "zoe.lefevre@meridional.example")
    with _up(tmp_path, "--learn", "--target", target, *_IMAP, "--only", target):
        assert _bascule(tmp_path, "plan", "check").code == 0
        (copied,) = _bascule(tmp_path, "copy", "lyon", *only, "--json").json["mailboxes"]
        assert copied["seen"] == copied["outcomes"]["stored"] > 50
        assert _bascule(tmp_path, "verify", "lyon", *only).code == 0
        (again,) = _bascule(tmp_path, "copy", "lyon", *only, "--json").json["mailboxes"]
        assert again["this_pass"]["copied"] == 0


def test_its_dns_follows_the_zone_file_and_a_mistake_changes_nothing(tmp_path: Path) -> None:
    with _up(tmp_path, *_IMAP) as (_, status):
        address = f"127.0.0.1:{_port(status, 'dns')}"
        asked = ("--server", address, "--resolver", address, "--inside", address)
        zone = Path(status["folder"]) / "zones" / "meridional.example.zone"
        zone.write_text(zone.read_text().replace("@ MX 10 mail", "@ MX 5 elsewhere"))
        told = _bascule(tmp_path, "dns", "check", "meridional.example", *asked)
        assert "5 elsewhere.meridional.example." in told.out
        zone.write_text("@ MX nonsense")
        told = _bascule(tmp_path, "dns", "check", "meridional.example", *asked)
        assert "5 elsewhere.meridional.example." in told.out
        assert zone.with_name(f"{zone.name}.problem").read_text()


def test_pop3_shows_the_inbox_of_the_old_server_and_smtp_knows_its_people(tmp_path: Path) -> None:
    with _up(tmp_path, *_IMAP) as (_, status):
        lines = (Path(status["folder"]) / "passwords.csv").read_text().splitlines()
        password = next(line for line in lines if line.startswith(_ANNA)).split(",")[1]
        body = b"Subject: dots\r\n\r\n.one\r\n..two\r\n\xe9\r\n"
        with smtplib.SMTP("127.0.0.1", _port(status, "smtp-old")) as smtp:
            smtp.sendmail("a@elsewhere.example", [_ANNA, "b@elsewhere.example"], body)
            with pytest.raises(smtplib.SMTPRecipientsRefused, match="no such mailbox"):
                smtp.sendmail("a@elsewhere.example", ["nobody@meridional.example"], body)
        (outside,) = (Path(status["folder"]) / "outbox").glob("*.eml")
        assert outside.read_bytes().endswith(body)
        pop3 = poplib.POP3("127.0.0.1", _port(status, "pop3"), timeout=30)
        pop3.user(_ANNA)
        with pytest.raises(poplib.error_proto, match="AUTH"):
            pop3.pass_("wrong")
        pop3.user(_ANNA)
        pop3.pass_(password)
        assert pop3.stat()[0] == 1
        assert b"\r\n".join(pop3.retr(1)[1]).endswith(body[:-2])
        assert pop3.top(1, 1)[1][-1] == b".one"
        identity = pop3.uidl(1).split()[-1]
        pop3.quit()
        with IMAPClient("127.0.0.1", _port(status, "old"), ssl=False) as imap:
            imap.login(_ANNA, password)
            told = imap.select_folder("INBOX", readonly=True)
            assert identity == b"%d.%d" % (told[b"UIDVALIDITY"], imap.search()[0])


def test_a_killed_sandbox_leaves_no_process_and_its_ports_are_free(tmp_path: Path) -> None:
    with _up(tmp_path) as (process, status):
        ports = [_port(status, name) for name in status["stand_ins"]]
        children = _children(process.pid)
        assert len(children) == 5
        assert not any(map(_free, ports))
        process.kill()
        process.wait()
        assert _gone(children)
    assert all(map(_free, ports))
    told = _bascule(tmp_path, "sandbox", "status", "--json")
    assert (told.code, valid(told.json, "sandbox-status")["running"]) == (6, False)
    with _up(tmp_path, *_IMAP) as (_, status):
        assert set(status["stand_ins"]) == {"old", "new", "pop3", "smtp-old", "smtp-new", "dns"}


def test_state_that_is_kept_is_found_again_at_the_same_addresses(tmp_path: Path) -> None:
    learn, keep = tmp_path / "learn", ("--keep", str(tmp_path / "kept"))
    up = ("sandbox", "up", "--learn", *keep, "--detach")
    first = _bascule(learn, *up)
    assert first.code == 0, first.err
    assert _bascule(learn, *up).code == 4
    before = _bascule(learn, "sandbox", "status", *keep, "--json").json
    copied = _bascule(learn, "copy", "lyon", "--mailbox", "zoe.lefevre@meridional.example", "--json")
    count = copied.json["mailboxes"][0]["this_pass"]["copied"]
    assert count > 50
    assert _bascule(learn, "sandbox", "down", *keep).code == 0
    assert _bascule(learn, "sandbox", "down", *keep).code == 0
    again = _bascule(learn, *up)
    assert again.code == 0, again.err
    try:
        after = _bascule(learn, "sandbox", "status", *keep, "--json").json
        assert after["stand_ins"] == before["stand_ins"]
        second = _bascule(learn, "copy", "lyon", "--mailbox", "zoe.lefevre@meridional.example", "--json").json
        assert second["mailboxes"][0]["seen"] == count
        assert second["mailboxes"][0]["this_pass"]["copied"] == 0
    finally:
        assert _bascule(learn, "sandbox", "down", *keep).code == 0
    assert not any(
        path.stat().st_mode & 0o077 for path in (tmp_path / "kept").glob("*.json") if "stand" not in path.name
    )


def test_ending_a_sandbox_ends_no_process_that_got_the_number_of_one_that_was_killed(tmp_path: Path) -> None:
    announced = tmp_path / "stand-ins.json"
    bystander = subprocess.Popen(["/usr/bin/sleep", "60"])
    try:
        # The killed one announced this number; who has the lock is still being started.
        told = {"pid": bystander.pid, "since": "2026-11-22", "folder": "kept", "kept": True, "stand_ins": {}}
        announced.write_text(json.dumps(told))
        with FileLock(tmp_path / "sandbox.lock"):
            down = subprocess.Popen([COMMAND, "-C", tmp_path, "sandbox", "down", "--keep", tmp_path])
            deadline = time.monotonic() + 20
            while announced.exists() and bystander.poll() is None and time.monotonic() < deadline:
                time.sleep(0.05)
        assert down.wait(timeout=30) == 0
        assert bystander.poll() is None
    finally:
        bystander.kill()
        bystander.wait()


def test_a_sandbox_that_is_still_being_started_ends_at_once_and_leaves_nothing(tmp_path: Path) -> None:
    room = tmp_path / ".bascule" / "sandbox"
    process = subprocess.Popen([COMMAND, "-C", tmp_path, "sandbox", "up"], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    with process.stdout:
        deadline = time.monotonic() + 30
        while not (room / "passwords.csv").exists():
            assert time.monotonic() < deadline
            time.sleep(0.02)
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=30) == 0
        assert process.stdout.read() == "", "it was never ready"
    assert [path.name for path in room.iterdir()] == ["sandbox.lock"]


def test_what_was_left_out_before_and_who_is_new_is_there_the_next_time(tmp_path: Path, own_authorities: None) -> None:
    keep = ("--keep", str(tmp_path / "kept"))
    with _up(tmp_path, "--only", "google", keep=keep) as (process, _):
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=30) == 0
    (tmp_path / "sites").mkdir()
    (tmp_path / "organisation.yaml").write_text(
        "name: Ours\nlanguage: en\ntime_zone: Europe/Paris\n"
        "systems: {old: {connector: imap, host: mail.invalid}, new: {connector: imap, host: new.invalid}}\n"
    )
    (tmp_path / "sites" / "paris.yaml").write_text(
        "site: paris\nsource: old\ntarget: new\npeople: [{address: new@meridional.example}]\n"
    )
    with _up(tmp_path, "--only", "google", "--only", "microsoft", keep=keep) as (_, status):
        plan = status["stand_ins"]["microsoft"]["plan"]
        application = msal.ConfidentialClientApplication(
            plan["client_id"],
            client_credential=Path(plan["secret"].removeprefix("file:")).read_text(),
            authority=f"{plan['endpoints']['sign_in']}/{plan['tenant']}",
            instance_discovery=False,
            verify=plan["ca_file"],
        )
        token = application.acquire_token_for_client(["https://graph.microsoft.com/.default"])["access_token"]
        answer = httpx.get(
            f"{plan['endpoints']['graph']}/v1.0/users/new@meridional.example/mailFolders",
            headers={"Authorization": f"Bearer {token}"},
            verify=ssl.create_default_context(cafile=plan["ca_file"]),
            trust_env=False,
        )
    assert answer.status_code == 200


def test_a_port_that_is_taken_is_told(tmp_path: Path) -> None:
    keep = ("--keep", str(tmp_path / "kept"))
    with _up(tmp_path, *_IMAP, keep=keep) as (process, status):
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=30) == 0
    with socket.create_server(("127.0.0.1", _port(status, "old"))):
        refused = _bascule(tmp_path, "sandbox", "up", *_IMAP, *keep, "--detach")
    assert refused.code == 6
    assert "A stand-in did not start" in refused.err
    assert "Traceback" not in refused.err


def test_a_missing_extra_is_told_with_what_to_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(running._PACKAGES, "no_such_module", "no-such-package")
    ended = CliRunner().invoke(bascule, ["-C", str(tmp_path), "sandbox", "up"])
    assert ended.exit_code == 2
    assert '(no-such-package): pip install "bascule[sandbox]"' in ended.stderr


def test_another_organisation_is_never_replaced_and_a_wrong_word_is_told(tmp_path: Path) -> None:
    (tmp_path / "organisation.yaml").write_text("name: Ours\n")
    refused = _bascule(tmp_path, "sandbox", "up", "--learn", *_IMAP)
    assert (refused.code, "Choose another folder" in refused.err) == (2, True)
    assert (tmp_path / "organisation.yaml").read_text() == "name: Ours\n"
    other = tmp_path / "other"
    assert _bascule(other, "sandbox", "up", "--only", "vms").code == 2
    assert _bascule(other, "sandbox", "up", "--learn", "--only", "google").code == 2


def test_what_points_at_the_stand_ins_holds_no_secret(tmp_path: Path) -> None:
    with _up(tmp_path) as (_, status):
        folder = Path(status["folder"])
        text = (folder / "stand-ins.json").read_text()
        passwords = [
            cell for line in (folder / "passwords.csv").read_text().splitlines()[1:] for cell in line.split(",")[1:]
        ]
        secret = (folder / "microsoft-secret.txt").read_text()
        key = json.loads((folder / "google.json").read_text())["private_key"]
        assert not [one for one in (*passwords, secret, key) if one in text]
        assert not any(
            path.stat().st_mode & 0o077 for path in (folder / "passwords.csv", folder / "microsoft-secret.txt")
        )
        plans = {name: one["plan"]["connector"] for name, one in status["stand_ins"].items() if one["plan"]}
    assert plans == {
        "old": "imap", "new": "imap", "pop3": "pop3", "google": "google_workspace", "microsoft": "microsoft365"
    }  # fmt: skip
