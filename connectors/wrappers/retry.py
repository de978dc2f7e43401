"""Retry: a session that reconnects and asks again.

Repeated are the operations that may be asked twice; ``write`` and ``move`` never are, and whatever they raise passes
to the engine, which knows what was in flight.  After any failure the next operation gets a new session.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from threading import Event, Lock
from typing import Generic, TypeVar

from tenacity import RetryCallState, Retrying, retry_if_exception, stop_after_attempt

from connectors.contract import (
    Capabilities,
    Entry,
    FlagChange,
    Folder,
    Found,
    Headers,
    LabelFacts,
    Marked,
    Message,
    NameRules,
    Outgoing,
    Quota,
    Receipt,
    Role,
    Suspect,
    Target,
    ToEnsure,
    Unread,
    Window,
    foresee,
    foretell,
    foretell_reading,
    label_facts_of,
    names_of,
    quota_of,
    refused_by,
    roles_of,
    shared_left_out,
)
from connectors.errors import Stopped, Transient
from connectors.language import _
from connectors.wrappers.base import Inner
from connectors.wrappers.waiting import Timekeeper

T = TypeVar("T")
Keyed = TypeVar("Keyed", Entry, Headers, Message | Unread)


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How often, and how long to wait in between (seconds)."""

    #: Tries in a row without progress; a message read or a window listed starts the count anew.
    tries: int = 6
    #: The first pause; each further one is twice as long, up to ``longest``, and then cut by chance to half at most.
    first: float = 1.0
    longest: float = 60.0
    #: A system that asks for a longer pause than this is not waited for: the error passes to the engine.
    patience: float = 300.0
    timekeeper: Timekeeper = field(default_factory=Timekeeper)
    #: A number in [0, 1).
    chance: Callable[[], float] = random.random
    #: Whether a trouble may pass while we wait.
    may_pass: Callable[[Transient], bool] = lambda _why: True
    #: Hears of each pause before it begins: seconds, and why.
    told: Callable[[float, Transient], None] = lambda _seconds, _why: None

    def pause(self, failures: int, error: Transient) -> float:
        """Seconds to wait after so many failures in a row, the last of them being ``error``."""
        exponential = min(self.first * 2.0 ** (failures - 1), self.longest)
        return max(exponential * (1 - self.chance() / 2), error.retry_after or 0.0)

    def gives_another_try(self, error: BaseException) -> bool:
        return isinstance(error, Transient) and (error.retry_after or 0.0) <= self.patience and self.may_pass(error)


class RetryingSource(Generic[Inner]):
    """A source that opens its session when it is first needed, and a new one after each failure.

    ``connect`` opens a session; it is called again and again, by one thread.
    """

    def __init__(self, connect: Callable[[], Inner], policy: RetryPolicy, stop: Event) -> None:
        self._connect = connect
        self._policy = policy
        self._stop = stop
        self._lock = Lock()
        self._current: Inner | None = None
        self._ended = Event()

    def capabilities(self) -> Capabilities:
        return self._ask(lambda session: session.capabilities())

    def close(self) -> None:
        session = self._end()
        if session is not None:
            session.close()

    def abort(self) -> None:
        """As the contract says; also ends waiting, and a session that is just being opened."""
        session = self._end()
        if session is not None:
            session.abort()

    def label_facts(self) -> LabelFacts | None:
        return self._ask(label_facts_of)

    def folders(self) -> Iterator[Folder]:
        yield from self._ask(lambda session: list(session.folders()))

    def shared_left_out(self) -> Sequence[tuple[str, ...]]:
        return self._ask(shared_left_out)

    def quota(self) -> Quota | None:
        return self._ask(quota_of)

    def entries(self, folder: Folder, cursor: str | None) -> Iterator[Window]:
        """A listing that fails half-way is started again, and what the caller has is left out.

        The resumed listing has no cursor: what changed on an entry that the caller had before is not in it, so the
        next listing must name everything.  A listing of changes is handed on once it is whole.
        """
        # One string a window: a large folder's keys stay small in memory.
        had: list[str] = []
        held: list[Window] = []

        def start(session: Inner) -> Iterator[Window]:
            held.clear()
            skip = {key for keys in had for key in keys.split("\0")}
            for window in session.entries(folder, cursor):
                if skip:
                    fresh = [entry for entry in window.entries if entry.key not in skip]
                    yield replace(window, entries=fresh, cursor=None)
                else:
                    yield window

        for window in self._stream(start):
            if not window.complete:
                held.append(window)
                continue
            if window.entries:
                had.append("\0".join(entry.key for entry in window.entries))
            yield window
        yield from held

    def lists_next(self, folders: Sequence[Folder]) -> None:
        self._ask(lambda session: foretell(session, folders))

    def reads_next(self, folder: Folder, keys: Sequence[str]) -> None:
        self._ask(lambda session: foretell_reading(session, folder, keys))

    def states(self, folder: Folder, keys: Sequence[str]) -> Iterator[Entry]:
        return self._answers(keys, lambda session, left: session.states(folder, left))

    def headers(self, folder: Folder, keys: Sequence[str]) -> Iterator[Headers]:
        return self._answers(keys, lambda session, left: session.headers(folder, left))

    def read(self, folder: Folder, keys: Sequence[str]) -> Iterator[Message | Unread]:
        return self._answers(keys, lambda session, left: session.read(folder, left))

    def _answers(self, keys: Sequence[str], ask: Callable[[Inner, Sequence[str]], Iterator[Keyed]]) -> Iterator[Keyed]:
        """Ask again only for keys that have not been answered."""
        left = dict.fromkeys(keys)
        for answer in self._stream(lambda session: ask(session, list(left))):
            left.pop(answer.key, None)
            yield answer

    def _stream(self, start: Callable[[Inner], Iterator[T]]) -> Iterator[T]:
        """Items of ``start``, which is called again after each failure."""
        items: Iterator[T] | None = None

        def step(session: Inner) -> list[T]:
            nonlocal items
            if items is None:
                items = start(session)
            try:
                return [next(items)]
            except StopIteration:
                return []
            except Transient:
                items = None
                raise

        while item := self._ask(step):
            yield item[0]

    def _ask(self, ask: Callable[[Inner], T]) -> T:
        """Ask until it works, as the policy says.  The first failure costs nothing when there is none."""
        failure: Transient | None = None

        def attempt() -> T:
            nonlocal failure
            if failure is not None:
                error, failure = failure, None
                raise error
            return self._once(ask)

        try:
            return self._once(ask)
        except Transient as error:
            failure = error
        return self._retrying()(attempt)

    def _retrying(self) -> Retrying:
        policy = self._policy

        def pause(state: RetryCallState) -> float:
            error = state.outcome.exception() if state.outcome else None
            return policy.pause(state.attempt_number, error) if isinstance(error, Transient) else 0.0

        def tell(state: RetryCallState) -> None:
            error = state.outcome.exception() if state.outcome else None
            if isinstance(error, Transient) and state.next_action is not None:
                policy.told(state.next_action.sleep, error)

        return Retrying(
            stop=stop_after_attempt(policy.tries),
            retry=retry_if_exception(policy.gives_another_try),
            wait=pause,
            before_sleep=tell,
            sleep=lambda seconds: policy.timekeeper.wait(seconds, self._interrupted),
            reraise=True,
        )

    def _once(self, ask: Callable[[Inner], T]) -> T:
        session = self._session()
        try:
            return ask(session)
        except Transient:
            self._drop(session)
            raise

    def _session(self) -> Inner:
        with self._lock:
            self._check()
            if self._current is not None:
                return self._current
        session = self._connect()
        with self._lock:
            if not self._ended.is_set():
                self._current = session
                return session
        session.abort()
        raise Stopped(_("the session has ended"))

    def _drop(self, session: Inner) -> None:
        """Cut, not closed: a polite goodbye could hang, and could send what should be thrown away.

        Receipts of a session that was dropped before may fail later, when another one is in use.
        """
        with self._lock:
            if self._current is session:
                self._current = None
        session.abort()

    def _end(self) -> Inner | None:
        with self._lock:
            self._ended.set()
            session, self._current = self._current, None
            return session

    def _check(self) -> None:
        if self._ended.is_set():
            raise Stopped(_("the session has ended"))

    def _interrupted(self) -> bool:
        return self._stop.is_set() or self._ended.is_set()


