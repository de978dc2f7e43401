"""``not-copied`` and ``status --watch``: what did not arrive, why, and what to do; and how a copy goes on."""

from __future__ import annotations

import signal
import time
from pathlib import Path

import pytest

from connectors.contract import Entry, Folder, Reason
from migrate.copy.hold import hold
from migrate.ledger import folders, mailboxes, messages, not_copied
from migrate.ledger.schema import Direction, Outcome
from migrate.ledger.store import Ledger
from tests.acceptance.letters import letter
from tests.acceptance.organisation import SITE, Organisation, finished, imap, organisation, running
from tests.acceptance.schemas import valid
from tests.acceptance.test_check import LIMITED
from tests.conftest import DovecotFactory
from tests.servers.mail import Mail, holdings, seed
from tests.servers.server import ImapServer

INBOX = ("INBOX",)


@pytest.fixture
def target(dovecot: DovecotFactory) -> ImapServer:
    """Says that it takes no message over 5,000 bytes."""
    return dovecot(capability=LIMITED)


@pytest.fixture
def plan(place: Path, old: ImapServer, target: ImapServer, user: str) -> Organisation:
    """Copied: two messages refused as too large, one left out by folder, one copied."""
    large = letter(1, size=9000, folder=INBOX)
    subject = Mail(INBOX, large.data.replace(b"Subject: letter 1", b"Subject: Zwiebelkuchen"), received=large.received)
    seed(old, user, [subject, letter(2, size=9000, folder=INBOX), letter(3, folder=INBOX), letter(4, folder=("Junk",))])
    made = organisation(place, imap(old.port), imap(target.port), source_user=user, target_user=user)
    site = made.folder / "sites" / f"{SITE}.yaml"
    site.write_text(site.read_text() + "folders: {exclude: [Junk]}\n")
    assert made.copy().code == 3
    return made


def test_each_message_has_its_place_date_size_and_reason(plan: Organisation) -> None:
    ended = plan.run("not-copied", SITE, "--json")
    assert ended.code == 3
    told = valid(ended.json, "not-copied")
    assert told["counts"] == {"refused": 2, "uncertain": 0, "merged": 0, "already_there": 0, "left_out": 1}
    first, second, third = told["messages"]
    assert (first["folder"], first["key"], first["reason"]) == (["INBOX"], "1", "too-large")
    assert first["received"] == letter(1).received.isoformat()
    assert first["size"] > 9000
    assert first["to_do"].startswith("Ask for a higher limit")
    assert second["key"] == "2"
    assert (third["folder"], third["reason"], third["outcome"]) == (["Junk"], "rule-folder", "left_out")


def test_people_get_a_line_a_message_and_what_to_do_once_a_reason(plan: Organisation) -> None:
    shown = plan.run("not-copied", SITE)
    assert shown.code == 3
    lines = shown.out.splitlines()
    assert lines[0] == "anna@example.org"
    assert sum("too-large" in line and "INBOX  (key " in line for line in lines) == 2
    assert any(line.startswith("2 refused, too-large: it is over the target's limit. Ask for") for line in lines)
    assert f"bascule not-copied {SITE} --retry" in lines[-1]
    # Dates in the organisation's time zone, which is Paris here.
    assert "2019-05-06 10:08" in shown.out
    assert "Zwiebelkuchen" not in shown.out + shown.err


def test_the_reasons_of_a_subject_stay_untold_in_json_too(plan: Organisation) -> None:
    assert "Zwiebelkuchen" not in plan.run("not-copied", SITE, "--json").out


def test_what_was_refused_is_tried_again_when_asked_for(plan: Organisation, target: ImapServer, user: str) -> None:
    """The target no longer states a limit: nothing but a person can know that the messages would be taken now."""
    configuration = target.folder / "dovecot.conf"
    configuration.write_text(configuration.read_text().replace(f"imap_capability = {LIMITED}", ""))
    target.restart()
    assert plan.copy().copied == 0
    ended = plan.run("not-copied", SITE, "--retry")
    assert ended.code == 0, ended.err
    assert f"2 messages are pending again. Now run: bascule copy {SITE}" in ended.out
    assert plan.run("status", "--json").json["sites"][SITE][0]["outcomes"]["pending"] == 2
    between = plan.run("not-copied", SITE)
    assert (between.code, "2 messages are still to be copied" in between.out) == (0, True)
    assert plan.copy().code == 0
    assert sum(stored.total() for stored in holdings(target, user).values()) == 3
    again = valid(plan.run("not-copied", SITE, "--retry", "--json").json, "retry")
    assert again["mailboxes"] == [{"mailbox": "anna@example.org", "pending_again": 0, "error": None}]


