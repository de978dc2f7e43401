"""``bascule rehearse``: the whole copy with a real source, judged, and nothing written anywhere else."""

from __future__ import annotations

import json
import os
import signal
import socket
import sqlite3
import stat
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from migrate.cli.exit_codes import Exit
from migrate.cli.rehearsal_results import FOLDER
from tests.acceptance.box import Box
from tests.acceptance.letters import letter, letters
from tests.acceptance.organisation import SITE, Organisation, finished, imap, organisation, running
from tests.acceptance.schemas import valid
from tests.servers.mail import Mail
from tests.servers.server import ImapServer

LETTERS = 60
LONGEST = 1_048_576
MICROSOFT = {
    "connector": "microsoft365",
    "tenant": "example.onmicrosoft.com",
    "client_id": "11111111-2222-3333-4444-555555555555",
    "secret": "file:secrets/of-the-real-target",
    "max_message": 1,
}
GOOGLE = {"connector": "google_workspace", "admin": "admin@example.org", "key": "file:secrets/of-the-real-target"}
#: Writes down where every connection of the command and its children goes.
WATCH = """
import os, sys
def watch(event, arguments):
    if event in ("socket.connect", "socket.sendto"):
        with open(os.environ["CONNECTIONS"], "a") as out:
            print(repr(arguments[1]), file=out)
sys.addaudithook(watch)
"""


def bad(number: int, head: bytes) -> Mail:
    """A letter whose From fields are these."""
    mail = letter(number, folder=("INBOX",))
    return Mail(
        mail.folder,
        mail.data.replace(f"From: Ben <ben{number}@example.org>\r\n".encode(), head, 1),
        mail.flags,
        mail.received,
    )


@pytest.fixture
def box(standing_dovecot: ImapServer, user: str) -> Box:
    """A mailbox of a real Dovecot with what other systems do not take."""
    box = Box(standing_dovecot, f"of-{user}")
    box.add(
        *(letter(number) for number in range(LETTERS)),
        letter(901, size=LONGEST + 50_000, folder=("INBOX",)),
        letter(902, folder=("Calendar",)),
        letter(903, folder=("Angebote \\ Preise",)),
    )
    return box


def plan(place: Path, box: Box, target: dict[str, object], pace: int = 0, **more: object) -> Organisation:
    source = imap(box.server.port, messages_per_second=pace) if pace else imap(box.server.port)
    made = organisation(place, source, target, source_user=box.user, target_user="anna@example.org")
    made.site.update(more)
    # The password of the real target, and its key, are not there: nobody asks for them.
    made.passwords = {address: (source, "") for address, (source, _target) in made.passwords.items()}
    made.write()
    return made


def rehearsed(made: Organisation, *options: str, code: int) -> dict[str, Any]:
    done = made.run("rehearse", SITE, "--json", *options)
    assert done.code == code, done.err + done.out
    return valid(done.json, "rehearse")


def reasons(mailbox: dict[str, Any]) -> Counter[str]:
    return Counter(one["reason"] for one in mailbox["would_fail"])


def watched(made: Organisation, folder: Path) -> Path:
    """From now on its commands write down where they and their children connect to; the file."""
    (folder / "watch").mkdir()
    (folder / "watch" / "sitecustomize.py").write_text(WATCH)
    made.environment = {"PYTHONPATH": str(folder / "watch"), "CONNECTIONS": str(folder / "connections")}
    return folder / "connections"


def test_what_the_target_would_not_take_is_listed_and_nothing_is_written_elsewhere(
    place: Path, box: Box, tmp_path: Path
) -> None:
    made = plan(place, box, MICROSOFT)
    connections = watched(made, tmp_path)
    before = box.marks()
    done = made.run("rehearse", SITE, "--json")
    assert done.code == Exit.PARTIAL, done.err
    told = valid(done.json, "rehearse")
    (mailbox,) = told["mailboxes"]
    assert mailbox["judged"] == LETTERS + 3, "every message is read, those too large too"
    assert reasons(mailbox) == {"too-large": 1}
    assert mailbox["would_fail"][0]["size"] > LONGEST
    codes = Counter(finding["code"] for finding in mailbox["findings"])
    assert codes["too-large"] == 1
    assert codes["name-changed"] >= 2, "a reserved name, and a sign that Exchange holds in none"
    assert told["source_rate"]["messages_per_second"] > 0
    assert told["forecast"]["begin"] < told["forecast"]["p50"] < told["forecast"]["p90"]
    assert box.marks() == before, "the source is untouched, to the flag"
    gone_to = {line.split("'")[1] for line in connections.read_text().splitlines() if "'" in line}
    assert gone_to <= {"127.0.0.1", "::1"}
    assert connections.read_text().count(str(box.server.port)) >= 1, "the watch sees connections"
    kept = {path.relative_to(place).parts[0] for path in place.rglob("*") if path.is_file()}
    assert kept == {"organisation.yaml", "sites", "secrets", ".bascule", FOLDER}
    (evidence,) = (place / FOLDER).iterdir()
    assert json.loads(evidence.read_text()) == told
    assert stat.S_IMODE(evidence.stat().st_mode) == 0o600
    everything = b"".join(path.read_bytes() for path in (place / ".bascule").rglob("*") if path.is_file())
    assert b"letter 901" not in everything, "no subject, and no part of a message"
    assert letter(5).data.split(b"\r\n")[6] not in everything


