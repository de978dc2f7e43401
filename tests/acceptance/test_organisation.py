"""The main acceptance: a whole organisation, one site from Dovecot to Dovecot, the other from Dovecot to Courier.

The story is told once: a copy, a second pass, changes on both sides and a third pass, the ledger lost, adopted, and a
last copy.  After each chapter all servers are looked at; each test is a claim about what was seen.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from tests.acceptance.box import Box
from tests.acceptance.company import EMPTY, Company, Resident, residents
from tests.acceptance.letters import Footprint, footprint, letter
from tests.acceptance.organisation import LIMIT, Ended, imap
from tests.conftest import _entered
from tests.servers.certificates import Certificates
from tests.servers.courier import running_courier
from tests.servers.dovecot import running_dovecot
from tests.servers.mail import Mail, Path, Stored, expected
from tests.servers.maildir_seed import seed_maildir
from tests.servers.server import PASSWORD, ImapServer

SITES = {"paris": "dovecot", "lyon": "courier"}
SENT: Path = ("Sent",)
KEPT: Path = ("Gardé",)
Holdings = dict[Path, Counter[Stored]]


@dataclass
class Chapter:
    """What a site looked like after a run over it."""

    ended: Ended
    #: By kind of mailbox.
    holdings: dict[str, Holdings]
    folders: dict[str, set[Path]]
    source: dict[str, Footprint]

    def mailbox(self, kind: str, site: str) -> dict[str, Any]:
        (found,) = [one for one in self.ended.json["mailboxes"] if one["mailbox"] == f"{kind}-{site}@example.org"]
        return dict(found)

    @property
    def did(self) -> dict[str, dict[str, int]]:
        """What the pass did, by kind of mailbox."""
        return {one["mailbox"].partition("-")[0]: one["this_pass"] for one in self.ended.json["mailboxes"]}


@dataclass
class Site:
    name: str
    new: ImapServer
    people: dict[str, Resident]
    company: Company
    old: ImapServer

    def run(self, command: str) -> Chapter:
        ended = self.company.run(command, self.name, "--json")
        boxes = {kind: Box(self.new, one.user) for kind, one in self.people.items()}
        return Chapter(
            ended,
            {kind: box.holds() for kind, box in boxes.items()},
            {kind: box.folders() for kind, box in boxes.items()},
            {kind: footprint(self.old, one.user) for kind, one in self.people.items()},
        )

    @property
    def courier(self) -> bool:
        return SITES[self.name] == "courier"

    def as_kept(self, path: Path) -> Path:
        """Courier holds no emoji in a folder's name."""
        return tuple(name.replace("\N{PARTY POPPER}", "_") for name in path) if self.courier else path

    def expected(self, mails: list[Mail]) -> Holdings:
        return {self.as_kept(path): held for path, held in expected(mails).items()}


#: Messages of the largest folder, and the seconds that a run may take: Courier needs longer for each message that a
#: folder holds already, ten to fifteen minutes for 20,000.
SIZES = {"2,000": (2000, LIMIT), "20,000": (20_000, 1800.0)}


@pytest.fixture(
    scope="module", params=["2,000", pytest.param("20,000", marks=[pytest.mark.nightly, pytest.mark.timeout(3600)])]
)
def sites(
    request: pytest.FixtureRequest, certificates: Certificates, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, Site]]:
    many, limit = SIZES[request.param]
    with ExitStack() as running:
        old = _entered(running, running_dovecot(certificates))
        new = {
            "dovecot": _entered(running, running_dovecot(certificates)),
            "courier": _entered(running, running_courier(sessions=100)),
        }
        people = {site: residents(site, many) for site in SITES}
        users = {site: [one.user for one in there.values()] for site, there in people.items()}
        everyone = [
            {"address": f"{user}@example.org", "source_user": user, "target_user": user}
            for user in (*users["paris"], *users["lyon"])
        ]
        company = Company(
            tmp_path_factory.mktemp("company"),
            {"old": imap(old.port), **{name: imap(server.port) for name, server in new.items()}},
            everyone,
            {one["address"]: (PASSWORD, PASSWORD) for one in everyone},
            sites={site: (target, users[site]) for site, target in SITES.items()},
            limit=limit,
        )
        company.write()
        for there in people.values():
            for one in there.values():
                seed_maildir(old, one.user, one.mails, one.folders)
        yield {site: Site(site, new[SITES[site]], people[site], company, old) for site in SITES}


@pytest.fixture(scope="module")
def before(sites: dict[str, Site]) -> dict[str, dict[str, Footprint]]:
    """The source as it was seeded."""
    found = {}
    for site in sites.values():
        found[site.name] = {kind: footprint(site.old, one.user) for kind, one in site.people.items()}
        for one in site.people.values():
            assert Box(site.old, one.user).holds() == expected(one.mails)
    return found


