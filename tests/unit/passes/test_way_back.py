"""The way back: what arrived on the new side goes to the old one, once; nothing comes to and fro."""

from __future__ import annotations

import shutil
import tempfile
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from threading import Event

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from connectors.contract import Entry, Reason, Source, Target
from connectors.memory import MemorySettings
from connectors.memory.faults import Cut, Moment, Point
from connectors.memory.store import Stored
from connectors.wrappers import RetryingSource, RetryingTarget, RetryPolicy, Timekeeper
from migrate.copy import source_pass
from migrate.copy.actions import Copy
from migrate.copy.halt import Halt
from migrate.copy.job import Job
from migrate.copy.plan import plan_pass
from migrate.copy.run import PassResult, run_pass
from migrate.ledger import deliveries, mailboxes
from migrate.ledger.schema import Direction, Outcome
from tests.unit.ledger.recount import assert_tallies_hold
from tests.unit.passes.ledgers import open_ledger
from tests.unit.passes.test_exactly_once import CUT_POINTS, EXAMPLES, Killed, MortalLedger, Path_, manners, token
from tests.unit.passes.world import ACCOUNT, EverythingGoes, Sides, mail, when

INBOX, SENT, PROJECTS = ("INBOX",), ("Sent",), ("Projets",)
FOLDERS = [INBOX, SENT, PROJECTS]


class Since(EverythingGoes):
    """The rules of a way back from a moment on (seconds since 1970)."""

    def __init__(self, since: float) -> None:
        self.since = since

    def leaves_out(self, entry: Entry) -> Reason | None:
        old = entry.received is not None and entry.received.timestamp() < self.since
        return Reason.BEFORE_SWITCH if old else None

    def digest(self) -> str:
        return f"since {self.since}"


def jobs(sides: Sides, since: float = 0.0) -> tuple[Job, Job]:
    """Forth and back, on lines that are tried again."""
    clock = sides.clock
    policy = RetryPolicy(timekeeper=Timekeeper(lambda: clock().timestamp(), clock.advance), chance=lambda: 0.0)

    def reading(side: int) -> Callable[[Event], Source]:
        return lambda stop: RetryingSource(lambda: sides.connectors[side].open_source(ACCOUNT, stop), policy, stop)

    def writing(side: int) -> Callable[[Event], Target]:
        return lambda stop: RetryingTarget(lambda: sides.connectors[side].open_target(ACCOUNT, stop), policy, stop)

    forth = sides.job(open_source=reading(0), open_target=writing(1), open_opposite=writing(0))
    back = sides.job(
        open_source=reading(1),
        open_target=writing(0),
        open_opposite=writing(1),
        source="new",
        target="old",
        direction=Direction.BACK,
        since=since,
        rules=Since(since),
    )
    return forth, back


def forth(sides: Sides) -> PassResult:
    return run_pass([jobs(sides)[0]], sides.ledger, Halt())


def back(sides: Sides, since: float = 0.0) -> PassResult:
    return run_pass([jobs(sides, since)[1]], sides.ledger, Halt())


def tokens(sides: Sides, side: int) -> Counter[str]:
    return Counter(token(data) for _path, data in (sides.on_source(), sides.on_target())[side].elements())


def test_it_brings_what_arrived_since_and_nothing_of_ours(sides: Sides) -> None:
    sides.target.create(PROJECTS)
    for number in range(4):
        sides.source.deliver(mail(number), received=when(number))
    assert forth(sides).copied == 4
    switched = when(10)
    moved = sides.target.messages(INBOX)[0].key
    sides.target.move(INBOX, PROJECTS, moved)
    sides.target.delete(INBOX, sides.target.messages(INBOX)[0].key)
    sides.target.deliver(mail(5), received=when(9))  # put there by hand, before
    sides.target.deliver(mail(11), received=when(11), flags={"\\Seen"})
    sides.target.deliver(mail(12), PROJECTS, received=when(12))

    result = back(sides, switched.timestamp())

    assert result.copied == 2
    assert result.complete
    assert sides.on_source() == Counter(
        [*((INBOX, mail(n)) for n in range(4)), (INBOX, mail(11)), (PROJECTS, mail(12))]
    )
    assert [one.flags for one in sides.source.messages(INBOX) if one.data == mail(11)] == [frozenset({"\\Seen"})]
    assert back(sides, switched.timestamp()).copied == 0
    again = forth(sides)
    assert (again.copied, again.adopted) == (0, 0)
    assert again.tally.reasons[Reason.CAME_FROM_THERE] == 2
    assert again.complete


