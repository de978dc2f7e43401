"""The bench rig: two private mail servers, delay proxies, seeded mail, the probe and the other tools.

It lives beside the checkout, not in it; the variable BASCULE_BENCH_RIG names its folder when it is elsewhere.
"""

from __future__ import annotations

import importlib
import json
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

VARIABLE = "BASCULE_BENCH_RIG"
_BESIDE = "../shared/bench"
#: Seconds that one run of anything may take.
TIMEOUT = 1200

#: The command that must be installed for one of the rig's peers.
_COMMANDS = {
    "interimap": "interimap",
    "mbsync": "mbsync",
    "offlineimap": "offlineimap",
    "larch": "larch",
    "dsync": "doveadm",
}


class RigMissing(Exception):
    """There is no rig, or it is not set up; worded for the person who runs the benchmark."""


@dataclass(frozen=True)
class Rig:
    """The rig's own modules and what they know."""

    folder: Path
    servers: Any
    peers: Any

    @property
    def work(self) -> Path:
        """Where the rig keeps all it makes."""
        return Path(self.servers.B)

    def reset(self) -> None:
        """An empty target, restarted servers, the source's indexes as they were at first."""
        self.servers.reset_target()

    def ports(self, rtt: int) -> tuple[int, int]:
        """Source and target with this round trip (milliseconds)."""
        source, target = self.servers.RTT[rtt]
        return source, target

    def cpu(self) -> tuple[float, float]:
        """CPU seconds that source and target have used since they started."""
        return self.servers.cpu("src"), self.servers.cpu("dst")

    @staticmethod
    def machine_cpu() -> float:
        """CPU seconds of everything on this machine, and those that its host gave to others."""
        ticks = [int(word) for word in Path("/proc/stat").read_text().splitlines()[0].split()[1:9]]
        user, nice, system, _idle, _waiting, interrupts, softly, stolen = ticks
        return (user + nice + system + interrupts + softly + stolen) / os.sysconf("SC_CLK_TCK")

    def has_peer(self, tool: str) -> bool:
        """Whether a peer's command is installed; an unknown tool is not."""
        command = _COMMANDS.get(tool.split("-")[0])
        return tool in self.peers.TOOLS and command is not None and shutil.which(command) is not None

    def differences(self, users: Sequence[str]) -> list[str]:
        """What differs between source and target, message by message; empty when nothing does."""
        check = [sys.executable, str(self.folder / "verify.py"), *users]
        answer = subprocess.run(check, capture_output=True, text=True, timeout=TIMEOUT, check=True)
        rows = map(json.loads, answer.stdout.splitlines())
        kinds = ("bad", "missing_folders", "extra_folders")
        return [f"{row['user']}: {kind}: {row[kind]}" for row in rows for kind in kinds if row[kind]]


def open_rig(rtts: Sequence[int], presets: Sequence[str]) -> Rig:
    """The rig, started where it stands still.  Raises :class:`RigMissing`."""
    named = os.environ.get(VARIABLE)
    folder = Path(named) if named else Path(__file__).parent.parent / _BESIDE
    if not (folder / "rig.py").is_file():
        where = f"in the folder that {VARIABLE} names" if named else f"at {_BESIDE}"
        raise RigMissing(f"There is no bench rig {where}. {VARIABLE} may name the folder that holds rig.py.")
    sys.path.insert(0, str(folder.resolve()))
    rig = Rig(folder.resolve(), importlib.import_module("rig"), importlib.import_module("peers"))
    unknown = [str(rtt) for rtt in rtts if rtt not in rig.servers.RTT]
    if unknown:
        raise RigMissing(f"The rig has no round trip of {', '.join(unknown)} ms; it has {sorted(rig.servers.RTT)}.")
    users = [user for preset in presets for user in rig.peers.USERS[preset]]
    unseeded = [user for user in users if not (rig.work / "src/mail" / user).is_dir()]
    if unseeded:
        raise RigMissing(
            f"The rig holds no mail for {', '.join(unseeded)}. Set it up first: ./all.sh setup in its folder."
        )
    if not all(rig.servers.pid(name) for name in rig.servers.PORTS):
        rig.servers.up()
    elif not all(_answers(port) for rtt in rtts for port in rig.ports(rtt)):
        rig.servers.proxies(True)
    return rig


def _answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=2).close()
    except OSError:
        return False
    return True
