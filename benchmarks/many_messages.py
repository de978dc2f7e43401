"""Memory of a copy by the number of messages in one folder: it must not grow with them.

    .venv/bin/python -m benchmarks.many_messages [COUNT...]

Two Dovecots of its own in a temporary folder, and the real command in a process of its own; each count is a mailbox of
its own.  Prints one line a count, and fails when one takes more memory than docs/performance.md says, or a message is
missing or doubled.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from multiprocessing import Process
from pathlib import Path

from tests.servers.certificates import make_certificates
from tests.servers.dovecot import running_dovecot
from tests.servers.mail import Mail
from tests.servers.maildir_seed import seed_maildir
from tests.servers.server import PASSWORD, ImapServer

#: MiB at the peak.
LIMIT = 150
_COUNTS = (5_000, 50_000, 500_000)
_FIRST = datetime(2010, 1, 1, tzinfo=UTC)
_TEXT = b"Nothing new from here, and that is good news too.\r\n" * 16


def main() -> int:
    counts = [int(count) for count in sys.argv[1:]] or list(_COUNTS)
    too_much = False
    with (
        tempfile.TemporaryDirectory(prefix="bascule-", dir=os.environ.get("BENCH_DIR")) as name,
        _servers(Path(name)) as (old, new),
    ):
        for count in counts:
            user = f"many{count}"
            # In a process of its own: a new process begins with the peak of the one that starts it.
            seeding = Process(target=_seed, args=(old, user, count))
            seeding.start()
            seeding.join()
            folder = _organisation(Path(name) / user, old, new, user)
            began = time.monotonic()
            process = subprocess.Popen(
                [str(Path(sys.executable).with_name("bascule")), "-C", str(folder), "copy", "many"],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
            )
            _, status, usage = os.wait4(process.pid, 0)
            took = time.monotonic() - began
            process.returncode = os.waitstatus_to_exitcode(status)
            there = _there(new, user)
            peak = usage.ru_maxrss / 1024
            cpu = usage.ru_utime + usage.ru_stime
            print(f"{count:,} messages: {peak:.0f} MiB at the peak, {took:.0f} s, {cpu:.0f} s of CPU", flush=True)
            if process.returncode or there != count:
                print(f"ended with {process.returncode}, {there:,} messages on the target", file=sys.stderr)
                return 1
            too_much = too_much or peak > LIMIT
    return 1 if too_much else 0


@contextmanager
def _servers(folder: Path) -> Iterator[tuple[ImapServer, ImapServer]]:
    certificates = make_certificates(folder)
    with running_dovecot(certificates) as old, running_dovecot(certificates, storage="mdbox") as new:
        yield old, new


def _seed(server: ImapServer, user: str, count: int) -> None:
    seed_maildir(server, user, (_mail(number) for number in range(count)))


def _mail(number: int) -> Mail:
    head = f"Message-ID: <{number}@example.org>\r\nFrom: ann@example.org\r\nSubject: message {number}\r\n\r\n"
    flags = frozenset({"\\Seen"}) if number % 3 else frozenset[str]()
    return Mail(("INBOX",), head.encode() + _TEXT, flags, _FIRST + timedelta(minutes=number))


def _organisation(folder: Path, old: ImapServer, new: ImapServer, user: str) -> Path:
    (folder / "sites").mkdir(parents=True)
    systems = "".join(
        f"  {name}: {{connector: imap, host: 127.0.0.1, port: {server.port}, tls: plain, settle: 2}}\n"
        for name, server in (("old", old), ("new", new))
    )
    (folder / "organisation.yaml").write_text(f"name: Many\nlanguage: en\ntime_zone: UTC\nsystems:\n{systems}")
    (folder / "sites" / "many.yaml").write_text(
        "site: many\nsource: old\ntarget: new\npeople: people.csv\npasswords: file:passwords.csv\n"
    )
    (folder / "sites" / "people.csv").write_text(f"address,source user,target user\n{user}@example.org,{user},{user}\n")
    passwords = folder / "passwords.csv"
    passwords.touch(mode=0o600)
    passwords.write_text(f"address,source password,target password\n{user}@example.org,{PASSWORD},{PASSWORD}\n")
    return folder


def _there(server: ImapServer, user: str) -> int:
    with server.login(user) as connection:
        _, data = connection.select("INBOX", readonly=True)
        return int(data[0] or b"0")


if __name__ == "__main__":
    sys.exit(main())
