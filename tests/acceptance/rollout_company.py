"""The company of examples/midi on a sandbox: its mailboxes, its mail servers and its zones."""

from __future__ import annotations

import csv
import json
import os
import re
import shutil
import smtplib
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from itertools import count
from pathlib import Path

import time_machine
import yaml
from imapclient import IMAPClient

from tests.acceptance.organisation import COMMAND
from tests.acceptance.postman import Postman, Side, listening
from tests.acceptance.rollout_driver import Driver

EXAMPLE = Path(__file__).parents[2] / "examples" / "midi"
#: A Monday: the first switch of the example is on the Tuesday of the week after.
_BEGIN = datetime(2027, 1, 25, 8, tzinfo=UTC)
_DKIM = "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="
_MESSAGE_ID = re.compile(rb"^Message-ID:\s*<([^>]+)>", re.IGNORECASE | re.MULTILINE)


@dataclass
class Company:
    folder: Path
    postman: Postman
    ports: dict[str, int]
    zones: Path
    clock: time_machine.Traveller
    #: By site, its people.
    people: dict[str, list[str]]
    #: By mailbox, the Message-IDs of what was sent to it.
    sent: dict[str, list[str]] = field(default_factory=dict)
    #: What people have deleted on the new side, with nothing left of it.
    deleted: set[str] = field(default_factory=set)
    #: Who works on the new side.
    moved: set[str] = field(default_factory=set)
    _numbers: Iterator[int] = field(default_factory=lambda: count(1))
    _turns: Iterator[int] = field(default_factory=count)

    def everybody(self) -> list[str]:
        return [one for people in self.people.values() for one in people]

    def send(self, person: str, server: str = "outside") -> str:
        """Somebody writes to a person; the message's id."""
        identity = f"{next(self._numbers)}.{server}@elsewhere.example"
        self.sent.setdefault(person, []).append(identity)
        now = format_datetime(datetime.fromtimestamp(time.time(), UTC))
        text = f"Message-ID: <{identity}>\r\nFrom: a@elsewhere.example\r\nTo: {person}\r\nDate: {now}\r\n"
        text += f"Subject: {identity}\r\n\r\nHello\r\n"
        with smtplib.SMTP("127.0.0.1", self.ports[server], timeout=30) as client:
            client.sendmail("a@elsewhere.example", [person], text.encode())
        return identity

    def a_day_at_work(self, subject: str, code: str) -> None:
        """Mail goes on arriving whatever is done: one message for somebody after each step, and two late ones."""
        everybody = self.everybody()
        self.send(everybody[next(self._turns) % len(everybody)])
        if code == "probes" and subject in self.people:
            self.file_away(subject)
        if code == "relays":
            # A sender who has not heard of the new MX.
            for person in everybody:
                if person.rpartition("@")[2] in self.postman.passed_on:
                    self.send(person, "old")

    def file_away(self, site: str) -> None:
        """People read on the new side what dual delivery brought, and move it."""
        for person in self.people[site]:
            with self.session("new", person) as client:
                if not client.folder_exists("Filed"):
                    client.create_folder("Filed")
                client.select_folder("INBOX")
                arrived = client.search(["HEADER", "Message-ID", "outside@elsewhere.example"])
                if arrived:
                    client.add_flags(arrived[-1:], [b"\\Seen"])
                    client.move(arrived[-1:], "Filed")

    def holds(self, side: Side, person: str) -> Counter[str]:
        """How often each message lies in a mailbox, in whichever folder, by Message-ID; probes left out."""
        found: Counter[str] = Counter()
        with self.session(side, person) as client:
            for flags, _delimiter, name in client.list_folders():
                if b"\\Noselect" in flags:
                    continue
                client.select_folder(name, readonly=True)
                for data in client.fetch(client.search(), ["BODY.PEEK[HEADER]"]).values():
                    match = _MESSAGE_ID.search(data[b"BODY[HEADER]"])
                    found[match.group(1).decode() if match else ""] += 1
        return Counter({one: n for one, n in found.items() if not one.startswith("bascule-probe-")})

    @contextmanager
    def session(self, side: Side, person: str) -> Iterator[IMAPClient]:
        with IMAPClient("127.0.0.1", self.postman.imap[side], ssl=False, timeout=30) as client:
            client.login(person, self.postman.passwords[side][person])
            yield client

    def asked(self) -> tuple[str, ...]:
        at = f"127.0.0.1:{self.postman.dns_port}"
        return tuple(f"--{kind}={at}" for kind in ("server", "resolver", "inside"))

    def driver(self, **more: object) -> Driver:
        """Somebody who follows ``rollout next`` in this company."""
        additions = {("dns",): self.asked()}
        words = {
            "SERVER": lambda _subject: "postfix",
            "FILE": lambda _subject: str(self._log()),
            "PILOT": lambda _subject: next(iter(self.people)),
        }
        return Driver(self.folder, self.clock, self._acts(), additions, words, **more)  # type: ignore[arg-type]

    def _log(self) -> Path:
        file = self.folder.parent / "mail.log"
        file.write_text("nothing\n")
        return file

    def _acts(self):  # type: ignore[no-untyped-def]
        return {
            "dual": self._switch_recipe_on,
            "routes": self._forward_those_who_stay,
            "senders": self._let_send,
            "ttl": lambda domain: self._enter(domain, "before"),
            "arrived": lambda domain: self._enter(domain, "cutover"),
            "relays": self.postman.passed_on.add,
            "at-work": self._work_there,
            "settled-in": self._clear_away,
        }

    def _switch_recipe_on(self, site: str) -> None:
        """What the recipe says, with the files that it wrote."""
        with (self.folder / "delivery" / site / "postfix" / "people.csv").open(newline="") as file:
            for row in csv.DictReader(file, delimiter=";"):
                assert row["state"] == "on"
                self.postman.copies[row["address"]] = row["copy_to"]

    def _forward_those_who_stay(self, site: str) -> None:
        # Whoever works there has no forward; the others have accounts from the day that theirs were made.
        self.postman.back |= set(self.everybody()) - self.moved

    def _work_there(self, site: str) -> None:
        self.moved |= set(self.people[site])
        self.postman.back -= self.moved
        # One of them tidies up at once, before anything is verified.
        self._delete_for_good(self.people[site][0], 2)

    def _clear_away(self, site: str) -> None:
        """When all is verified, people delete for good what was copied, and no copy may bring it again."""
        for person in self.people[site]:
            self._delete_for_good(person, 0)

    def _delete_for_good(self, person: str, number: int) -> None:
        """One of the messages of the years before, on the new side alone."""
        with self.session("new", person) as client:
            client.select_folder("INBOX")
            found = client.search(["HEADER", "Message-ID", f"<{number}.{person}>"])
            assert len(found) == 1
            client.delete_messages(found)
            client.expunge()
        self.deleted.add(f"{number}.{person}")

    def _let_send(self, subject: str) -> None:
        """The SPF record of the step before, and a key for DKIM."""
        plan = self.folder / "sites" / f"{subject}.yaml"
        domain = yaml.safe_load(plan.read_text())["domain"] if plan.exists() else subject
        self._enter(domain, "before", "TXT")
        zone = self.zones / f"{domain}.zone"
        zone.write_text(zone.read_text() + f'default._domainkey TXT "{_DKIM}"\n')

    def _enter(self, domain: str, step: str, *kinds: str) -> None:
        """The records of a step of the cutover, as a person enters them where the zone is kept."""
        told = self.driver().run("dns", "records", domain, "--expect", "new", "--json", *self.asked()).json
        (found,) = (one for one in told["steps"] if one["step"] == step)
        self.enter(domain, found["enter"], kinds)

    def enter(self, domain: str, lines: list[str], kinds: tuple[str, ...] = ()) -> None:
        """Records take the place of those of their name and type; without ``kinds``, of every type."""
        chosen = [line for line in lines if not kinds or line.split()[3] in kinds]
        changed = {line.split()[3] for line in chosen}
        path = self.zones / f"{domain}.zone"
        kept = []
        for line in path.read_text().splitlines():
            words = line.split()
            apex = words[:1] in (["@"], [f"{domain}."])
            if not (apex and any(kind in words[1:4] for kind in changed)) or "v=DMARC1" in line:
                kept.append(line)
        path.write_text("\n".join([*kept, *chosen]) + "\n")


