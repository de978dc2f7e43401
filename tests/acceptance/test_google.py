"""`bascule copy` from a mail server to Google Workspace, killed and continued; the stand-in is asked behind its API."""

from __future__ import annotations

import json
import logging
import random
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from urllib.request import urlopen

import pytest

from migrate.sandbox.google.started import ControlError
from tests.acceptance.journey import Sent, sent
from tests.acceptance.letters import footprint, letter, letters
from tests.acceptance.organisation import (
    LIMIT,
    SITE,
    Ended,
    Organisation,
    finished,
    imap,
    killed_at,
    organisation,
    running,
    still_runs_at,
)
from tests.acceptance.schemas import valid
from tests.servers.google import ADMIN, GoogleForTests
from tests.servers.mail import seed
from tests.servers.server import ImapServer

SERIES, BY_NIGHT, IN_A_ROW = 1, 12, 4
_LABELS = {("INBOX",): "INBOX", ("Sent",): "SENT", ("Projets", "R&D été"): "Projets/R&D été"}

#: One message as both sides have it: its bytes, its label, whether it was read.
_Counted = tuple[bytes, str, bool]


@pytest.fixture(scope="module")
def source(old: ImapServer) -> Sent:
    return sent(old, "googlesource", letters(400, size=4000))


@pytest.fixture
def person(google: GoogleForTests) -> Iterator[str]:
    # The letters hold twins, and all of them are counted.
    google.stand_in.manners(dedupe=False)
    return google.person()


@pytest.fixture
def plan(place: Path, source: Sent, google: GoogleForTests, person: str) -> Organisation:
    """From a server to a mailbox at Google's."""
    key = place / "secrets" / "google.json"
    key.parent.mkdir(mode=0o700, exist_ok=True, parents=True)
    key.write_text(google.key.read_text())
    key.chmod(0o600)
    workspace: dict[str, object] = {
        "connector": "google_workspace",
        "admin": ADMIN,
        "key": "file:secrets/google.json",
        "endpoint": google.stand_in.endpoint,
        "user_units_per_minute": 6_000_000,
        "project_units_per_minute": 6_000_000,
        "settle": 1,
    }
    return organisation(place, imap(source.server.port), workspace, source_user=source.user, target_user=person)


def _wanted(source: Sent) -> Counter[_Counted]:
    return Counter((mail.data, _LABELS[mail.folder], "\\Seen" in mail.flags) for mail in source.mails)


def _held(google: GoogleForTests, person: str) -> Counter[_Counted]:
    marks = {"UNREAD", "STARRED"}
    return Counter(
        (held.raw, "+".join(sorted(held.labels - marks)), "UNREAD" not in held.labels)
        for held in google.stand_in.mailbox(person)
    )


@pytest.mark.parametrize(
    "series", [*range(SERIES), *(pytest.param(number, marks=pytest.mark.nightly) for number in range(SERIES, BY_NIGHT))]
)
def test_killed_again_and_again_nothing_is_lost_and_nothing_doubled(
    plan: Organisation, source: Sent, google: GoogleForTests, person: str, series: int
) -> None:
    chance = random.Random(series)
    killed = 0
    for _ in range(IN_A_ROW):
        enough = _imports(google) + chance.randrange(1, 90)
        with running(plan.start("copy", SITE, "--json")) as process:
            killed += killed_at(process, lambda: _imports(google), enough, look=chance.random() / 500)
    assert killed >= IN_A_ROW - 1
    ended = plan.copy()
    assert ended.code == 0, ended.out + ended.err
    assert ended.mailbox["outcomes"]["stored"] == len(source.mails)
    assert _held(google, person) == _wanted(source)
    assert footprint(source.server, source.user) == source.marks


def test_faults_of_every_kind_lose_and_double_nothing(
    plan: Organisation, source: Sent, google: GoogleForTests, person: str
) -> None:
    method = "gmail.users.messages.import"
    for number, fault in enumerate(("503_after_commit", "drop_after_commit", "429", "403", "500", "drop", "truncate")):
        google.stand_in.fault(fault, method=method, user=person, first=20 + 40 * number)
    google.stand_in.fault("expire_token", method=method, user=person, first=333)
    ended = plan.copy()
    assert ended.code == 0, ended.out + ended.err
    assert ended.mailbox["outcomes"]["stored"] == len(source.mails)
    assert _held(google, person) == _wanted(source)
    again = plan.copy()
    assert (again.code, again.copied) == (0, 0)
    verified = plan.run("verify", SITE, "--json")
    assert (verified.code, verified.json["grade"]) == (0, "good"), verified.out


