"""How fast messages of 5 KB go into Gmail mailboxes, before a stand-in: at no latency, at 100 ms, and under quotas.

    .venv/bin/python -m benchmarks.google [seconds a case]

Batches are fenced and written as a copy does it.  What is told of a case: imports a second and their share of what the
case allows, CPU of this process for each, and the share of calls that were turned down for their rate.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Thread

from connectors.body import ByteBudget, MemoryBody
from connectors.contract import Account, Outgoing, Resources
from connectors.google_workspace.connector import GoogleWorkspaceConnector
from connectors.suite import samples
from tests.servers.google import GoogleForTests, google_for_tests
from tests.servers.google_workspace import settings_for

SIZE = 5_000
SESSIONS = 4
WARM_UP = 2.0
UNLIMITED = 600_000_000


@dataclass(frozen=True)
class Case:
    """So many mailboxes, what the stand-in is told, what the plan says, and what can be had at the most."""

    name: str
    mailboxes: int
    manners: dict[str, object]
    plan: dict[str, object]
    #: Imports a second; None: there is no such limit.
    ceiling: float | None


def cases() -> list[Case]:
    free: dict[str, object] = {"user_units_per_minute": UNLIMITED, "project_units_per_minute": UNLIMITED}
    lean: dict[str, object] = {"dedupe": False, "keep_bodies": False}
    user, project = 6_000, 120_000
    return [
        Case("one session", 1, lean, free | {"sessions": 1}, None),
        Case("no latency", 2, lean, free, None),
        Case("100 ms", 1, lean | {"latency": 0.1}, free, SESSIONS / 0.1),
        Case(
            "quota of a mailbox", 1, lean | {"user_units": user}, free | {"user_units_per_minute": user}, user / 25 / 60
        ),
        # A tenth of a real project: 30 mailboxes instead of 300.
        Case(
            "quota of a project",
            30,
            lean | {"user_units": user, "project_units": project},
            {"user_units_per_minute": user, "project_units_per_minute": project},
            project / 25 / 60,
        ),
    ]


def main() -> None:
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 30.0
    with tempfile.TemporaryDirectory() as folder, google_for_tests(Path(folder)) as google:
        for case in cases():
            print(_told(case, google, Path(folder), seconds), flush=True)


def _told(case: Case, google: GoogleForTests, folder: Path, seconds: float) -> str:
    google.stand_in.reset()
    google.stand_in.manners(**case.manners)
    plan = dict(case.plan)
    sessions = int(str(plan.pop("sessions", SESSIONS)))
    connector = GoogleWorkspaceConnector(settings_for(google, **plan), Resources(ByteBudget(), folder))
    people = [google.person() for _ in range(case.mailboxes)]
    done: list[int] = []
    over = Event()
    writers = [
        Thread(target=_write, args=(connector, person, f"{person} {number}", over, done))
        for person in people
        for number in range(sessions)
    ]
    for writer in writers:
        writer.start()
    # Signing in is not what is measured; nor are calls that a full bucket grants at once.
    over.wait(WARM_UP)
    began, used, before = time.monotonic(), time.process_time(), len(done)
    over.wait(seconds)
    over.set()
    took, cpu = time.monotonic() - began, time.process_time() - used
    count = len(done) - before
    for writer in writers:
        writer.join()
    answers = google.stand_in.answers()
    refused = sum(count for what, count in answers.items() if " 429 " in f"{what} " or " 403 " in f"{what} ")
    rate = count / took
    share = "" if case.ceiling is None else f"  {rate / case.ceiling:6.1%} of {case.ceiling:g}/s"
    return (
        f"{case.name:20} {rate:7.1f} imports/s  {cpu / max(count, 1) * 1000:6.2f} ms CPU each{share}"
        f"  turned down {refused / sum(answers.values()):.2%}"
    )


def _write(connector: GoogleWorkspaceConnector, person: str, name: str, over: Event, done: list[int]) -> None:
    with closing(connector.open_target(Account(person), Event())) as target:
        folder = target.ensure(("Work",), None)
        batches = _batches(name, target.capabilities().batch)
        while not over.is_set():
            batch = batches()
            target.fence(folder, batch)
            for receipt in target.write(folder, batch, lambda: None):
                assert receipt.outcome == "stored"
                done.append(1)
                if over.is_set():
                    break


def _batches(name: str, size: int) -> Callable[[], Sequence[Outgoing]]:
    """Messages of their own; the digests that a copy makes are not part of what is measured."""
    filler = (b"0123456789abcdef" * 4 + b"\r\n") * (SIZE // 66)
    number = 0
    one = samples.outgoing(0, samples.mail(1))

    def make() -> list[Outgoing]:
        nonlocal number
        made = []
        for ordinal in range(size):
            number += 1
            head = f"From: a@x.example\r\nMessage-ID: <{number}.{name.replace(' ', '.')}>\r\nSubject: {number}\r\n\r\n"
            data = head.encode() + filler
            made.append(
                Outgoing(
                    ordinal, MemoryBody(data), one.received, frozenset({"\\Seen"}), b"", b"", head.split("<")[1][:-1]
                )
            )
        return made

    return make


if __name__ == "__main__":
    main()
