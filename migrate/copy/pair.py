"""Pairs: a source session with its reading thread, a target session with its writing thread, a channel between."""

from __future__ import annotations

from collections.abc import Callable
from threading import Event, Lock, Thread

from connectors.contract import ConnectorError, FolderMissing, Stopped, Transient
from connectors.language import _
from connectors.wrappers import RetryPolicy
from migrate.copy.batches import BatchQueue
from migrate.copy.channel import Channel, Closed
from migrate.copy.halt import Halt
from migrate.copy.hold import Hold, HoldLost
from migrate.copy.job import Job
from migrate.copy.portions import Portions
from migrate.copy.reader import AHEAD, PreparedBatch, read_batches
from migrate.copy.sessions import Sessions
from migrate.copy.writer import Writer
from migrate.ledger.store import LedgerError

#: Seconds without a new batch after which receipts are put on disk by themselves.
_IDLE = 0.05
#: Batches in a row that may fail for the line's sake before a pair gives up; seconds between them double.
_FAILURES = 5
_FIRST_PAUSE = 0.5
_LONGEST_PAUSE = 30.0
#: A server that asks for a longer pause is not waited for: the run says when it goes on.
_PATIENCE = RetryPolicy().patience

#: One message that is too large for memory at a time, over all mailboxes of the process.
_oversize = Lock()

#: What may end a pair; anything else is a defect of ours and passes as it is.
PairError = ConnectorError | HoldLost | LedgerError


class Pair(Thread):
    """Copies batches until the queue is empty, and ends by itself.

    ``errors`` says then what went wrong, ``died`` what should never have.
    """

    def __init__(
        self, job: Job, hold: Hold, sessions: Sessions, queue: BatchQueue, portions: Portions, halt: Halt
    ) -> None:
        super().__init__(name=f"write {job.mailbox}", daemon=True)
        self._job = job
        self._hold = hold
        self._sessions = sessions
        self._queue = queue
        self._portions = portions
        self._halt = halt
        self._channel: Channel[PreparedBatch] = Channel(AHEAD)
        self._failures: list[Transient] = []
        #: Set once the target has let us in, or will not; which of them.
        self._answered = Event()
        self._let_in = False
        self.errors: list[PairError] = []
        self.died: BaseException | None = None

    def run(self) -> None:
        self._guarded(self._copy)

    def finish(self) -> None:
        """Wait for its end, which comes when the queue is empty."""
        while self.is_alive():
            self.join(timeout=1)

    def _copy(self) -> None:
        self._sessions.admit(wait=False)
        reader = Thread(target=self._guarded, args=(self._read,), name=f"read {self._job.mailbox}", daemon=True)
        reader.start()
        self._guarded(self._write)
        self._answered.set()
        for left in self._channel.cut():
            left.release()
        if self.errors or self.died:
            self._sessions.abort()
        while reader.is_alive():
            reader.join(timeout=1)

    def _guarded(self, half: Callable[[], None]) -> None:
        try:
            half()
        except Closed:
            pass
        except (ConnectorError, HoldLost, LedgerError) as error:
            # One half that failed cuts the sessions of the other: that is no trouble of its own.
            if not (isinstance(error, Stopped) and self.errors):
                self.errors.append(error)
        except BaseException as error:  # noqa: BLE001  # a thread's death must reach whoever joins it
            self.died = error

    def _read(self) -> None:
        try:
            source = self._sessions.source
            # What a pair has in hand, no other can copy: it takes nothing before it can write.
            while not self._answered.wait(timeout=1):
                pass
            while self._let_in:
                try:
                    read_batches(self._job, source, self._queue, self._channel, self._halt.stop, _oversize)
                    break
                except FolderMissing as error:
                    # Its messages stay pending; the next scan says what became of them.
                    self.errors.append(error)
        finally:
            self._channel.end()

    def _write(self) -> None:
        writer = Writer(self._job, self._hold, self._sessions.target, self._portions)
        self._let_in = True
        self._answered.set()
        try:
            while not self._halt.stop.is_set():
                batch = self._channel.get(_IDLE)
                if batch is None:
                    writer.flush()
                    continue
                stored = writer.stored
                try:
                    writer.write(batch)
                    self._failures.clear()
                except Transient as error:
                    if writer.stored > stored:
                        self._failures.clear()  # a line that carries a little each time gets there
                    self._pause(error)
        except Closed:
            # What went wrong with the last batches, no later one has made good.
            self.errors.extend(self._failures[-1:])
        finally:
            writer.flush()

    def _pause(self, error: Transient) -> None:
        """The wrapped session signs in again at the next call; give the other side time before that."""
        self._failures.append(error)
        if len(self._failures) == _FAILURES:
            raise error
        pause = error.retry_after
        if pause is None:
            pause = min(_LONGEST_PAUSE, _FIRST_PAUSE * 2 ** (len(self._failures) - 1))
        elif pause > _PATIENCE:
            raise error
        else:
            self._job.progress.pausing(self._job.mailbox, pause, error)
        if self._job.clock.wait(pause, self._halt.stop):
            raise Stopped(_("interrupted")) from error
