"""The way back between real servers: exactly what arrived since the switch, once, and nothing of it comes again."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.acceptance.box import Box
from tests.acceptance.conftest import TrapFactory
from tests.acceptance.letters import FOLDERS, letter, letters
from tests.acceptance.organisation import LIMIT, SITE, Organisation, imap, organisation, running
from tests.acceptance.schemas import valid
from tests.acceptance.trap import Moment, Snap
from tests.servers.mail import Mail, content_of, expected
from tests.servers.server import ImapServer

INBOX, PROJECTS, SENT = FOLDERS
TRASH = ("Trash",)
MAILS = [letter(number) for number in range(24)]


def arrived(number: int, folder: tuple[str, ...] = INBOX) -> Mail:
    """A letter of this moment."""
    now = datetime.now(UTC).replace(microsecond=0)
    return replace(letter(number, folder=folder), received=now, flags=frozenset())


@pytest.fixture
def source(old: ImapServer, user: str) -> Box:
    box = Box(old, f"back-{user}")
    box.add(*sorted(MAILS, key=lambda mail: mail.folder))
    return box


@pytest.fixture
def switched(plan: Organisation, source: Box) -> Organisation:
    """Everything is copied, and its person works in the new mailbox."""
    assert plan.copy().code == 0
    for _phase in ("prepare", "pre-copy", "dual-delivery", "switch"):
        assert plan.run("rollout", "force", SITE, "--because", "a test").code == 0
    return plan


def test_the_way_back_brings_what_arrived_since_once_and_nothing_comes_again(
    switched: Organisation, source: Box, target: Box
) -> None:
    before = source.marks()
    read, moved, sent, trashed, deleted, kept = (arrived(100 + number) for number in range(6))
    sent = replace(sent, folder=SENT, flags=frozenset({"\\Seen"}))
    target.create(TRASH)
    target.add(read, moved, trashed, deleted, kept, sent)
    target.flag(read, "+FLAGS", "\\Seen")
    target.move(moved, PROJECTS)
    target.move(trashed, TRASH)
    target.delete(deleted)
    # What we brought is its person's: moved, read and deleted, and still not mail that arrived here.
    target.move(MAILS[0], SENT)
    target.flag(MAILS[1], "+FLAGS", "\\Flagged")
    target.delete(MAILS[3])

    planned = switched.copy("--back", "--dry-run")
    assert planned.code == 0, planned.err
    valid(planned.json, "dry-run")
    copies = [one for one in planned.mailbox["actions"] if one["action"] == "copy"]
    assert sum(one["messages"] for one in copies) == 5
    assert source.marks() == before

    ended = switched.run_installed("copy", SITE, "--back", "--yes", "--json")
    assert ended.code == 0, ended.err
    valid(ended.json, "run")
    assert ended.copied == 5
    assert ended.mailbox["seen"] == sum(ended.mailbox["outcomes"].values())
    here = [replace(read, flags=frozenset({"\\Seen"})), kept, sent]
    here += [replace(moved, folder=PROJECTS), replace(trashed, folder=TRASH)]
    assert source.holds() == expected([*MAILS, *here])
    assert switched.copy("--back", "--yes").copied == 0

    there = target.marks()
    again = switched.copy()
    assert (again.code, again.copied) == (0, 0)
    assert again.mailbox["reasons"]["came-from-there"] == 5
    assert target.marks() == there
    assert source.holds() == expected([*MAILS, *here])


@pytest.mark.parametrize("moment", [Moment.LAST_LITERAL_BYTE, Moment.ANSWERED])
def test_a_killed_way_back_is_continued_by_either_way(
    moment: Moment, place: Path, old: ImapServer, target: Box, user: str, trap: TrapFactory
) -> None:
    """The pass forth that comes next must not take for new mail what the killed one had just stored."""
    source = Box(old, f"back-{user}")
    source.add(*MAILS[:3])
    before_old = trap(old.port)
    plan = organisation(
        place,
        imap(before_old.port, batch=4, sessions=1),
        imap(target.server.port),
        source_user=source.user,
        target_user=target.user,
    )
    assert plan.copy().code == 0
    new = [replace(one, folder=INBOX, flags=frozenset()) for one in letters(12)][3:]
    target.add(*new)
    back = ("copy", SITE, "--back", "--since", "2019-01-01T00:00", "--yes", "--json")
    with running(plan.start(*back)) as process:
        before_old.set(Snap(moment), process.kill)
        process.communicate(timeout=LIMIT)
    assert before_old.snapped.is_set()

    assert plan.copy().copied == 0
    assert target.holds() == expected([*MAILS[:3], *new])
    assert plan.run(*back).code == 0
    assert plan.copy().copied == 0
    contents = Counter(one.content for folder in source.holds().values() for one in folder.elements())
    assert contents == Counter(content_of(one.data) for one in [*MAILS[:3], *new])


def test_the_old_system_is_written_to_only_by_its_name(switched: Organisation, source: Box, target: Box) -> None:
    target.add(arrived(200))
    before = source.marks()
    silent = switched.run("copy", SITE, "--back", "--json")
    assert (silent.code, "--yes" in silent.err) == (2, True)
    asked = switched.run("copy", SITE, "--back")
    assert asked.code == 2
    assert '"old"' in asked.err
    for wrong in (["--yes"], ["--since", "2026-01-01"], ["--back", "--folder", "INBOX"], ["--back", "--since", "soon"]):
        assert switched.run("copy", SITE, *wrong).code == 2
    assert source.marks() == before


def test_who_has_not_switched_has_nothing_to_bring_back_and_can_try(plan: Organisation, target: Box) -> None:
    assert plan.copy().code == 0
    refused = plan.run("copy", SITE, "--back", "--yes")
    assert refused.code == 2
    assert "--since" in refused.err
    assert plan.run("rollout", "status").code == 0
    tried = plan.copy("--back", "--dry-run")
    assert tried.code == 0, tried.err
    assert [one["action"] for one in tried.mailbox["actions"]] == ["leave_out"] * 3
    for _phase in ("prepare", "pre-copy", "dual-delivery"):
        assert plan.run("rollout", "force", SITE, "--because", "a test").code == 0
    gates = plan.run("rollout", "advance", SITE, "--json").json["gates"]
    assert "way-back" not in {one["gate"] for one in gates}


@pytest.mark.parametrize(("system", "instead"), [("pop3", "connector: imap"), ("maildir", "the server itself")])
def test_an_old_side_that_cannot_be_written_to_is_refused_with_what_to_do(
    system: str, instead: str, place: Path, target: Box
) -> None:
    old: dict[str, object] = (
        {"connector": "pop3", "host": "127.0.0.1", "port": 1, "tls": "plain"}
        if system == "pop3"
        else {"connector": "maildir", "path": "mail/{user}"}
    )
    plan = organisation(place, old, imap(target.server.port), target_user=target.user)
    refused = plan.run("copy", SITE, "--back", "--yes")
    assert refused.code == 2
    assert instead in refused.err
