"""What servers ask for and grant: obeyed by every run of the installed command, and remembered."""

from __future__ import annotations

import sqlite3
import time
from contextlib import ExitStack, closing
from datetime import datetime
from pathlib import Path

import pytest

from tests.acceptance.box import Box
from tests.acceptance.letters import letter
from tests.acceptance.organisation import SITE, Organisation, finished, imap, organisation, running
from tests.acceptance.schemas import valid
from tests.conftest import _entered
from tests.servers.courier import running_courier
from tests.servers.server import ImapServer
from tests.servers.throttle import running_throttle

THROTTLED = "BAD Request is throttled. Suggested Backoff Time: {} milliseconds"
LETTERS = 30


def company(
    place: Path, old: ImapServer, new: ImapServer, user: str, port: int, **more: object
) -> tuple[Organisation, list[str]]:
    """Two people with mail on ``old``, which is met at ``port``."""
    people = [f"{user}a", f"{user}b"]
    for one in people:
        Box(old, one).add(*(letter(number, size=4000, folder=("INBOX",)) for number in range(LETTERS)))
    return organisation(place, imap(port, **more), imap(new.port, batch=5), people=people), people


def arrived(new: ImapServer, user: str) -> int:
    return sum(stored.total() for stored in Box(new, user).holds().values())


def test_two_runs_obey_one_pause_that_the_server_asked_for(
    place: Path, old: ImapServer, new: ImapServer, user: str
) -> None:
    with running_throttle(old.port, THROTTLED.format(6000), nth=3) as throttle:
        plan, people = company(place, old, new, f"pause-{user}", throttle.port, sessions=1, messages_per_second=10)
        starts = [plan.start("copy", SITE, "--mailbox", f"{one}@example.org", "--json") for one in people]
        with running(starts[0]) as first, running(starts[1]) as second:
            ended = [finished(process) for process in (first, second)]
    assert [one.code for one in ended] == [0, 0]
    assert len({one.connection for one in throttle.heard}) >= 2
    assert throttle.commands_between(-60, 0)
    # Both look into the ledger every second.
    assert [one for one in throttle.commands_between(2, 6) if one.line] == []
    assert throttle.commands_between(6, 60), "both went on"
    assert [arrived(new, one) for one in people] == [LETTERS, LETTERS]


def test_a_long_pause_ends_the_run_which_says_when_it_goes_on_and_the_next_run_does_not_even_sign_in(
    place: Path, old: ImapServer, new: ImapServer, user: str
) -> None:
    with running_throttle(old.port, THROTTLED.format(3_600_000), nth=1) as throttle:
        plan, people = company(place, old, new, f"long-{user}", throttle.port, sessions=1)
        began = time.time()
        first = plan.copy("--mailbox", f"{people[0]}@example.org")
        assert first.code == 6
        before = throttle.connections
        second = plan.copy("--mailbox", f"{people[1]}@example.org")
        check = plan.run("check", SITE, "--json")
        secrets = plan.run("secrets", "status", SITE)
        assert throttle.connections == before, "nobody knocked"
    assert second.code == 6
    (error,) = valid(second.json, "run")["mailboxes"][0]["errors"]
    assert error["kind"] == "Postponed"
    assert "the server asked to be left alone for a while; it continues on " in error["message"]
    assert "(Europe/Paris)" in error["message"]
    assert 3500 < datetime.fromisoformat(error["until"]).timestamp() - began < 3700
    assert "Postponed" in str(valid(check.json, "check"))
    assert "the server asked to be left alone for a while" in " ".join(secrets.out.split())


@pytest.mark.parametrize(("side", "key"), [("old", "read_a_day"), ("new", "written_a_day")])
def test_a_days_allowance_stops_the_mailbox_says_when_it_goes_on_and_holds_for_the_next_run(
    place: Path, old: ImapServer, new: ImapServer, user: str, side: str, key: str
) -> None:
    plan, people = company(place, old, new, f"day-{user}", old.port)
    plan.systems[side]["each_mailbox"] = {key: "60 kB"}
    plan.write()
    first = plan.copy()
    assert first.code == 5
    brought = [arrived(new, one) for one in people]
    assert all(0 < there < LETTERS for there in brought)
    for mailbox, there in zip(valid(first.json, "run")["mailboxes"], brought, strict=True):
        assert mailbox["this_pass"]["copied"] == there
        assert mailbox["outcomes"]["pending"] == LETTERS - there
        assert mailbox["in_flight"] == 0
        assert [error["kind"] for error in mailbox["errors"]] == ["OverQuota"]
        assert "it continues on " in mailbox["errors"][0]["message"]
        assert "until" in mailbox["errors"][0]
    again = plan.copy()
    assert again.code == 5
    assert [mailbox["this_pass"]["copied"] for mailbox in again.json["mailboxes"]] == [0, 0]
    plan.systems[side]["each_mailbox"] = {key: "1 GB"}
    plan.write()
    assert plan.copy().code == 0
    assert [arrived(new, one) for one in people] == [LETTERS, LETTERS]


def test_the_sessions_that_an_account_is_granted_are_learnt_once_and_remembered(
    place: Path, old: ImapServer, new: ImapServer, user: str
) -> None:
    source = Box(old, f"caps-{user}")
    with running_throttle(new.port, sessions=2) as door:
        plan = organisation(place, imap(old.port), imap(door.port, batch=20), source_user=source.user, target_user=user)
        source.add(*(letter(number, folder=("INBOX",)) for number in range(900)))
        assert plan.copy().code == 0
        assert door.refusals > 0, "the plan allows four"
        assert learnt(plan) == [(user, 2)]
        first, refused = door.connections, door.refusals
        source.add(*(letter(number, folder=("INBOX",)) for number in range(900, 1800)))
        assert plan.copy().copied == 900
        assert door.connections - first == 2, "the next run begins at the right number, and uses it"
        assert door.refusals == refused
    assert arrived(new, user) == 1800


def test_the_sessions_that_courier_grants_an_address_are_learnt_once_and_remembered(
    place: Path, old: ImapServer, user: str
) -> None:
    """It ends the connection without a word."""
    people = [f"one-{user}", f"two-{user}", f"three-{user}"]
    with ExitStack() as stack:
        source = _entered(stack, running_courier(sessions=2))
        door = stack.enter_context(running_throttle(source.port))
        for person in people:
            Box(source, person).add(*(letter(number, folder=("INBOX",)) for number in range(40)))
        plan = organisation(place, imap(door.port), imap(old.port), people=people)
        ended = plan.copy()
        assert (ended.code, [mailbox["this_pass"]["copied"] for mailbox in ended.json["mailboxes"]]) == (0, [40] * 3)
        assert learnt(plan) == [("", 2)]
        first = door.connections
        assert first > 3, "somebody was refused"
        for person in people:
            Box(source, person).add(letter(99, folder=("INBOX",)))
        again = plan.copy()
        assert (again.code, [mailbox["this_pass"]["copied"] for mailbox in again.json["mailboxes"]]) == (0, [1] * 3)
        assert door.connections - first == 3, "each mailbox waits for its turn, and nobody is refused"


def learnt(plan: Organisation) -> list[tuple[str, int]]:
    with closing(sqlite3.connect(plan.ledger)) as ledger:
        return ledger.execute("SELECT account, sessions FROM session_cap").fetchall()
