"""Verification: Perfect after a copy, and exactly the list of what was changed on the target behind its back."""

from __future__ import annotations

import re
import signal
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.box import Box
from tests.acceptance.letters import FOLDERS, letter, letters
from tests.acceptance.organisation import SITE, Ended, Organisation, finished, imap, organisation, running
from tests.acceptance.schemas import valid
from tests.conftest import ProxyFactory
from tests.servers.mail import Mail
from tests.servers.server import PASSWORD, ImapServer

INBOX, PROJECTS, SENT = FOLDERS
#: Made so that nothing else can hold them by chance.
SUBJECT, TEXT = "Zwiebelkuchen-Rezept", "Geheimzutat-Muskat"
MAILS = letters(120)

every_target = pytest.mark.parametrize("new", ["dovecot", "courier", "cyrus"], indirect=True)


def private(number: int) -> Mail:
    """A letter whose subject and text must not be told; its last line has no end, as Courier changes it."""
    mail = letter(number, folder=INBOX)
    return Mail(
        INBOX, mail.data.replace(b"Subject: letter", f"Subject: {SUBJECT}".encode()) + TEXT.encode(), mail.flags
    )


@pytest.fixture
def source(old: ImapServer, user: str) -> Box:
    box = Box(old, f"verify-{user}")
    box.add(*MAILS, *(private(number) for number in (900, 901)), letter(950, folder=("Großes 📁 & mehr", "été")))
    return box


@pytest.fixture
def copied(plan: Organisation) -> Organisation:
    assert plan.copy().code == 0
    return plan


def verified(plan: Organisation, *options: str) -> tuple[Ended, dict[str, Any]]:
    ended = plan.run("verify", SITE, "--json", *options)
    assert "Traceback" not in ended.err
    valid(ended.json, "verify")
    return ended, ended.mailbox


def uid_of(box: Box, mail: Mail) -> str:
    with box._found(mail) as (_connection, uid):
        return uid


def replaced(box: Box, mail: Mail, other: Mail) -> str:
    """Put another message in the place of one; the number it has there."""
    box.delete(mail)
    box.add(other)
    return uid_of(box, other)


def kinds(mailbox: dict[str, Any]) -> list[str]:
    return [finding["kind"] for finding in mailbox["findings"]]


@every_target
@pytest.mark.parametrize("options", [(), ("--sample", "10")])
def test_a_copy_is_perfect(copied: Organisation, source: Box, target: Box, options: tuple[str, ...]) -> None:
    marks = source.marks(), target.marks()
    ended, mailbox = verified(copied, *options)
    assert (ended.code, ended.json["grade"], mailbox["grade"], mailbox["findings"]) == (0, "perfect", "perfect", [])
    assert mailbox["expected"] == mailbox["found"] == len(MAILS) + 3
    assert (mailbox["read"] < 2 * mailbox["found"]) == bool(options)
    assert (source.marks(), target.marks()) == marks


@every_target
def test_what_was_changed_behind_its_back_is_listed_exactly(copied: Organisation, source: Box, target: Box) -> None:
    removed = [MAILS[0], MAILS[50], MAILS[110]]
    altered, redated = MAILS[7], MAILS[60]
    expected = [("missing", list(mail.folder), uid_of(source, mail)) for mail in removed]
    expected += [("altered", list(altered.folder), uid_of(source, altered))]
    expected += [("date", list(redated.folder), uid_of(source, redated))]
    for mail in removed:
        target.delete(mail)
    other = Mail(altered.folder, altered.data[:-40] + b"x" * 38 + b"\r\n", altered.flags, altered.received)
    replaced(target, altered, other)
    later = Mail(redated.folder, redated.data, redated.flags, redated.received + timedelta(days=1))
    replaced(target, redated, later)
    for options in ((), ("--sample", "5", "--seed", "7")):
        ended, mailbox = verified(copied, *options)
        assert (ended.code, ended.json["grade"], mailbox["grade"]) == (3, "poor", "poor")
        found = [(one["kind"], one["folder"], one["key"]) for one in mailbox["findings"]]
        if options and ("altered", *expected[3][1:]) not in found:
            # Altered to the same size: the listing shows nothing, and the sample may miss it.
            expected = [one for one in expected if one[0] != "altered"]
        assert sorted(found) == sorted(expected)
        assert not any(one["explained"] for one in mailbox["findings"])
    (date,) = [one for one in mailbox["findings"] if one["kind"] == "date"]
    assert date["received"] == redated.received.isoformat()
    assert date["target"]["received"] == later.received.isoformat()


