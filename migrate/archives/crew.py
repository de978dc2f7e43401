"""Several processes that read parts of one archive at once, each with a reader of its own.

Making a message of what a PST keeps of it is work for the processor: a second one halves the time of an export.
A process is asked over a pipe of its own for one portion after the other.  When the pipe says anything meanwhile, or
is closed because whoever asked was killed, it ends after the message in hand.  A portion whose process went away is
not lost: it is done again by whoever asked.
"""

from __future__ import annotations

import os
import signal
from collections import Counter
from collections.abc import Iterable, Iterator, Set
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, replace
from multiprocessing import get_context, resource_tracker
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic
from typing import cast

from connectors.archives.contract import Addressed, Archive, NotAnArchive, Reading
from connectors.archives.kinds import open_archive
from connectors.language import speak, spoken
from migrate.archives.forms import form_of
from migrate.archives.portions import Batch, Hand, Portion, Stop

#: More of them wait for the disk.
_MOST = 8
#: Seconds between two looks whether to stop.
_LOOK = 0.1


@dataclass(frozen=True, slots=True)
class Work:
    """What each process has to know."""

    archive: Path
    reading: Reading
    #: The archive's own, from before its folders were read: a reader that finds another one would count other items.
    token: str
    form: str
    #: Where the export lies.
    folder: Path
    #: Items that are written already.
    done: Set[bytes]


@dataclass(slots=True)
class _Helper:
    process: SpawnProcess
    pipe: Connection
    portion: Portion | None = None


def cores() -> int:
    """Processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def together(work: Work, portions: Iterable[Portion], stop: Stop, left: list[Portion]) -> Iterator[Batch]:
    """What came of the portions, in any order; those that nobody could do are put into ``left``.

    Ends early when it is to stop, and when a batch tells of a trouble; what is in hand then is told all the same.
    """
    waiting = iter(portions)
    helpers: list[_Helper] = []
    try:
        with suppress(OSError), _unheard():
            while len(helpers) < min(cores(), _MOST):
                helpers.append(_started(work))
        yield from _asked(helpers, waiting, stop, left)
        left.extend(waiting)
    finally:
        for helper in helpers:
            helper.pipe.close()
        for helper in helpers:
            helper.process.join()


def _asked(helpers: list[_Helper], waiting: Iterator[Portion], stop: Stop, left: list[Portion]) -> Iterator[Batch]:
    at_work = [helper for helper in helpers if _ask(helper, waiting, left)]
    stopping = troubled = False
    while at_work:
        if (stop.is_set() or troubled) and not stopping:
            stopping, waiting = True, iter(())
            for helper in at_work:
                with suppress(OSError):
                    helper.pipe.send(None)
        # A process that dies while it starts does not close its pipe everywhere.
        ready = wait([one for helper in at_work for one in (helper.pipe, helper.process.sentinel)], _LOOK)
        for helper in [one for one in at_work if one.pipe in ready or one.process.sentinel in ready]:
            batches = _answer_of(helper)
            if batches is None:
                at_work.remove(helper)
                left.append(cast("Portion", helper.portion))
                continue
            yield from batches
            troubled |= any(batch.trouble is not None for batch in batches)
            if not _ask(helper, waiting, left):
                at_work.remove(helper)


def _answer_of(helper: _Helper) -> list[Batch] | None:
    """What it says; None when it is gone."""
    try:
        # Asked first: what it said before it went away counts.
        return cast("list[Batch]", helper.pipe.recv()) if helper.pipe.poll() else None
    except (EOFError, OSError):
        return None


def _ask(helper: _Helper, waiting: Iterator[Portion], left: list[Portion]) -> bool:
    """Hand out the next portion; whether there is one, and somebody who takes it."""
    helper.portion = next(waiting, None)
    if helper.portion is None:
        return False
    try:
        helper.pipe.send(helper.portion)
    except OSError:
        left.append(helper.portion)
        return False
    return True


def _started(work: Work) -> _Helper:
    # Not forked: threads are at work here, and their locks would be copied as they stand.
    context = get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=_help, args=(there, work, spoken()), daemon=True)
    try:
        process.start()
    except BaseException:
        here.close()
        raise
    finally:
        there.close()
    return _Helper(process, here)


@contextmanager
def _unheard() -> Iterator[None]:
    """Ctrl-C reaches every process of a terminal; those that are started here leave it to whoever asks them."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    # Started with the first process otherwise, it would open the door again behind itself.
    resource_tracker.ensure_running()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


class _Asked:
    """The pipe says something, or was closed: what is in hand is the last."""

    def __init__(self, pipe: Connection) -> None:
        self._pipe = pipe
        self._looked = 0.0

    def is_set(self) -> bool:
        # Asked before each message, of which there are thousands in a second.
        if (now := monotonic()) - self._looked < _LOOK:
            return False
        self._looked = now
        try:
            return self._pipe.poll()
        except OSError:
            return True


def _help(pipe: Connection, work: Work, language: str) -> None:
    """What each process does.  It goes away in silence when it cannot: whoever asks meets the same, and tells it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    speak(language)
    with (
        suppress(OSError, NotAnArchive, EOFError),
        TemporaryDirectory(dir=work.reading.spool) as spool,
        closing(open_archive(work.archive, replace(work.reading, spool=Path(spool)))) as archive,
    ):
        list(archive.folders())
        if archive.token() == work.token:
            _answer(pipe, archive, work)


def _answer(pipe: Connection, archive: Archive, work: Work) -> None:
    hand = Hand(archive, form_of(work.form, work.folder, {}, finished=False), work.done, _Asked(pipe))
    told: Counter[str] = Counter()
    while (portion := pipe.recv()) is not None:
        batches = list(hand.batches(portion))
        if isinstance(archive, Addressed):
            now = Counter(archive.unknown_addresses())
            batches[-1].unknown, told = now - told, now
        pipe.send(batches)