@pytest.fixture(scope="module")
def copied(sites: dict[str, Site], before: object) -> dict[str, Chapter]:
    return {name: site.run("copy") for name, site in sites.items()}


@pytest.fixture(scope="module")
def again(sites: dict[str, Site], copied: object) -> dict[str, Chapter]:
    return {name: site.run("copy") for name, site in sites.items()}


#: By number, of the plain mailbox: none is there twice.
MOVED, MARKED, DELETED, READ, THROWN, FILED = (letter(number, size=2000) for number in (3, 4, 6, 21, 12, 15))
ARRIVED = [letter(500, folder=("INBOX",)), letter(501, folder=("Neu", "drunter & drüber"))]


@pytest.fixture(scope="module")
def verified(sites: dict[str, Site], again: object) -> dict[str, Ended]:
    return {name: site.company.run("verify", name, "--json") for name, site in sites.items()}


@pytest.fixture(scope="module")
def changed(sites: dict[str, Site], verified: object) -> dict[str, Chapter]:
    """The owner of the plain mailbox goes on working on the source, and a person already in the new mailbox."""
    found = {}
    for name, site in sites.items():
        source, target = Box(site.old, site.people["plain"].user), Box(site.new, site.people["plain"].user)
        source.add(*ARRIVED)
        source.move(MOVED, SENT)
        source.flag(MARKED, "+FLAGS", "\\Flagged", "Projekt-7")
        source.delete(DELETED)
        source.flag(READ, "+FLAGS", "\\Flagged")
        target.flag(READ, "+FLAGS", "\\Seen")
        target.delete(THROWN)
        target.create(KEPT)
        target.move(FILED, KEPT)
        found[name] = site.run("copy")
    return found


@pytest.fixture(scope="module")
def adopted(sites: dict[str, Site], changed: object) -> dict[str, Chapter]:
    """The ledger is lost and made anew from what the servers hold."""
    next(iter(sites.values())).company.forget()
    return {name: site.run("adopt") for name, site in sites.items()}


@pytest.fixture(scope="module")
def continued(sites: dict[str, Site], adopted: object) -> dict[str, Chapter]:
    return {name: site.run("copy") for name, site in sites.items()}


#: Of the plain mailbox, and what else has its number is untouched by the changes before.
LOST = [letter(number, size=2000) for number in (7, 9, 18)]
ALTERED, REDATED = letter(24, size=2000), letter(27, size=2000)


@pytest.fixture(scope="module")
def tampered(sites: dict[str, Site], continued: object) -> dict[str, Ended]:
    """Behind our back three messages vanish from the target, the body of one changes and the date of another."""
    found = {}
    for name, site in sites.items():
        target = Box(site.new, site.people["plain"].user)
        for mail in (*LOST, ALTERED, REDATED):
            target.delete(mail)
        body = ALTERED.data[:-40] + b"x" * 38 + b"\r\n"
        target.add(
            Mail(ALTERED.folder, body, ALTERED.flags, ALTERED.received),
            Mail(REDATED.folder, REDATED.data, REDATED.flags, REDATED.received + timedelta(days=1)),
        )
        found[name] = site.company.run("verify", name, "--json")
    return found


@pytest.fixture(params=SITES)
def site(request: pytest.FixtureRequest, sites: dict[str, Site]) -> Site:
    return sites[request.param]


def test_every_message_is_there_byte_for_byte_with_flags_keywords_and_date(
    site: Site, copied: dict[str, Chapter]
) -> None:
    chapter = copied[site.name]
    assert chapter.ended.code == 0, chapter.ended.err
    for kind, one in site.people.items():
        assert chapter.holdings[kind] == site.expected(list(one.mails)), kind


def test_every_message_is_accounted_for(site: Site, copied: dict[str, Chapter]) -> None:
    for kind, one in site.people.items():
        counted = copied[site.name].mailbox(kind, site.name)
        assert counted["seen"] == counted["outcomes"]["stored"] == len(one.mails)
        assert counted["complete"]


def test_every_folder_is_there_and_subscribed(site: Site, copied: dict[str, Chapter]) -> None:
    for kind, one in site.people.items():
        wanted = {site.as_kept(path) for path in (*one.folders, *(mail.folder for mail in one.mails), ("INBOX",))}
        assert wanted <= copied[site.name].folders[kind]
        assert wanted <= Box(site.new, one.user).subscribed(), kind
    assert EMPTY in copied[site.name].folders["tree"]


def test_the_source_is_as_it_was(
    site: Site, before: dict[str, dict[str, Footprint]], copied: dict[str, Chapter], again: dict[str, Chapter]
) -> None:
    assert copied[site.name].source == before[site.name]
    assert again[site.name].source == before[site.name]


def test_a_second_pass_moves_nothing(site: Site, copied: dict[str, Chapter], again: dict[str, Chapter]) -> None:
    chapter = again[site.name]
    assert chapter.ended.code == 0
    assert {count for did in chapter.did.values() for count in did.values()} == {0}
    assert chapter.holdings == copied[site.name].holdings


