"""The plan's hours for copying: outside them a copy waits, and goes on by itself; on clocks that tests set."""

from __future__ import annotations

import signal
import struct
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import TZPATH

import pytest

from tests.acceptance.box import Box
from tests.acceptance.letters import letter
from tests.acceptance.organisation import SITE, Ended, Organisation, finished, imap, organisation, running
from tests.acceptance.schemas import valid
from tests.conftest import ProxyFactory
from tests.servers.server import ImapServer

LETTERS = 12


def clocks_at(plan: Organisation, folder: Path, shown: str, window: str) -> None:
    """The site is where the clocks show ``shown`` now, and copies in these hours.

    Such a place is a time zone of its own, whose distance from Greenwich has odd seconds: so tests need not wait for
    the minute.
    """
    now = datetime.now(UTC)
    hour, minute, second = map(int, shown.split(":"))
    ahead = now.replace(hour=hour, minute=minute, second=second, microsecond=0) - now
    offset = round(ahead / timedelta(seconds=1))
    offset -= 86400 * round(offset / 86400)
    header = b"TZif2" + bytes(15) + struct.pack(">6l", 0, 0, 0, 0, 1, 4)
    zone = header + struct.pack(">lbb", offset, 0, 0) + b"HERE"
    (folder / "Test").mkdir(parents=True)
    (folder / "Test" / "Here").write_bytes(zone + zone + b"\nHERE0\n".replace(b"HERE0", _posix(offset)))
    plan.environment["PYTHONTZPATH"] = ":".join([str(folder), *TZPATH])
    site = plan.folder / "sites" / f"{SITE}.yaml"
    site.write_text(f'{site.read_text()}time_zone: Test/Here\ncopy: {{window: "{window}"}}\n')


def _posix(offset: int) -> bytes:
    """A zone's rule for all times to come."""
    hours, rest = divmod(abs(offset), 3600)
    return f"<HERE>{'-' if offset > 0 else '+'}{hours}:{rest // 60:02}:{rest % 60:02}".encode()


@pytest.fixture
def plan(place: Path, standing_dovecot: ImapServer, new: ImapServer, user: str) -> Organisation:
    Box(standing_dovecot, f"of-{user}").add(
        *(letter(number, size=50_000, folder=("INBOX",)) for number in range(LETTERS))
    )
    return organisation(
        place,
        imap(standing_dovecot.port),
        imap(new.port, batch=1),
        source_user=f"of-{user}",
        target_user=user,
    )


def arrived(new: ImapServer, user: str) -> Counter[bytes]:
    return Counter(stored.content for stored in Box(new, user).holds().get(("INBOX",), Counter()).elements())


def test_a_copy_waits_for_its_hours_says_until_when_and_goes_on(
    plan: Organisation, new: ImapServer, user: str, tmp_path: Path
) -> None:
    clocks_at(plan, tmp_path / "zones", "18:59:48", "19:00-07:00")
    with running(plan.start("copy", SITE, "--json")) as process:
        assert process.stderr is not None
        said = process.stderr.readline()
        assert not arrived(new, user), "nothing is copied before"
        ended = finished(process)
    assert "Outside the plan's hours for copying: the copy goes on at 19:00 (Test/Here)." in said
    assert ended.code == 0
    assert valid(ended.json, "run")["hours_begin"] is None
    assert ended.copied == LETTERS


def test_ctrl_c_ends_the_wait_and_the_json_says_when_it_would_go_on(
    plan: Organisation, new: ImapServer, user: str, tmp_path: Path
) -> None:
    clocks_at(plan, tmp_path / "zones", "12:00:00", "19:00-07:00")
    with running(plan.start("copy", SITE, "--json")) as process:
        assert process.stderr is not None
        assert "goes on at 19:00" in process.stderr.readline()
        process.send_signal(signal.SIGINT)
        ended = finished(process)
    assert ended.code == 130
    told = valid(ended.json, "run")
    assert told["mailboxes"] == []
    assert datetime.fromisoformat(told["hours_begin"]).strftime("%H:%M:%S") == "19:00:00"
    assert not arrived(new, user)


def test_now_copies_at_once(plan: Organisation, tmp_path: Path) -> None:
    clocks_at(plan, tmp_path / "zones", "12:00:00", "19:00-07:00")
    ended = plan.copy("--now")
    assert (ended.code, ended.copied) == (0, LETTERS)


def test_the_end_of_the_hours_pauses_after_the_batch_in_hand_and_nothing_is_lost_or_doubled(
    plan: Organisation, new: ImapServer, user: str, tmp_path: Path, proxy: ProxyFactory
) -> None:
    line = proxy(new.port, rate=60_000)  # a message a second, nearly
    plan.systems["new"]["port"] = line.port
    plan.write()
    clocks_at(plan, tmp_path / "zones", "06:59:54", "19:00-07:00")
    with running(plan.start("copy", SITE, "--json")) as process:
        assert process.stderr is not None
        said = process.stderr.readline()
        process.send_signal(signal.SIGINT)
        paused: Ended = finished(process)
    assert "goes on at 19:00" in said, paused
    told = valid(paused.json, "run")
    (mailbox,) = told["mailboxes"]
    assert 0 < mailbox["this_pass"]["copied"] < LETTERS
    assert mailbox["interrupted"]
    assert mailbox["in_flight"] == 0
    assert told["hours_begin"] is not None

    assert plan.copy("--now").copied == LETTERS - mailbox["this_pass"]["copied"]
    assert sorted(arrived(new, user).values()) == [1] * LETTERS
