"""Names that a target cannot hold or tell apart: previewed, and then made just so, on real servers."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.acceptance.box import Box
from tests.acceptance.letters import letter
from tests.acceptance.organisation import SITE, Ended, Organisation, imap, organisation
from tests.acceptance.schemas import valid
from tests.conftest import DovecotFactory
from tests.servers.mail import Mail, seed
from tests.servers.server import ImapServer

DEEP = "/".join(f"niveau {depth} élargi" for depth in range(12))
NAMES = [
    "Reports", "reports", "v1.2", "v1_2", "v1.2/a.b", "tail ", "tail.", "tail", "cur", "a/new", "#news", "star*",
    "per%", "R&D", "Fête 🎉", "Fête _", unicodedata.normalize("NFC", "Été"), unicodedata.normalize("NFD", "Été"),
    "INBOX/Clients", "Clients", "INBOX/INBOX", "l" * 240, DEEP, f"{DEEP} bis",
    "a;b", "a`b", "^x", "{y}!", "R_D", "R%D", "#calendars/x", "Other Users/x",
]  # fmt: skip
TARGETS = ["maildir", "prefixed", "fs", "sdbox", "courier", "cyrus", "modern cyrus"]


@pytest.fixture
def seeded() -> list[Mail]:
    paths = [("INBOX",), *(tuple(name.split("/")) for name in NAMES)]
    return [letter(number, folder=path) for number, path in enumerate(paths)]


@pytest.fixture
def target(request: pytest.FixtureRequest, dovecot: DovecotFactory) -> Iterator[ImapServer]:
    match request.param:
        case "courier" | "cyrus" | "modern cyrus":
            yield request.getfixturevalue("standing")(request.param)
        case "prefixed":
            yield dovecot(prefix="INBOX.", separator=".")
        case "fs":
            yield dovecot(settings="mail_location = maildir:~/fs:LAYOUT=fs")
        case storage:
            yield dovecot(storage=storage)


def previewed(plan: Organisation) -> dict[tuple[str, ...], tuple[str, ...]]:
    ended = plan.run("folders", SITE, "--json")
    assert ended.code == 0, ended.err
    (mailbox,) = valid(ended.json, "folders")["mailboxes"]
    return {tuple(one["folder"]): tuple(one["to"]) for one in mailbox["folders"]}


@pytest.mark.parametrize("target", TARGETS, indirect=True)
def test_the_copy_makes_just_what_was_previewed_also_after_the_ledger_was_lost(
    place: Path, dovecot: DovecotFactory, target: ImapServer, seeded: list[Mail], user: str
) -> None:
    source = dovecot(storage="sdbox")
    seed(source, user, seeded)
    plan = organisation(place, imap(source.port), imap(target.port), people=[user])

    said = previewed(plan)
    assert len(set(said.values())) == len(said)
    copied = plan.copy()

    assert (copied.code, copied.copied) == (0, len(seeded))
    box = Box(target, user)
    assert box.places(seeded) == [[said[mail.folder]] for mail in seeded]
    assert (previewed(plan), plan.copy().copied) == (said, 0)
    plan.forget()
    assert previewed(plan) == said
    again = plan.copy()
    assert (again.code, again.copied, again.mailbox["this_pass"]["adopted"]) == (0, 0, len(seeded))
    assert previewed(plan) == said


def findings(ended: Ended) -> dict[str, str]:
    (mailbox,) = valid(ended.json, "check")["mailboxes"]
    return {finding["text"]: finding["to_do"] for finding in mailbox["findings"]}


def test_check_tells_the_name_and_the_line_for_another_one(
    place: Path, old: ImapServer, standing_courier: ImapServer, user: str
) -> None:
    """On this target everything lies below INBOX, so a folder in the inbox and one beside it would be the same."""
    mails = [letter(1, folder=("INBOX", "Clients")), letter(2, folder=("Clients",)), letter(3, folder=("Fête 🎉",))]
    seed(old, user, mails)
    plan = organisation(place, imap(old.port), imap(standing_courier.port), source_user=user, target_user=f"n-{user}")

    found = findings(plan.run("check", SITE, "--json"))

    meeting = (
        '"INBOX/Clients" and "Clients" would both be "Clients" on the target; "INBOX/Clients" becomes "Clients (2)"'
    )
    assert found[meeting].endswith('map: {"INBOX/Clients": "Clients (2)"}')
    held = 'the target cannot hold the name "Fête 🎉"; it becomes "Fête _"'
    line = found[held].rpartition(": map: ")[2]
    assert yaml.safe_load(line) == {"Fête 🎉": "Fête _"}

    site = plan.folder / "sites" / f"{SITE}.yaml"
    site.write_text(f'{site.read_text()}folders:\n  map: {{"INBOX/Clients": "Old clients", "Fête 🎉": "Fête"}}\n')
    assert findings(plan.run("check", SITE, "--json")) == {}
    assert plan.copy().code == 0
    box = Box(standing_courier, f"n-{user}")
    assert box.places(mails) == [[("Old clients",)], [("Clients",)], [("Fête",)]]


def test_a_prefix_is_no_folder_and_a_folder_in_the_inbox_is_one(
    place: Path, dovecot: DovecotFactory, user: str
) -> None:
    """INBOX.Clients is Clients where all lies below INBOX; where folders may lie in the inbox they stay there."""
    prefixed, free = dovecot(prefix="INBOX.", separator="."), dovecot()
    below = letter(1, folder=("Clients",))
    seed(prefixed, user, [below])
    plan = organisation(place, imap(prefixed.port), imap(free.port), people=[user])
    assert plan.copy().code == 0
    assert Box(free, user).places_of(below) == [("Clients",)]

    inside = letter(2, folder=("INBOX", "Clients"))
    seed(free, f"in-{user}", [inside])
    other = dovecot()
    back = organisation(place / "back", imap(free.port), imap(other.port), people=[f"in-{user}"])
    assert back.copy().code == 0
    assert Box(other, f"in-{user}").places_of(inside) == [("INBOX", "Clients")]