def test_a_copy_of_ours_that_its_person_moved_stays_ours_when_its_original_is_gone(sides: Sides) -> None:
    sides.target.create(PROJECTS)
    key = sides.source.deliver(mail(1), received=when(1))
    forth(sides)
    sides.target.move(INBOX, PROJECTS, sides.target.messages(INBOX)[0].key)
    sides.source.delete(INBOX, key)
    result = back(sides)
    assert result.copied == 0
    assert result.tally.reasons[Reason.CAME_FROM_THERE] == 1
    assert not sides.on_source()


def test_a_second_message_of_the_same_content_travels(sides: Sides) -> None:
    sides.source.deliver(mail(1), received=when(1))
    forth(sides)
    sides.target.deliver(mail(1), received=when(20))
    assert back(sides).copied == 1
    assert back(sides).copied == 0
    assert sides.on_source() == Counter({(INBOX, mail(1)): 2})
    assert forth(sides).copied == 0


def test_what_reached_both_sides_by_itself_stays_where_it_is(sides: Sides) -> None:
    """Whatever folder it was put into on either side, and though no pass ever looked at it on the way forth."""
    sides.source.create(PROJECTS)
    sides.source.deliver(b"Received: from old\r\n" + mail(1), PROJECTS, received=when(1))
    sides.target.deliver(b"Received: from new\r\n" + mail(1), received=when(1) + timedelta(seconds=3))
    result = back(sides)
    assert (result.copied, result.delivered) == (0, 1)
    assert forth(sides).copied == 0
    assert len(sides.on_source()) == len(sides.on_target()) == 1


def test_a_lost_ledger_doubles_nothing(sides: Sides) -> None:
    sides.target.deliver(mail(1), received=when(1))
    assert back(sides).copied == 1
    sides.lose_ledger()
    result = back(sides)
    assert (result.copied, result.delivered) == (0, 1)
    assert sides.on_source() == sides.on_target()


def test_what_has_just_come_waits_while_mail_is_delivered_on_both_sides(sides: Sides) -> None:
    with sides.ledger.write() as connection:
        box = mailboxes.get_or_create(connection, ACCOUNT.user, "paris").id
        deliveries.switch(connection, box, "on", 0.0, 0.0, "karim")
    sides.target.deliver(mail(1), received=sides.clock())
    result = back(sides)
    assert (result.copied, result.awaited) == (0, 1)
    sides.clock.advance(700)
    assert back(sides).copied == 1


def test_a_dry_run_says_what_would_be_brought_and_makes_nothing(sides: Sides) -> None:
    sides.target.create(("Empty",))
    sides.target.create(PROJECTS)
    sides.source.deliver(mail(1), received=when(1))
    forth(sides)
    sides.target.deliver(mail(2), PROJECTS, received=when(2))
    folders = [state.path for state in sides.source.folders()]
    actions = plan_pass(jobs(sides)[1], sides.ledger, Halt())
    assert [(one.to, one.messages) for one in actions if isinstance(one, Copy)] == [(PROJECTS, 1)]
    assert [state.path for state in sides.source.folders()] == folders
    assert not sides.worlds[0].touched_by_sessions(ACCOUNT.user)


def test_no_folder_is_made_that_nothing_is_brought_to(sides: Sides) -> None:
    sides.target.create(("Empty",))
    sides.target.deliver(mail(2), received=when(2))
    back(sides)
    assert [state.path for state in sides.source.folders() if not state.messages] == []