def test_both_servers_read_afresh_say_perfect(site: Site, verified: dict[str, Ended]) -> None:
    ended = verified[site.name]
    assert ended.code == 0, ended.err
    assert ended.json["grade"] == "perfect"
    assert {one["grade"] for one in ended.json["mailboxes"]} == {"perfect"}
    assert sum(one["found"] for one in ended.json["mailboxes"]) == sum(len(one.mails) for one in site.people.values())


def test_what_changed_on_the_source_travels_and_what_a_person_did_stays(
    site: Site, changed: dict[str, Chapter]
) -> None:
    chapter = changed[site.name]
    assert chapter.ended.code == 0, chapter.ended.err
    # Courier cannot move: our copy stays where it is, and no second one is sent.
    moved = 0 if site.courier else 1
    assert chapter.did["plain"] == {"copied": 2, "moved": moved, "flags_changed": 2, "adopted": 0, "dual_delivered": 0}
    assert chapter.holdings["plain"] == site.expected(_as_changed(site))
    counted = chapter.mailbox("plain", site.name)
    assert counted["gone_from_source"] == 1
    assert counted["seen"] == sum(counted["outcomes"].values())


def test_the_mailboxes_of_others_are_left_alone(
    site: Site, copied: dict[str, Chapter], changed: dict[str, Chapter]
) -> None:
    for kind in site.people.keys() - {"plain"}:
        assert set(changed[site.name].did[kind].values()) == {0}
        assert changed[site.name].holdings[kind] == copied[site.name].holdings[kind]


def test_a_lost_ledger_is_adopted_and_nothing_is_sent_again(
    site: Site, changed: dict[str, Chapter], adopted: dict[str, Chapter], continued: dict[str, Chapter]
) -> None:
    assert adopted[site.name].ended.code == 0
    assert adopted[site.name].holdings == changed[site.name].holdings
    for kind in site.people.keys() - {"plain"}:
        assert adopted[site.name].did[kind]["adopted"] == len(site.people[kind].mails)
        assert set(continued[site.name].did[kind].values()) == {0}
        assert continued[site.name].holdings[kind] == changed[site.name].holdings[kind]


def test_without_its_ledger_only_what_is_not_in_its_folder_is_sent_again(
    site: Site, changed: dict[str, Chapter], continued: dict[str, Chapter]
) -> None:
    """What a person threw away or filed elsewhere only the ledger knew; likewise, on Courier, what could not follow."""
    came_back = [THROWN, FILED, *([_in(MOVED, SENT)] if site.courier else [])]
    assert continued[site.name].did["plain"]["copied"] == len(came_back)
    now = continued[site.name].holdings["plain"]
    was = changed[site.name].holdings["plain"]
    assert _sum(now) - _sum(was) == _sum(site.expected(came_back))
    assert not _sum(was) - _sum(now)


def _as_changed(site: Site) -> list[Mail]:
    """The plain mailbox on the target, after the changes."""
    mails = [*site.people["plain"].mails, *ARRIVED]
    for old, new in (
        (MOVED, None if site.courier else _in(MOVED, SENT)),
        (MARKED, Mail(MARKED.folder, MARKED.data, MARKED.flags | {"\\Flagged", "Projekt-7"}, MARKED.received)),
        (READ, Mail(READ.folder, READ.data, READ.flags | {"\\Flagged", "\\Seen"}, READ.received)),
        (FILED, _in(FILED, KEPT)),
    ):
        if new is not None:
            mails[mails.index(old)] = new
    mails.remove(THROWN)
    return mails


def _in(mail: Mail, folder: Path) -> Mail:
    return Mail(folder, mail.data, mail.flags, mail.received)


def _sum(holdings: Holdings) -> Counter[tuple[Path, Stored]]:
    return Counter({(path, stored): count for path, held in holdings.items() for stored, count in held.items()})


def test_what_was_changed_behind_our_back_is_listed_and_poor(site: Site, tampered: dict[str, Ended]) -> None:
    ended = tampered[site.name]
    assert (ended.code, ended.json["grade"]) == (3, "poor")
    (plain,) = [one for one in ended.json["mailboxes"] if one["mailbox"] == f"plain-{site.name}@example.org"]
    # Since the ledger was adopted, another date may be one that was there before: said so, and listed all the same.
    listed = Counter(
        (one["kind"], tuple(one["folder"]))
        for one in plain["findings"]
        if one["cause"] is None or (one["kind"], one["cause"]) == ("date", "there-before")
    )
    assert listed == Counter(
        [*(("missing", mail.folder) for mail in LOST), ("altered", ALTERED.folder), ("date", REDATED.folder)]
    )
    others = [one["grade"] for one in ended.json["mailboxes"] if one["mailbox"] != plain["mailbox"]]
    assert set(others) == {"perfect"}
