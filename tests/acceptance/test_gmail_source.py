"""Gmail over IMAP as a source: each message once, in the folder that its labels say."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.box import Box
from tests.acceptance.letters import letter
from tests.acceptance.organisation import SITE, Organisation, imap, organisation
from tests.acceptance.schemas import valid
from tests.conftest import DovecotFactory
from tests.servers.gmail import FRENCH, Gmail, running_gmail
from tests.servers.server import ImapServer

#: By number of the letter: labels, where it is, and where it must arrive.
MAILS = [
    (("\\Inbox",), "\\All", ("INBOX",)),
    (("\\Inbox", "Clients", "Clients/Dupont & Fils"), "\\All", ("Clients", "Dupont & Fils")),
    (("\\Inbox", "\\Important", "Été", "Achats"), "\\All", ("Achats",)),
    (("\\Sent",), "\\All", ("Sent",)),
    (("\\Sent", "\\Inbox"), "\\All", ("INBOX",)),
    (("\\Draft",), "\\All", ("Drafts",)),
    ((), "\\All", ("Archive",)),
    (("\\Starred",), "\\All", ("Archive",)),
    ((), "\\Junk", ("Junk",)),
    (("Clients",), "\\Trash", ("Trash",)),
    (('say "hi"', "\\Muted"), "\\All", ('say "hi"',)),
]  # fmt: skip
_OWN = "".join(
    f"mailbox {name} {{\nspecial_use = \\{name}\nauto = create\n}}\n"
    for name in ("Sent", "Drafts", "Junk", "Trash", "Archive")
)
ROLES = f"namespace inbox {{\n{_OWN}}}\n"


@pytest.fixture(params=["English", "French"])
def gmail(request: pytest.FixtureRequest) -> Iterator[Gmail]:
    french = request.param == "French"
    with running_gmail(FRENCH if french else None, "[Google Mail]" if french else "[Gmail]") as server:
        fill(server)
        yield server


def fill(server: Gmail) -> None:
    for number, (labels, box, _) in enumerate(MAILS):
        one = letter(number)
        flags = ("\\Flagged",) if "\\Starred" in labels else ("\\Seen",) if number % 2 else ()
        server.add(one.data, one.received, *labels, flags=flags, box=box)
    server.labels = {"Empty"}


@pytest.fixture
def target(dovecot: DovecotFactory) -> ImapServer:
    return dovecot(settings=ROLES)


def planned(place: Path, gmail: Gmail, target: ImapServer, user: str) -> Organisation:
    return organisation(place, imap(gmail.port), imap(target.port), source_user="anna", target_user=user)


def held(target: ImapServer, user: str) -> Counter[tuple[tuple[str, ...], bytes]]:
    return Counter(
        (path, stored.content) for path, folder in Box(target, user).holds().items() for stored in folder.elements()
    )


def test_each_message_arrives_once_in_its_one_folder_and_a_second_pass_moves_nothing(
    place: Path, gmail: Gmail, target: ImapServer, user: str
) -> None:
    plan = planned(place, gmail, target, user)

    first = plan.copy()

    assert (first.code, first.copied, first.mailbox["seen"]) == (0, len(MAILS), len(MAILS)), first.out + first.err
    box = Box(target, user)
    assert box.places([letter(number) for number in range(len(MAILS))]) == [[to] for _, _, to in MAILS]
    flags = {number: box.flags_of(letter(number))[0] - {"\\Recent"} for number in (1, 2, 3, 6, 7)}
    assert flags == {
        1: {"\\Seen", "Clients", "INBOX"},
        2: {"$Important", "INBOX", "Ete"},
        3: {"\\Seen"},
        6: set(),
        7: {"\\Flagged"},
    }
    assert ("Empty",) in box.folders()
    assert not any(path[0].startswith(("[G", "Important", "Starred", "Suivis")) for path in box.folders())
    assert plan.copy().copied == 0
    assert gmail.refused == []
    verified = plan.run("verify", SITE, "--json")
    assert verified.code == 0, verified.out + verified.err


def test_a_label_that_changes_is_a_message_that_moved_and_never_a_second_one(
    place: Path, gmail: Gmail, target: ImapServer, user: str
) -> None:
    plan = planned(place, gmail, target, user)
    assert plan.copy().code == 0
    before = sum(held(target, user).values())
    by_number = [one.msgid for one in gmail.messages]
    gmail.message(by_number[0]).labels = {"Projets/2026"}
    gmail.message(by_number[6]).labels = {"\\Inbox"}
    gmail.message(by_number[3]).box = "\\Trash"
    gmail.message(by_number[2]).labels |= {"Zoo"}

    again = plan.copy()

    assert (again.code, again.copied, again.mailbox["this_pass"]["moved"]) == (0, 0, 3), again.out
    box = Box(target, user)
    assert box.places([letter(number) for number in (0, 6, 3, 2)]) == [
        [("Projets", "2026")], [("INBOX",)], [("Trash",)], [("Achats",)],
    ]  # fmt: skip
    assert "Zoo" in box.flags_of(letter(2))[0]
    assert sum(held(target, user).values()) == before


def test_the_ledger_lost_nothing_is_doubled(place: Path, gmail: Gmail, target: ImapServer, user: str) -> None:
    plan = planned(place, gmail, target, user)
    assert plan.copy().code == 0
    before = held(target, user)
    plan.forget()
    again = plan.copy()
    assert (again.code, again.copied, again.mailbox["this_pass"]["adopted"]) == (0, 0, len(MAILS))
    assert held(target, user) == before


def test_folders_previews_where_messages_go_and_which_labels_are_keywords(
    place: Path, target: ImapServer, user: str
) -> None:
    with running_gmail() as gmail:
        fill(gmail)
        plan = planned(place, gmail, target, user)
        ended = plan.run("folders", SITE, "--json")
        (mailbox,) = valid(ended.json, "folders")["mailboxes"]
        to = {tuple(one["folder"]): (tuple(one["to"]), one["messages"]) for one in mailbox["folders"]}
        assert to["INBOX",] == (("INBOX",), 2)
        assert to["All Mail",] == (("Archive",), 2)
        assert to["Sent Mail",] == (("Sent",), 1)
        assert to["Clients",] == (("Clients",), 0)
        assert sum(messages for _, messages in to.values()) == len(MAILS)
        (labels,) = mailbox["labels"]
        assert (labels["messages"], labels["several"]) == (len(MAILS), 2 + 1)
        assert {tuple(one["label"]): one["messages"] for one in labels["beside"]} == {
            ("Clients",): 2, ("INBOX",): 2, ("Été",): 1,
        }  # fmt: skip
        told = plan.run("folders", SITE).out
        assert "Clients: keyword of 2 messages; no message has it as its folder" in told


def test_all_mail_that_is_hidden_stops_the_copy_with_what_to_do(place: Path, target: ImapServer, user: str) -> None:
    with running_gmail() as gmail:
        fill(gmail)
        gmail.hidden = {"\\All"}
        ended = planned(place, gmail, target, user).copy()
        assert ended.code != 0
        assert "Show in IMAP" in ended.out


def test_spam_and_trash_can_be_left_out_by_the_plan(place: Path, target: ImapServer, user: str) -> None:
    with running_gmail() as gmail:
        fill(gmail)
        plan = planned(place, gmail, target, user)
        site = plan.folder / "sites" / f"{SITE}.yaml"
        site.write_text(f"{site.read_text()}leave_out: {{folders: [Spam, Trash]}}\n")
        ended = plan.copy()
        assert (ended.copied, ended.mailbox["reasons"]) == (len(MAILS) - 2, {"rule-folder": 2})
