"""`bascule backup` of a real server by the installed command; the backup is read by the standard library alone."""

from __future__ import annotations

import json
import mailbox
import random
import signal
import stat
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.acceptance.box import Box
from tests.acceptance.journey import sent
from tests.acceptance.letters import footprint, letter, letters
from tests.acceptance.organisation import (
    LIMIT,
    SITE,
    Organisation,
    imap,
    killed_at,
    organisation,
    running,
    still_runs_at,
)
from tests.acceptance.schemas import valid
from tests.servers.mail import Mail, Stored, _decoded, content_of, expected
from tests.servers.process import free_port
from tests.servers.server import ImapServer

_FLAGS = {"S": "\\Seen", "R": "\\Answered", "F": "\\Flagged", "D": "\\Draft", "T": "\\Deleted"}
Holdings = dict[tuple[str, ...], Counter[Stored]]


@pytest.fixture
def plan(place: Path, old: ImapServer, user: str) -> Organisation:
    """A site whose target cannot be reached: a backup has nothing to do with it."""
    return organisation(place, imap(old.port), imap(free_port()), source_user=user)


@pytest.fixture
def maildir(plan: Organisation) -> Path:
    return plan.folder / "backup" / SITE / "anna@example.org"


def held(root: Path) -> Holdings:
    """Everything in a Maildir++, by folder."""
    found: Holdings = {}
    box = mailbox.Maildir(root, create=False)
    for path, folder in [(("INBOX",), box), *((_path(name), box.get_folder(name)) for name in box.list_folders())]:
        directory = Path(folder._path)  # type: ignore[attr-defined]  # where the standard library keeps it
        keywords = directory / "dovecot-keywords"
        letters = _FLAGS | {
            chr(ord("a") + int(line.split(" ")[0])): line.split(" ", 1)[1]
            for line in (keywords.read_text().splitlines() if keywords.exists() else ())
        }
        stored = Counter(
            Stored(
                content_of(folder.get_bytes(key)),
                frozenset(letters[letter] for letter in folder[key].get_flags()),
                datetime.fromtimestamp(int(folder[key].get_date()), UTC),
            )
            for key in folder.keys()  # noqa: SIM118  # a mailbox, not a dictionary
        )
        if stored:
            found[path] = stored
    return found


def _path(name: str) -> tuple[str, ...]:
    return tuple(map(_decoded, name.split(".")))


def test_everything_is_in_the_backup_and_verified(
    plan: Organisation, old: ImapServer, user: str, maildir: Path
) -> None:
    mails = letters(60)
    seeded = sent(old, user, mails)
    ended = plan.run("backup", SITE)
    assert ended.code == 0, ended.err
    assert f"anna@example.org: verified: {len(mails)} messages, digests equal" in ended.out
    assert held(maildir) == expected(mails)
    assert footprint(old, user) == seeded.marks
    folder = maildir.parent
    assert str(folder) in ended.out
    assert {stat.S_IMODE(path.stat().st_mode) for path in (folder.parent, folder, maildir)} == {0o700}
    assert {stat.S_IMODE(file.stat().st_mode) for file in folder.rglob("*") if file.is_file()} == {0o600}
    index = json.loads((folder / "index.json").read_text())
    (entry,) = index["mailboxes"]
    assert (entry["mailbox"], entry["messages"], entry["verified"]["equal"]) == ("anna@example.org", 60, 60)
    assert {tuple(one["path"]): one["messages"] for one in entry["folders"] if one["messages"]} == {
        path: stored.total() for path, stored in expected(mails).items()
    }
    assert "/{address}" in (folder / "README.txt").read_text()


def test_rules_of_the_plan_leave_nothing_out_of_a_backup(
    plan: Organisation, old: ImapServer, user: str, maildir: Path
) -> None:
    mails = [*letters(9), letter(9, folder=("Personnel",))]
    sent(old, user, mails)
    site = plan.folder / "sites" / f"{SITE}.yaml"
    rules = "folders: {exclude: [Sent], map: {INBOX: Other}}\nleave_out: {larger_than: 1 kB, private: leave_out}\n"
    site.write_text(site.read_text() + rules)
    assert plan.run("backup", SITE).code == 0
    assert held(maildir) == expected(mails)


