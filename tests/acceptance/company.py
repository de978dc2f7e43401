"""A company of two sites and ten mailboxes, with what ten years leave behind in them."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import yaml

from tests.acceptance.letters import letter
from tests.acceptance.organisation import LIMIT, Ended, Organisation, finished, running
from tests.servers.mail import Mail, Path

#: Folders as people name them.
TREE: Sequence[Path] = (
    ("INBOX",),
    ("Sent",),
    ("Projets", "R&D été", "Réunion du lundi"),
    ("Projets", "R&D été", "Fête \N{PARTY POPPER}"),
    ("Factures & devis", "2019"),
    ("Factures & devis", "2020", "payées"),
    ("Kunden", "Müller, Söhne"),
    ("日本",),
)
EMPTY: Path = ("À classer", "plus tard")
KEYWORDS = ("$Forwarded", "NonJunk", "Travail", "$Label1")
SYSTEM = ("\\Seen", "\\Answered", "\\Flagged", "\\Draft")
LARGE = 60_000_000


@dataclass(frozen=True)
class Resident:
    """A person and the mail they have at first."""

    user: str
    mails: Sequence[Mail]
    #: Made though nothing lies in them.
    folders: Sequence[Path] = ()


def residents(site: str, many: int) -> dict[str, Resident]:
    """The five mailboxes of a site, by what is in them; ``many`` messages lie in one folder of one of them."""
    made = {
        "tree": (tree(400), (EMPTY,)),
        "large": ([*_plain(20), large(LARGE)], ()),
        "many": ([letter(number, size=600, folder=("Archive", "Tout")) for number in range(many)], ()),
        "new": ([], (EMPTY,)),
        "plain": (_plain(60), ()),
    }
    return {kind: Resident(f"{kind}-{site}", mails, folders) for kind, (mails, folders) in made.items()}


def _plain(count: int) -> list[Mail]:
    """In three folders; one in twenty is there twice."""
    mails = [letter(number, size=2000) for number in range(count)]
    return mails + mails[::20]


def tree(count: int) -> list[Mail]:
    """Every folder of ``TREE``, flags and keywords in any combination, ten years of dates to the second."""
    chance = random.Random(8)  # the same mailbox each time
    mails = []
    for number in range(count):
        flags = {flag for flag in (*SYSTEM, *KEYWORDS) if chance.random() < 0.25}
        received = datetime(2016, 1, 1, tzinfo=UTC) + timedelta(seconds=chance.randrange(10 * 365 * 86_400))
        mail = letter(10_000 + number, size=chance.choice((200, 3000, 40_000)))
        mails.append(Mail(TREE[number % len(TREE)], mail.data, frozenset(flags), received))
    return mails


def large(size: int) -> Mail:
    """A message of about ``size`` bytes."""
    head = letter(900, size=100, folder=("INBOX",))
    line = b"0123456789abcdef" * 4 + b"\r\n"
    return Mail(head.folder, head.data + line * (size // len(line)), head.flags, head.received)


@dataclass
class Company(Organisation):
    """Several sites, each with its target and its users, whose names are the same on both sides."""

    sites: Mapping[str, tuple[str, Sequence[str]]] = field(default_factory=dict)
    #: Seconds within which any run has ended.
    limit: float = LIMIT

    def run(self, *arguments: str) -> Ended:
        with running(self.start(*arguments)) as process:
            return finished(process, self.limit)

    def write(self) -> None:
        super().write()
        for file in (self.folder / "sites").iterdir():
            file.unlink()
        for site, (target, users) in self.sites.items():
            people = [one for one in self.people if one["source_user"] in users]
            plan = {"site": site, "source": "old", "target": target, "people": people}
            # One passwords file serves both.
            plan["passwords"] = "file:secrets/paris.csv"
            (self.folder / "sites" / f"{site}.yaml").write_text(yaml.safe_dump(plan))