class RetryingTarget(RetryingSource[Target]):
    """A target that repeats what may be repeated."""

    def ensure(self, path: tuple[str, ...], role: Role | None, *, subscribed: bool = True) -> Folder:
        return self._ask(lambda session: session.ensure(path, role, subscribed=subscribed))

    def foresee(self, folders: Sequence[ToEnsure]) -> None:
        self._ask(lambda session: foresee(session, folders))

    def names(self) -> NameRules:
        return self._ask(names_of)

    def refuses(self, paths: Sequence[tuple[str, ...]]) -> Collection[tuple[str, ...]]:
        return self._ask(lambda session: refused_by(session, paths))

    def roles(self) -> Mapping[Role, tuple[str, ...]]:
        return self._ask(roles_of)

    def fence(self, folder: Folder, batch: Sequence[Outgoing]) -> str:
        return self._ask(lambda session: session.fence(folder, batch))

    def write(self, folder: Folder, batch: Sequence[Outgoing], may_commit: Callable[[], None]) -> Iterator[Receipt]:
        """Never repeated; opening the session beforehand may be."""
        return self._unrepeated(lambda session: session.write(folder, batch, may_commit), len(batch))

    def find(
        self, folder: Folder, fence: str, suspects: Sequence[Suspect], claimed: Collection[str]
    ) -> Iterator[Found]:
        yield from self._ask(lambda session: list(session.find(folder, fence, suspects, claimed)))

    def mark(self, folder: Folder, changes: Sequence[FlagChange]) -> Iterator[Marked]:
        left = {change.key: change for change in changes}
        for marked in self._stream(lambda session: session.mark(folder, list(left.values()))):
            left.pop(marked.key, None)
            yield marked

    def move(self, folder: Folder, to: Folder, keys: Sequence[str]) -> Iterator[Receipt]:
        """Never repeated; opening the session beforehand may be."""
        return self._unrepeated(lambda session: session.move(folder, to, keys), len(keys))

    def _unrepeated(self, start: Callable[[Target], Iterator[Receipt]], awaited: int) -> Iterator[Receipt]:
        session = self._ask(lambda session: session)
        try:
            receipts = start(session)
        except BaseException:
            self._drop(session)
            raise
        return self._awaited(session, receipts, awaited)

    def _awaited(self, session: Target, receipts: Iterator[Receipt], awaited: int) -> Iterator[Receipt]:
        try:
            for receipt in receipts:
                awaited -= 1
                yield receipt
        except GeneratorExit:
            if awaited:
                self._drop(session)
            raise
        except BaseException:
            self._drop(session)
            raise
