"""A company between two systems: a mail server and a Dovecot on each side, and people on the one or on both."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import Literal

import yaml

import plans
from connectors.body import ByteBudget
from connectors.contract import Account, Resources
from connectors.imap.connector import ImapConnector
from connectors.imap.settings import ImapSettings
from migrate.copy.job import SystemClock
from migrate.delivery.evidence import Evidence
from migrate.delivery.judging import Patience, Verdict
from migrate.delivery.looking import MailboxEye
from migrate.delivery.making import make, routes_of, write
from migrate.delivery.probes import Person, ProbeRun, Side, routes
from migrate.delivery.probing import Probing, new_run
from migrate.delivery.recipe import Mode
from migrate.delivery.sending import Mailer
from tests.servers.certificates import Certificates
from tests.servers.dovecot import running_dovecot
from tests.servers.mta import MailServer, lmtp_settings, running_exim, running_postfix
from tests.servers.process import free_port
from tests.servers.server import PASSWORD, ImapServer

DOMAIN, ALT = "d.example", "alt.d.example"
ANNA, BEN, GROUP, BOSS = (f"{one}@{DOMAIN}" for one in ("anna", "ben", "all", "boss"))
Kind = Literal["postfix", "exim"]


@dataclass
class World:
    """Anna moves, Ben has not; the group has both, and Anna is the boss."""

    kind: Kind
    old_mta: MailServer
    new_mta: MailServer
    old: ImapServer
    new: ImapServer
    folder: Path
    script: Path

    def organisation(self) -> plans.Organisation:
        return plans.load(self.folder)

    def recipe(self, server: str, mode: Mode = "dual") -> Path:
        """Made from the plan, in a folder that the server's administrator may read."""
        organisation = self.organisation()
        folder = self.old_mta.folder / f"recipe-{server}"
        write(make(server, routes_of(organisation, organisation.sites["paris"]), mode), folder)
        return folder

    def switch_on(self, server: str, mode: Mode = "dual") -> None:
        """As the recipe's steps say."""
        folder = self.recipe(server, mode)
        if server.startswith("postfix"):
            ended = self.old_mta.run(["sh", "switch-on.sh"], folder)
            assert ended.returncode == 0, ended.stderr
        elif server == "exim":
            # The recipe's paths are those of Debian; here the server has a folder of its own.
            routers = (folder / "bascule-paris.routers").read_text().replace("/etc/exim4/", f"{self.old_mta.etc}/")
            (self.old_mta.etc / "bascule-paris").write_text((folder / "bascule-paris").read_text())
            (self.old_mta.etc / "routers").write_text(routers)
        else:
            self.script.write_text((folder / "bascule-paris.sieve").read_text())
            self._route_to_new_side()
        self._take_up()

    def switch_off(self, server: str) -> None:
        if server.startswith("postfix"):
            ended = self.old_mta.run(["sh", "switch-off.sh"], self.recipe(server))
            assert ended.returncode == 0, ended.stderr
        elif server == "exim":
            (self.old_mta.etc / "routers").unlink()
        else:
            self.script.write_text("keep;\n")
            (self.old_mta.etc / "routers").unlink(missing_ok=True)
        self._take_up()

    def _route_to_new_side(self) -> None:
        """A step of the Sieve recipe: here no MX says where the technical domain is."""
        if self.kind == "postfix":
            route = f"{ALT} smtp:[127.0.0.1]:{self.new_mta.port}\n"
            (self.old_mta.etc / "transport").write_text(route)
        else:
            host = f'route_list = * "127.0.0.1::{self.new_mta.port}"'
            router = f"new_side:\n  driver = manualroute\n  domains = {ALT}\n  transport = remote_smtp\n  {host}\n"
            (self.old_mta.etc / "routers").write_text(f"{router}  self = send\n")

    def _take_up(self) -> None:
        """A reload takes a second or two to reach every process of a server; a restart does at once."""
        self.old_mta.process.stop()
        self.old_mta.process.start()

    def probe(
        self,
        evidence: Path,
        *,
        mode: Mode = "dual",
        patience: Patience = Patience(10.0, 1.5),  # noqa: B008  frozen
        run: ProbeRun | None = None,
        stop: Event | None = None,
    ) -> list[Verdict]:
        organisation = self.organisation()
        clock = SystemClock()
        if run is None:
            anna, ben = Person(mailbox=ANNA, address=ANNA, aliases=(BOSS,)), Person(mailbox=BEN, address=BEN)
            cells = routes(mode, [anna], [ben], group=GROUP, unknown=f"nobody@{DOMAIN}")
            run = new_run("paris", mode, cells, clock.now())
        eyes = [self._eye(side, mailbox) for side in ("old", "new") for mailbox in (ANNA, BEN)]
        mailer = Mailer(organisation.probes, self.folder)
        probing = Probing(run, mailer, eyes, Evidence(evidence), clock, patience, between=0.3)
        return probing.go_on(stop or Event())

    def _eye(self, side: Side, mailbox: str) -> MailboxEye:
        server = self.old if side == "old" else self.new
        settings = ImapSettings(host=server.host, port=server.port, tls="plain")
        connector = ImapConnector(settings, Resources(ByteBudget(), self.folder))
        return MailboxEye(side, mailbox, lambda stop: connector.open_source(Account(mailbox, PASSWORD), stop))


