"""How long ``rollout status`` takes as an organisation grows: python benchmarks/rollout_status.py

Forty sites of fifty people each, with everything that commands keep of them, a day of events a site; and a quarter of
it. What counts is the ratio: four times the people may take four times as long, and not more.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory

from migrate.ledger import events, mailboxes, observations
from migrate.ledger.events import Event
from migrate.ledger.observations import Observed
from migrate.ledger.schema import MailboxState, Outcome, tally
from migrate.ledger.store import Ledger

_PEOPLE = 50
_FACTS = ("sign-in", "accounts", "backup", "archives", "verified", "pass")
_OUTCOMES = Counter({Outcome.STORED: 9000, Outcome.ALREADY_THERE: 900, Outcome.LEFT_OUT: 99, Outcome.REFUSED: 1})


def organisation(folder: Path, sites: int) -> None:
    (folder / "sites").mkdir(parents=True)
    (folder / "organisation.yaml").write_text(
        "name: Large\nlanguage: en\ntime_zone: Europe/Paris\ndomains: {large.example: {}}\n"
        "systems:\n  old: {connector: memory}\n  new: {connector: memory}\n"
    )
    (folder / ".bascule").mkdir()
    ledger = Ledger(folder / ".bascule" / "ledger.sqlite")
    now = time.time()
    with ledger.write() as connection:
        for number in range(sites):
            site = f"site{number}"
            people = [f"p{person}.{site}@large.example" for person in range(_PEOPLE)]
            (folder / "sites" / f"{site}.yaml").write_text(
                f"site: {site}\nwave: {number + 1}\ndomain: large.example\nsource: old\ntarget: new\n"
                f"switch: 2027-02-09\npeople: {site}.csv\n"
            )
            lines = "".join(f"{one},Outlook 2016|phone\n" for one in people)
            (folder / "sites" / f"{site}.csv").write_text("address,uses\n" + lines)
            for one in people:
                row = mailboxes.get_or_create(connection, one, site)
                mailboxes.finish(connection, row.id, MailboxState.COPIED, now, None)
                for outcome, count in _OUTCOMES.items():
                    counted = {"outcome": outcome, "reason": "", "gone": False, "messages": count}
                    connection.execute(tally.insert(), {"mailbox_id": row.id, "direction": "forth", **counted})
            for fact in _FACTS:
                detail = {"grade": "good", "zero_since": now}
                seen = {one: Observed(True, now, "a benchmark", detail) for one in people}
                observations.keep(connection, "site", site, fact, seen)
            for event in range(30):
                one = Event("site", site, "incident", "x", now, note=f"trouble {event}", detail={"severity": "P3"})
                events.add(connection, one, events.newest(connection))
    ledger.close()


def main() -> None:
    command = Path(sys.executable).with_name("bascule")
    taken = {}
    with TemporaryDirectory() as temporary:
        for sites in (10, 40):
            folder = Path(temporary) / str(sites)
            organisation(folder, sites)
            times = []
            for _run in range(3):
                began = time.perf_counter()
                subprocess.run([command, "-C", folder, "rollout", "status"], check=True, capture_output=True)
                times.append(time.perf_counter() - began)
            taken[sites] = min(times)
            print(f"{sites} sites, {sites * _PEOPLE} people: {taken[sites]:.2f} s")
    print(f"four times the people: {taken[40] / taken[10]:.1f} times as long")


if __name__ == "__main__":
    main()
