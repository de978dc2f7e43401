"""When a message of a cut connection appears: how long after the last byte was sent and the connection ended.

    .venv/bin/python -m benchmarks.commit_point

Each line is one server, one way of sending and one way of ending; the times are those of ``ROUNDS`` cuts with the whole
command sent, watched over a second connection.  ``tests/integration/test_commit_point.py`` pins what is stored at all.
"""

from __future__ import annotations

import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from statistics import median

from tests.integration.test_commit_point import MANNERS, cut
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
            for end in ("FIN", "RST"):
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


def _appears(
    server: ImapServer, user: str, bodies: list[bytes], end: str, *, synchronising: bool
) -> float | None:
    """Seconds from the cut until all of the batch is there, None when nothing came."""
    with server.login(user) as watching:
        watching.select()
        watching.unselect() if "UNSELECT" in watching.capabilities else watching.close()
        cut(server, user, bodies, 0, end, synchronising)  # type: ignore[arg-type]  # FIN or RST
        started = time.monotonic()
        while time.monotonic() - started < PATIENCE:
            if f"MESSAGES {len(bodies)})".encode() in watching.status("INBOX", "(MESSAGES)")[1][0]:
                return time.monotonic() - started
        return None


def _body(index: int) -> bytes:
    head = f"From: a@example.org\r\nSubject: {index}\r\n\r\n".encode()
    return head + b"0123456789abcdef" * ((SIZE - len(head)) // 16) + b"\r\n"


if __name__ == "__main__":
    main()
