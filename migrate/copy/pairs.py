"""The pairs of one mailbox: how many it is worth, and how further ones join those at work."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack

from connectors.contract import ConnectorError
from migrate.copy.batches import BatchQueue
from migrate.copy.halt import Halt
from migrate.copy.hold import Hold
from migrate.copy.job import Job
from migrate.copy.pair import Pair, PairError
from migrate.copy.portions import Portions
from migrate.copy.sessions import Sessions

#: A pair more is opened only for so many messages more.
_MESSAGES_A_PAIR = 200
#: Seconds after which another pair may join those at work.
_JOINING = 0.5


def worth(job: Job, sessions: Sessions, count: int) -> int:
    """Pairs that so many messages are worth and that both sides bear, the first one among them."""
    sides = sessions.source.capabilities(), sessions.target.capabilities()
    if sides[0].sequential or not sides[1].returns_keys:
        return 1
    return min(job.pairs, -(-count // _MESSAGES_A_PAIR), *(side.sessions for side in sides))


def run_pairs(pairs: Sequence[Pair], another: Callable[[int], Pair | None]) -> list[PairError]:
    """Run pairs, some of which may be at work already, to their end and return what went wrong in them.

    As long as nothing has, ``another`` is asked now and then for one more, and told how many are at work.
    A defect of ours is raised.
    """
    all_of_them = list(pairs)
    for pair in pairs:
        if pair.ident is None:
            pair.start()
    while working := [pair for pair in all_of_them if pair.is_alive()]:
        one_more = None if any(pair.errors or pair.died for pair in all_of_them) else another(len(working))
        if one_more is None:
            working[0].join(timeout=_JOINING)
        else:
            one_more.start()
            all_of_them.append(one_more)
    for pair in all_of_them:
        if pair.died is not None:
            raise pair.died
    return [error for pair in all_of_them for error in pair.errors]


def joining(
    job: Job,
    hold: Hold,
    halt: Halt,
    stack: ExitStack,
    sessions: Sessions,
    queue: BatchQueue,
    portions: Portions,
    count: int,
) -> Callable[[int], Pair | None]:
    """For :func:`run_pairs`: one more when other mailboxes have left their sessions and enough of ``count`` is left.

    Without it the last large mailbox of a site would be copied to its end by the one pair that it began with.  What
    joins is closed with ``stack``.
    """
    most = worth(job, sessions, count)

    def another(working: int) -> Pair | None:
        left = count - queue.handed_out
        if halt.stop.is_set() or working >= min(most, -(-left // _MESSAGES_A_PAIR)):
            return None
        extra = Sessions(job, halt)
        try:
            extra.admit(wait=False)
        except ConnectorError:
            return None
        stack.callback(extra.close)
        return Pair(job, hold, extra, queue, portions, halt)

    return another
