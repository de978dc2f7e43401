"""Keeps one server alive for as long as its standard input stays open, then ends it and all that it started.

usage: keeper.py FOLDER USER:GROUP|- COMMAND...

``t`` on standard input asks the server to end, ``k`` kills it; the folder stays.  End of file means that the test run
died: everything is killed and FOLDER is removed.  The server runs as USER and GROUP (numbers) when they are given.
Run as a script with nothing but the standard library, so that it starts in milliseconds.
"""

from __future__ import annotations

import ctypes
import os
import select
import shutil
import signal
import subprocess
import sys
from pathlib import Path

#: prctl(2): children hear of our death; what they leave behind becomes our child.
PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36
#: Seconds a server has for an orderly stop.
GRACE = 3.0

_libc = ctypes.CDLL(None, use_errno=True)


def main(folder: Path, account: str, command: list[str]) -> int:
    # What a terminal sends to the whole test run must not end the servers before the tests are done with them.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    user, group = (None, None) if account == "-" else (int(number) for number in account.split(":"))
    server = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        user=user,
        group=group,
        extra_groups=None if user is None else [],
        # Cyrus, asked to end, sends SIGTERM to its whole process group: to every server of all test runs, were it ours.
        process_group=0,
        preexec_fn=_die_with_keeper,
    )
    ended = os.pidfd_open(server.pid)
    ready, _, _ = select.select([sys.stdin.buffer, ended], [], [])
    order = b"k" if ended in ready else os.read(0, 1)
    if order == b"t":
        server.terminate()
        select.select([ended], [], [], GRACE)
    _kill_all()
    if not order:
        shutil.rmtree(folder, ignore_errors=True)
    return 0


def _die_with_keeper() -> None:
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)


def _kill_all() -> None:
    """Kill our children until none is left; orphans among their children come to us and go the same way."""
    while True:
        for child in _children():
            os.kill(child, signal.SIGKILL)
        try:
            os.waitpid(-1, 0)
        except ChildProcessError:
            return


def _children() -> list[int]:
    own, found = str(os.getpid()), []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, parent = stat.read_text().rpartition(")")[2].split()[:2]
        except OSError:
            continue  # ended while we looked
        if parent == own and state != "Z":
            found.append(int(stat.parent.name))
    return found


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2], sys.argv[3:]))