def test_a_person_reads_what_would_fail_why_and_what_to_do(place: Path, box: Box) -> None:
    made = plan(place, box, MICROSOFT)
    done = made.run("rehearse", SITE)
    assert done.code == Exit.PARTIAL
    assert "too-large: 1 message: " in done.out
    lines = done.out.splitlines()
    (listed,) = [number for number, line in enumerate(lines) if "(key " in line]
    assert lines[listed - 1] == "anna@example.org", "it is said whose message it is"
    assert f"{LETTERS + 3} messages read and judged, 1 of them would not arrive." in done.out
    assert "Kept as evidence: " in done.out


def test_a_sample_is_the_same_at_every_run_and_a_larger_one_holds_it(place: Path, box: Box) -> None:
    made = plan(place, box, MICROSOFT)
    few, again, all_ = (
        rehearsed(made, *options, code=code)["mailboxes"][0]
        for options, code in (
            (("--sample", "20"), Exit.PARTIAL),
            (("--sample", "20"), Exit.PARTIAL),
            ((), Exit.PARTIAL),
        )
    )
    assert 5 <= few["judged"] <= 40
    assert again["judged"] == few["judged"]
    assert all_["judged"] == LETTERS + 3
    assert few["to_copy"] == all_["to_copy"], "the forecast is for all of it"


def test_a_rehearsal_that_was_killed_goes_on_and_judges_nothing_twice(
    place: Path, standing_dovecot: ImapServer, user: str
) -> None:
    count = 400
    box = Box(standing_dovecot, f"of-{user}")
    box.add(*letters(count))
    made = plan(place, box, MICROSOFT, pace=200)
    store = place / ".bascule" / "rehearsals" / SITE / "target.sqlite"
    with running(made.start("rehearse", SITE, "--json")) as process:
        deadline = time.monotonic() + 60
        while process.poll() is None and taken(store) < 100:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
    assert 100 <= taken(store) < count
    (mailbox,) = rehearsed(made, code=Exit.OK)["mailboxes"]
    assert mailbox["counts"]["outcomes"]["stored"] == count
    assert taken(store) == count, "none twice"


def taken(store: Path) -> int:
    """Messages that the stand-in has taken."""
    try:
        with sqlite3.connect(f"file:{store}?mode=ro", uri=True) as connection:
            return int(connection.execute("SELECT count(*) FROM message").fetchone()[0])
    except sqlite3.OperationalError:
        return 0


def test_what_was_judged_by_other_rules_is_judged_anew(place: Path, standing_dovecot: ImapServer, user: str) -> None:
    box = Box(standing_dovecot, f"of-{user}")
    box.add(letter(901, size=LONGEST + 50_000))
    for longest, code, why in ((35, Exit.OK, {}), (1, Exit.PARTIAL, {"too-large": 1})):
        made = plan(place, box, MICROSOFT | {"max_message": longest})
        assert reasons(rehearsed(made, code=code)["mailboxes"][0]) == why


def test_ctrl_c_leaves_a_rehearsal_that_goes_on(place: Path, standing_dovecot: ImapServer, user: str) -> None:
    count = 400
    box = Box(standing_dovecot, f"of-{user}")
    box.add(*letters(count))
    made = plan(place, box, MICROSOFT, pace=200)
    store = place / ".bascule" / "rehearsals" / SITE / "target.sqlite"
    with running(made.start("rehearse", SITE, "--json")) as process:
        while process.poll() is None and taken(store) < 50:
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        ended = finished(process)
    assert ended.code == Exit.INTERRUPTED
    assert valid(ended.json, "rehearse")["interrupted"]
    assert rehearsed(made, code=Exit.OK)["mailboxes"][0]["complete"]


def test_google_is_stood_in_for_by_its_own_stand_in(place: Path, box: Box) -> None:
    box.add(
        bad(904, b""), bad(905, b"From: one@example.org\r\nFrom: two@example.org\r\n"), bad(906, b"From: nobody\r\n")
    )
    made = plan(place, box, GOOGLE, copy={"repair": "off"})
    before = box.marks()
    told = rehearsed(made, code=Exit.PARTIAL)
    (mailbox,) = told["mailboxes"]
    assert told["target"]["stand_in"] == "google_workspace"
    assert reasons(mailbox) == {"content": 3}
    assert mailbox["judged"] == LETTERS + 6
    assert box.marks() == before
    everything = b"".join(path.read_bytes() for path in (place / ".bascule").rglob("*") if path.is_file())
    assert b"letter" not in everything, "no subject stays, and no part of a message"
    again = rehearsed(made, code=Exit.PARTIAL)["mailboxes"][0]
    assert again["counts"] == mailbox["counts"]


