"""Ctrl-C, SIGTERM, and two runs at once."""

from __future__ import annotations

import signal
import time
from pathlib import Path

import pytest

from tests.acceptance.journey import Journey, journey, sent
from tests.acceptance.letters import letters
from tests.acceptance.organisation import finished, running
from tests.conftest import ProxyFactory
from tests.servers.proxy import Proxy
from tests.servers.server import ImapServer

MESSAGES, BATCH = 260, 20
#: Bytes that go to the target before the test steps in: some batches are there, most are not.
IN_THE_MIDDLE = 60_000


@pytest.fixture
def line(proxy: ProxyFactory, new: ImapServer) -> Proxy:
    """A line on which the copy takes two seconds."""
    return proxy(new.port, rate=100_000)


@pytest.fixture
def one(place: Path, old: ImapServer, new: ImapServer, user: str, line: Proxy) -> Journey:
    source = sent(old, f"of-{user}", letters(MESSAGES))
    return journey(place, source, new, user, source_port=old.port, target_port=line.port, batch=BATCH)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_first_signal_ends_after_the_batches_in_hand(one: Journey, line: Proxy, number: signal.Signals) -> None:
    with running(one.start()) as process:
        assert line.wait_taken(IN_THE_MIDDLE, "up")
        process.send_signal(number)
        ended = finished(process)
    assert ended.code == 130
    assert ended.json["exit_code"] == 130
    assert ended.mailbox["interrupted"]
    assert ended.mailbox["in_flight"] == 0
    assert 0 < ended.mailbox["outcomes"]["stored"] < MESSAGES
    assert "Traceback" not in ended.err
    one.ends_exactly()


def test_the_second_signal_cuts_the_connections(one: Journey, line: Proxy) -> None:
    with running(one.start()) as process:
        assert line.wait_taken(IN_THE_MIDDLE, "up")
        line.stall()
        process.send_signal(signal.SIGINT)
        time.sleep(0.5)
        assert process.poll() is None, "a stalled line holds up the batch in hand"
        process.send_signal(signal.SIGINT)
        since = time.monotonic()
        ended = finished(process)
        assert time.monotonic() - since < 5
    line.resume()
    assert ended.code == 130
    assert "Traceback" not in ended.err
    one.ends_exactly()


def test_a_second_copy_of_the_same_mailbox_is_locked_out(one: Journey, line: Proxy) -> None:
    with running(one.start()) as first:
        assert line.wait_taken(IN_THE_MIDDLE, "up")
        second = one.plan.copy()
        assert first.poll() is None, "the first was still at work"
        assert finished(first).code == 0
    assert second.code == 4
    assert [error["kind"] for error in second.mailbox["errors"]] == ["MailboxBusy"]
    one.has_arrived()


def test_two_copies_started_together_copy_once(one: Journey) -> None:
    with running(one.start()) as first, running(one.start()) as second:
        codes = sorted(finished(process).code for process in (first, second))
    assert codes == [0, 4]
    one.has_arrived()