@contextmanager
def running_company(folder: Path, messages: int, *, only: str | None = None) -> Iterator[Company]:
    """Everybody has so many messages in the old mailbox; it is the day on which the move begins.

    ``only``: a company of this one site.
    """
    organisation = folder / "organisation"
    shutil.copytree(EXAMPLE, organisation, ignore=shutil.ignore_patterns("mail"))
    if only is not None:
        _keep_only(organisation, only)
    with ExitStack() as running:
        keep = folder / "sandbox"
        started = [COMMAND, "-C", organisation, "sandbox", "up", "--only", "imap", "--keep", keep]
        process = running.enter_context(
            subprocess.Popen(started, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True, env=os.environ)
        )
        running.callback(process.kill)
        assert process.stdout is not None
        assert any("Ctrl-C" in line for line in iter(process.stdout.readline, "")), "it ended before it was ready"
        standing = json.loads((keep / "stand-ins.json").read_text())["stand_ins"]
        passwords = _passwords(keep)
        ports = {name: int(one["address"].rpartition(":")[2]) for name, one in standing.items()}
        postman = Postman({"old": ports["old"], "new": ports["new"]}, passwords, ports["dns"])
        servers = running.enter_context(listening(postman))
        people = _write(organisation, standing, passwords, postman, servers)
        (keep / "zones" / "localhost.zone").write_text(
            "$ORIGIN localhost.\n$TTL 3600\n@ SOA ns1 hostmaster 1 7200 900 1209600 300\n@ NS ns1\nns1 A 127.0.0.1\n"
            "@ A 198.51.100.80\n"
        )
        clock = running.enter_context(time_machine.travel(_BEGIN, tick=True))
        company = Company(organisation, postman, servers, keep / "zones", clock, people)
        _fill(company, messages)
        yield company


