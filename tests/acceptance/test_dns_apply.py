"""``bascule dns apply``, as installed, at a real BIND: a cutover from the first step to the way back."""

from __future__ import annotations

import base64
import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import dns.message
import dns.query
import pytest
import yaml

from tests.acceptance.organisation import COMMAND, Ended, imap, organisation
from tests.acceptance.schemas import valid
from tests.conftest import _present
from tests.servers.zones import dns_port, running_bind, zone_text

_SECRET = base64.b64encode(b"pl4nted secret of 32 octets ....").decode()
_ZONE = """\
@ NS ns1
ns1 A 127.0.0.1
@ MX 10 mail
@ TXT "v=spf1 mx -all"
@ TXT "some-verification=abc"
mail A 198.51.100.40
"""


class Zone:
    """A domain of the plan at a BIND that takes updates; it is the resolver and the inside too."""

    def __init__(self, folder: Path, port: int) -> None:
        self.folder = folder
        self.port = port
        organisation(folder, imap(143, host="mail.example.org"), imap(143, host="mail.example.net"))
        (folder / "secrets" / "zone.key").touch(0o600)
        (folder / "secrets" / "zone.key").write_text(_SECRET)
        self.plan()

    def plan(self, **changes: object) -> None:
        file = self.folder / "organisation.yaml"
        told = yaml.safe_load(file.read_text())
        access = {"server": f"127.0.0.1:{self.port}", "key_name": "bascule", "key": "file:secrets/zone.key"} | changes
        told["domains"] = {"example.org": {"zone_at": "update", "zone_access": access}}
        file.write_text(yaml.safe_dump(told))

    def run(self, command: str, *arguments: str, answer: str = "") -> Ended:
        at = f"127.0.0.1:{self.port}"
        whom = [f"--{kind}={at}" for kind in ("resolver", "inside", "server")]
        done = subprocess.run(
            [COMMAND, "-C", self.folder, "dns", command, "example.org", "--expect=google", *arguments, *whom],
            capture_output=True, text=True, timeout=100, input=answer,
        )  # fmt: skip
        return Ended(done.returncode, done.stdout, done.stderr)

    def records(self, kind: str) -> list[str]:
        query = dns.message.make_query("example.org", kind)
        (answer,) = dns.query.udp(query, "127.0.0.1", port=self.port, timeout=5).answer
        return [f"{answer.ttl} {record.to_text()}" for record in sorted(answer)]

    @property
    def evidence(self) -> list[str]:
        files = (self.folder / "evidence" / "dns" / "example.org").glob("*Z-*.json")
        return [file.stem.partition("Z-")[2] for file in sorted(files)]


@pytest.fixture
def zone(tmp_path: Path) -> Iterator[Zone]:
    @contextmanager
    def serving() -> Iterator[Zone]:
        port = dns_port()
        zones = {"example.org": zone_text("example.org.", 1, _ZONE), ".": zone_text(".", 1, "@ NS ns1.example.org.\n")}
        with running_bind(port, zones, keys={"bascule": _SECRET}):
            yield Zone(tmp_path, port)

    manager = serving()
    found = _present(manager.__enter__)
    yield found
    manager.__exit__(None, None, None)


def test_a_cutover_goes_step_by_step_and_all_the_way_back(zone: Zone) -> None:
    mx, texts = zone.records("MX"), zone.records("TXT")

    done = zone.run("apply", "--step", "before", "--yes", "--json")
    assert done.code == 0, done.err
    told = valid(done.json, "dns-apply")
    assert (told["everywhere"], [one["type"] for one in told["changed"]]) == (True, ["MX", "TXT"])
    assert zone.records("MX") == ["300 10 mail.example.org."]
    assert zone.records("TXT") == [
        '3600 "some-verification=abc"', '3600 "v=spf1 mx include:_spf.google.com -all"',
    ]  # fmt: skip

    early = zone.run("apply", "--step", "cutover", "--yes")
    assert early.code == 3
    assert "may be remembered until" in early.err
    assert "was 3600 seconds" in early.err
    assert zone.records("MX") == ["300 10 mail.example.org."]

    # What the way back is, is known from before the first change.
    told = valid(zone.run("records", "--json").json, "dns-records")
    assert told["zone_stands_at"] == "before"
    assert told["steps"][-1]["enter"][0] == "example.org. 3600 IN MX 10 mail.example.org."

    assert zone.run("apply", "--step", "cutover", "--early", "--yes").code == 0
    assert zone.records("MX") == ["300 1 smtp.google.com."]
    again = zone.run("apply", "--step", "cutover", "--yes")
    assert (again.code, "Nothing to do" in again.out) == (0, True)
    assert zone.run("apply", "--step", "after", "--yes").code == 0
    assert zone.records("MX") == ["3600 1 smtp.google.com."]

    assert zone.run("apply", "--step", "back", "--yes").code == 0
    assert (zone.records("MX"), zone.records("TXT")) == (mx, texts)
    assert {"apply", "applied", "records"} <= set(zone.evidence)
    kept = "".join(file.read_text() for file in zone.folder.rglob("*.json"))
    assert _SECRET not in kept


def test_steps_come_in_their_order(zone: Zone) -> None:
    ended = zone.run("apply", "--step", "after", "--yes")
    assert ended.code == 3
    assert "does not stand where this step begins" in ended.err


def test_nothing_changes_before_somebody_says_yes(zone: Zone) -> None:
    mx = zone.records("MX")
    ended = zone.run("apply", "--step", "before", answer="n\n")
    assert ended.code == 2
    assert "  - example.org. 3600 MX 10 mail.example.org." in ended.err
    assert "  + example.org. 300 MX 10 mail.example.org." in ended.err
    assert zone.records("MX") == mx


def test_a_key_that_is_not_taken_is_told_and_not_shown(zone: Zone) -> None:
    zone.plan(key_name="another")
    ended = zone.run("apply", "--step", "before", "--yes")
    assert ended.code == 7
    assert "does not let this key change the zone" in ended.err
    assert _SECRET not in ended.err


def test_a_zone_that_is_kept_elsewhere_is_changed_by_hand(zone: Zone) -> None:
    file = zone.folder / "organisation.yaml"
    told = yaml.safe_load(file.read_text())
    told["domains"] = {"example.org": {"zone_at": "orange"}}
    file.write_text(yaml.safe_dump(told))
    ended = zone.run("apply", "--step", "before", "--yes")
    assert (ended.code, "enter the records by hand" in ended.err) == (6, True)
    told["domains"] = {"other.example": {}}
    file.write_text(yaml.safe_dump(told))
    ended = zone.run("apply", "--step", "before", "--yes")
    assert (ended.code, "is no domain of the plan" in ended.err) == (2, True)


def test_a_look_at_a_domain_of_the_plan_is_kept_as_evidence(zone: Zone) -> None:
    ended = zone.run("check")
    assert "Kept as evidence: " in ended.err
    (file,) = (zone.folder / "evidence" / "dns" / "example.org").glob("*.json")
    assert json.loads(file.read_text())["domain"] == "example.org"