def test_a_copy_that_was_never_made_is_poor(plan: Organisation) -> None:
    ended, mailbox = verified(plan)
    assert (ended.code, mailbox["grade"], mailbox["missing"]) == (3, "poor", len(MAILS) + 3)
    assert not plan.ledger.exists()


def test_without_its_ledger_it_proves_as_much(copied: Organisation, target: Box) -> None:
    copied.forget()
    assert verified(copied)[1]["grade"] == "perfect"
    target.delete(MAILS[0])
    _, mailbox = verified(copied)
    assert (mailbox["grade"], kinds(mailbox)) == ("poor", ["missing"])


def test_what_people_did_meanwhile_is_explained(copied: Organisation, source: Box, target: Box) -> None:
    """One moved and one read in the new mailbox, mail that arrived there, one flag changed on the source."""
    target.move(MAILS[0], SENT)
    target.flag(MAILS[1], "+FLAGS", "\\Flagged")
    source.flag(MAILS[2], "+FLAGS", "\\Flagged")
    target.add(letter(990, folder=INBOX))
    ended, mailbox = verified(copied)
    assert (ended.code, mailbox["grade"], mailbox["only_on_target"]) == (0, "good", 1)
    assert sorted((one["kind"], one["cause"]) for one in mailbox["findings"]) == [
        ("flags", "changed-on-source"),
        ("flags", "changed-on-target"),
        ("folder", "moved-on-target"),
    ]


def test_mail_that_came_after_the_copy_is_still_to_be_copied(copied: Organisation, source: Box) -> None:
    fresh = letter(991, folder=INBOX)
    source.add(Mail(fresh.folder, fresh.data, fresh.flags, datetime.now(UTC) + timedelta(seconds=2)))
    ended, mailbox = verified(copied)
    assert (ended.code, mailbox["grade"]) == (3, "investigate")
    assert [(one["kind"], one["cause"]) for one in mailbox["findings"]] == [("missing", "new")]
    assert copied.copy().code == 0
    assert verified(copied)[1]["grade"] == "perfect"


def test_what_the_plan_leaves_out_is_expected_to_be_absent(plan: Organisation) -> None:
    site = plan.folder / "sites" / f"{SITE}.yaml"
    site.write_text(site.read_text() + "folders: {exclude: [Projets]}\nleave_out: {larger_than: 1.26 kB}\n")
    assert plan.copy().code == 0
    _, mailbox = verified(plan)
    assert (mailbox["grade"], mailbox["on_source"]) == ("perfect", len(MAILS) + 3)
    assert mailbox["left_out"] >= sum(mail.folder == PROJECTS for mail in MAILS)
    assert mailbox["expected"] == mailbox["found"] == mailbox["on_source"] - mailbox["left_out"]


def test_a_message_that_was_copied_twice_is_found(copied: Organisation, target: Box) -> None:
    target.add(MAILS[3])
    for options in ((), ("--sample", "1")):
        _, mailbox = verified(copied, *options)
        assert (mailbox["grade"], kinds(mailbox)) == ("poor", ["extra"])


def test_the_sample_of_a_seed_is_drawn_again(copied: Organisation) -> None:
    _, first = verified(copied, "--sample", "10", "--seed", "4")
    ended, second = verified(copied, "--sample", "10", "--seed", "4")
    assert first == second
    assert ended.json["sample"] == {"messages": 10, "seed": 4}


