"""What a mailbox may hold, and how its folders would be spelt: asked before anything is written."""

from __future__ import annotations

from pathlib import Path
from threading import Event

import pytest

from connectors.contract import Quota, names_of, quota_of, refused_by
from connectors.imap.quota import lacks_room, quota_in
from connectors.wrappers import LimitedTarget, RateLimit, RetryingTarget, RetryPolicy
from tests.unit.imap.scripted import FULL, Peer, playing


def test_storage_is_in_units_of_1024_bytes() -> None:
    told = quota_in([[b'* QUOTAROOT "INBOX" ""'], [b'* QUOTA "" (STORAGE 10 512)']])
    assert told == Quota(limit=512 * 1024, used=10 * 1024)


def test_messages_are_counted_as_they_are() -> None:
    told = quota_in([[b'* QUOTA "User quota" (STORAGE 1 2 MESSAGE 20 100)']])
    assert told == Quota(limit=2048, used=1024, messages_limit=100, messages_used=20)


def test_of_several_roots_the_one_with_the_least_room_decides() -> None:
    told = quota_in([[b'* QUOTA "a" (STORAGE 0 100)'], [b'* QUOTA "b" (STORAGE 90 120)']])
    assert told == Quota(limit=120 * 1024, used=90 * 1024)


@pytest.mark.parametrize(
    "line", [b'* QUOTA "" ()', b'* QUOTAROOT "INBOX"', b'* QUOTA "" (STORAGE x 512)', b'* QUOTA "" (STORAGE 1', b"* OK"]
)
def test_what_tells_nothing_is_no_quota(line: bytes) -> None:
    assert quota_in([[line]]) is None


def test_a_server_with_quota_is_asked_about_inbox(tmp_path: Path) -> None:
    def script(peer: Peer) -> None:
        peer.sign_in(FULL + " QUOTA")
        peer.answer('GETQUOTAROOT "INBOX"', '* QUOTAROOT INBOX ""', '* QUOTA "" (STORAGE 1 4)')
        peer.sign_out()

    with playing(tmp_path, script) as server:
        target = server.target()
        assert quota_of(target) == Quota(limit=4096, used=1024)
        target.close()


def test_a_server_without_quota_is_not_asked(tmp_path: Path) -> None:
    def script(peer: Peer) -> None:
        peer.sign_in()
        peer.sign_out()

    with playing(tmp_path, script) as server:
        target = server.target()
        assert quota_of(target) is None
        target.close()


def test_a_server_that_refuses_to_say_has_no_known_quota(tmp_path: Path) -> None:
    def script(peer: Peer) -> None:
        peer.sign_in(FULL + " QUOTA")
        peer.answer('GETQUOTAROOT "INBOX"', status="NO not today")
        peer.sign_out()

    with playing(tmp_path, script) as server:
        target = server.target()
        assert quota_of(target) is None
        target.close()


def test_wrappers_pass_it_on(tmp_path: Path) -> None:
    def script(peer: Peer) -> None:
        peer.sign_in(FULL + " QUOTA")
        peer.answer('GETQUOTAROOT "INBOX"', '* QUOTA "" (STORAGE 1 4)')
        peer.list_for_target()
        peer.sign_out()

    with playing(tmp_path, script) as server:
        limit, stop = RateLimit(messages_per_second=1e9), Event()
        target = RetryingTarget(lambda: LimitedTarget(server.target(), limit, stop), RetryPolicy(), stop)
        assert quota_of(target) == Quota(limit=4096, used=1024)
        assert names_of(target).forbidden == "/"
        target.close()


class Plain:
    """A target of somebody else, who never heard of this."""


def test_a_target_that_cannot_tell_is_not_known() -> None:
    assert quota_of(Plain()) is None  # type: ignore[arg-type]  # no target at all
    assert names_of(Plain()).spelt("a/b*", at_top=True) == "a/b*"  # type: ignore[arg-type]
    assert not refused_by(Plain(), [("a", "b")])  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("quota", "messages", "size", "full"),
    [
        (Quota(limit=100_000, used=60_000), 1, 30_000, False),
        (Quota(limit=100_000, used=60_000), 1, 40_000, True),
        (Quota(limit=100_000, used=None), 3, 90_000, False),
        (Quota(messages_limit=10, messages_used=8), 2, 1, False),
        (Quota(messages_limit=10, messages_used=8), 3, 1, True),
        (Quota(), 1000, 1 << 40, False),
    ],
)
def test_what_does_not_fit_is_known(quota: Quota, messages: int, size: int, full: bool) -> None:
    assert lacks_room(quota, messages, size) is full
