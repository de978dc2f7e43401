"""Archives that are opened for one test and closed behind it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from connectors.archives.contract import Reading
from connectors.pst.archive import PstArchive, open_pst

#: Opens a file; ``salvage`` and the other fields of :class:`Reading` by name.
Opener = Callable[..., PstArchive]


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Opener]:
    archives: list[PstArchive] = []

    def open_one(path: Path, **reading: object) -> PstArchive:
        archives.append(open_pst(path, Reading(tmp_path, **reading)))  # type: ignore[arg-type]  # passed on
        return archives[-1]

    yield open_one
    for archive in archives:
        archive.close()