def test_a_second_backup_brings_what_is_new_and_keeps_what_was_deleted(
    plan: Organisation, old: ImapServer, user: str, maildir: Path
) -> None:
    mails = letters(12)
    box = Box(old, user)
    box.add(*mails)
    assert plan.run("backup", SITE, "--json").copied == 12
    assert plan.run("backup", SITE, "--json").copied == 0
    box.delete(mails[0])
    new = letter(900)
    box.add(new)
    box.flag(mails[5], "+FLAGS", "\\Flagged")
    again = plan.run("backup", SITE, "--json")
    assert (again.code, again.copied, again.mailbox["gone_from_source"]) == (0, 1, 1)
    assert again.mailbox["verified"] == {"complete": True, "equal": 13, "uncompared": 0, "missing": 0, "different": 0}
    changed = Mail(mails[5].folder, mails[5].data, mails[5].flags | {"\\Flagged"}, mails[5].received)
    assert held(maildir) == expected([*mails[:5], changed, *mails[6:], new])


def test_a_killed_backup_is_continued_by_the_same_command(
    plan: Organisation, old: ImapServer, user: str, maildir: Path
) -> None:
    mails = letters(900, size=6000)
    seeded = sent(old, user, mails)
    chance = random.Random(7)
    killed = 0
    for _ in range(6):
        enough = _count(maildir) + chance.randrange(1, 140)
        with running(plan.start("backup", SITE, "--json")) as process:
            killed += killed_at(process, lambda: _count(maildir), enough)
    assert killed >= 4
    assert 0 < _count(maildir) < len(mails), "it was killed in the middle"
    ended = plan.run("backup", SITE, "--json")
    assert ended.code == 0, ended.err
    assert held(maildir) == expected(mails)
    assert ended.mailbox["verified"]["equal"] == len(mails)
    assert ended.mailbox["outcomes"]["stored"] == ended.mailbox["seen"] == len(mails)
    assert footprint(old, user) == seeded.marks


def _count(root: Path) -> int:
    return sum(1 for _ in root.glob("cur/*")) + sum(1 for _ in root.glob(".*/cur/*"))


def test_a_backup_that_is_stopped_says_so_and_is_continued(
    plan: Organisation, old: ImapServer, user: str, maildir: Path
) -> None:
    mails = letters(600, size=6000)
    sent(old, user, mails)
    with running(plan.start("backup", SITE)) as process:
        still_runs_at(process, lambda: _count(maildir))
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=LIMIT)
    assert process.returncode == 130, err
    assert "anna@example.org: not verified to the end" in out
    assert "Interrupted. The same command continues where this one stopped." in out
    assert plan.run("backup", SITE).code == 0
    assert held(maildir) == expected(mails)


def test_what_is_missing_or_changed_on_the_disk_is_told(
    plan: Organisation, old: ImapServer, user: str, maildir: Path
) -> None:
    sent(old, user, letters(9, size=200))
    plan.run("backup", SITE)
    first, second, *_ = sorted((maildir / ".Sent" / "cur").iterdir())
    first.unlink()
    data = bytearray(second.read_bytes())
    data[-3] ^= 1
    second.write_bytes(data)
    ended = plan.run("backup", SITE)
    assert ended.code == 3
    assert "anna@example.org: 1 message is missing on the disk" in ended.out
    assert "anna@example.org: 1 message was changed on the disk" in ended.out
    ended = plan.run("backup", SITE, "--json")
    valid(ended.json, "backup")
    told = ended.mailbox["verified"]
    assert (told["equal"], told["missing"], told["different"]) == (7, 1, 1)


