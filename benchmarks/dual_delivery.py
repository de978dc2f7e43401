"""What dual delivery costs a delta: CPU with it on beside the same delta with it off, in one run.

Both sides are in memory, so that what is measured is looking for what arrived.  Each of the deltas finds a few new
messages; with dual delivery on they have arrived on the target, and are not brought.
"""

from __future__ import annotations

import argparse
import time
from datetime import timedelta

from connectors.memory import MemorySettings
from migrate.ledger import deliveries, mailboxes
from tests.unit.passes.world import ACCOUNT, Sides, mail, new_sides

_NEW = 20


def main() -> None:
    parser = argparse.ArgumentParser(description="Times deltas with dual delivery on and off.")
    parser.add_argument("--messages", type=int, default=10_000, help="messages of the mailbox (default 10,000)")
    parser.add_argument("--deltas", type=int, default=5, help="deltas that are timed (default 5)")
    options = parser.parse_args()
    for tokens in (True, False):
        off, on = (_seconds(options.messages, options.deltas, tokens, dual) for dual in (False, True))
        kind = "with tokens" if tokens else "without tokens"
        print(f"{kind}: {off:.3f} s a delta with dual delivery off, {on:.3f} s on: {on / off:.2f} times", flush=True)


def _seconds(messages: int, deltas: int, tokens: bool, dual: bool) -> float:
    """CPU seconds of one delta."""
    manners = MemorySettings(flag_tokens=tokens, incremental=tokens)
    sides = new_sides(source=manners, target=manners)
    try:
        for number in range(messages):
            sides.source.deliver(mail(number), received=sides.clock() - timedelta(days=30))
        sides.run()
        if dual:
            _switch_on(sides)
        spent = 0.0
        for delta in range(deltas):
            for number in range(_NEW):
                message = mail(messages + delta * _NEW + number)
                sides.source.deliver(message, received=sides.clock())
                if dual:
                    there = b"Received: from old.example by new.example; x\r\n" + message
                    sides.target.deliver(there, received=sides.clock() + timedelta(seconds=2))
            sides.clock.advance(3600)
            began = time.process_time()
            result = sides.run()
            spent += time.process_time() - began
            assert (result.delivered, result.copied) == ((_NEW, 0) if dual else (0, _NEW))
        return spent / deltas
    finally:
        sides.close()


def _switch_on(sides: Sides) -> None:
    with sides.ledger.write() as connection:
        box = mailboxes.get_or_create(connection, ACCOUNT.user, "paris").id
        now = sides.clock().timestamp()
        deliveries.switch(connection, box, "on", now, now, "benchmark")


if __name__ == "__main__":
    main()
