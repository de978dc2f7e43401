"""When a message of a cut connection appears: how long after the last byte was sent and the connection ended.

    .venv/bin/python -m benchmarks.commit_point

Each line is one server, one way of sending and one way of ending; the times are those of ``ROUNDS`` cuts with the whole
command sent, watched over a second connection or on disk.  ``tests/integration/test_commit_point.py`` pins what is
stored at all.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median
from typing import get_args

from tests.integration.test_commit_point import MANNERS, End, cut
from tests.servers.certificates import make_certificates
from tests.servers.courier import running_courier
from tests.servers.cyrus import running_cyrus
from tests.servers.dovecot import running_dovecot
from tests.servers.server import ImapServer

ROUNDS = 10
#: Messages of a batch, and the bytes of each.
BATCH, SIZE = 100, 50_000
#: Seconds after which a message that is not there counts as never stored.
PATIENCE = 1.5


def main() -> None:
    with ExitStack() as running:
        certificates = make_certificates(Path(running.enter_context(tempfile.TemporaryDirectory())))
        servers = {
            "dovecot": running.enter_context(running_dovecot(certificates)),
            "courier": running.enter_context(running_courier(sessions=100)),
            "cyrus": running.enter_context(running_cyrus()),
        }
        for name, manner in MANNERS.items():
            for end in get_args(End):
                times = []
                never = 0
                for number in range(ROUNDS):
                    bodies = [_body(index) for index in range(BATCH if manner.batch > 1 else 1)]
                    user = f"{name.split(',')[0].lower()}{len(name)}{end.lower()}{number}"
                    took = _appears(servers[manner.server], user, bodies, end, synchronising=manner.synchronising)
                    if took is None:
                        never += 1
                    else:
                        times.append(took * 1000)
                shown = f"{min(times):6.0f} {median(times):6.0f} {max(times):6.0f} ms" if times else "-"
                print(f"{name:24} {end}  {shown:>24}   never stored: {never} of {ROUNDS}", flush=True)


def _appears(server: ImapServer, user: str, bodies: list[bytes], end: End, *, synchronising: bool) -> float | None:
    """Seconds from the cut until all of the batch is there, None when nothing came."""
    with _watching(server, user) as seen:
        cut(server, user, bodies, 0, end, synchronising)
        started = time.monotonic()
        while time.monotonic() - started < PATIENCE:
            if seen() == len(bodies):
                return time.monotonic() - started
        return None


@contextmanager
def _watching(server: ImapServer, user: str) -> Iterator[Callable[[], int]]:
    """How many messages the inbox holds."""
    with server.login(user) as connection:
        connection.select()
    maildir = server.folder / "mail" / user / "Maildir"
    if maildir.exists():
        # Courier's sessions wait for each other's lock on a Maildir: one that looks would be in the way.
        yield lambda: sum(1 for part in ("new", "cur") for _ in (maildir / part).iterdir())
        return
    with server.login(user) as connection:

        def status() -> int:
            return int(connection.status("INBOX", "(MESSAGES)")[1][0].rpartition(b"MESSAGES ")[2].rstrip(b")"))

        yield status


def _body(index: int) -> bytes:
    head = f"From: a@example.org\r\nSubject: {index}\r\n\r\n".encode()
    return head + b"0123456789abcdef" * ((SIZE - len(head)) // 16) + b"\r\n"


if __name__ == "__main__":
    main()
