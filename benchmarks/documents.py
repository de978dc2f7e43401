"""What documents cost: every document of a site of 0, 14 and 2,000 mailboxes, built as ``bascule runbook build`` does.

    .venv/bin/python -m benchmarks.documents

Seconds of CPU, in this process: reading the plan, gathering the facts, rendering, writing text and page, and the
record.  A site of 2,000 mailboxes has to take less than ten.
"""

from __future__ import annotations

import time
from pathlib import Path
from tempfile import TemporaryDirectory

import plans
from migrate.cli.runbook_whom import WORDS
from migrate.documents.gathering import Gathered, Subject
from migrate.documents.making import Desk
from migrate.ledger import mailboxes, pace
from migrate.ledger.pace import MailboxSize
from migrate.ledger.schema import MailboxState
from migrate.ledger.store import Ledger

SIZES = (0, 14, 2000)
LIMIT = 10.0
_NOW = 1_800_000_000.0
_PLAN = """\
name: Example
language: fr
time_zone: Europe/Paris
domains:
  company.example: {mx_first: old}
systems:
  old: {connector: imap, host: mail.old.example}
  new: {connector: imap, host: mail.new.example}
contacts:
  it: {name: Karim B.}
"""


def main() -> None:
    print(f"{'mailboxes':>9}  {'documents':>9}  {'gather s':>9}  {'write s':>9}  {'all s':>9}")
    for count in SIZES:
        with TemporaryDirectory(prefix="bascule-") as place:
            documents, gather, write = _built(_organisation(Path(place), count), count)
        print(f"{count:>9,}  {documents:>9}  {gather:>9.2f}  {write:>9.2f}  {gather + write:>9.2f}")
    assert gather + write < LIMIT, f"over {LIMIT} s"


def _organisation(folder: Path, count: int) -> Path:
    (folder / "sites").mkdir()
    (folder / "organisation.yaml").write_text(_PLAN, encoding="utf-8")
    site = "site: lyon\nsource: old\ntarget: new\npeople: lyon.csv\nswitch: 2027-02-09\ndomain: company.example\n"
    (folder / "sites" / "lyon.yaml").write_text(site, encoding="utf-8")
    rows = (
        f"person{number}@company.example;Person {number};all@company.example;Outlook 2019 | iPhone\n"
        for number in range(count)
    )
    (folder / "sites" / "lyon.csv").write_text(f"address;name;groups;uses\n{''.join(rows)}", encoding="utf-8")
    return folder


def _built(folder: Path, count: int) -> tuple[int, float, float]:
    """Documents, seconds until the facts were there, seconds for the rest."""
    file = folder / "ledger.sqlite"
    ledger = Ledger(file)
    with ledger.write() as connection:
        for number in range(count):
            name = f"person{number}@company.example"
            row = mailboxes.get_or_create(connection, name, "lyon")
            mailboxes.finish(connection, row.id, MailboxState.COPIED, _NOW, None)
            pace.note_size(connection, name, "lyon", MailboxSize(10_000 + number, 10**9, 10**6, 1.0, _NOW))
    began = time.process_time()
    found = Gathered.read(plans.load(folder), ledger, file, WORDS, _NOW)
    desk = Desk(found, Subject("site", "lyon"), "fr")
    kinds = desk.kinds()
    gathered = time.process_time()
    for kind in kinds:
        desk.make(kind, ["md", "html"])
    desk.tidy()
    ended = time.process_time()
    ledger.close()
    return len(kinds), gathered - began, ended - gathered


if __name__ == "__main__":
    main()