def test_a_mailbox_that_is_ready_thirty_seconds_later_is_waited_for(
    plan: Organisation, source: Sent, google: GoogleForTests
) -> None:
    google.stand_in.manners(mailbox_delay=30.0, dedupe=False)
    person = google.person()
    plan.people[0]["target_user"] = person
    plan.write()
    with running(plan.start("copy", SITE, "--json")) as process:
        still_runs_at(process, lambda: _turned_away(google), look=0.05)
        assert process.poll() is None, "it gave up at once"
        google.stand_in.advance(30.0)
        ended = finished(process)
    assert ended.code == 0, ended.out + ended.err
    assert _held(google, person) == _wanted(source)


def _turned_away(google: GoogleForTests) -> bool:
    """Gmail has said that there is no mailbox, and the directory that one is being made."""
    answers = google.stand_in.answers()
    return all(any(part in answer for answer in answers) for part in ("failedPrecondition", "directory.users.get 200"))


def test_a_lost_ledger_doubles_nothing(plan: Organisation, source: Sent, google: GoogleForTests, person: str) -> None:
    assert plan.copy().code == 0
    plan.forget()
    ended = plan.copy()
    assert ended.code == 0, ended.out + ended.err
    assert ended.copied == 0
    assert _held(google, person) == _wanted(source)


def test_what_changed_since_is_carried_over(
    plan: Organisation, old: ImapServer, google: GoogleForTests, person: str, user: str
) -> None:
    mails = [replace(letter(number), flags=frozenset()) for number in range(12)]
    seed(old, user, mails)
    plan.people[0]["source_user"] = user
    plan.write()
    assert plan.copy().code == 0
    with old.login(user) as connection:
        connection.select("INBOX")
        connection.store("1", "+FLAGS", "(\\Seen \\Flagged)")
    seed(old, user, [letter(100, folder=("INBOX",))])
    ended = plan.copy()
    assert (ended.code, ended.copied) == (0, 1), ended.out + ended.err
    held = google.stand_in.mailbox(person)
    assert len(held) == 13
    (changed,) = (one for one in held if "STARRED" in one.labels)
    assert (changed.raw, changed.labels) == (mails[0].data, {"INBOX", "STARRED"})


def test_the_way_back_brings_each_message_once_and_follows_its_labels(
    plan: Organisation, place: Path, google: GoogleForTests, person: str
) -> None:
    """Google as a source, each message in the folder that its labels say, into Maildirs."""
    stand_in = google.stand_in
    data = [letter(number).data for number in range(8)]
    stand_in.put(person, data[:3], ["INBOX"])
    (both,) = stand_in.put(person, data[3:4], ["INBOX", "Clients/Été", "UNREAD"])
    stand_in.put(person, data[4:5], [])
    stand_in.put(person, data[5:6], ["SENT"])
    stand_in.put(person, data[6:8], ["Clients", "STARRED"])
    back = Organisation(
        place / "back",
        {"old": plan.systems["new"], "new": {"connector": "maildir", "path": str(place / "mail" / "{user}")}},
        [{"address": "anna@example.org", "source_user": person, "target_user": "anna"}],
        {},
        site={},
    )
    back.folder.mkdir()
    back.write()
    (back.folder / "secrets" / "google.json").write_text(google.key.read_text())
    (back.folder / "secrets" / "google.json").chmod(0o600)
    before = [(one.id, one.labels) for one in stand_in.mailbox(person)]
    ended = back.copy()
    assert ended.code == 0, ended.out + ended.err
    assert ended.copied == len(data)
    assert [(one.id, one.labels) for one in stand_in.mailbox(person)] == before, "a source is not touched"
    root = place / "mail" / "anna"
    assert _maildir(root) == {
        ".": sorted(data[:3]),
        ".Clients": sorted(data[6:8]),
        ".Clients.&AMk-t&AOk-": data[3:4],
        ".All Mail": data[4:5],
        ".Sent Mail": data[5:6],
    }
    stand_in.relabel(person, both, ["Clients"])
    stand_in.put(person, [letter(9).data], ["INBOX"])
    ended = back.copy()
    assert (ended.code, ended.copied) == (0, 1), ended.out + ended.err
    assert _maildir(root)[".Clients"] == sorted([data[3], *data[6:8]])
    assert sum(map(len, _maildir(root).values())) == len(data) + 1


def _maildir(root: Path) -> dict[str, list[bytes]]:
    """What lies in each folder that holds something, its lines as they travel."""
    found = defaultdict(list)
    for file in root.rglob("*"):
        if file.is_file() and file.parent.name in ("new", "cur"):
            found[str(file.parent.parent.relative_to(root))].append(file.read_bytes().replace(b"\n", b"\r\n"))
    return {folder: sorted(mails) for folder, mails in found.items()}