def test_the_mailbox_stands_as_it_stood(sides: Sides) -> None:
    sides.source.deliver(mail(1), received=when(1))
    forth(sides)
    with sides.ledger.read() as connection:
        before = mailboxes.get(connection, ACCOUNT.user)
    sides.clock.advance(1000)
    back(sides)
    with sides.ledger.read() as connection:
        assert mailboxes.get(connection, ACCOUNT.user) == before


class ToAndFro(RuleBasedStateMachine):
    """Mail arrives on both sides, people move and delete it, and passes go both ways and are cut and killed."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.number = 0
        #: By side, what its person threw away.
        self.thrown: tuple[Counter[str], Counter[str]] = (Counter(), Counter())

    @initialize(old=manners, new=manners, ids=st.booleans())
    def start(self, old: dict[str, object], new: dict[str, object], ids: bool) -> None:
        for how in (old, new):
            how["object_ids"] = ids
            if how["find_by"] != "message_id":
                how["index_lag"] = 0
        self.sides = Sides(
            self.folder,
            source=MemorySettings(window=3, **old),  # type: ignore[arg-type]  # drawn by name
            target=MemorySettings(window=3, **new),  # type: ignore[arg-type]  # drawn by name
        )
        self.sides.ledger.close()
        self.sides.ledger = open_ledger(self.folder / "ledger.sqlite", MortalLedger)
        self.owners = (self.sides.source, self.sides.target)
        for owner in self.owners:
            for path in FOLDERS:
                owner.create(path)

    def teardown(self) -> None:
        if hasattr(self, "sides"):
            self.sides.close()
        shutil.rmtree(self.folder)

    def _there(self, side: int) -> list[tuple[Path_, Stored]]:
        return [(state.path, message) for state in self.owners[side].folders() for message in state.messages]

    def _choose(self, data: st.DataObject, side: int) -> tuple[Path_, Stored] | None:
        there = self._there(side)
        return there[data.draw(st.integers(0, len(there) - 1))] if there else None

    @rule(side=st.integers(0, 1), path=st.sampled_from(FOLDERS), flags=st.sets(st.just("\\Seen")))
    def arrive(self, side: int, path: Path_, flags: set[str]) -> None:
        self.number += 1
        data = mail(self.number, f"token-{self.number}-")
        self.owners[side].deliver(data, path, received=when(self.number), flags=flags)

    @rule(side=st.integers(0, 1), data=st.data(), to=st.sampled_from(FOLDERS))
    def move(self, side: int, data: st.DataObject, to: Path_) -> None:
        chosen = self._choose(data, side)
        if chosen is not None and chosen[0] != to:
            self.owners[side].move(chosen[0], to, chosen[1].key)

    @rule(side=st.integers(0, 1), data=st.data())
    def delete(self, side: int, data: st.DataObject) -> None:
        chosen = self._choose(data, side)
        if chosen is not None:
            self.owners[side].delete(chosen[0], chosen[1].key)
            self.thrown[side][token(chosen[1])] += 1

    @rule(side=st.integers(0, 1), path=st.sampled_from(FOLDERS))
    def renumber(self, side: int, path: Path_) -> None:
        self.owners[side].bump_epoch(path)

    @rule(seconds=st.integers(1, 100))
    def time_goes_by(self, seconds: int) -> None:
        self.sides.clock.advance(seconds)

    @rule(way=st.integers(0, 1))
    def pass_(self, way: int) -> None:
        self._run(way)

    @rule(
        way=st.integers(0, 1),
        point=st.sampled_from(CUT_POINTS),
        skip=st.integers(0, 3),
        late=st.none() | st.integers(0, 9),
        kills=st.booleans(),
    )
    def pass_that_is_cut(self, way: int, point: str, skip: int, late: int | None, kills: bool) -> None:
        """The line is cut, or the process killed; bytes that have left may still arrive."""
        cut = Cut(timedelta(seconds=late) if late is not None else None)

        def kill(moment: Moment) -> None:
            self.sides.ledger.dead = True  # type: ignore[attr-defined]  # a MortalLedger
            if late is not None and moment.point == "commit":
                raise cut
            raise Killed

        self.sides.worlds[1 - way].faults.at(point, kill if kills else cut, skip=skip)  # type: ignore[arg-type]
        self._run(way)

    @rule(way=st.integers(0, 1), lives=st.integers(0, 14))
    def pass_killed_at_the_ledger(self, way: int, lives: int) -> None:
        self.sides.ledger.lives = lives  # type: ignore[attr-defined]  # a MortalLedger
        self._run(way)

    @rule(
        way=st.integers(0, 1),
        side=st.integers(0, 1),
        to=st.sampled_from(FOLDERS),
        point=st.sampled_from(["folders", "entries", "window", "headers", "read"]),
        skip=st.integers(0, 6),
        seed=st.integers(0, 1000),
    )
    def pass_while_mail_moves(self, way: int, side: int, to: Path_, point: Point, skip: int, seed: int) -> None:
        """Its owner moves a message on either side."""

        def move(_moment: Moment) -> None:
            there = [(path, one) for path, one in self._there(side) if path != to]
            if there:
                path, message = there[seed % len(there)]
                self.owners[side].move(path, to, message.key)

        self.sides.worlds[side].faults.at(point, move, skip=skip)
        # What moved behind the listing the next pass brings.
        run_pass([jobs(self.sides)[way]], self.sides.ledger, Halt())
        for world in self.sides.worlds:
            world.faults.clear()

    @invariant()
    def nothing_is_doubled(self) -> None:
        for side in range(2) if hasattr(self, "sides") else ():
            there = Counter(token(message) for _path, message in self._there(side)) + self.thrown[side]
            assert max(there.values(), default=0) <= 1, f"doubled on side {side}: {there}"

    @invariant()
    def the_tallies_hold(self) -> None:
        if hasattr(self, "sides"):
            with self.sides.ledger.read() as connection:
                assert_tallies_hold(connection)

    def _run(self, way: int) -> None:
        """A pass that may be killed; the next one starts at once, in a process of its own."""
        with suppress(Killed):
            result = run_pass([jobs(self.sides)[way]], self.sides.ledger, Halt())
            if result.complete and not result.in_flight:
                self._all_has_arrived(way, result)
        for world in self.sides.worlds:
            world.faults.clear()
            world._sessions.clear()
        self.sides.ledger.close()
        self.sides.ledger = open_ledger(self.folder / "ledger.sqlite", MortalLedger)

    def _all_has_arrived(self, way: int, result: PassResult) -> None:
        assert result.tally.seen == sum(result.tally.outcomes.values())
        from_, to = way, 1 - way
        wanted = Counter(token(message) for _path, message in self._there(from_))
        there = Counter(token(message) for _path, message in self._there(to)) + self.thrown[to]
        known = result.tally.outcomes[Outcome.UNCERTAIN] + result.tally.outcomes[Outcome.REFUSED]
        assert (wanted - there).total() <= known, f"lost: {wanted - there}"


TestToAndFro = ToAndFro.TestCase
TestToAndFro.settings = settings(
    max_examples=int(EXAMPLES or 15),
    stateful_step_count=25,
    deadline=None,
    derandomize=EXAMPLES is None,
    print_blob=False,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
)


def test_the_machine_notices_what_is_sent_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nothing is recognised, the first pass back and forth again doubles what it brought."""
    monkeypatch.setattr(source_pass, "leave_what_came_from_there", lambda *_: 0)
    machine = ToAndFro()
    manner = {
        "returns_keys": True, "atomic_batch": True, "batch": 2, "under_way": 1, "moves": True, "flag_tokens": False,
        "object_ids": False, "keywords": True, "rewrites": "none", "find_by": "uid", "index_lag": 0, "settle": 10,
    }  # fmt: skip
    machine.start(old=dict(manner), new=dict(manner), ids=False)
    try:
        machine.arrive(1, INBOX, set())
        machine.pass_(1)
        machine.nothing_is_doubled()
        machine.pass_(0)
        with pytest.raises(AssertionError, match="doubled on side 1"):
            machine.nothing_is_doubled()
    finally:
        machine.teardown()
