"""Cyrus refuses NUL and writes X for raw 8-bit bytes in headers: both are repaired, also by a copy that is killed."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from hashlib import sha256
from pathlib import Path

import pytest

from tests.acceptance.conftest import TrapFactory
from tests.acceptance.organisation import LIMIT, SITE, Organisation, imap, organisation, running
from tests.acceptance.test_repairs import INBOX, broken, kept, on_disk
from tests.acceptance.trap import Moment, Snap
from tests.conftest import _entered
from tests.servers.cyrus import running_cyrus
from tests.servers.mail import bodies
from tests.servers.server import ImapServer


@pytest.fixture(scope="module")
def strict() -> Iterator[ImapServer]:
    with ExitStack() as running:
        yield _entered(running, running_cyrus())


def numbers(messages: list[bytes]) -> Counter[bytes]:
    """How often each letter is there, whatever became of its bytes."""
    return Counter(match[1] for data in messages if (match := re.search(rb"Message-ID: <(\d+)\.", data)))


KINDS = ["", "nul", "", "raw-8bit-header", "nul", "raw-8bit-header", "long-line", "raw-8bit-header"]


@pytest.fixture
def plan(place: Path, tmp_path: Path, strict: ImapServer, user: str) -> Organisation:
    files = on_disk(tmp_path / "mail", [broken(number, kind) for number, kind in enumerate(KINDS)])
    return organisation(place, files, imap(strict.port), source_user="anna", target_user=user)


def test_what_it_refuses_and_what_it_changes_is_repaired_with_proof(
    plan: Organisation, strict: ImapServer, user: str
) -> None:
    ended = plan.copy()
    assert ended.code == 0, ended.out + ended.err
    assert ended.mailbox["outcomes"]["stored"] == len(KINDS)
    there = bodies(strict, user)[INBOX]
    assert numbers(there) == Counter({b"%d" % number: 1 for number in range(len(KINDS))})
    assert sum(b"Subject: cafX" in data for data in there) == 1, "the first one: nobody could know before"
    assert sum(b"Subject: =?windows-1252?q?caf=E9?= " in data for data in there) == 2
    assert sum(data.endswith(b"a=00b\r\n") for data in there) == 2
    told = plan.run("not-copied", SITE, "--json").json["changed"]
    rules = Counter((one["what"], *one["rules"]) for one in told)
    assert rules == {
        ("altered-by-target", "raw-8bit-header"): 1,
        ("repaired", "raw-8bit-header"): 2,
        ("repaired", "nul"): 2,
    }
    digests = {sha256(data).hexdigest() for data in there}
    assert all(one["digests"]["found" if one["digests"]["found"] else "sent"] in digests for one in told)
    assert {file.read_bytes() for file in kept(plan)} == {
        one for number, kind in enumerate(KINDS) if kind in ("nul", "raw-8bit-header") and (one := broken(number, kind))
        and number != 3
    }  # fmt: skip
    verified = plan.run("verify", SITE, "--json")
    assert verified.mailbox["grade"] == "good", verified.out
    causes = Counter((one["kind"], one["cause"]) for one in verified.mailbox["findings"])
    assert causes == {("repaired", "repaired"): 4, ("altered", "altered-by-target"): 1}
    plan.forget()
    assert plan.copy().copied == 0
    assert len(bodies(strict, user)[INBOX]) == len(KINDS)


@pytest.mark.parametrize(
    "nth", [2, 4, 6, *(pytest.param(number, marks=pytest.mark.nightly) for number in (1, 3, 5, 7))]
)
@pytest.mark.parametrize("moment", [Moment.LAST_LITERAL_BYTE, Moment.ANSWERED])
def test_killed_between_refusal_and_repair_nothing_is_lost_and_nothing_doubled(
    plan: Organisation, strict: ImapServer, user: str, trap: TrapFactory, moment: Moment, nth: int
) -> None:
    before = trap(strict.port)
    plan.systems["new"] = imap(before.port)
    plan.write()
    with running(plan.start("copy", SITE, "--json")) as process:
        before.set(Snap(moment, nth), process.kill)
        process.communicate(timeout=LIMIT)
    assert before.snapped.is_set()
    ended = plan.copy()
    assert ended.code == 0, ended.out + ended.err
    there = bodies(strict, user)[INBOX]
    assert numbers(there) == Counter({b"%d" % number: 1 for number in range(len(KINDS))})
    assert sum(data.endswith(b"a=00b\r\n") for data in there) == 2