def _keep_only(organisation: Path, site: str) -> None:
    for file in (organisation / "sites").iterdir():
        if file.stem != site:
            file.unlink()
    file = organisation / "organisation.yaml"
    plan = yaml.safe_load(file.read_text())
    own = yaml.safe_load((organisation / "sites" / f"{site}.yaml").read_text())["domain"]
    file.write_text(yaml.safe_dump(plan | {"domains": {own: plan["domains"][own]}}, allow_unicode=True))


def _passwords(keep: Path) -> dict[Side, dict[str, str]]:
    found: dict[Side, dict[str, str]] = {"old": {}, "new": {}}
    with (keep / "passwords.csv").open(newline="") as file:
        for address, old, new in list(csv.reader(file))[1:]:
            found["old"][address], found["new"][address] = old, new
    return found


def _write(
    folder: Path,
    standing: dict[str, dict[str, dict[str, object]]],
    passwords: dict[Side, dict[str, str]],
    postman: Postman,
    servers: dict[str, int],
) -> dict[str, list[str]]:
    """Lead the example's plan to the sandbox, and tell the mail servers who is who."""
    plan = yaml.safe_load((folder / "organisation.yaml").read_text())
    plan["systems"] = {side: standing[side]["plan"] | {"host": "localhost"} for side in ("old", "new")}
    for name, account in plan["probes"].items():
        account.update(host="127.0.0.1", port=servers[name], tls="plain")
    (folder / "organisation.yaml").write_text(yaml.safe_dump(plan, allow_unicode=True))
    (folder / "secrets").mkdir(mode=0o700)
    people: dict[str, list[str]] = {}
    aliases, groups = {}, {}
    for path in sorted((folder / "sites").glob("*.yaml")):
        site = yaml.safe_load(path.read_text())
        with path.with_suffix(".csv").open(newline="") as file:
            rows = list(csv.DictReader(file))
        people[path.stem] = [row["address"] for row in rows]
        aliases |= {row["aliases"]: row["address"] for row in rows if row["aliases"]}
        group = plan["domains"][site["domain"]]["mixed_group"]
        groups[group] = (*groups.get(group, ()), *people[path.stem])
        secret = folder / "secrets" / path.with_suffix(".csv").name
        secret.touch(mode=0o600)
        lines = [f"{one},{passwords['old'][one]},{passwords['new'][one]}" for one in people[path.stem]]
        secret.write_text("\n".join(["address,source password,target password", *lines]) + "\n")
        path.write_text(yaml.safe_dump(site | {"passwords": f"file:secrets/{secret.name}"}, allow_unicode=True))
    postman.aliases, postman.groups = aliases, groups
    return people


def _fill(company: Company, messages: int) -> None:
    """Mail of the years before, in two folders."""
    for person in company.everybody():
        with company.session("old", person) as client:
            client.create_folder("Archives")
            for number in range(messages):
                identity = f"{number}.{person}"
                company.sent.setdefault(person, []).append(identity)
                received = _BEGIN - timedelta(days=30 * (number + 1))
                text = f"Message-ID: <{identity}>\r\nFrom: b@elsewhere.example\r\nTo: {person}\r\n"
                text += f"Date: {format_datetime(received)}\r\nSubject: {number}\r\n\r\nbody {number}\r\n"
                client.append("Archives" if number % 2 else "INBOX", text.encode(), msg_time=received)
