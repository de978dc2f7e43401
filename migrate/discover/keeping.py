"""What was found, kept in the organisation's folder: a finished look as evidence, one that was interrupted to go on."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from migrate.discover.inventory import Inventory, from_json
from migrate.dns.snapshots import written

#: Seconds for which an interrupted look is gone on with: mailboxes change.
_FRESH = 86_400.0


def keep(organisation: Path, domain: str, told: Mapping[str, object]) -> Path:
    """A finished look, in a file of its own.  Raises OSError."""
    folder = organisation / "evidence" / "discover" / domain
    folder.mkdir(parents=True, exist_ok=True)
    return written(folder / f"{datetime.now(UTC):%Y-%m-%dT%H-%M-%S-%fZ}.json", dict(told))


class Begun:
    """Inventories of a look that is under way, a line each: the same command goes on after an interruption."""

    def __init__(self, state: Path, site: str) -> None:
        self._file = state / f"discover-{site}.jsonl"

    def done(self) -> dict[str, Inventory]:
        """By mailbox, those of the last day.  A line that was cut off is none."""
        found: dict[str, Inventory] = {}
        try:
            lines = self._file.read_text(encoding="utf-8").splitlines()
        except FileNotFoundError:
            return found
        for line in lines:
            try:
                one = from_json(json.loads(line))
            except (ValueError, TypeError, KeyError):
                continue
            if time.time() - one.at < _FRESH:
                found[one.mailbox] = one
        return found

    def add(self, one: Inventory) -> None:
        """Raises OSError."""
        with self._file.open("a", encoding="utf-8") as file:
            # The line before may have been cut off: a new one never goes on with it.
            file.write("\n" + json.dumps(one.as_json()))

    def over(self) -> None:
        """The look is complete: the next one begins anew."""
        self._file.unlink(missing_ok=True)