@contextmanager
def running_world(kind: Kind, folder: Path, certificates: Certificates) -> Iterator[World]:
    """Raises ServerMissing."""
    with ExitStack() as running:
        lmtp = free_port(), free_port()
        people = [ANNA, BEN]
        aliases = {GROUP: f"{ANNA}, {BEN}", BOSS: ANNA}
        old_mta = running.enter_context(_old_mta(kind, lmtp[0], people, aliases))
        back = f"{BEN} smtp:[127.0.0.1]:{old_mta.port}\n"
        new_mta = running.enter_context(
            running_postfix(
                name="new.example",
                domains=[DOMAIN, ALT],
                lmtp=lmtp[1],
                people=[ANNA, BEN, f"anna@{ALT}"],
                aliases=aliases,
                transport=back,
            )
        )
        # Where the server may read it, which a folder of the tests' own is not.
        script = old_mta.folder / "before.sieve"
        script.write_text("keep;\n")
        names = {"name": "old.example", "domain": DOMAIN, "script": script}
        old = running.enter_context(
            running_dovecot(certificates, settings=lmtp_settings(lmtp[0], old_mta.port, **names))  # type: ignore[arg-type]
        )
        new = running.enter_context(
            running_dovecot(
                certificates, settings=lmtp_settings(lmtp[1], new_mta.port, name="new.example", domain=DOMAIN)
            )
        )
        _write_plan(folder, old, new, old_mta, new_mta)
        yield World(kind, old_mta, new_mta, old, new, folder, script)


def _old_mta(kind: Kind, lmtp: int, people: Sequence[str], aliases: dict[str, str]):  # type: ignore[no-untyped-def]
    names = {"name": "old.example", "domains": [DOMAIN], "lmtp": lmtp, "people": people, "aliases": aliases}
    return running_postfix(**names) if kind == "postfix" else running_exim(**names)


def _write_plan(folder: Path, old: ImapServer, new: ImapServer, old_mta: MailServer, new_mta: MailServer) -> None:
    def system(server: ImapServer) -> dict[str, object]:
        return {"connector": "imap", "host": server.host, "port": server.port, "tls": "plain"}

    def sender(address: str, server: MailServer) -> dict[str, object]:
        return {"address": address, "host": "127.0.0.1", "port": server.port, "tls": "plain"}

    domain = {"technical_domain": ALT, "new_host": f"127.0.0.1:{new_mta.port}", "mixed_group": GROUP}
    plan = {
        "name": "Example", "language": "en", "time_zone": "Europe/Paris",
        "systems": {"old": system(old), "new": system(new)},
        "domains": {DOMAIN: domain},
        "probes": {
            "outside": sender("someone@outside.example", old_mta),
            "old": sender(BEN, old_mta),
            "new": sender(ANNA, new_mta),
        },
    }  # fmt: skip
    (folder / "sites").mkdir()
    (folder / "organisation.yaml").write_text(json.dumps(plan))
    for site, person, more in (("paris", ANNA, {"aliases": [BOSS]}), ("lyon", BEN, {})):
        secret = folder / f"{site}.txt"
        secret.write_text(PASSWORD)
        secret.chmod(0o600)
        reference = f"file:{secret.name}"
        one = {"address": person, "source_password": reference, "target_password": reference, **more}
        text = {"site": site, "source": "old", "target": "new", "domain": DOMAIN, "people": [one]}
        (folder / "sites" / f"{site}.yaml").write_text(yaml.safe_dump(text))