def test_a_mailbox_that_is_being_copied_is_left_alone(plan: Organisation) -> None:
    ledger = Ledger(plan.ledger)
    try:
        with hold(ledger, "anna@example.org", SITE, time.time()):
            ended = plan.run("not-copied", SITE, "--retry", "--json")
            told = plan.run("not-copied", SITE, "--retry").out
            copied = plan.run("copy", SITE)
    finally:
        ledger.close()
    assert ended.code == 4
    (mailbox,) = valid(ended.json, "retry")["mailboxes"]
    assert (mailbox["pending_again"], mailbox["error"]["kind"]) == (0, "MailboxBusy")
    busy = "anna@example.org: another copy works on this mailbox at this moment. Wait for it to end."
    assert told.splitlines()[0] == busy
    assert (copied.code, copied.out.splitlines()) == (4, [busy])


def test_nothing_copied_yet_is_no_error(place: Path, old: ImapServer, new: ImapServer) -> None:
    made = organisation(place, imap(old.port), imap(new.port))
    shown = made.run("not-copied", SITE)
    assert (shown.code, shown.out) == (0, "Nothing was copied yet.\n")
    assert valid(made.run("not-copied", SITE, "--json").json, "not-copied")["messages"] == []


def test_many_rows_come_page_by_page_each_once(place: Path, old: ImapServer, new: ImapServer) -> None:
    made = organisation(place, imap(old.port), imap(new.port))
    assert made.run("status").code == 0
    ledger = Ledger(made.ledger)
    with ledger.write() as connection:
        row = mailboxes.get_or_create(connection, "anna@example.org", SITE)
        folder = folders.create(connection, row.id, Direction.FORTH, "old", Folder(INBOX, None, "1"))
        entries = [(Entry(str(number), 10, None, frozenset()), Reason.RULE_DATE) for number in range(2500)]
        messages.add(connection, row.id, Direction.FORTH, folder.id, "1", entries, 0)
    with ledger.read() as connection:
        page = not_copied.page(connection, row.id, Direction.FORTH, Outcome.LEFT_OUT, 0, 10)
    ledger.close()
    assert len(page) == 10
    told = valid(made.run("not-copied", SITE, "--json").json, "not-copied")
    assert [one["key"] for one in told["messages"]] == [str(number) for number in range(2500)]
    assert told["exit_code"] == 0


def test_a_reader_that_leaves_early_ends_the_command_without_a_traceback(plan: Organisation) -> None:
    with running(plan.start("not-copied", SITE)) as process:
        assert process.stdout is not None
        process.stdout.close()
        process.stdout = None
        ended = process.wait(timeout=60)
        assert process.stderr is not None
        assert "Traceback" not in process.stderr.read()
    assert ended in (0, 1, 3)


def test_status_is_watched_beside_a_copy_until_interrupted(
    place: Path, old: ImapServer, new: ImapServer, user: str
) -> None:
    seed(old, user, [letter(number, folder=INBOX) for number in range(30)])
    plan = organisation(place, imap(old.port), imap(new.port), source_user=user, target_user=user)
    assert plan.run("status").code == 0
    with running(plan.start("status", "--watch")) as watching:
        assert watching.stdout is not None
        first = watching.stdout.readline()
        assert "paris: 0 of 1 mailboxes begun" in first
        assert "not begun" in first
        assert plan.copy().copied == 30
        second = watching.stdout.readline()
        assert "paris: 1 of 1 mailboxes begun, 30 of 30 messages done, nothing to do" in second
        watching.send_signal(signal.SIGINT)
        ended = finished(watching)
    assert (ended.code, ended.err) == (0, "")


def test_watching_and_json_do_not_go_together(plan: Organisation) -> None:
    ended = plan.run("status", "--watch", "--json")
    assert ended.code == 2
    assert "--watch and --json do not go together" in ended.err


def test_what_runs_and_status_write_follows_the_schemas(plan: Organisation) -> None:
    valid(plan.run("copy", SITE, "--dry-run", "--json").json, "dry-run")
    valid(plan.copy().json, "run")
    valid(plan.run("adopt", SITE, "--json").json, "run")
    valid(plan.run("status", "--json").json, "status")
    valid(plan.run("explain", "--json").json, "explain")
    valid(plan.run("explain", "5", "--json").json, "explain")
    plan.passwords = {"anna@example.org": ("wrong", "wrong")}
    plan.write()
    refused = plan.copy()
    assert valid(refused.json, "run")["mailboxes"][0]["errors"][0]["to_do"]
    valid(plan.run("copy", SITE, "--dry-run", "--json").json, "dry-run")
    valid(plan.run("status", "--json").json, "status")
