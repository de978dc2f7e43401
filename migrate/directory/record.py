"""What was done on a target, when and by whom: a line of JSON each, added and never changed.  It holds no secret."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from pathlib import Path

FILE = Path("evidence", "accounts.jsonl")


class Record:
    """The record of one run on a site's target."""

    def __init__(self, folder: Path, site: str, system: str, by: str) -> None:
        self._path = folder / FILE
        self._same = {"site": site, "system": system, "by": by}

    def add(self, change: str, subject: str, detail: str, outcome: str, what: str = "") -> None:
        """One change and its ``outcome``, or that it is ``begun``; on disk when this returns.  Raises OSError."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        line = {
            "at": datetime.now(UTC).isoformat(timespec="seconds"),
            **self._same,
            "change": change,
            "subject": subject,
            "detail": detail,
            "outcome": outcome,
            **({"what": what} if what else {}),
        }
        handle = os.open(self._path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o640)
        with os.fdopen(handle, "rb+") as file:
            # A run that was cut off may have left half a line: the next begins on its own.
            size = file.seek(0, os.SEEK_END)
            half = size > 0 and os.pread(file.fileno(), 1, size - 1) != b"\n"
            file.write((("\n" if half else "") + json.dumps(line, ensure_ascii=False) + "\n").encode())
            file.flush()
            os.fsync(file.fileno())
