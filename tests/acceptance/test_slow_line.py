"""kill -9 while a slow line still carries what the process had sent: it arrives long after the next run has begun."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests.acceptance.journey import Sent, journey, sent
from tests.acceptance.letters import letter
from tests.acceptance.organisation import LIMIT, running
from tests.conftest import ProxyFactory
from tests.servers.server import ImapServer

#: Bytes a second, and bytes that are on their way when the process dies.
RATE, IN_FLIGHT = 250_000, 900_000
#: Seconds.  What is on its way takes four to arrive; a restart at zero delay must not take it for lost before that.
SETTLE = 7


@pytest.fixture(scope="module")
def batches(old: ImapServer) -> Sent:
    """One batch of a megabyte, and half of another."""
    return sent(old, "slow-batches", [letter(number, size=10_000, folder=("INBOX",)) for number in range(150)])


@pytest.fixture(scope="module")
def single(old: ImapServer) -> Sent:
    """One message of a megabyte, for a target that takes them one by one; the next run has nothing else to do."""
    return sent(old, "slow-single", [letter(0, size=1_000_000)])


@pytest.mark.parametrize(
    ("new", "source"), [("dovecot", "batches"), ("courier", "single")], ids=["dovecot", "courier"], indirect=["new"]
)
def test_a_megabyte_that_arrives_after_the_restart_is_not_sent_twice(
    request: pytest.FixtureRequest, place: Path, proxy: ProxyFactory, new: ImapServer, user: str, source: str
) -> None:
    line = proxy(new.port, rate=RATE)
    mailbox: Sent = request.getfixturevalue(source)
    one = journey(place, mailbox, new, user, source_port=mailbox.server.port, target_port=line.port, settle=SETTLE)
    with running(one.start()) as process:
        assert line.wait_taken(1_000_000, "up")
        time.sleep(0.2)  # the end of the batch follows at once
        in_flight = line.taken["up"] - line.delivered["up"]
        process.kill()
        process.communicate(timeout=LIMIT)
    assert in_flight > IN_FLIGHT
    assert one.there == 0
    one.ends_exactly()


def test_a_full_send_buffer_is_thrown_away(
    place: Path, proxy: ProxyFactory, new: ImapServer, user: str, batches: Sent
) -> None:
    """The line takes little at a time: most of the batch is in the kernel's buffer when the process dies."""
    line = proxy(new.port, rate=RATE)
    line.buffer = 64 << 10
    one = journey(place, batches, new, user, source_port=batches.server.port, target_port=line.port, settle=SETTLE)
    with running(one.start()) as process:
        assert line.wait_taken(100_000, "up")
        process.kill()
        process.communicate(timeout=LIMIT)
    assert line.wait_idle(), "a reset ends the connection at once"
    assert one.there == 0, "part of a batch is nothing"
    one.ends_exactly()
