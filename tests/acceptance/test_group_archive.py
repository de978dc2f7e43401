"""``bascule groups archive`` at Google's stand-in: each message once, byte for byte, or told."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.acceptance.clouds import Cloud, google_cloud, own_name
from tests.acceptance.organisation import killed_at, running
from tests.acceptance.schemas import valid
from tests.servers.google import DOMAIN, GoogleForTests

HEAD = "From: a@x.example\r\nTo: g@x.example\r\nDate: Mon, 5 Jan 2015 10:00:00 +0000\r\n"


def _message(number: int, body: bytes = b"hello\r\n") -> bytes:
    return f"{HEAD}Message-ID: <{number}@x.example>\r\nSubject: {number}\r\n\r\n".encode() + body


MESSAGES = [_message(number) for number in range(20)] + [
    _message(100, "8-bit: é".encode("latin-1") + b"\r\n"),
    _message(101, b"\r\nFrom the start\r\n"),
    f"{HEAD}\r\nno Message-ID\r\n".encode(),
]


@pytest.fixture
def cloud(tmp_path: Path, google: GoogleForTests) -> Cloud:
    made = google_cloud(tmp_path, google, DOMAIN)
    group = f"{own_name('list')}@{DOMAIN}"
    service = google.service("admin.directory_v1", f"admin@{DOMAIN}", ["admin.directory.group"])
    service.groups().insert(body={"email": group}).execute()
    folder = tmp_path / "old"
    folder.mkdir()
    for number, message in enumerate(MESSAGES):
        (folder / f"{number}.eml").write_bytes(message)
    made.more = {"group": group}
    made.write([{"address": f"anna@{DOMAIN}"}], groups={group: {"kind": "forum", "archive": "old"}})
    return made


def test_every_message_is_put_once_though_the_run_is_killed_again_and_again(
    cloud: Cloud, google: GoogleForTests
) -> None:
    group = cloud.more["group"]
    google.stand_in.manners(latency=0.02, dedupe=False)
    journal = cloud.organisation.folder / ".bascule" / "groups" / f"{group}.jsonl"
    for stop_at in (5, 25):
        with running(cloud.organisation.start("groups", "archive", group)) as process:
            killed_at(process, lambda: journal.exists() and journal.read_text().count("\n"), stop_at)
    google.stand_in.manners(latency=0)
    told = valid(cloud.organisation.run_installed("groups", "archive", group, "--json").json, "groups-archive")
    there = google.stand_in.archive(group)
    assert len(there) == len(set(there)), "nothing is there twice"
    assert set(there) <= set(MESSAGES), "byte for byte"
    missing = set(MESSAGES) - set(there)
    assert told["messages"] == len(MESSAGES)
    # Of those in flight at a kill nobody knows: they are told, and there or not.
    uncertain = told["outcomes"].get("uncertain", 0)
    assert len(missing) <= uncertain <= 2
    again = cloud.organisation.run_installed("groups", "archive", group, "--send-uncertain", "--json")
    assert again.code == 0, again.out
    assert set(google.stand_in.archive(group)) == set(MESSAGES)


def test_busy_answers_are_waited_for_and_lost_ones_are_told(cloud: Cloud, google: GoogleForTests) -> None:
    group = cloud.more["group"]
    method = "groupsmigration.archive.insert"
    google.stand_in.manners(dedupe=False)
    google.stand_in.fault("429", method=method, first=2, retry_after=1)
    google.stand_in.fault("503_after_commit", method=method, first=6)
    google.stand_in.fault("drop_after_commit", method=method, first=9)
    ended = cloud.organisation.run_installed("groups", "archive", group, "--json")
    told = valid(ended.json, "groups-archive")
    assert (ended.code, told["outcomes"]) == (3, {"put": len(MESSAGES) - 2, "uncertain": 2})
    assert sorted(google.stand_in.archive(group)) == sorted(MESSAGES)


def test_what_google_refuses_and_what_cannot_be_is_told(cloud: Cloud, google: GoogleForTests) -> None:
    group, folder = cloud.more["group"], cloud.organisation.folder
    (folder / "old" / "bad.eml").write_bytes(b"Subject: no sender\r\n\r\nx\r\n")
    (folder / "old" / "long.eml").write_bytes(_message(500, b"x" * (26 << 20) + b"\r\n"))
    told = valid(cloud.organisation.run_installed("groups", "archive", group, "--json").json, "groups-archive")
    assert told["outcomes"] == {"put": len(MESSAGES), "refused": 2}
    assert any("longer than 25 MB" in one["what"] for one in told["not_put"])
    unknown = cloud.organisation.run_installed("groups", "archive", "nobody@x.example")
    assert (unknown.code, "There is no group" in unknown.err) == (2, True)