def test_a_backup_knows_nothing_of_the_migration_and_the_other_way_round(
    place: Path, old: ImapServer, new: ImapServer, user: str
) -> None:
    mails = letters(6)
    sent(old, user, mails)
    plan = organisation(place, imap(old.port), imap(new.port), source_user=user, target_user=user)
    assert plan.run("backup", SITE, "--json").copied == 6
    assert not plan.ledger.exists()
    assert plan.copy().copied == 6
    assert plan.run("backup", SITE, "--json").copied == 0
    elsewhere = place.parent / "usb"
    assert plan.run("backup", SITE, "--json", "--to", str(elsewhere)).copied == 6
    assert held(elsewhere / "anna@example.org") == expected(mails)


def test_a_backup_that_was_thrown_away_is_made_again(
    plan: Organisation, old: ImapServer, user: str, maildir: Path
) -> None:
    mails = letters(6)
    sent(old, user, mails)
    plan.run("backup", SITE)
    maildir.parent.rename(plan.folder / "away")
    assert plan.run("backup", SITE, "--json").copied == 6
    assert held(maildir) == expected(mails)


def test_a_backup_whose_ledger_is_lost_is_taken_over_and_nothing_is_copied_twice(
    plan: Organisation, old: ImapServer, user: str, maildir: Path
) -> None:
    mails = letters(60)
    sent(old, user, mails)
    plan.run("backup", SITE)
    (plan.folder / ".bascule" / "backup").rename(plan.folder / "lost")
    again = plan.run("backup", SITE, "--json")
    assert (again.code, again.copied, again.mailbox["outcomes"]["already_there"]) == (0, 0, 60)
    verified = again.mailbox["verified"]
    assert (verified["equal"] + verified["uncompared"], verified["missing"]) == (60, 0)
    assert held(maildir) == expected(mails)


def test_one_mailbox_is_backed_up_alone_and_the_index_keeps_the_others(place: Path, old: ImapServer, user: str) -> None:
    other = f"{user}b"
    for one in (user, other):
        sent(old, one, letters(3))
    plan = organisation(place, imap(old.port), imap(free_port()), people=[user, other])
    plan.run("backup", SITE, "--mailbox", f"{user}@example.org")
    plan.run("backup", SITE, "--mailbox", f"{other}@example.org")
    index = json.loads((plan.folder / "backup" / SITE / "index.json").read_text())
    assert [entry["mailbox"] for entry in index["mailboxes"]] == [f"{user}@example.org", f"{other}@example.org"]


def test_a_wrong_password_is_told_and_the_others_are_backed_up(place: Path, old: ImapServer, user: str) -> None:
    plan = organisation(place, imap(old.port), imap(free_port()), people=[user, f"{user}b"])
    sent(old, f"{user}b", letters(3))
    plan.passwords[f"{user}@example.org"] = ("wrong", "")
    plan.write()
    ended = plan.run("backup", SITE)
    assert ended.code == 7
    assert f"{user}@example.org: " in ended.out
    assert "verified: 3 messages" in ended.out
    assert "Traceback" not in ended.err


def test_a_folder_that_cannot_be_is_a_mistake_told_in_a_line(plan: Organisation, tmp_path: Path) -> None:
    ended = plan.run("backup", SITE, "--to", str(tmp_path / "not" / "there"))
    assert (ended.code, "Traceback" in ended.err) == (2, False)
    assert f"{tmp_path / 'not'} does not exist. Make it first, or connect the disk that it is on." in ended.err


def test_a_site_goes_from_a_maildir_to_a_server_without_a_password_for_it(
    place: Path, old: ImapServer, new: ImapServer, user: str
) -> None:
    """The way back: a backup is the source of a site."""
    mails = letters(30)
    sent(old, user, mails)
    plan = organisation(place, imap(old.port), imap(new.port), people=[user])
    plan.run("backup", SITE)
    plan.systems["old"] = {"connector": "maildir", "path": f"backup/{SITE}/{{address}}"}
    plan.passwords = {address: ("", password) for address, (_, password) in plan.passwords.items()}
    plan.write()
    ended = plan.copy()
    assert ended.code == 0, ended.out + ended.err
    assert Box(new, user).holds() == expected(mails)
