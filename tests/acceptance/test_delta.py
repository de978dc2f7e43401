"""What a second pass does: what changed on the source travels, what a person did on the target stays."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.box import Box
from tests.acceptance.letters import FOLDERS, letter
from tests.acceptance.organisation import SITE, Organisation, imap, organisation
from tests.servers.mail import expected
from tests.servers.server import ImapServer

INBOX, PROJECTS, SENT = FOLDERS
MAILS = [letter(number) for number in range(30)]
#: One of each folder; none has flags but the last.
IN_INBOX, IN_PROJECTS, IN_SENT = MAILS[0], MAILS[7], MAILS[8]


@pytest.fixture
def source(old: ImapServer, user: str) -> Box:
    box = Box(old, f"delta-{user}")
    box.add(*sorted(MAILS, key=lambda mail: mail.folder))
    return box


@pytest.fixture
def copied(plan: Organisation, source: Box, target: Box) -> Iterator[Organisation]:
    """The first pass is done; whatever the test does, no pass leaves a mark on the source."""
    assert plan.copy().code == 0
    assert target.holds() == expected(MAILS)
    yield plan
    marks = source.marks()
    assert plan.copy().code == 0
    assert source.marks() == marks


def test_a_second_pass_moves_nothing(copied: Organisation, target: Box) -> None:
    marks = target.marks()
    ended = copied.copy()
    assert (ended.code, set(ended.mailbox["this_pass"].values())) == (0, {0})
    assert target.marks() == marks


def test_new_mail_alone_travels(copied: Organisation, source: Box, target: Box) -> None:
    arrived = [letter(100, folder=INBOX), letter(101, folder=("New", "below"))]
    source.add(*arrived)
    assert copied.copy().copied == 2
    assert target.holds() == expected([*MAILS, *arrived])


def test_a_moved_message_is_moved_and_not_sent_again(copied: Organisation, source: Box, target: Box) -> None:
    source.move(IN_INBOX, SENT)
    ended = copied.copy()
    assert (ended.copied, ended.mailbox["this_pass"]["moved"]) == (0, 1)
    assert target.places_of(IN_INBOX) == [SENT]
    assert target.holds() == source.holds()


def test_a_moved_message_that_a_person_touched_stays_where_it_is(
    copied: Organisation, source: Box, target: Box
) -> None:
    target.flag(IN_INBOX, "+FLAGS", "\\Flagged")
    source.move(IN_INBOX, SENT)
    ended = copied.copy()
    assert (ended.code, ended.copied) == (0, 0)
    assert target.places_of(IN_INBOX) == [INBOX]
    assert ended.mailbox["reasons"] == {"moved-on-source": 1}


def test_a_message_that_a_person_moved_is_not_sent_again(copied: Organisation, target: Box) -> None:
    target.move(IN_INBOX, SENT)
    assert copied.copy().copied == 0
    assert target.places_of(IN_INBOX) == [SENT]


def test_what_left_the_source_stays_and_is_counted(copied: Organisation, source: Box, target: Box) -> None:
    source.delete(IN_INBOX)
    ended = copied.copy()
    assert (ended.code, ended.copied) == (0, 0)
    assert ended.mailbox["gone_from_source"] == 1
    assert target.holds() == expected(MAILS)


def test_what_a_person_deleted_does_not_come_back(copied: Organisation, target: Box) -> None:
    target.delete(IN_INBOX)
    ended = copied.copy()
    assert (ended.code, ended.copied) == (0, 0)
    assert target.places_of(IN_INBOX) == []


def test_changed_flags_travel(copied: Organisation, source: Box, target: Box) -> None:
    source.flag(IN_INBOX, "+FLAGS", "\\Flagged", "Projekt-7")
    source.flag(IN_SENT, "FLAGS")
    ended = copied.copy()
    assert ended.copied == 0
    assert target.flags_of(IN_INBOX) == [IN_INBOX.flags | {"\\Flagged", "Projekt-7"}]
    assert target.flags_of(IN_SENT) == [frozenset()]
    assert target.holds() == source.holds()


def test_flags_of_a_person_stay(copied: Organisation, source: Box, target: Box) -> None:
    """The person read a message and took a mark off another; the source says something about other flags."""
    target.flag(IN_INBOX, "+FLAGS", "\\Seen")
    target.flag(IN_SENT, "-FLAGS", "\\Seen")
    source.flag(IN_INBOX, "+FLAGS", "\\Flagged")
    source.flag(IN_SENT, "+FLAGS", "\\Flagged")
    copied.copy()
    assert target.flags_of(IN_INBOX) == [IN_INBOX.flags | {"\\Seen", "\\Flagged"}]
    assert target.flags_of(IN_SENT) == [(IN_SENT.flags - {"\\Seen"}) | {"\\Flagged"}]


def test_mail_of_others_on_the_target_stays(copied: Organisation, source: Box, target: Box) -> None:
    theirs = letter(200, folder=INBOX)
    target.add(theirs)
    copied.copy()
    assert target.holds() == expected([*MAILS, theirs])


def test_a_renamed_folder_is_not_sent_again(copied: Organisation, source: Box, target: Box) -> None:
    source.rename(SENT, ("Sent items",))
    ended = copied.copy()
    assert (ended.code, ended.copied) == (0, 0)
    assert sum(folder.total() for folder in target.holds().values()) == len(MAILS)


def test_a_lost_ledger_is_adopted(copied: Organisation, source: Box, target: Box) -> None:
    marks = target.marks()
    copied.forget()
    adopted = copied.run("adopt", SITE, "--json")
    assert adopted.code == 0
    assert adopted.mailbox["outcomes"]["already_there"] == len(MAILS)
    ended = copied.copy()
    assert (ended.code, ended.copied) == (0, 0)
    assert target.marks() == marks


def test_a_copy_without_its_ledger_adopts_by_itself(copied: Organisation, target: Box) -> None:
    marks = target.marks()
    copied.forget()
    ended = copied.copy()
    assert (ended.code, ended.copied, ended.mailbox["this_pass"]["adopted"]) == (0, 0, len(MAILS))
    assert target.marks() == marks


def test_adopting_takes_what_another_tool_brought(plan: Organisation, source: Box, target: Box) -> None:
    """Half of the mail is there, among it one of two twins, and mail of others."""
    twin = MAILS[3]
    source.add(twin)
    brought = [*MAILS[::2], twin, letter(300, folder=INBOX)]
    target.add(*sorted(brought, key=lambda mail: mail.folder))
    assert plan.run("adopt", SITE, "--json").mailbox["outcomes"]["already_there"] == len(MAILS[::2]) + 1
    assert plan.copy().code == 0
    assert target.holds() == expected([*MAILS, twin, letter(300, folder=INBOX)])


def test_a_dry_run_writes_to_neither_side(plan: Organisation, source: Box, target: Box) -> None:
    before = source.marks(), target.marks(), target.folders()
    ended = plan.copy("--dry-run")
    assert ended.code == 0
    actions = ended.mailbox["actions"]
    assert sum(action["messages"] for action in actions if action["action"] == "copy") == len(MAILS)
    assert (source.marks(), target.marks(), target.folders()) == before
    assert plan.run("status", "--json").json == {"sites": {SITE: []}}
    assert plan.copy().copied == len(MAILS)


def test_a_dry_run_of_a_delta_says_what_would_be_done(copied: Organisation, source: Box, target: Box) -> None:
    source.add(letter(100, folder=INBOX))
    source.flag(IN_SENT, "+FLAGS", "\\Flagged")
    before = target.marks()
    actions = [(a["action"], a.get("messages")) for a in copied.copy("--dry-run").mailbox["actions"]]
    assert sorted(actions) == [("copy", 1), ("mark", 1)]
    assert target.marks() == before
    assert copied.copy().copied == 1


def test_only_the_folder_that_is_named_is_copied(plan: Organisation, source: Box, target: Box) -> None:
    assert plan.copy("--folder", "Projets").code == 0
    assert target.holds() == expected([mail for mail in MAILS if mail.folder == PROJECTS])
    assert plan.copy().code == 0
    assert target.holds() == expected(MAILS)


def test_only_the_mailbox_that_is_named_is_copied(place: Path, old: ImapServer, new: ImapServer, user: str) -> None:
    people = [f"one-{user}", f"two-{user}", f"three-{user}"]
    mails = [letter(number, folder=INBOX) for number in range(5)]
    for one in people:
        Box(old, one).add(*mails)
    plan = organisation(place, imap(old.port), imap(new.port), people=people)
    ended = plan.run("copy", SITE, "--mailbox", f"two-{user}@example.org", "--json")
    assert ended.code == 0
    assert [mailbox["mailbox"] for mailbox in ended.json["mailboxes"]] == [f"two-{user}@example.org"]
    assert [bool(Box(new, one).holds()) for one in people] == [False, True, False]
    assert plan.copy().code == 0
    assert [Box(new, one).holds() for one in people] == [expected(mails)] * 3


def test_a_person_gets_a_table_and_a_program_json(copied: Organisation, plan: Organisation) -> None:
    shown = plan.run("copy", SITE)
    assert f"{len(MAILS)} seen = {len(MAILS)} stored" in shown.out
    status = plan.run("status", SITE, "--json")
    (mailbox,) = status.json["sites"][SITE]
    assert (mailbox["state"], mailbox["seen"]) == ("copied", len(MAILS))
