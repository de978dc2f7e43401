"""What is measured side by side: Bascule, the raw probe of the limit, and other tools."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from ours import RunFailed, organisation, run_stamped
from rig_folder import TIMEOUT, Rig

_PROBE = Path(__file__).with_name("stamped_probe.py")


@dataclass(frozen=True)
class Setting:
    """What is copied and how far away: mailboxes of one preset, round trip in milliseconds."""

    preset: str
    users: Sequence[str]
    messages: int
    rtt: int


@dataclass(frozen=True)
class Figures:
    """One run.  Rates in messages a second, times in seconds, memory in MiB; None where a tool does not tell."""

    #: Over the whole process.
    rate: float
    cpu: float
    source_cpu: float
    target_cpu: float
    rss: float | None = None
    #: From the first FETCH to the last receipt; ``startup`` is what comes before.
    working_rate: float | None = None
    startup: float | None = None
    #: The part of the work that only lists, and the rate without it.
    listing: float | None = None
    bodies_rate: float | None = None
    #: What was neither the tool nor the servers: the delay proxies, and whoever disturbed the measurement.
    other_cpu: float | None = None


class Contestant(Protocol):
    name: str

    def run(self, rig: Rig, setting: Setting) -> Figures:
        """Copy once, onto an empty target.  Raises :class:`RunFailed`."""


class Ours:
    """The real command; what it copied is compared with the source afterwards."""

    def __init__(self, pairs: int) -> None:
        self.pairs = pairs
        self.name = f"bascule, {_pairs(pairs)}"

    def run(self, rig: Rig, setting: Setting) -> Figures:
        rig.reset()
        before, machine_before = rig.cpu(), rig.machine_cpu()
        with organisation(rig, setting.users, setting.rtt, self.pairs) as folder:
            copied = run_stamped(folder)
        time.sleep(0.15)  # the servers' processes end
        after, machine_after = rig.cpu(), rig.machine_cpu()
        servers = [now - then for now, then in zip(after, before, strict=True)]
        differences = rig.differences(setting.users)
        if copied.messages != setting.messages:
            differences.append(f"{copied.messages} receipts for {setting.messages} messages")
        if differences:
            raise RunFailed("source and target differ: " + "; ".join(differences))
        return Figures(
            rate=setting.messages / copied.wall,
            cpu=copied.cpu,
            source_cpu=servers[0],
            target_cpu=servers[1],
            rss=copied.rss,
            working_rate=setting.messages / copied.working,
            startup=copied.startup,
            listing=copied.listing,
            bodies_rate=setting.messages / copied.copying,
            other_cpu=machine_after - machine_before - copied.cpu - sum(servers),
        )


class Probe:
    """The rig's raw probe: no ledger, no digests, no checks; streamed MULTIAPPEND, reader and writer overlapped."""

    def __init__(self, pairs: int) -> None:
        self.pairs = pairs
        self.name = f"raw probe, {_pairs(pairs)}"

    def run(self, rig: Rig, setting: Setting) -> Figures:
        arguments = [str(rig.folder), setting.preset, str(setting.rtt), str(self.pairs)]
        row = json.loads(_said([str(_PROBE), *arguments]))
        working_rate = setting.messages / (row["wall"] - row["startup"])
        return Figures(
            rate=setting.messages / row["wall"],
            cpu=row["py_cpu"],
            source_cpu=row["src_cpu"],
            target_cpu=row["dst_cpu"],
            working_rate=working_rate,
            startup=row["startup"],
            # It lists nothing: its first FETCH is of bodies.
            bodies_rate=working_rate,
        )


class Peer:
    """Another tool, as the rig runs it; it may change mail on its way, which is not judged here."""

    def __init__(self, tool: str) -> None:
        self.name = self.tool = tool

    def run(self, rig: Rig, setting: Setting) -> Figures:
        jobs = min(4, len(setting.users))
        arguments = [self.tool, setting.preset, str(setting.rtt), "--jobs", str(jobs)]
        row = json.loads(_said([str(rig.folder / "peers.py"), *arguments]))
        if row["rc"]:
            raise RunFailed(f"{self.tool} ended with {row['rc']}")
        return Figures(setting.messages / row["wall"], row["cpu"], row["src_cpu"], row["dst_cpu"], row["rss_mib"])


def _said(script: Sequence[str]) -> str:
    answer = subprocess.run([sys.executable, *script], capture_output=True, text=True, timeout=TIMEOUT)
    if answer.returncode:
        raise RunFailed(f"{Path(script[0]).name} ended with {answer.returncode}: {answer.stderr[-500:]}")
    return answer.stdout


def _pairs(count: int) -> str:
    return f"{count} pair" if count == 1 else f"{count} pairs"
