"""Whatever happens, in whatever order: nothing is lost, nothing doubled, the source untouched, all accounted for.

A machine of random steps works on a source and a target in memory whose manners are drawn anew for each run, while
passes are cut, killed and continued between and inside the steps.
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from threading import Event

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import Connection

from connectors.contract import Source, Target, Transient
from connectors.memory import MemorySettings
from connectors.memory.faults import Cut, Moment
from connectors.memory.store import Stored
from connectors.wire import digest_bytes
from connectors.wrappers import RetryingSource, RetryingTarget, RetryPolicy, Timekeeper
from migrate.copy import settle
from migrate.copy.hold import Hold
from migrate.copy.run import PassResult
from migrate.ledger import attempts, mailboxes
from migrate.ledger.schema import ON_TARGET, Direction, Outcome
from migrate.ledger.store import Ledger
from tests.unit.ledger.recount import assert_tallies_hold
from tests.unit.passes.ledgers import open_ledger
from tests.unit.passes.world import ACCOUNT, Sides, mail, when

Path_ = tuple[str, ...]
FOLDERS: list[Path_] = [("INBOX",), ("Sent",), ("Projets", "é&"), ("Archive",)]
#: Flags that the source's owner turns, and one that only the person on the target turns.
SOURCE_FLAGS = ("\\Seen", "\\Flagged", "Travail")
THEIRS = "\\Answered"
TOKEN = re.compile(rb"Message-ID: <(\d+)@|token-(\d+)-")
CUT_POINTS = (
    "write",
    "message",
    "sent",
    "commit",
    "stored",
    "find",
    "mark",
    "marked",
    "move",
    "moved",
    "fence",
    "ensure",
)


class Killed(BaseException):
    """The process is gone: nothing more is written anywhere."""


class MortalLedger(Ledger):
    """A ledger whose process can be killed before or after one of its transactions."""

    def __init__(self, path: Path) -> None:
        self.dead = False
        self.lives: int | None = None
        super().__init__(path)

    @contextmanager
    def write(self) -> Iterator[Connection]:
        self._live()
        with super().write() as connection:
            yield connection
            if self.lives == 0:
                self.die()
        if self.lives is not None:
            self.lives -= 1

    @contextmanager
    def read(self) -> Iterator[Connection]:
        self._live()
        with super().read() as connection:
            yield connection

    def die(self) -> None:
        self.dead = True
        raise Killed

    def _live(self) -> None:
        if self.dead:
            raise Killed


def token(message: Stored | bytes) -> str:
    found = TOKEN.search(message if isinstance(message, bytes) else message.data)
    assert found is not None
    return (found.group(1) or found.group(2)).decode()


def is_ours(message: Stored) -> bool:
    return b"X-Other:" not in message.data


manners = st.fixed_dictionaries(
    {
        "returns_keys": st.booleans(),
        "atomic_batch": st.booleans(),
        "batch": st.integers(1, 4),
        "under_way": st.sampled_from([1, 1, 3]),
        "moves": st.booleans(),
        "flag_tokens": st.booleans(),
        "object_ids": st.booleans(),
        "keywords": st.booleans(),
        "rewrites": st.sampled_from(["none", "adds-header", "alters-body"]),
        "find_by": st.sampled_from(["uid", "scan", "message_id"]),
        "index_lag": st.sampled_from([0, 5]),
        "settle": st.sampled_from([10, 60]),
    }
)


class Company(RuleBasedStateMachine):
    """One mailbox on its way."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.number = 0
        #: How often each message was ever on the source.
        self.delivered: Counter[str] = Counter()
        #: Copies that the person on the target threw away.
        self.thrown: Counter[str] = Counter()
        #: Copies that a lost ledger cannot know of, so that they may come again.
        self.forgotten: Counter[str] = Counter()
        self.set_by_person: set[str] = set()
        self.cleared_by_person: dict[str, set[str]] = {}
        #: The ledger was lost and no pass has looked since: a copy that changes its place now cannot be recognised.
        self.blind = False

    @initialize(
        source_ids=st.booleans(),
        incremental=st.booleans(),
        tokens=st.booleans(),
        how=manners,
        pairs=st.sampled_from([1, 2]),
    )
    def start(self, source_ids: bool, incremental: bool, tokens: bool, how: dict[str, object], pairs: int) -> None:
        if how["find_by"] != "message_id":
            how["index_lag"] = 0
        self.how = how
        self.sides = Sides(
            self.folder,
            source=MemorySettings(object_ids=source_ids, incremental=incremental, flag_tokens=tokens, window=3),
            target=MemorySettings(**how),  # type: ignore[arg-type]  # drawn by name
            pairs=pairs,
        )
        self.sides.ledger.close()
        self.sides.ledger = open_ledger(self.folder / "ledger.sqlite", MortalLedger)
        for path in FOLDERS:
            self.sides.source.create(path)

    def teardown(self) -> None:
        if hasattr(self, "sides"):
            self.sides.close()
        shutil.rmtree(self.folder)

    # The source's owner

    @rule(
        path=st.sampled_from(FOLDERS),
        flags=st.sets(st.sampled_from(SOURCE_FLAGS)),
        named=st.booleans(),
        twins=st.sampled_from([1, 1, 1, 2]),
    )
    def arrive(self, path: Path_, flags: set[str], named: bool, twins: int) -> None:
        self.number += 1
        # A target asked by Message-ID cannot know messages without one; such a plan is not made.
        named = named or self.how["find_by"] == "message_id"
        data = mail(self.number, f"token-{self.number}-", message_id=named)
        for _ in range(twins):
            self.sides.source.create(path)
            self.sides.source.deliver(data, path, received=when(self.number), flags=flags)
            self.delivered[str(self.number)] += 1

    def _source_messages(self) -> list[tuple[Path_, Stored]]:
        return [(state.path, message) for state in self.sides.source.folders() for message in state.messages]

    def _target_messages(self) -> list[tuple[Path_, Stored]]:
        return [(state.path, message) for state in self.sides.target.folders() for message in state.messages]

    @precondition(lambda self: self.delivered)
    @rule(data=st.data(), flags=st.sets(st.sampled_from(SOURCE_FLAGS)))
    def reflag(self, data: st.DataObject, flags: set[str]) -> None:
        if chosen := self._choose(data, self._source_messages()):
            path, message = chosen
            self.sides.source.set_flags(path, message.key, flags)
            self.cleared_by_person.pop(token(message), None)

    @rule(data=st.data())
    def delete(self, data: st.DataObject) -> None:
        if chosen := self._choose(data, self._source_messages()):
            self.sides.source.delete(chosen[0], chosen[1].key)

    @rule(data=st.data(), to=st.sampled_from(FOLDERS))
    def move(self, data: st.DataObject, to: Path_) -> None:
        if (chosen := self._choose(data, self._source_messages())) and chosen[0] != to:
            self.sides.source.create(to)
            self.sides.source.move(chosen[0], to, chosen[1].key)
            self._changed_place(chosen[1])

    @rule(data=st.data())
    def renumber_source(self, data: st.DataObject) -> None:
        self.sides.source.bump_epoch(data.draw(st.sampled_from([s.path for s in self.sides.source.folders()])))

    @rule(path=st.sampled_from(FOLDERS[1:]), to=st.sampled_from([("Renamed",), ("Archive", "old")]))
    def rename(self, path: Path_, to: Path_) -> None:
        there = {state.path for state in self.sides.source.folders()}
        if path in there and to not in there and to[: len(path)] != path:
            for state in self.sides.source.folders():
                for message in state.messages if state.path[: len(path)] == path else ():
                    self._changed_place(message)
            self.sides.source.rename_folder(path, to)

    # The person on the target

    @rule(data=st.data())
    def person_marks(self, data: st.DataObject) -> None:
        if chosen := self._choose(data, [one for one in self._target_messages() if is_ours(one[1])]):
            path, message = chosen
            self.sides.target.set_flags(path, message.key, message.flags | {THEIRS})
            self.set_by_person.add(f"{token(message)} {message.object_id}")

    @rule(data=st.data())
    def person_clears(self, data: st.DataObject) -> None:
        if chosen := self._choose(data, [one for one in self._target_messages() if is_ours(one[1])]):
            path, message = chosen
            if self.delivered[token(message)] == 1 and message.flags - {THEIRS} and self._is_in_step(message):
                self.sides.target.set_flags(path, message.key, message.flags & {THEIRS})
                self.cleared_by_person[token(message)] = set(message.flags - {THEIRS})

    def _is_in_step(self, copy: Stored) -> bool:
        """Whether the flags of the copy are those of the source: what is still on its way may arrive later."""
        alike = [m for _, m in self._source_messages() if token(m) == token(copy)]
        return all(m.flags - {"Travail"} == copy.flags - {THEIRS, "Travail"} for m in alike) and not self.unsettled

    @rule(data=st.data(), to=st.sampled_from([("Kept",), ("INBOX",)]))
    def person_moves(self, data: st.DataObject, to: Path_) -> None:
        if (chosen := self._choose(data, [one for one in self._target_messages() if is_ours(one[1])])) and chosen[
            0
        ] != to:
            self.sides.target.create(to)
            self.sides.target.move(chosen[0], to, chosen[1].key)
            self._taken_by_its_person(chosen[1])

    @rule(data=st.data())
    def person_deletes(self, data: st.DataObject) -> None:
        if chosen := self._choose(data, [one for one in self._target_messages() if is_ours(one[1])]):
            self.sides.target.delete(chosen[0], chosen[1].key)
            self.thrown[token(chosen[1])] += 1
            self._taken_by_its_person(chosen[1])

    @rule(data=st.data())
    def renumber_target(self, data: st.DataObject) -> None:
        self.sides.target.bump_epoch(data.draw(st.sampled_from([s.path for s in self.sides.target.folders()])))

    # Passes

    @rule()
    def pass_(self) -> None:
        self._check(self._run())

    @rule(seconds=st.integers(1, 100))
    def time_goes_by(self, seconds: int) -> None:
        self.sides.clock.advance(seconds)

    @rule(point=st.sampled_from(CUT_POINTS), skip=st.integers(0, 4), late=st.none() | st.integers(0, 9))
    def pass_with_a_cut(self, point: str, skip: int, late: int | None) -> None:
        """The line is cut once; what was committed may still appear, within the time that the target settles."""
        cut = Cut(timedelta(seconds=late) if late is not None else None)
        self.sides.worlds[1].faults.at(point, cut, skip=skip)  # type: ignore[arg-type]  # drawn from the points
        self._check(self._run())

    @rule(point=st.sampled_from(["read", "window", "folders"]), skip=st.integers(0, 4))
    def pass_with_a_source_cut(self, point: str, skip: int) -> None:
        self.sides.worlds[0].faults.at(point, Transient("cut"), skip=skip)  # type: ignore[arg-type]  # drawn
        self._check(self._run())

    @rule(point=st.sampled_from(CUT_POINTS), skip=st.integers(0, 4), late=st.none() | st.integers(0, 9))
    def pass_killed_on_the_line(self, point: str, skip: int, late: int | None) -> None:
        """kill -9 at a point of the conversation; bytes in the kernel's buffers may still arrive."""

        def kill(moment: Moment) -> None:
            self.sides.ledger.dead = True  # type: ignore[attr-defined]  # a MortalLedger
            if late is not None and moment.point == "commit":
                raise Cut(timedelta(seconds=late))
            raise Killed

        self.sides.worlds[1].faults.at(point, kill, skip=skip)  # type: ignore[arg-type]  # drawn from the points
        self._run_to_death()

    @rule(lives=st.integers(0, 12))
    def pass_killed_at_the_ledger(self, lives: int) -> None:
        self.sides.ledger.lives = lives  # type: ignore[attr-defined]  # a MortalLedger
        self._run_to_death()

    @rule(path=st.sampled_from(FOLDERS), skip=st.integers(0, 3))
    def pass_with_a_delivery(self, path: Path_, skip: int) -> None:
        """While we write, another road brings a copy of a message to the same folder."""

        def deliver(moment: Moment) -> None:
            with suppress(Exception):
                sent = mail(self.number, f"token-{self.number}-")
                self.sides.target.deliver(b"X-Other: road\r\n" + sent, moment.folder)

        self.sides.worlds[1].faults.at("commit", deliver, skip=skip)
        self._check(self._run())

    @precondition(lambda self: self.delivered)
    @rule(to=st.sampled_from(FOLDERS), skip=st.integers(0, 6), data=st.data())
    def pass_while_mail_moves(self, to: Path_, skip: int, data: st.DataObject) -> None:
        """The owner moves a message while the source is being listed."""
        seed = data.draw(st.integers(0, 1000))

        def move(_moment: Moment) -> None:
            there = self._source_messages()
            if there:
                path, message = there[seed % len(there)]
                self.sides.source.create(to)
                if path != to:
                    self.sides.source.move(path, to, message.key)
                    self._changed_place(message)

        self.sides.worlds[0].faults.at(None, move, skip=skip)
        self._run()
        self._forget_faults()
        self._check(self._run())

    @rule()
    def lose_the_ledger(self) -> None:
        """After everything has settled; copies that are not where their message is cannot be recognised."""
        self.sides.clock.advance(100)
        places = {(path, token(message)) for path, message in self._source_messages()}
        for path, message in self._target_messages():
            if is_ours(message) and (self._is_in_doubt(message) or (path, token(message)) not in places):
                self.forgotten[token(message)] += 1
        self.forgotten.update(self.thrown)
        self.blind = True
        self.cleared_by_person.clear()
        self.sides.ledger.close()
        for file in self.folder.glob("ledger.sqlite*"):
            file.unlink()
        self.sides.ledger = open_ledger(self.folder / "ledger.sqlite", MortalLedger)

    def _is_in_doubt(self, message: Stored) -> bool:
        """Without Message-ID, a body that the target altered; in doubt it is copied."""
        return self.how["rewrites"] == "alters-body" and b"Message-ID" not in message.data

    # What must hold

    unsettled = False

    @invariant()
    def the_source_is_untouched(self) -> None:
        if hasattr(self, "sides"):
            assert not self.sides.worlds[0].touched_by_sessions(ACCOUNT.user)

    @invariant()
    def nothing_is_doubled(self) -> None:
        if hasattr(self, "sides"):
            there = Counter(token(message) for _, message in self._target_messages() if is_ours(message))
            for identity, count in there.items():
                allowed = self.delivered[identity] + self.forgotten[identity]
                assert count + self.thrown[identity] <= allowed, f"{identity} is there {count} times"

    @invariant()
    def the_tallies_hold(self) -> None:
        if hasattr(self, "sides"):
            with self.sides.ledger.read() as connection:
                assert_tallies_hold(connection)

    def _check(self, result: PassResult) -> None:
        """After a pass that ended by itself: all is accounted for, nothing is lost, flags are as they should be."""
        if not result.complete or result.in_flight:
            self.unsettled = True
            return
        self.unsettled = self.blind = False
        outcomes = result.tally.outcomes
        assert result.tally.seen == sum(outcomes.values())
        self._nothing_is_lost(outcomes[Outcome.UNCERTAIN] + outcomes[Outcome.REFUSED])
        on_source = len(self._source_messages())
        on_target = sum(outcomes[outcome] for outcome in ON_TARGET)
        assert on_target - result.tally.gone + outcomes[Outcome.UNCERTAIN] + outcomes[Outcome.REFUSED] >= on_source
        self._flags_are_kept()

    def _nothing_is_lost(self, known_missing: int) -> None:
        wanted = Counter(token(message) for _, message in self._source_messages())
        there = Counter(token(message) for _, message in self._target_messages() if is_ours(message)) + self.thrown
        missing = wanted - there
        assert missing.total() <= known_missing, f"lost: {missing}"

    def _flags_are_kept(self) -> None:
        by_id = {f"{token(m)} {m.object_id}": m for _, m in self._target_messages()}
        for name in self.set_by_person:
            if name in by_id:
                assert THEIRS in by_id[name].flags, "a flag that the person set is gone"
        for _, message in self._target_messages():
            # Of a copy that nobody can recognise any more, another may have come, with the flags of the source.
            recognised = is_ours(message) and not self.forgotten[token(message)]
            for flag in self.cleared_by_person.get(token(message), ()):
                if recognised:
                    assert flag not in message.flags, "a flag that the person took off is back"

    # Help

    def _changed_place(self, message: Stored) -> None:
        self.cleared_by_person.pop(token(message), None)
        if self.blind:
            self.forgotten[token(message)] += 1

    def _taken_by_its_person(self, message: Stored) -> None:
        """Where it was sent nobody can see any more whether it had arrived, if its pass was killed before it knew."""
        self._changed_place(message)
        if self._is_in_flight(message):
            self.forgotten[token(message)] += 1

    def _is_in_flight(self, message: Stored) -> bool:
        with self.sides.ledger.read() as connection:
            box = mailboxes.get(connection, ACCOUNT.user)
            rows = [] if box is None else attempts.unsettled(connection, box.id, Direction.FORTH)
        unknown = {row.wire_digest for row in rows if row.kind == "write" and not row.acknowledged}
        alike = [there for _, there in self._source_messages() if token(there) == token(message)]
        return any(digest_bytes(there.data).wire in unknown for there in alike)

    def _choose(self, data: st.DataObject, options: list[tuple[Path_, Stored]]) -> tuple[Path_, Stored] | None:
        return options[data.draw(st.integers(0, len(options) - 1))] if options else None

    def _forget_faults(self) -> None:
        for world in self.sides.worlds:
            world.faults.clear()

    def _run(self) -> PassResult:
        policy = RetryPolicy(
            timekeeper=Timekeeper(lambda: self.sides.clock().timestamp(), self.sides.clock.advance), chance=lambda: 0.0
        )

        def open_source(stop: Event) -> Source:
            return RetryingSource(lambda: self.sides.connectors[0].open_source(ACCOUNT, stop), policy, stop)

        def open_target(stop: Event) -> Target:
            return RetryingTarget(lambda: self.sides.connectors[1].open_target(ACCOUNT, stop), policy, stop)

        try:
            return self.sides.run(open_source=open_source, open_target=open_target)
        finally:
            self._forget_faults()

    def _run_to_death(self) -> None:
        """A pass that may be killed; what it held in memory is gone, and the next one starts at once."""
        try:
            self._check(self._run())
        except Killed:
            self.unsettled = True
        self.sides.ledger.close()
        self.sides.ledger = open_ledger(self.folder / "ledger.sqlite", MortalLedger)
        for world in self.sides.worlds:
            world._sessions.clear()


