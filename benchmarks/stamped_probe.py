"""One run of the rig's raw probe, with its own start-up told apart as ours is.

usage: stamped_probe.py RIG_FOLDER PRESET RTT PAIRS

Prints a line of JSON: ``wall`` and ``startup`` in seconds, CPU seconds of the probe and of both servers.  The probe
itself is the rig's `limit.py PRESET RTT --conns PAIRS --engine raw-multi`, unchanged.
"""

from __future__ import annotations

import importlib
import json
import multiprocessing
import sys
import time
from argparse import Namespace
from typing import Any


def main() -> None:
    folder, preset, rtt, pairs = sys.argv[1:]
    sys.path.insert(0, folder)
    limit: Any = importlib.import_module("limit")
    # What its own command line would make of these arguments.
    limit.OPT = Namespace(
        preset=preset, rtt=int(rtt), engine="raw-multi", conns=int(pairs), chunk=100, side="both",
        compress=False, tls=False, threads=False, storage="maildir", fsync="optimized",
    )  # fmt: skip
    began = multiprocessing.Value("d", 0.0)
    first_fetch = multiprocessing.Value("d", 0.0)
    plan, start = limit.plan, limit.Conn.start

    def stamped_plan(users: list[str]) -> Any:
        began.value = time.monotonic()
        return plan(users)

    def stamped_start(connection: Any, text: bytes) -> None:
        if not first_fetch.value and text.startswith(b"FETCH"):
            with first_fetch.get_lock():
                first_fetch.value = first_fetch.value or time.monotonic()
        start(connection, text)

    limit.plan, limit.Conn.start = stamped_plan, stamped_start
    figures = limit.run_once(limit.USERS[preset])
    print(json.dumps({**figures, "startup": first_fetch.value - began.value}))


if __name__ == "__main__":
    main()
