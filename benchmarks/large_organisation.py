"""A large organisation: how long commands take that only read its plan and its ledger.

Writes an organisation with many people and a ledger with many messages into a temporary folder, runs each command a
few times as a process of its own, and prints the median, the smallest and the largest time of the whole command.
Fails when one takes longer than docs/performance.md says.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from resource import RUSAGE_CHILDREN, getrusage
from sqlite3 import Connection, connect
from statistics import median
from tempfile import TemporaryDirectory

from migrate.cli.organisation import Place
from migrate.ledger.store import Ledger

_COMMAND = Path(sys.executable).with_name("bascule")
_SITE = "large"
_FOLDERS = 10
#: Seconds that the whole command may take, from its start to its end.
LIMITS: dict[tuple[str, ...], float] = {("status",): 1.0, ("status", "--json"): 1.0, ("plan", "check"): 2.0}


def main() -> int:
    parser = argparse.ArgumentParser(description="Times commands on a large organisation in a temporary folder.")
    parser.add_argument("--messages", type=int, default=10_000_000, help="rows of the ledger (default 10,000,000)")
    parser.add_argument("--people", type=int, default=2000, help="people of the site (default 2,000)")
    parser.add_argument("--reps", type=int, default=5, help="runs of each command (default 5)")
    parser.add_argument("--temp", type=Path, help="where the temporary folder is made (10,000,000 rows: 6 GB)")
    options = parser.parse_args()
    with TemporaryDirectory(prefix="bascule-", dir=options.temp) as name:
        folder = Path(name)
        _write_plan(folder, options.people)
        started = time.perf_counter()
        _fill(Place(folder), options.people, options.messages // options.people)
        print(f"ledger filled in {time.perf_counter() - started:.0f} s, {_size(folder) / 1e9:.1f} GB")
        started = time.perf_counter()
        print(f"counting its rows: {_count(folder):,} in {time.perf_counter() - started:.1f} s")
        _time(folder, ("--help",), options.reps)
        slow = [command for command, limit in LIMITS.items() if _time(folder, command, options.reps) > limit]
    for command in slow:
        print(f"too slow: bascule {' '.join(command)} (to stay under {LIMITS[command]:.1f} s)", file=sys.stderr)
    return 1 if slow else 0


def _write_plan(folder: Path, people: int) -> None:
    systems = "".join(f"  {name}: {{connector: imap, host: {name}.example.org}}\n" for name in ("old", "new"))
    plan = f"name: Large\nlanguage: en\ntime_zone: Europe/Paris\nsystems:\n{systems}"
    (folder / "organisation.yaml").write_text(plan)
    (folder / "sites").mkdir()
    (folder / "sites" / f"{_SITE}.yaml").write_text(f"site: {_SITE}\nsource: old\ntarget: new\npeople: {_SITE}.csv\n")
    rows = "".join(f"{_address(number)},Person {number}\n" for number in range(1, people + 1))
    (folder / "sites" / f"{_SITE}.csv").write_text(f"address,name\n{rows}")


def _address(number: int) -> str:
    return f"person{number}@example.org"


def _fill(place: Place, people: int, messages: int) -> None:
    """A ledger as passes leave it: digests and keys in every row, triggers counting as they do."""
    Ledger(place.state / "ledger.sqlite").close()
    with closing(connect(place.ledger_file, isolation_level=None)) as ledger:
        # Nobody needs this ledger after a crash.
        ledger.execute("PRAGMA synchronous=OFF")
        ledger.execute("PRAGMA cache_size=-400000")
        for mailbox in range(1, people + 1):
            ledger.execute("BEGIN IMMEDIATE")
            _fill_mailbox(ledger, mailbox, messages)
            ledger.execute("COMMIT")


def _fill_mailbox(ledger: Connection, mailbox: int, messages: int) -> None:
    ledger.execute("INSERT INTO mailbox VALUES (?, ?, ?, 'copied', 1, NULL, 0, NULL, NULL, NULL)",
                   (mailbox, _address(mailbox), _SITE))  # fmt: skip
    for number in range(_FOLDERS):
        id_ = mailbox * _FOLDERS + number
        path = f'["Folder {number}"]'
        ledger.execute(
            "INSERT INTO target_folder VALUES (?, ?, 'forth', ?, '1700000000', 0)",
            (id_, mailbox, path),
        )
        ledger.execute(
            "INSERT INTO folder (id, mailbox_id, direction, source, path, epoch, target_folder_id)"
            " VALUES (?, ?, 'forth', 'old', ?, '1600000000', ?)",
            (id_, mailbox, path, id_),
        )
    ledger.execute(_MESSAGES, {"mailbox": mailbox, "folders": _FOLDERS, "messages": messages})


#: One in a hundred is refused, one pending, one left out, and one in twenty has left the source.
_MESSAGES = """
INSERT INTO message (
    mailbox_id, direction, folder_id, epoch, key, size, received, flags_seen, flags_synced, flags_ours, flags_theirs,
    source_digest, wire_digest, core_digest, header_digest, target_folder_id, target_key, outcome, reason, evidence,
    settled_at, gone_at)
WITH RECURSIVE numbers(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM numbers WHERE n + 1 < :messages)
SELECT
    :mailbox, 'forth', :mailbox * :folders + n % :folders, '1600000000', CAST(n AS TEXT), 5000 + n, 1500000000 + n,
    '\\Seen', '\\Seen', '\\Seen', '', randomblob(32), randomblob(32), randomblob(32), randomblob(32),
    :mailbox * :folders + n % :folders, CAST(n AS TEXT),
    CASE n % 100 WHEN 0 THEN 'refused' WHEN 1 THEN 'pending' WHEN 2 THEN 'left_out' ELSE 'stored' END,
    CASE n % 100 WHEN 0 THEN 'too-large' WHEN 2 THEN 'rule-date' END,
    'receipt', 1700000000.0, CASE n % 20 WHEN 7 THEN 1700000000.0 END
FROM numbers
"""


def _size(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.rglob("ledger.sqlite*"))


def _count(folder: Path) -> int:
    """What a status without tallies would have to do."""
    with closing(connect(Place(folder).ledger_file)) as ledger:
        rows = ledger.execute(
            "SELECT count(*) FROM message WHERE successor IS NULL AND direction = 'forth'"
            " GROUP BY mailbox_id, outcome, reason, gone_at IS NOT NULL"
        )
        return sum(count for (count,) in rows)


def _time(folder: Path, arguments: Sequence[str], reps: int) -> float:
    """The median of the command's runs, in seconds."""
    times, before = [], _cpu()
    for _ in range(reps):
        started = time.perf_counter()
        subprocess.run([_COMMAND, "-C", folder, *arguments], check=True, stdout=subprocess.DEVNULL)
        times.append(time.perf_counter() - started)
    shown = " ".join(("bascule", *arguments))
    cpu = (_cpu() - before) / reps
    print(f"{shown}: {median(times):.2f} s ({min(times):.2f}-{max(times):.2f}), {cpu:.2f} s of CPU")
    return median(times)


def _cpu() -> float:
    """Seconds of CPU of all commands that are over."""
    used = getrusage(RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    sys.exit(main())
