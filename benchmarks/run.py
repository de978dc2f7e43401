"""Compares Bascule with the raw probe of what two servers can do, and with other tools: `make bench`.

All of them run in turns (A B C, A B C, ...), each time onto an empty target, and only ratios within one turn are
compared: a machine's speed drifts more from hour to hour than the tools differ.  docs/performance.md explains the
figures.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from statistics import median

import large_mailbox
from contestants import Contestant, Figures, Ours, Peer, Probe, Setting
from filelock import FileLock, Timeout
from ours import RunFailed, organisation, run_command
from rig_folder import VARIABLE, Rig, RigMissing, open_rig

#: Connection pairs that ours and the probe are run with.
PAIRS = (1, 4)
#: What ours must reach of the probe's rate on "small" with the same number of pairs.
TARGET_RATIO = 0.75
#: What the command may use at its peak with a message of 100 MB (MB).
TARGET_RSS = 150
PEERS = ("interimap-plain", "interimap", "mbsync-plain", "mbsync", "offlineimap")
LARGE = "large"

#: The figures of each contestant, one a turn.
Turns = dict[str, list[Figures]]


def main() -> int:
    options = _options()
    presets = [preset for preset in options.presets if preset != LARGE]
    try:
        rig = open_rig(options.rtt, presets)
    except RigMissing as missing:
        print(missing, file=sys.stderr)
        return 2
    peers = [peer for peer in options.peers if rig.has_peer(peer)]
    absent = [peer for peer in options.peers if peer not in peers]
    if absent:
        print(f"Not installed, left out: {', '.join(absent)}.")
    try:
        # Every run empties the target: two benchmarks would measure each other.
        with FileLock(rig.work / "bascule-bench.lock", blocking=False):
            _measure(rig, presets, options, peers)
    except Timeout:
        print("Another benchmark is using this rig.", file=sys.stderr)
        return 2
    except RunFailed as failure:
        print(f"Failed: {failure}", file=sys.stderr)
        return 1
    return 0


def _options() -> argparse.Namespace:
    def numbers(text: str) -> list[int]:
        return [int(number) for number in text.split(",")]

    def names(text: str) -> list[str]:
        return [name for name in text.split(",") if name]

    parser = argparse.ArgumentParser(
        description="Bascule beside the raw probe and other tools, in turns, on a rig of two local mail servers.",
        epilog=f"The rig is ../shared/bench beside the checkout, or the folder that {VARIABLE} names.",
    )
    parser.add_argument("--rtt", type=numbers, default=[0, 20], help="round trips in ms (default 0,20)")
    parser.add_argument(
        "--presets", type=names, default=["small", LARGE], help=f"mailboxes of the rig (default small,{LARGE})"
    )
    parser.add_argument("--reps", type=int, default=3, help="turns (default 3)")
    parser.add_argument("--peers", type=names, default=list(PEERS), help=f"other tools (default {','.join(PEERS)})")
    return parser.parse_args()


def _measure(rig: Rig, presets: Sequence[str], options: argparse.Namespace, peers: Sequence[str]) -> None:
    print(
        f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, {os.cpu_count()} CPUs, load {os.getloadavg()[0]:.1f} at the start",
        flush=True,
    )
    for preset in presets:
        for rtt in options.rtt:
            setting = Setting(preset, rig.peers.USERS[preset], rig.peers.COUNT[preset][0], rtt)
            contestants = [
                *(kind(pairs) for pairs in PAIRS for kind in (Ours, Probe)),
                *(Peer(peer) for peer in peers),
            ]
            _show(setting, _take_turns(rig, setting, contestants, options.reps), peers)
    if LARGE in options.presets:
        _measure_memory(rig)


def _take_turns(rig: Rig, setting: Setting, contestants: Sequence[Contestant], reps: int) -> Turns:
    turns: Turns = {contestant.name: [] for contestant in contestants}
    for turn in range(reps):
        for contestant in contestants:
            figures = contestant.run(rig, setting)
            turns[contestant.name].append(figures)
            working = f", first FETCH to last receipt {figures.working_rate:.0f}/s" if figures.working_rate else ""
            print(f"  turn {turn + 1}: {contestant.name}: {figures.rate:.0f}/s{working}", file=sys.stderr, flush=True)
    return turns


def _show(setting: Setting, turns: Turns, peers: Sequence[str]) -> None:
    reps = len(next(iter(turns.values())))
    print(f"\n{setting.preset} ({setting.messages:,} messages), round trip {setting.rtt} ms, {reps} turns; medians")
    columns: Sequence[tuple[str, Callable[[Figures], float | None], str]] = (
        ("msgs/s", lambda figures: figures.rate, ".0f"),
        ("working*", lambda figures: figures.working_rate, ".0f"),
        ("start s", lambda figures: figures.startup, ".2f"),
        ("list s", lambda figures: figures.listing, ".2f"),
        ("CPU s", lambda figures: figures.cpu, ".2f"),
        ("RSS MiB", lambda figures: figures.rss, ".0f"),
        ("src CPU", lambda figures: figures.source_cpu, ".2f"),
        ("dst CPU", lambda figures: figures.target_cpu, ".2f"),
        ("others", lambda figures: figures.other_cpu, ".2f"),
    )
    print(f"{'':24}" + "".join(f"{heading:>9}" for heading, _, _ in columns))
    for name, rows in turns.items():
        cells = [_cell([figure(row) for row in rows], form) for _, figure, form in columns]
        print(f"{name:24}" + "".join(f"{cell:>9}" for cell in cells))
    print("msgs/s: the whole process; * from the first FETCH (ours: of the listing) to the last receipt")
    print("others: CPU seconds of anything else; above a few tenths, the machine was not quiet\n")
    for pairs in PAIRS:
        ours, probe = turns[Ours(pairs).name], turns[Probe(pairs).name]
        names = f"{Ours(pairs).name} / {Probe(pairs).name}"
        target = TARGET_RATIO if setting.preset == "small" else None
        _show_ratio(f"working: {names}", _ratios(ours, probe, _working), target)
        _show_ratio(f"bodies:  {names}", _ratios(ours, probe, _bodies))
        _show_ratio(f"whole:   {names}", _ratios(ours, probe, _whole))
        # The rig's own figure of the probe: signing in and making folders are in it, as they are in our work.
        _show_ratio(f"working / its whole: {names}", _ratios(ours, probe, _working, _whole))
    for pairs in PAIRS:
        for peer in peers:
            _show_ratio(f"whole:   {Ours(pairs).name} / {peer}", _ratios(turns[Ours(pairs).name], turns[peer], _whole))
    sys.stdout.flush()


def _working(figures: Figures) -> float:
    assert figures.working_rate is not None, "ours and the probe tell"
    return figures.working_rate


def _bodies(figures: Figures) -> float:
    assert figures.bodies_rate is not None, "ours and the probe tell"
    return figures.bodies_rate


def _whole(figures: Figures) -> float:
    return figures.rate


def _cell(values: Sequence[float | None], form: str) -> str:
    known = [value for value in values if value is not None]
    return format(median(known), form) if known else "-"


def _ratios(
    ours: Sequence[Figures],
    theirs: Sequence[Figures],
    rate: Callable[[Figures], float],
    their_rate: Callable[[Figures], float] | None = None,
) -> list[float]:
    """Turn by turn; both by the same rate, unless theirs is another."""
    return [rate(one) / (their_rate or rate)(other) for one, other in zip(ours, theirs, strict=True)]


def _show_ratio(what: str, ratios: Sequence[float], target: float | None = None) -> None:
    verdict = ""
    if target is not None:
        verdict = f"  target {target:.2f}: {'reached' if median(ratios) >= target else 'MISSED'}"
    print(f"{what:60}{median(ratios):6.2f}  ({min(ratios):.2f}-{max(ratios):.2f}){verdict}")


def _measure_memory(rig: Rig) -> None:
    """The command's peak with a large message among ordinary ones."""
    large_mailbox.seed(rig)
    print(f"\n{large_mailbox.MESSAGES} messages, one of 100 MB: the whole command")
    for pairs in PAIRS:
        rig.reset()
        with organisation(rig, [large_mailbox.USER], 0, pairs) as folder:
            ran = run_command(folder)
        differences = rig.differences([large_mailbox.USER])
        if differences:
            raise RunFailed("source and target differ: " + "; ".join(differences))
        peak = ran.rss * 1024**2 / 1e6
        verdict = "reached" if peak < TARGET_RSS else "MISSED"
        figures = f"{ran.wall:6.1f} s, CPU {ran.cpu:.1f} s, peak {peak:.0f} MB"
        print(f"{Ours(pairs).name:24}{figures}  target {TARGET_RSS} MB: {verdict}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
