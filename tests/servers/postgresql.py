"""PostgreSQL from its Debian package, private, on loopback, with nothing of the machine's own clusters."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.servers.process import ServerMissing, ServerProcess, free_port, private_folder
from tests.servers.server import PASSWORD

_USER = "bascule"
#: What a database would wait for a disk for: the data is gone with the test.
_UNSAFE = ("-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "full_page_writes=off")


@contextmanager
def running_postgresql() -> Iterator[str]:
    """A private server; yields the URL of its database, as SQLAlchemy takes it.  Raises ServerMissing.

    It refuses to run as root, and becomes ``nobody`` then.
    """
    programs = find_postgresql()
    account = pwd.getpwnam("nobody") if os.getuid() == 0 else pwd.getpwuid(os.getuid())
    port = free_port()
    with private_folder("postgresql", owner=account.pw_uid) as folder:
        secret = folder / "password"
        secret.write_text(PASSWORD)
        secret.chmod(0o600)
        os.chown(secret, account.pw_uid, account.pw_gid)
        data = folder / "data"
        # Without a locale of its own it sorts by bytes, as SQLite does.
        made = subprocess.run(
            [
                programs / "initdb", "--pgdata", data, "--username", _USER, "--pwfile", secret,
                "--auth", "scram-sha-256", "--encoding", "UTF8", "--no-locale", "--no-sync",
            ],
            cwd=folder, capture_output=True, text=True, check=False,
            user=account.pw_uid, group=account.pw_gid, extra_groups=[] if os.getuid() == 0 else None,
        )  # fmt: skip
        assert made.returncode == 0, made.stdout + made.stderr
        command = [
            programs / "postgres", "-D", data, "-p", str(port), "-c", "listen_addresses=127.0.0.1",
            "-c", f"unix_socket_directories={folder}", *_UNSAFE,
        ]  # fmt: skip
        server = ServerProcess(command, folder, port=port, account=account if os.getuid() == 0 else None)
        try:
            server.start()
            yield f"postgresql+psycopg://{_USER}:{PASSWORD}@127.0.0.1:{port}/postgres"
        finally:
            # Killed, it would leave a segment of shared memory behind.
            server.stop(orderly=True)


def find_postgresql() -> Path:
    """The folder with its programs; of several versions the newest.  Raises ServerMissing."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[4]))
    if found:
        return found[-1].parent
    elsewhere = shutil.which("initdb")
    if elsewhere is None:
        raise ServerMissing("PostgreSQL is not installed: make test installs the Debian package postgresql")
    return Path(elsewhere).parent