def test_nothing_private_is_told(copied: Organisation, target: Box, tmp_path: Path) -> None:
    target.delete(private(900))
    replaced(target, private(901), Mail(INBOX, private(901).data + b" and more", private(901).flags))
    page = tmp_path / "report.html"
    shown = copied.run("verify", SITE, "--report", str(page))
    program, _ = verified(copied)
    assert (shown.code, program.code) == (3, 3)
    told = shown.out + shown.err + program.out + program.err + page.read_text(encoding="utf-8")
    assert [word for word in (SUBJECT, TEXT, PASSWORD, "acceptance@example.org") if word in told] == []
    assert page.stat().st_mode & 0o077 == 0


def test_a_person_reads_the_grade_the_reasons_and_what_to_do(
    copied: Organisation, source: Box, target: Box, tmp_path: Path
) -> None:
    number = uid_of(source, MAILS[0])
    target.delete(MAILS[0])
    page = tmp_path / "report.html"
    shown = copied.run("verify", SITE, "--report", str(page))
    assert f"{SITE}: Poor." in shown.out
    assert "1 message: missing, without an explanation." in shown.out
    assert re.search(rf"missing, INBOX, key {number}, 2019-.*, no explanation", shown.out)
    assert str(page) in shown.out
    html = page.read_text(encoding="utf-8")
    assert "anna@example.org" in html
    assert "http" not in re.sub(r"http-equiv", "", html)


def test_a_wrong_password_and_a_missing_folder_for_the_report_are_told(copied: Organisation, tmp_path: Path) -> None:
    nowhere = copied.run("verify", SITE, "--report", str(tmp_path / "none" / "report.html"))
    assert (nowhere.code, "There is no folder" in nowhere.err) == (2, True)
    assert copied.run("verify", SITE, "--seed", "1").code == 2
    copied.passwords = {"anna@example.org": (PASSWORD, "wrong")}
    copied.write()
    ended, mailbox = verified(copied)
    assert (ended.code, ended.json["grade"], mailbox["errors"][0]["kind"]) == (7, None, "AuthFailed")


def test_an_interrupted_verification_says_so_and_a_second_signal_cuts(
    copied: Organisation, target: Box, proxy: ProxyFactory
) -> None:
    line = proxy(target.server.port, rate=20_000)
    copied.systems["new"]["port"] = line.port
    copied.write()
    with running(copied.start("verify", SITE, "--json")) as process:
        assert line.wait_taken(40_000, "down")
        process.send_signal(signal.SIGINT)
        ended = finished(process)
    assert (ended.code, ended.json["grade"], ended.mailbox["errors"][0]["kind"]) == (130, None, "Stopped")
    stalled = proxy(target.server.port)
    copied.systems["new"]["port"] = stalled.port
    copied.write()
    with running(copied.start("verify", SITE)) as process:
        assert stalled.wait_taken(30_000, "down")
        stalled.stall()
        process.send_signal(signal.SIGINT)
        time.sleep(0.5)
        process.send_signal(signal.SIGINT)
        since = time.monotonic()
        ended = finished(process)
        assert time.monotonic() - since < 5
    assert (ended.code, "Traceback" in ended.err) == (130, False)


def test_a_line_that_is_cut_is_signed_in_again(copied: Organisation, target: Box, proxy: ProxyFactory) -> None:
    line = proxy(target.server.port)
    line.cut_after(60_000, "down")
    copied.systems["new"]["port"] = line.port
    copied.write()
    ended, _ = verified(copied)
    assert line.wait_taken(60_000, "down")
    assert (ended.code, ended.json["grade"]) == (0, "perfect"), ended.out + ended.err


def test_a_large_message_is_read_through_a_file(place: Path, old: ImapServer, new: ImapServer, user: str) -> None:
    large = letter(1, size=20_000_000, folder=INBOX)
    source, target = Box(old, f"large-{user}"), Box(new, user)
    source.add(large, letter(2, folder=INBOX))
    plan = organisation(place, imap(old.port), imap(new.port), source_user=source.user, target_user=user)
    assert plan.copy().code == 0
    assert verified(plan)[1]["grade"] == "perfect"
    replaced(target, large, Mail(INBOX, large.data[:-3] + b"x\r\n", large.flags, large.received))
    _, mailbox = verified(plan)
    assert (mailbox["grade"], kinds(mailbox)) == ("poor", ["altered"])
    assert not list((plan.ledger.parent / "spool").iterdir())