#: More, and other ones each time, for a night's run.
EXAMPLES = os.environ.get("BASCULE_EXAMPLES")

CHECKS = settings(
    max_examples=int(EXAMPLES or 40),
    stateful_step_count=25,
    deadline=None,
    derandomize=EXAMPLES is None,
    print_blob=False,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
)

TestExactlyOnce = Company.TestCase
TestExactlyOnce.settings = CHECKS


def forget(hold: Hold, _target: Target, direction: Direction, *_: object) -> None:
    """A broken look: it takes everything in flight for absent, at once."""
    with hold.ledger.write() as connection:
        rows = attempts.unsettled(connection, hold.mailbox.id, direction)
        attempts.settle(connection, [row.message_id for row in rows])


def _passes_that_are_cut() -> None:
    machine = Company()
    manner = {
        "returns_keys": True, "atomic_batch": True, "batch": 2, "under_way": 1, "moves": True, "flag_tokens": False,
        "object_ids": False, "keywords": True, "rewrites": "none", "find_by": "uid", "index_lag": 0, "settle": 10,
    }  # fmt: skip
    machine.start(source_ids=False, incremental=False, tokens=False, how=manner, pairs=1)
    try:
        for point in CUT_POINTS:
            machine.arrive(("INBOX",), set(), named=True, twins=1)
            machine.pass_with_a_cut(point, skip=0, late=None)
            machine.nothing_is_doubled()
            machine.arrive(("INBOX",), set(), named=True, twins=1)
            machine.pass_killed_on_the_line(point, skip=0, late=None)
            machine.pass_()
            machine.nothing_is_doubled()
    finally:
        machine.teardown()


def test_a_broken_look_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """It sends messages twice: what the machine checks must tell that, and tells nothing where nothing is broken."""
    _passes_that_are_cut()
    monkeypatch.setattr(settle, "look", forget)
    with pytest.raises(AssertionError, match="is there 2 times"):
        _passes_that_are_cut()


@pytest.mark.nightly
def test_random_steps_come_upon_a_broken_look(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settle, "look", forget)
    with pytest.raises(AssertionError, match="is there"):
        run_state_machine_as_test(
            Company, settings=settings(CHECKS, max_examples=2000, derandomize=True, phases=[Phase.generate])
        )
