"""What verifications found, kept as evidence: the figures of each, and its page."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from migrate.archives.files import make_private, write_whole


def folder_of(organisation: Path, site: str) -> Path:
    """Where the verifications of a site lie."""
    return organisation / "evidence" / "verification" / site


def keep_verification(organisation: Path, site: str, at: datetime, figures: str, page: str) -> None:
    """The page first: figures that are there have their page.  Raises OSError."""
    folder = folder_of(organisation, site)
    make_private(folder)
    name = f"{at.astimezone(UTC):%Y-%m-%dT%H-%M-%SZ}"
    write_whole(folder / f"{name}.html", page.encode())
    write_whole(folder / f"{name}.json", f"{figures}\n".encode())