def test_a_rehearsal_for_google_leaves_this_machine_by_no_proxy(
    place: Path, standing_dovecot: ImapServer, user: str, tmp_path: Path
) -> None:
    box = Box(standing_dovecot, f"of-{user}")
    box.add(letter(1))
    made = plan(place, box, GOOGLE)
    connections = watched(made, tmp_path)
    with socket.create_server(("127.0.0.1", 0)) as company_proxy:
        port = company_proxy.getsockname()[1]
        made.environment |= dict.fromkeys(("http_proxy", "https_proxy", "all_proxy"), f"http://127.0.0.1:{port}")
        made.environment |= {"no_proxy": ""}
        (mailbox,) = rehearsed(made, code=Exit.OK)["mailboxes"]
    assert mailbox["counts"]["outcomes"]["stored"] == 1
    gone_to = {line for line in connections.read_text().splitlines() if line.startswith("(")}
    assert {line.split("'")[1] for line in gone_to} <= {"127.0.0.1", "::1"}
    assert not [line for line in gone_to if str(port) in line]


def test_a_rehearsal_for_google_that_was_killed_goes_on_with_its_stand_in(
    place: Path, standing_dovecot: ImapServer, user: str
) -> None:
    count = 150
    box = Box(standing_dovecot, f"of-{user}")
    box.add(*(letter(number) for number in range(count)))
    made = plan(place, box, GOOGLE, pace=100)
    state = place / ".bascule" / "rehearsals" / SITE
    with running(made.start("rehearse", SITE, "--json")) as process:
        deadline = time.monotonic() + 60
        while process.poll() is None and settled(state / "ledger.sqlite") < 20:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
    assert settled(state / "ledger.sqlite") < count
    left = b"".join(path.read_bytes() for path in state.rglob("*") if path.is_file())
    assert b"acceptance@example.org" in left, "it goes on by the Message-IDs that it noted"
    assert b"letter" not in left, "no subject is left by a rehearsal that never ended"
    (mailbox,) = rehearsed(made, code=Exit.OK)["mailboxes"]
    outcomes = mailbox["counts"]["outcomes"]
    assert (outcomes["stored"], outcomes["merged"]) == (count, 0), "a double would have been merged"


def settled(ledger: Path) -> int:
    """Messages that a ledger calls stored."""
    try:
        with sqlite3.connect(f"file:{ledger}?mode=ro", uri=True) as connection:
            return int(connection.execute("SELECT count(*) FROM message WHERE outcome = 'stored'").fetchone()[0])
    except sqlite3.OperationalError:
        return 0


def test_what_can_be_repaired_for_google_would_arrive(place: Path, box: Box) -> None:
    box.add(bad(904, b""), bad(905, b"From: one@example.org\r\nFrom: two@example.org\r\n"))
    (mailbox,) = rehearsed(plan(place, box, GOOGLE), code=Exit.PARTIAL)["mailboxes"]
    assert mailbox["counts"]["repaired"] + sum(reasons(mailbox).values()) == 2
    assert not (place / "kept").exists(), "a rehearsal keeps no originals"


def test_a_target_of_which_nothing_is_documented_is_said_to_be(place: Path, box: Box) -> None:
    made = plan(place, box, {"connector": "imap", "host": "mail.nowhere.example"})
    done = made.run("rehearse", SITE)
    assert done.code == 0, done.err
    assert "Nothing is documented of this target" in done.out


def test_a_mailbox_whose_source_cannot_be_read_is_told_and_the_others_go_on(
    place: Path, standing_dovecot: ImapServer, user: str
) -> None:
    for name in ("a", "b"):
        Box(standing_dovecot, f"{user}{name}").add(letter(1))
    made = organisation(place, imap(standing_dovecot.port), dict(MICROSOFT), people=[f"{user}a", f"{user}b"])
    made.passwords[f"{user}a@example.org"] = ("wrong", "")
    made.write()
    told = rehearsed(made, code=Exit.AUTH)
    wrong, right = told["mailboxes"]
    assert wrong["errors"]
    assert (right["judged"], right["errors"]) == (1, [])


def test_two_rehearsals_of_one_site_do_not_run_together(place: Path, box: Box) -> None:
    made = plan(place, box, MICROSOFT)
    folder = place / ".bascule" / "rehearsals" / SITE
    folder.mkdir(parents=True, mode=0o700)
    handle = os.open(folder / "lock", os.O_CREAT | os.O_RDWR)
    try:
        import fcntl

        fcntl.flock(handle, fcntl.LOCK_EX)
        assert made.run("rehearse", SITE).code == Exit.LOCKED
    finally:
        os.close(handle)
