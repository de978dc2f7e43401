"""Starting a server process under its keeper, on a free port, in a folder of its own."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from filelock import FileLock, Timeout

#: Seconds within which a server must answer.
START_LIMIT = 15.0
_KEEPER = Path(__file__).with_name("keeper.py")
#: Below the range from which the kernel takes the ports of outgoing connections; each process has a slice of them.
_PORTS, _SLICE = range(20000, 32000), 500
_locks: list[FileLock] = []


class ServerFailed(Exception):
    """The server did not start; the message ends with what it wrote."""


class ServerMissing(Exception):
    """The server is not installed here; the message says how to get it."""


def free_port() -> int:
    """A port nobody listens on, and which no other process of the tests is about to listen on."""
    for port in _own_ports():
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            with contextlib.suppress(OSError):
                probe.bind(("127.0.0.1", port))
                return port
    raise ServerFailed("every port of this process is taken")


def _own_ports() -> Iterator[int]:
    """The ports of this process, once round, from behind the one that was taken last."""
    ports = _slice()
    for _ in range(_SLICE):
        ports.rotate(-1)
        yield ports[-1]


@cache
def _slice() -> deque[int]:
    """Ports that are this process's alone as long as it runs: between finding a port and listening on it passes time,
    and other test processes run beside."""
    for start in range(_PORTS.start, _PORTS.stop, _SLICE):
        lock = FileLock(Path(tempfile.gettempdir(), f"bascule-ports-{os.getuid()}-{start}.lock"))
        with contextlib.suppress(Timeout):
            lock.acquire(blocking=False)
            _locks.append(lock)  # who forgets a lock gives it back
            return deque(range(start, start + _SLICE))
    raise ServerFailed("too many test processes run at once")


@contextmanager
def private_folder(name: str, *, owner: int | None = None) -> Iterator[Path]:
    """A folder with a short path (socket names may have 107 bytes) that ``owner`` can reach; removed at the end."""
    folder = Path(tempfile.mkdtemp(prefix=f"bascule-{name}-"))
    folder.chmod(0o755)
    if owner is not None:
        os.chown(folder, owner, -1)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


class ServerProcess:
    """One server under its keeper.  ``stop`` and ``start`` may follow each other; data stays."""

    def __init__(
        self,
        command: Sequence[str | Path],
        folder: Path,
        *,
        port: int | None = None,
        env: Mapping[str, str] | None = None,
        account: pwd.struct_passwd | None = None,
    ) -> None:
        self._command = [str(part) for part in command]
        self._folder = folder
        self._port = port
        self._env = env
        self._account = f"{account.pw_uid}:{account.pw_gid}" if account else "-"
        self._output = folder / f"{Path(self._command[0]).name}.out"
        self._keeper: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start, and return once the port answers.  Raises ServerFailed."""
        with self._output.open("ab") as output:
            self._keeper = subprocess.Popen(
                [sys.executable, "-I", "-S", str(_KEEPER), str(self._folder), self._account, *self._command],
                cwd=self._folder,
                env=self._env,
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=output,
            )
        try:
            self._wait_until_it_answers()
        except BaseException:
            self.stop()
            raise

    def stop(self, *, orderly: bool = False) -> None:
        """Kill it, or ask it to end, and return once nothing of it is left."""
        if self._keeper is None:
            return
        assert self._keeper.stdin is not None
        with contextlib.suppress(BrokenPipeError):  # it may have ended by itself
            os.write(self._keeper.stdin.fileno(), b"t" if orderly else b"k")
        self._keeper.wait()
        self._keeper.stdin.close()
        self._keeper = None

    def output(self) -> str:
        return self._output.read_text(errors="replace")

    def _wait_until_it_answers(self) -> None:
        assert self._keeper is not None
        deadline = time.monotonic() + START_LIMIT
        while self._port is not None:
            if self._keeper.poll() is not None:
                raise ServerFailed(f"{self._command[0]} ended while starting:\n{self.output()}")
            try:
                socket.create_connection(("127.0.0.1", self._port), timeout=1).close()
            except OSError:
                if time.monotonic() > deadline:
                    raise ServerFailed(f"{self._command[0]} does not answer:\n{self.output()}") from None
                time.sleep(0.01)
            else:
                return
