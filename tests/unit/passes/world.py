"""A source and a target in memory, and passes between them on a clock that tests turn."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event
from unittest.mock import patch

from connectors.body import ByteBudget
from connectors.contract import Account, Entry, Folder, Reason, Resources, Source, Target
from connectors.memory import MemoryConnector, MemorySettings, MemoryWorld, VirtualClock
from connectors.wire import wire_bytes
from migrate.copy import pairs as copy_pairs
from migrate.copy.halt import Halt
from migrate.copy.job import Job
from migrate.copy.kept import KeptMail
from migrate.copy.placement import Placement
from migrate.copy.run import PassResult, run_adoption, run_pass
from migrate.ledger.store import Ledger
from tests.unit.passes.ledgers import open_ledger

ACCOUNT = Account("anna@example.org", "secret")


class Turned:
    """The engine's clock on the worlds' virtual one: waiting moves it, and takes no time."""

    def __init__(self, clock: VirtualClock) -> None:
        self._clock = clock

    def now(self) -> float:
        return self._clock().timestamp()

    def wait(self, seconds: float, stop: Event) -> bool:
        self._clock.advance(seconds)
        return stop.is_set()


class EverythingGoes:
    """Rules that leave nothing out and change no name."""

    def place(self, folder: Folder) -> Placement | None:
        return Placement(folder.path, folder.role)

    def why_left_out(self, folder: Folder) -> Reason:
        raise AssertionError("everything travels")

    def leaves_out(self, entry: Entry) -> Reason | None:
        return None

    def digest(self) -> str:
        return "everything"


class Sides:
    """Two worlds, one mailbox on each, and a ledger."""

    _count = 0

    def __init__(
        self,
        folder: Path,
        *,
        source: MemorySettings | None = None,
        target: MemorySettings | None = None,
        pairs: int = 1,
    ) -> None:
        Sides._count += 1
        self.clock = VirtualClock()
        self.names: tuple[str, ...] = (f"source-{Sides._count}", f"target-{Sides._count}")
        self.folder = folder
        self.pairs = pairs
        settings = (source or MemorySettings(), target or MemorySettings())
        self.resources = Resources(ByteBudget(), folder)
        self.worlds = []
        connectors = []
        for name, manners in zip(self.names, settings, strict=True):
            world = MemoryWorld.named(name)
            world.clock = self.clock
            world.add_user(ACCOUNT.user, ACCOUNT.password)
            self.worlds.append(world)
            connectors.append(MemoryConnector(manners.model_copy(update={"world": name}), self.resources))
        self.connectors = connectors
        self.source = self.worlds[0].mailbox(ACCOUNT.user)
        self.target = self.worlds[1].mailbox(ACCOUNT.user)
        self.ledger = open_ledger(folder / "ledger.sqlite", Ledger)
        #: Where originals are kept; without it nothing is repaired.
        self.kept: KeptMail | None = None

    def close(self) -> None:
        self.ledger.close()
        for name in self.names:
            MemoryWorld.forget(name)

    def further(self, name: str = "older") -> FurtherSide:
        """One more source of the same mailbox."""
        return FurtherSide(self, name)

    def lose_ledger(self) -> None:
        self.ledger.close()
        for file in self.folder.glob("ledger.sqlite*"):
            file.unlink()
        self.ledger = open_ledger(self.folder / "ledger.sqlite", Ledger)

    def job(self, **changes: object) -> Job:
        def open_source(stop: Event) -> Source:
            return self.connectors[0].open_source(ACCOUNT, stop)

        def open_target(stop: Event) -> Target:
            return self.connectors[1].open_target(ACCOUNT, stop)

        values: dict[str, object] = {
            "mailbox": ACCOUNT.user,
            "site": "paris",
            "source": "old",
            "open_source": open_source,
            "open_target": open_target,
            "rules": EverythingGoes(),
            "resources": self.resources,
            "pairs": self.pairs,
            "target": "new",
            "kept": self.kept,
            "clock": Turned(self.clock),
        }
        return Job(**values | changes)  # type: ignore[arg-type]  # a test's own changes

    def run(self, *further: FurtherSide, **changes: object) -> PassResult:
        # A few messages are worth a further pair here, so that pairs copy side by side, and while the source is listed.
        with patch.object(copy_pairs, "_MESSAGES_A_PAIR", 1):
            return run_pass([self.job(**changes), *(one.job(**changes) for one in further)], self.ledger, Halt())

    def adopt(self, *further: FurtherSide) -> PassResult:
        return run_adoption([self.job(), *(one.job() for one in further)], self.ledger, Halt())

    def on_source(self) -> Counter[tuple[tuple[str, ...], bytes]]:
        return self._contents(0, wire_bytes)

    def on_target(self) -> Counter[tuple[tuple[str, ...], bytes]]:
        return self._contents(1, lambda data: data)

    def _contents(self, side: int, form: Callable[[bytes], bytes]) -> Counter[tuple[tuple[str, ...], bytes]]:
        reader = self.worlds[side].reader(ACCOUNT.user)
        return Counter((state.path, form(m.data)) for state in reader.folders() for m in state.messages)


class FurtherSide:
    """A further source of the mailbox of ``sides``, in a world of its own."""

    def __init__(self, sides: Sides, name: str) -> None:
        self._sides = sides
        self._name = name
        self.world_name = f"{sides.names[0]}-{name}"
        sides.names = (*sides.names, self.world_name)
        self.world = MemoryWorld.named(self.world_name)
        self.world.clock = sides.clock
        self.world.add_user(ACCOUNT.user, ACCOUNT.password)
        self.mailbox = self.world.mailbox(ACCOUNT.user)
        self._connector = MemoryConnector(MemorySettings(world=self.world_name), sides.resources)

    def job(self, **changes: object) -> Job:
        def open_source(stop: Event) -> Source:
            return self._connector.open_source(ACCOUNT, stop)

        return self._sides.job(**{"source": self._name, "called": self._name, "open_source": open_source} | changes)


def mail(number: int, text: str = "hello", *, message_id: bool = True) -> bytes:
    identity = f"Message-ID: <{number}@example.org>\r\n" if message_id else ""
    return (
        f"From: b@example.org\r\nTo: anna@example.org\r\nSubject: s{number}\r\n"
        f"Date: Mon, 05 Jan 2026 08:00:00 +0000\r\n{identity}\r\n{text} \r\n"
    ).encode()


def when(number: int) -> datetime:
    return datetime(2025, 1, 1, tzinfo=UTC) + timedelta(hours=number)


def new_sides(**manners: object) -> Sides:
    return Sides(Path(tempfile.mkdtemp()), **manners)  # type: ignore[arg-type]  # passed on as they are
