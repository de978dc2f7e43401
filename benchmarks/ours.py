"""Running Bascule against the rig: a temporary organisation, the command in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from textwrap import dedent

from rig_folder import Rig

_STAMPED = Path(__file__).with_name("stamped.py")
_SITE = "bench"


class RunFailed(Exception):
    """A run ended with an error: its figures mean nothing."""


@dataclass(frozen=True)
class Ran:
    """One process, as the system accounts for it: seconds, MiB at its peak."""

    wall: float
    cpu: float
    rss: float


@dataclass(frozen=True)
class Copied(Ran):
    """One copy by the command, in seconds from its start; ``messages`` is what it has receipts for."""

    startup: float
    listing: float
    copying: float
    messages: int

    @property
    def working(self) -> float:
        """First FETCH (of the listing) to last receipt."""
        return self.listing + self.copying


@contextmanager
def organisation(rig: Rig, users: Sequence[str], rtt: int, pairs: int) -> Iterator[Path]:
    """A plan that moves these mailboxes with at most ``pairs`` connections on each side.

    It stands on the rig's own disk, so that the ledger's commits cost what they cost there.
    """
    source, target = rig.ports(rtt)
    with TemporaryDirectory(prefix="bascule-", dir=rig.work) as name:
        folder = Path(name)
        systems = "".join(
            f"""
              {system}:
                connector: imap
                host: 127.0.0.1
                port: {port}
                tls: plain
                settle: 2
                sessions: {pairs}
                max_sessions: {pairs}"""
            for system, port in (("old", source), ("new", target))
        )
        (folder / "organisation.yaml").write_text(
            dedent(f"""\
            name: Bench
            language: en
            time_zone: UTC
            systems:{systems}
            """)
        )
        (folder / "sites").mkdir()
        (folder / "sites" / f"{_SITE}.yaml").write_text(
            f"site: {_SITE}\nsource: old\ntarget: new\npeople: people.csv\npasswords: file:passwords.csv\n"
        )
        addresses = [(f"{user}@bench.example", user) for user in users]
        people = "".join(f"{address},{user},{user}\n" for address, user in addresses)
        (folder / "sites" / "people.csv").write_text("address,source user,target user\n" + people)
        passwords = folder / "passwords.csv"
        passwords.touch(mode=0o600)
        passwords.write_text(
            "address,source password,target password\n" + "".join(f"{address},x,x\n" for address, _ in addresses)
        )
        yield folder


def run_command(folder: Path) -> Ran:
    """`bascule copy` itself, nothing added."""
    command = [str(Path(sys.executable).with_name("bascule")), "-C", str(folder), "copy", _SITE]
    return _run(command, folder)[1]


def run_stamped(folder: Path) -> Copied:
    """`bascule copy` with its phases told apart."""
    stamps = folder / "stamps.json"
    began, ran = _run([sys.executable, str(_STAMPED), str(stamps), "-C", str(folder), "copy", _SITE], folder)
    times = json.loads(stamps.read_text())
    return Copied(
        wall=ran.wall,
        cpu=ran.cpu,
        rss=ran.rss,
        startup=times["first_listing"] - began,
        listing=times["first_read"] - times["first_listing"],
        copying=times["last_receipt"] - times["first_read"],
        messages=times["messages"],
    )


def _as_installed() -> dict[str, str]:
    """An installed command finds its modules compiled; the first run from a checkout leaves them so."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


def _run(command: Sequence[str], folder: Path) -> tuple[float, Ran]:
    """When the process began (monotonic clock), and what it took.  Raises :class:`RunFailed`."""
    said = folder / "said.txt"
    with said.open("w") as output:
        began = time.monotonic()
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, env=_as_installed())
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.monotonic() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RunFailed(f"bascule ended with {process.returncode}:\n{said.read_text()[-2000:]}")
    return began, Ran(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)
