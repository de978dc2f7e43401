"""An organisation of three sites and two domains whose rollout runs on a real ledger and a clock of the test's own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path
from zoneinfo import ZoneInfo

from pydantic import BaseModel

from migrate.dns import kept_steps, snapshots
from migrate.dns.facts import Answer, Facts, Mx, Outcome, Question, View
from migrate.dns.kept_steps import KeptSteps
from migrate.dns.records import Line
from migrate.dns.records import Step as DnsStep
from migrate.dns.snapshots import Snapshot
from migrate.ledger import mailboxes, observations
from migrate.ledger.observations import Observed
from migrate.ledger.schema import MailboxState, mailbox
from migrate.ledger.store import Ledger
from migrate.rollout.facts import rollout_facts
from migrate.rollout.moves import Rollout
from migrate.rollout.staying import staying
from migrate.rollout.steps import next_step
from migrate.rollout.world import World
from plans.folder_rules import FolderRules
from plans.message_rules import MessageRules
from plans.model import Domain, Organisation, Person, Site, System
from plans.private_folders import PrivateFolders
from runbooks.facts import DomainFacts, RolloutFacts, SiteFacts, Step

DAY = 86400.0
START = datetime(2027, 1, 4, 8, tzinfo=UTC).timestamp()
ZONE = ZoneInfo("Europe/Paris")
#: By site: its domain, wave, and the day of its switch.
SITES = {
    "hq": ("old-first.example", 1, date(2027, 1, 19)),
    "lyon": ("old-first.example", 2, date(2027, 2, 9)),
    "nice": ("new-first.example", 3, date(2027, 2, 23)),
}
#: What commands keep of each mailbox.
OF_MAILBOXES = ("sign-in", "accounts", "backup", "verified")


class _Nothing(BaseModel):
    pass


def person(address: str, *uses: str) -> Person:
    return Person(address, "", address, address, None, None, uses=uses)


def site(name: str, domain: str | None, wave: int, switch: date | None, *people: Person) -> Site:
    private = PrivateFolders()
    return Site(
        name, "old", "new", people, FolderRules(), MessageRules(), None, private, "en", ZONE, wave, domain, switch
    )


def organisation(folder: Path) -> Organisation:
    systems = {name: System(name, "memory", _Nothing(), 10, None, None, None) for name in ("old", "new")}
    people = {
        name: (person(f"anna@{domain}", "webmail"), person(f"{name}@{domain}", "webmail", f"program {name}"))
        for name, (domain, _wave, _switch) in SITES.items()
    }
    people["lyon"] = (person("lea@old-first.example", "webmail"), people["lyon"][1])
    sites = {name: site(name, domain, wave, switch, *people[name]) for name, (domain, wave, switch) in SITES.items()}
    domains: dict[str, Domain] = {
        "old-first.example": Domain("old-first.example", "ovh", "old"),
        "new-first.example": Domain("new-first.example", None, "new"),
    }
    return Organisation("Example", "en", ZONE, systems, sites, folder, domains)


@dataclass
class Company:
    """The organisation, its rollout, and what the world does to it."""

    folder: Path
    ledger: Ledger
    now: float = START
    organisation: Organisation = field(init=False)
    rollout: Rollout = field(init=False)

    def __post_init__(self) -> None:
        self.organisation = organisation(self.folder)
        self.rollout = Rollout(self.organisation, self.ledger, lambda: self.now)

    def facts(self) -> RolloutFacts:
        with self.ledger.read() as connection:
            return rollout_facts(World.read(self.organisation, connection, self.now))

    def subject(self, name: str) -> SiteFacts | DomainFacts:
        return next(one for one in self.facts().subjects if one.name == name)

    def people(self, name: str) -> list[str]:
        return [one.mailbox for one in self.organisation.sites[name].people]

    def see(
        self, kind: observations.Kind, subject: str, name: str, *items: str, good: bool = True, **detail: object
    ) -> None:
        seen = {item: Observed(good, self.now, "a test", detail) for item in items}
        with self.ledger.write() as connection:
            observations.keep(connection, kind, subject, name, seen)

    def copy(self, name: str, state: MailboxState = MailboxState.COPIED) -> None:
        """A pass over the whole site that brings nothing new."""
        with self.ledger.write() as connection:
            for one in self.people(name):
                row = mailboxes.get_or_create(connection, one, name)
                mailboxes.finish(connection, row.id, state, self.now, None)
            before = observations.of(connection, "site", name, "pass")
            seen = {}
            for one in self.people(name):
                since = before[one].detail.get("zero_since") if one in before else None
                seen[one] = Observed(True, self.now, "a test", {"zero_since": since or self.now})
            observations.keep(connection, "site", name, "pass", seen)

    def dual(self, name: str) -> None:
        with self.ledger.write() as connection:
            rows = [mailboxes.get_or_create(connection, one, name) for one in self.people(name)]
            for row in rows:
                connection.execute(mailbox.update().where(mailbox.c.id == row.id).values(dual_delivery_since=self.now))

    def do(self, name: str, step: Step) -> None:
        """What a person does who follows a step to the letter; takes a minute, or as long as it says to wait."""
        self.now += 60
        if step.until is not None:
            self.now = max(self.now, step.until.timestamp() + 60)
            return
        if step.waits_for is not None:
            other = self.subject(step.waits_for)
            found = next_step(other)
            assert found is not None, f"{name} waits for {other.name}, where nothing is left to do"
            self.do(other.name, found)
            return
        kind: observations.Kind = "site" if name in self.organisation.sites else "domain"
        if step.code == "advance":
            self.rollout.advance(kind, name, "Karim")
        elif any(line.startswith("bascule rollout confirm") and step.code in line for line in step.do):
            self.rollout.confirm(kind, name, step.code, "Claire", "", self._proof())
        else:
            (self._do_at_site if kind == "site" else self._do_at_domain)(name, step.code)

    def _proof(self) -> Path:
        file = self.folder / "proof.txt"
        file.write_text("seen")
        return file

    def _prove_routes(self, name: str, domain: str) -> None:
        """As the command does: one probe to each who stays and has an account."""
        with self.ledger.read() as connection:
            world = World.read(self.organisation, connection, self.now)
        stays = [one.person.address for one in staying(world, self.organisation.sites[name], domain) if one.known]
        seen = {address: Observed(True, self.now, "a test") for address in stays or [""]}
        with self.ledger.write() as connection:
            observations.keep(connection, "site", name, "routes", seen, whole=True)

    def _do_at_site(self, name: str, code: str) -> None:
        people, domain = self.people(name), SITES[name][0]
        done: dict[str, Callable[[], object]] = {
            **{fact: partial(self.see, "site", name, fact, *people) for fact in OF_MAILBOXES},
            "verified": lambda: self.see("site", name, "verified", *people, grade="good"),
            "copied": lambda: self.copy(name),
            "delta": lambda: self.copy(name),
            "dual": lambda: self.dual(name),
            "probes": lambda: self.see("site", name, "probes", "a route"),
            "routes": lambda: self._prove_routes(name, domain),
            "way-back": lambda: self.see("site", name, "way-back", *people),
            "senders": lambda: self.see("domain", domain, "senders", "SPF", "DKIM"),
            "cases": lambda: self._try_cases(name),
            "cases-met": lambda: self._try_cases(name),
            "incidents": lambda: self.solve_all("site", name),
            "all-solved": lambda: self.solve_all("site", name),
        }
        done[code]()

    def _do_at_domain(self, name: str, code: str) -> None:
        domain = self.subject(name)
        assert isinstance(domain, DomainFacts)
        sites = [one.name for one in domain.sites]
        done: dict[str, Callable[[], object]] = {
            "records": lambda: self._work_out_records(name),
            "ttl": lambda: self._lower_ttl(name),
            "senders": lambda: self.see("domain", name, "senders", "SPF", "DKIM"),
            "probes": lambda: [self.see("site", one, "probes", "a route") for one in sites],
            "way-back": lambda: [self.see("site", one, "way-back", *self.people(one)) for one in sites],
            "sites-switched": lambda: self.rollout.confirm("domain", name, "split-delivery", "Karim", "", None),
            "arrived": lambda: self.see("domain", name, "arrived", "ns1", "ns2"),
            "last-delta": lambda: [self.copy(one) for one in sites],
            "incidents": lambda: [self.solve_all("domain", name), *(self.solve_all("site", one) for one in sites)],
        }
        done[code]()

    def _work_out_records(self, name: str) -> None:
        old, new = Line(name, 86400, "MX", f"10 old.{name}."), Line(name, 300, "MX", "1 smtp.google.com.")
        steps = [DnsStep("cutover", 86400, (old,), (new,)), DnsStep("back", 0, (new,), (old,))]
        kept_steps.keep(self.folder, name, KeptSteps(datetime.fromtimestamp(self.now, UTC), "Google Workspace", steps))

    def _lower_ttl(self, name: str) -> None:
        for ttl, at in ((86400, self.now - 1), (300, self.now)):
            mx = Answer(Outcome.RECORDS, (Mx(10, f"old.{name}"),), ttl, (), own_zone=True)
            view = View("authoritative", "ns1", "192.0.2.1", {Question(name, "MX"): mx})
            snapshots.keep(self.folder, Snapshot(datetime.fromtimestamp(at, UTC), "check", Facts(name, name, [view])))

    def _try_cases(self, name: str) -> None:
        for case in ("webmail", f"program-{name}"):
            self.rollout.tested(case, "hq", "Karim", "")

    def solve_all(self, kind: observations.Kind, name: str) -> None:
        for number in list(self.rollout.world().history.course(kind, name).incidents):
            self.rollout.solve(kind, name, "Karim", number, "")


@contextmanager
def company(folder: Path) -> Iterator[Company]:
    state = folder / ".bascule"
    state.mkdir(parents=True)
    ledger = Ledger(state / "ledger.sqlite")
    try:
        yield Company(folder, ledger)
    finally:
        ledger.close()
