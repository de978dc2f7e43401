"""Runs of probes, kept in the organisation's folder: what an interrupted run goes on from, and what proves a route."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from pydantic import ValidationError

from migrate.delivery.probes import ProbeRun

#: A run that was interrupted longer ago than this is not gone on with: what came meanwhile cannot be timed.
GONE_ON_WITH = 6 * 3600.0


@dataclass(frozen=True, slots=True)
class Evidence:
    """The runs of one site, one file a run, in ``evidence/probes/SITE``."""

    folder: Path

    @classmethod
    def of(cls, organisation: Path, site: str) -> Evidence:
        return cls(organisation / "evidence" / "probes" / site)

    def save(self, run: ProbeRun) -> Path:
        """Keep a run as it stands now.  Whole or not at all, also when the machine stops."""
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.folder / f"{datetime.fromtimestamp(run.began, UTC):%Y-%m-%dT%H-%M-%SZ}.json"
        written = path.with_suffix(".new")
        with written.open("w", encoding="utf-8") as file:
            file.write(run.model_dump_json(indent=2) + "\n")
            file.flush()
            os.fsync(file.fileno())
        written.replace(path)
        return path

    def last(self) -> ProbeRun | None:
        """The latest run that can be read; None when there is none."""
        for path in sorted(self.folder.glob("*.json"), reverse=True):
            try:
                return ProbeRun.model_validate_json(path.read_text(encoding="utf-8"))
            except (OSError, ValidationError):
                continue
        return None

    def unfinished(self, now: float) -> ProbeRun | None:
        """The latest run, if it was interrupted a short time ago."""
        run = self.last()
        return run if run is not None and run.ended is None and now - run.began < GONE_ON_WITH else None
