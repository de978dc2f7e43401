"""The guide beside calendars and contacts: which file to import where."""

from __future__ import annotations

import json
from pathlib import Path

from migrate.archives.files import make_private, write_whole
from migrate.archives.personal import LIST
from runbooks.handover import HandedFile, guide

_NAMES = {"en": "how-to-import", "fr": "comment-importer"}


def write_guide(folder: Path, whose: str, language: str) -> bool:
    """Write the guide to all files that lists below ``folder`` name; False when they name none.

    Read from the lists alone, so that it may be written again after each archive.  Raises OSError.
    """
    files: list[HandedFile] = []
    reported = 0
    for listing in sorted(folder.rglob(LIST)):
        told = json.loads(listing.read_text(encoding="utf-8"))
        reported += len(told["reported"])
        files += [
            HandedFile((listing.parent / one["file"]).relative_to(folder).as_posix(), sum(one["items"].values()))
            for one in told["files"]
        ]
    if not files:
        return False
    made = guide(whose, files, reported, language)
    make_private(folder)
    for suffix, text in ((".md", made.markdown), (".html", made.html)):
        write_whole(folder / f"{_NAMES[language]}{suffix}", text.encode("utf-8", "replace"))
    return True
