"""What is still on a POP3 server: copied by the real command, killed and continued, verified; the source stays."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.acceptance.conftest import TrapFactory
from tests.acceptance.letters import letter, write_mbox
from tests.acceptance.organisation import LIMIT, SITE, Ended, Organisation, imap, organisation, running
from tests.acceptance.schemas import valid
from tests.acceptance.trap import Moment, Snap
from tests.conftest import _entered
from tests.servers.certificates import Certificates
from tests.servers.courier import running_courier
from tests.servers.dovecot import running_dovecot
from tests.servers.mail import Mail, expected, holdings, seed
from tests.servers.maildrop import MaildropOnDisk
from tests.servers.server import PASSWORD, ImapServer

INBOX = ("INBOX",)


@pytest.fixture(scope="module")
def pop3_dovecot(certificates: Certificates) -> Iterator[ImapServer]:
    with ExitStack() as running:
        yield _entered(running, running_dovecot(certificates, pop3=True))


@pytest.fixture(scope="module")
def pop3_courier() -> Iterator[ImapServer]:
    with ExitStack() as running:
        yield _entered(running, running_courier(sessions=100, pop3=True))


@pytest.fixture(params=["dovecot", pytest.param("courier", marks=pytest.mark.nightly)])
def old(request: pytest.FixtureRequest) -> ImapServer:
    """The server that mail comes from."""
    server: ImapServer = request.getfixturevalue(f"pop3_{request.param}")
    return server


@pytest.fixture
def only_dovecot(pop3_dovecot: ImapServer) -> ImapServer:
    return pop3_dovecot


def letters(count: int) -> list[Mail]:
    """In the inbox, in the order of their numbers, with flags of all kinds; one in fifty is there twice."""
    made = [letter(number, folder=INBOX) for number in range(count)]
    for number in range(47, count, 50):
        made[number] = made[number - 3]
    return made


def arrived(mails: list[Mail]) -> dict[tuple[str, ...], Counter[Any]]:
    """What is on the target once these were copied: dated by their own headers, and read."""
    return expected(
        [replace(mail, flags=frozenset({"\\Seen"}), received=parsedate_to_datetime(_date(mail.data))) for mail in mails]
    )


def _date(data: bytes) -> str:
    (line,) = [line for line in data.decode().splitlines() if line.startswith("Date: ")]
    return line.removeprefix("Date: ")


def pop3(port: int | None, **more: object) -> dict[str, object]:
    return {"connector": "pop3", "host": "127.0.0.1", "port": port, "tls": "plain", **more}


def plan_from(
    place: Path, old: ImapServer, new: ImapServer, user: str, *, port: int | None = None, target: int | None = None
) -> Organisation:
    source = pop3(port or old.pop3_port)
    return organisation(place, source, imap(target or new.port, batch=20), source_user=f"pop-{user}", target_user=user)


def settled(old: ImapServer, user: str, mails: list[Mail]) -> MaildropOnDisk:
    """A seeded maildrop whose server has made its own of it."""
    seed(old, f"pop-{user}", mails)
    with old.login(f"pop-{user}") as connection:
        connection.select("INBOX")
    return MaildropOnDisk(old, f"pop-{user}")


def verified(plan: Organisation) -> Ended:
    ended = plan.run("verify", SITE, "--json")
    assert ended.json["grade"] == "perfect", ended.out
    assert ended.mailbox["findings"] == []
    return ended


def test_everything_arrives_once_and_leaves_no_trace(place: Path, old: ImapServer, new: ImapServer, user: str) -> None:
    mails = letters(130)
    maildrop = settled(old, user, mails)
    before = maildrop.digest()
    plan = plan_from(place, old, new, user)
    assert plan.copy().copied == 130
    assert holdings(new, user) == arrived(mails)
    again = plan.copy()
    assert (again.code, again.copied) == (0, 0)
    assert verified(plan).mailbox["found"] == 130
    assert maildrop.digest() == before


def test_what_comes_and_goes_between_two_passes(place: Path, old: ImapServer, new: ImapServer, user: str) -> None:
    """New mail alone travels; what Outlook deleted on the server stays on the target."""
    mails = letters(40)
    maildrop = settled(old, user, mails)
    plan = plan_from(place, old, new, user)
    assert plan.copy().copied == 40
    maildrop.delete(3)
    fresh = letter(900, folder=INBOX)
    seed(old, f"pop-{user}", [fresh])
    ended = plan.copy()
    assert (ended.copied, ended.mailbox["outcomes"]["stored"]) == (1, 41)
    assert holdings(new, user) == arrived([*mails, fresh])
    assert verified(plan).mailbox["found"] == 40


@pytest.mark.parametrize(
    "snap",
    [
        Snap(Moment.LAST_BYTE, nth=3),
        pytest.param(Snap(Moment.APPEND_BEGINS, nth=2), marks=pytest.mark.nightly),
        pytest.param(Snap(Moment.ANSWERED), marks=pytest.mark.nightly),
    ],
    ids=lambda snap: snap.moment.name,
)
def test_a_killed_copy_is_continued_without_loss_or_doubles(
    place: Path, only_dovecot: ImapServer, new: ImapServer, user: str, trap: TrapFactory, snap: Snap
) -> None:
    mails = letters(130)
    maildrop = settled(only_dovecot, user, mails)
    before = maildrop.digest()
    before_new = trap(new.port)
    plan = plan_from(place, only_dovecot, new, user, target=before_new.port)
    with running(plan.start("copy", SITE, "--json")) as process:
        before_new.set(snap, process.kill)
        process.communicate(timeout=LIMIT)
    assert before_new.snapped.is_set()
    assert plan.copy().code == 0
    assert holdings(new, user) == arrived(mails)
    assert plan.copy().copied == 0
    verified(plan)
    assert maildrop.digest() == before


def test_a_copy_that_is_killed_while_it_reads_is_continued(
    place: Path, old: ImapServer, new: ImapServer, user: str, trap: TrapFactory
) -> None:
    mails = letters(130)
    maildrop = settled(old, user, mails)
    before = maildrop.digest()
    assert old.pop3_port is not None
    before_old = trap(old.pop3_port)
    plan = plan_from(place, old, new, user, port=before_old.port)
    with running(plan.start("copy", SITE, "--json")) as process:
        # Behind the questions for the headers, among those for the messages.
        before_old.set(Snap(size=130 * len("TOP 100 0\r\n") + 1000), process.kill)
        process.communicate(timeout=LIMIT)
    assert before_old.snapped.is_set()
    assert plan.copy().code == 0
    assert holdings(new, user) == arrived(mails)
    assert maildrop.digest() == before


def test_ids_that_are_all_new_double_nothing(place: Path, only_dovecot: ImapServer, new: ImapServer, user: str) -> None:
    """The server was moved or mended: every message has another unique id, and is the one that was copied."""
    mails = letters(60)
    maildrop = settled(only_dovecot, user, mails)
    plan = plan_from(place, only_dovecot, new, user)
    assert plan.copy().copied == 60
    for file in maildrop.root.glob("dovecot*"):
        file.unlink()  # with them go UIDVALIDITY and UIDs, of which this server makes its ids
    uidlist = maildrop.root / "dovecot-uidlist"
    uidlist.write_text("3 V4242 N1\n")
    uidlist.chmod(0o666)
    ended = plan.copy()
    assert (ended.code, ended.copied) == (0, 0), ended.out
    assert holdings(new, user) == arrived(mails)


@pytest.mark.nightly
def test_a_lost_ledger_doubles_nothing(place: Path, only_dovecot: ImapServer, new: ImapServer, user: str) -> None:
    mails = letters(60)
    settled(only_dovecot, user, mails)
    plan = plan_from(place, only_dovecot, new, user)
    assert plan.copy().copied == 60
    plan.forget()
    assert plan.copy().copied == 0
    assert holdings(new, user) == arrived(mails)


def test_the_plan_s_rules_hold_for_dates_and_sizes(
    place: Path, only_dovecot: ImapServer, new: ImapServer, user: str
) -> None:
    """A POP3 server lists no dates: they are in the headers, and a pass with nothing new keeps to the rule too."""
    one = letter(1, folder=INBOX)
    old_letter = replace(one, data=one.data.replace(b"05 Jan 2026", b"05 Jan 2016"))
    mails = [old_letter, letter(2, folder=INBOX), letter(3, size=9000, folder=INBOX)]
    settled(only_dovecot, user, mails)
    plan = plan_from(place, only_dovecot, new, user)
    site = plan.folder / "sites" / f"{SITE}.yaml"
    site.write_text(site.read_text() + "leave_out:\n  before: 2020-01-01\n  larger_than: 5 KB\n")
    ended = plan.copy()
    assert (ended.copied, ended.mailbox["outcomes"]["left_out"]) == (1, 2), ended.err
    seed(only_dovecot, f"pop-{user}", [old_letter])
    ended = plan.copy()
    assert (ended.copied, ended.mailbox["outcomes"]["left_out"]) == (0, 3)


def test_the_other_commands_know_a_pop3_source(place: Path, old: ImapServer, new: ImapServer, user: str) -> None:
    mails = letters(9)
    maildrop = settled(old, user, mails)
    before = maildrop.digest()
    plan = plan_from(place, old, new, user)
    told = valid(plan.run("check", SITE, "--json").json, "check")
    (mailbox,) = told["mailboxes"]
    assert (mailbox["state"], mailbox["messages"]) == ("ok", 9)
    assert mailbox["size"] == sum(len(mail.data) for mail in mails)
    shown = plan.run("folders", SITE)
    assert shown.code == 0
    assert "INBOX" in shown.out
    secrets = plan.run("secrets", "status", SITE, "--json")
    assert secrets.code == 0, secrets.err
    dry = plan.run("copy", SITE, "--dry-run")
    assert dry.code == 0
    assert holdings(new, user) == {}
    assert plan.run("plan", "check").code == 0
    plan.passwords["anna@example.org"] = ("not-the-password", PASSWORD)
    plan.write()
    refused = plan.run("check", SITE, "--json")
    assert refused.code != 0
    assert "bad-password" in refused.out or "does not let this account in" in refused.out
    assert maildrop.digest() == before


def test_days_that_outlook_emptied_from_the_server_are_shown(
    place: Path, only_dovecot: ImapServer, new: ImapServer, user: str, tmp_path: Path
) -> None:
    """POP3 lists no dates: the days of what the server still holds are in its headers, and nothing there changes."""
    today = datetime.now(ZoneInfo("Europe/Paris")).replace(hour=12, minute=0, second=0, microsecond=0)
    ago = [today - timedelta(days=days) for days in range(40)]
    maildrop = settled(only_dovecot, user, [_dated(number, moment) for number, moment in enumerate(ago[:5])])
    before = maildrop.digest()
    box = tmp_path / "Outlook.mbox"
    write_mbox(box, [_dated(100 + number, moment) for number, moment in enumerate(reversed(ago[9:30]))])
    os.utime(box, (ago[9].timestamp(), ago[9].timestamp()))
    plan = plan_from(place, only_dovecot, new, user)
    plan.people[0]["archives"] = str(box)
    plan.site = {"archives": {"collected_in": "collected"}}
    plan.write()
    assert plan.run("archive", "collect", SITE).code == 0
    ended = plan.run("archive", "coverage", SITE, "--json")
    (told,) = valid(ended.json, "archive-coverage")["mailboxes"]
    day = [f"{moment:%Y-%m-%d}" for moment in ago]
    assert (ended.code, told["complete_on"], told["undated"]) == (3, day[9], 0)
    assert told["received"]["server"] == {"first": day[4], "last": day[0], "messages": 5}
    assert told["received"]["uncovered"] == {"first": day[8], "last": day[5], "days": 4}
    assert maildrop.digest() == before
    # Outlook fetched all of it and was closed; the archive was collected again.
    for _fetched in range(5):
        maildrop.delete(0)
    write_mbox(box, [_dated(100 + number, moment) for number, moment in enumerate(reversed(ago[:30]))])
    assert plan.run("archive", "collect", SITE).code == 0
    ended = plan.run("archive", "coverage", SITE, "--json")
    (told,) = valid(ended.json, "archive-coverage")["mailboxes"]
    assert (ended.code, told["received"]["server"], told["received"]["uncovered"]) == (0, None, None)


def _dated(number: int, moment: datetime) -> Mail:
    mail = letter(number, folder=INBOX)
    data = mail.data.replace(_date(mail.data).encode(), f"{moment:%a, %d %b %Y %H:%M:%S %z}".encode())
    return Mail(mail.folder, data, mail.flags, moment)


def test_a_pop3_system_as_the_target_is_refused_with_what_to_do(
    place: Path, only_dovecot: ImapServer, new: ImapServer, user: str
) -> None:
    plan = organisation(place, imap(new.port), pop3(only_dovecot.pop3_port), source_user=user, target_user=user)
    ended = plan.run("copy", SITE)
    assert ended.code != 0
    assert "another system as the target" in ended.out + ended.err
    assert "Traceback" not in ended.err


@pytest.mark.nightly
def test_mail_newer_than_the_plan_says_is_unread(
    place: Path, only_dovecot: ImapServer, new: ImapServer, user: str
) -> None:
    now = f"{datetime.now(UTC):%d %b %Y}".encode()
    fresh = letter(1, folder=INBOX)
    fresh = replace(fresh, data=fresh.data.replace(b"05 Jan 2026", now))
    settled(only_dovecot, user, [fresh, letter(2, folder=INBOX)])
    plan = plan_from(place, only_dovecot, new, user)
    plan.systems["old"]["unread_if_newer_than"] = "14 days"
    plan.write()
    assert plan.copy().copied == 2
    flags = sorted(sorted(stored.flags) for stored in holdings(new, user)[INBOX].elements())
    assert flags == [[], ["\\Seen"]]
    assert plan.copy().mailbox["this_pass"]["flags_changed"] == 0


def test_what_another_source_brought_too_is_copied_once(
    place: Path, only_dovecot: ImapServer, new: ImapServer, user: str
) -> None:
    """A mailbox on an IMAP server, and an old POP3 account with some of the same mail, relayed there."""
    mails = letters(30)
    hop = b"Received: from mx.example by pop.example; Mon, 05 Jan 2026 08:00:09 +0000\r\n"
    relayed = [replace(mail, data=hop + mail.data) for mail in mails[20:]]
    only_there = [letter(number, folder=INBOX) for number in range(500, 505)]
    maildrop = settled(only_dovecot, user, [*relayed, *only_there])
    before = maildrop.digest()
    seed(only_dovecot, f"imap-{user}", mails)
    plan = organisation(place, imap(only_dovecot.port), imap(new.port), source_user=f"imap-{user}", target_user=user)
    plan.systems["past"] = pop3(only_dovecot.pop3_port)
    plan.people[0]["sources"] = f"past:pop-{user}"
    plan.passwords[f"past:pop-{user}"] = (PASSWORD, "")
    plan.write()
    ended = plan.copy()
    assert ended.code == 0, ended.err
    assert (ended.copied, ended.mailbox["seen"]) == (35, 45)
    assert ended.mailbox["reasons"] == {"in-another-source": 10}
    assert holdings(new, user)[INBOX].total() == 35
    assert plan.copy().copied == 0
    assert maildrop.digest() == before