def test_no_secret_is_written_anywhere(
    plan: Organisation, google: GoogleForTests, person: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Neither the key nor a token, whether the run went well or not."""
    private = google.key.read_text().split("PRIVATE KEY-----")[1][4:60]
    google.stand_in.fault("500", method="gmail.users.messages.import", user=person, first=3, times=2)
    said = ""
    with caplog.at_level(logging.DEBUG):
        said += _told(plan.copy())
    google.stand_in.manners(disabled_apis=["gmail.googleapis.com"])
    with caplog.at_level(logging.DEBUG):
        said += _told(plan.copy())
    written = b"".join(file.read_bytes() for file in (plan.folder / ".bascule").rglob("*") if file.is_file())
    for secret in (private, "ya29.", "Bearer "):
        assert secret not in said + caplog.text
        assert secret.encode() not in written
    assert "Gmail API" in said
    assert "Traceback" not in said


def _told(ended: Ended) -> str:
    return ended.out + ended.err


def _imports(google: GoogleForTests) -> int:
    return sum(
        count for what, count in google.stand_in.answers().items() if what.startswith("gmail.users.messages.import 200")
    )


@pytest.fixture
def private(plan: Organisation, place: Path, google: GoogleForTests, old: ImapServer, user: str) -> Organisation:
    """Anna's mailbox, with a few letters on the server and a private account beside it."""
    seed(old, user, [letter(number, folder=("INBOX",)) for number in range(3)])
    plan.people[0] |= {"source_user": user, "gmail": "anna.private@gmail.com"}
    plan.site["personal_gmail"] = {"client": "file:secrets/client.json"}
    plan.write()
    client = place / "secrets" / "client.json"
    client.write_text(json.dumps(google.stand_in.control("client")))
    client.chmod(0o600)
    with suppress(ControlError):  # another test made it
        google.stand_in.add_user("anna.private@gmail.com")
    for held in google.stand_in.mailbox("anna.private@gmail.com"):
        google.stand_in.remove("anna.private@gmail.com", held.id)
    return plan


def _agree(plan: Organisation, *options: str) -> Ended:
    """The command, and a browser in which whoever is signed in agrees."""
    with running(plan.start("gmail", "authorise", "anna@example.org", "--no-browser", *options)) as process:
        assert process.stderr is not None
        address = ""
        while not address.startswith("http"):
            address = process.stderr.readline()
            assert address, "the command ended"
        with urlopen(address.strip(), timeout=30) as page:
            page.read()
        out, err = process.communicate(timeout=LIMIT)
    return Ended(process.returncode, out, err)


def test_a_private_account_is_read_by_leave_and_only_what_is_the_companys(
    private: Organisation, google: GoogleForTests, person: str
) -> None:
    ours = [letter(number, folder=("INBOX",)).data for number in range(2, 5)]
    theirs = b"From: aunt@family.example\r\nTo: anna.private@gmail.com\r\nMessage-ID: <aunt@x>\r\n\r\nhello\r\n"
    google.stand_in.put("anna.private@gmail.com", [*ours, theirs], ["INBOX"])
    before = private.copy()
    assert before.code == 7
    assert "bascule gmail authorise anna@example.org" in before.out + before.err
    google.stand_in.control("sign_in", address="anna.private@gmail.com")
    ended = _agree(private, "--json")
    assert ended.code == 0, ended.out + ended.err
    kept = Path(valid(ended.json, "gmail-authorise")["kept_in"])
    assert kept.stat().st_mode & 0o077 == 0
    assert ended.json["given_at"] <= datetime.now(UTC).isoformat()
    copied = private.copy()
    assert copied.code == 0, copied.out + copied.err
    wanted = [letter(number, folder=("INBOX",)).data for number in range(5)]
    assert sorted(held.raw for held in google.stand_in.mailbox(person)) == sorted(wanted), "and each of them once"
    token = json.loads(kept.read_text())["refresh_token"]
    written = b"".join(file.read_bytes() for file in (private.folder / ".bascule").rglob("*") if file.is_file())
    assert token not in ended.out + ended.err + copied.out + copied.err
    assert token.encode() not in written


def test_nobody_elses_leave_is_kept(private: Organisation, google: GoogleForTests, person: str) -> None:
    google.stand_in.control("sign_in", address=person)
    ended = _agree(private)
    assert ended.code == 7
    assert f"{person} signed in, and not anna.private@gmail.com" in ended.err
    google.stand_in.control("sign_in", address=None)
    ended = _agree(private)
    assert (ended.code, "Traceback" in ended.err) == (7, False)
    assert "did not agree" in ended.err
    assert not list((private.folder / "secrets").glob("gmail/*"))
