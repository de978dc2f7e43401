"""One mailbox filled from several accounts of two systems, by the installed command."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.acceptance.box import Box
from tests.acceptance.letters import FOLDERS, letter
from tests.acceptance.organisation import SITE, Organisation, imap, organisation
from tests.servers.mail import Mail, content_of
from tests.servers.server import PASSWORD, ImapServer

INBOX, PROJECTS, SENT = FOLDERS
NEWER = [letter(number) for number in range(20)]
OLDER = [letter(number) for number in range(10, 40)]


def relayed(mail: Mail) -> Mail:
    """As another server keeps it: with its own Received line and date, in a folder of its own."""
    hop = b"Received: from mx.example by old.example; Mon, 05 Jan 2026 08:00:09 +0000\r\n"
    return replace(mail, data=hop + mail.data, folder=("Archives", *mail.folder))


@pytest.fixture
def source(old: ImapServer, user: str) -> Box:
    box = Box(old, f"newer-{user}")
    box.add(*sorted(NEWER, key=lambda mail: mail.folder))
    return box


@pytest.fixture
def further(old: ImapServer, user: str) -> Box:
    box = Box(old, f"older-{user}")
    box.add(*sorted(map(relayed, OLDER), key=lambda mail: mail.folder))
    return box


@pytest.fixture
def target(new: ImapServer, user: str) -> Box:
    return Box(new, user)


@pytest.fixture
def plan(place: Path, source: Box, further: Box, target: Box) -> Organisation:
    plan = organisation(
        place, imap(source.server.port), imap(target.server.port), source_user=source.user, target_user=target.user
    )
    plan.systems["archive"] = imap(further.server.port)
    plan.people[0]["sources"] = f"archive:{further.user}"
    plan.passwords[f"archive:{further.user}"] = (PASSWORD, "")
    plan.write()
    return plan


def test_what_both_accounts_hold_arrives_once_and_is_accounted_for(
    plan: Organisation, source: Box, further: Box, target: Box
) -> None:
    marks = source.marks(), further.marks()
    checked = plan.run("check", SITE, "--json").json["mailboxes"][0]
    assert (checked["messages"], checked["to_copy"]["messages"]) == (50, 50)
    shown = plan.run("folders", SITE).out
    assert f"anna@example.org (archive:{further.user})" in shown

    ended = plan.copy()
    assert ended.code == 0, ended.err
    assert ended.copied == 40
    assert ended.mailbox["seen"] == 50
    assert ended.mailbox["reasons"] == {"in-another-source": 10}
    assert sum(sum(folder.values()) for folder in target.holds().values()) == 40
    assert {content_of(mail.data) for mail in (*NEWER, *map(relayed, OLDER[10:]))} == {
        stored.content for folder in target.holds().values() for stored in folder
    }

    verified = plan.run("verify", SITE, "--json")
    grades = {one["mailbox"]: one["grade"] for one in verified.json["mailboxes"]}
    assert grades == {"anna@example.org": "perfect", f"anna@example.org (archive:{further.user})": "good"}
    assert verified.code == 0
    assert [one["only_on_target"] for one in verified.json["mailboxes"]] == [0, 0]
    target.add(letter(900))
    assert "\n1 message is only on the target" in plan.run("verify", SITE).out

    again = plan.copy()
    assert (again.code, set(again.mailbox["this_pass"].values())) == (0, {0})
    assert (source.marks(), further.marks()) == marks


def test_after_the_ledger_was_lost_adopt_sends_nothing_again(plan: Organisation, target: Box) -> None:
    plan.copy()
    before = target.marks()
    plan.forget()
    assert plan.run("adopt", SITE, "--json").code == 0
    ended = plan.copy()
    assert (ended.code, ended.copied) == (0, 0)
    assert ended.mailbox["reasons"] == {"adopted": 40, "in-another-source": 10}
    assert target.marks() == before


def test_what_another_account_brought_is_listed_and_can_be_copied_all_the_same(
    plan: Organisation, further: Box, target: Box
) -> None:
    plan.copy()
    listed = plan.run("not-copied", SITE, "--json").json
    assert listed["counts"]["already_there"] == 10
    assert {(one["source"], one["reason"]) for one in listed["messages"]} == {
        (f"archive:{further.user}", "in-another-source")
    }
    shown = plan.run("not-copied", SITE)
    assert shown.code == 0
    assert f"in-another-source  archive:{further.user} Archives/" in shown.out

    assert "10 messages are pending again." in plan.run("not-copied", SITE, "--copy-again").out
    assert plan.copy().copied == 10
    assert sum(sum(folder.values()) for folder in target.holds().values()) == 50
    assert plan.copy().copied == 0


def test_a_password_that_is_missing_for_one_account_is_told_with_the_line_to_add(
    plan: Organisation, further: Box, target: Box
) -> None:
    del plan.passwords[f"archive:{further.user}"]
    plan.write()
    ended = plan.run("copy", SITE)
    assert ended.code == 7
    assert f"There is no password for archive:{further.user} of anna@example.org" in ended.out + ended.err


def test_an_account_that_does_not_let_us_in_keeps_nobody_from_the_other(
    plan: Organisation, further: Box, target: Box
) -> None:
    plan.passwords[f"archive:{further.user}"] = ("wrong", "")
    plan.write()
    ended = plan.copy()
    assert ended.code == 7
    assert ended.copied == 20
