"""Archives that other programs made, looked into and exported: every item is told, and is in a file or reported."""

from __future__ import annotations

import json
from collections import Counter
from hashlib import sha256
from pathlib import Path
from threading import Event

import pytest
from icalendar import Calendar

from connectors.archives.contract import NotAnArchive, Reading
from connectors.archives.kinds import open_archive
from migrate.archives.export import PERSONAL, Export
from migrate.archives.inspect import Inspector, as_json
from migrate.archives.manifest import Origin
from tests.acceptance.schemas import valid

#: What is no archive: a list of folders.
_NONE = {"dzw-Folders.dbx"}


@pytest.fixture(scope="module")
def archives(shared_corpus: Path) -> list[Path]:
    found = [path for path in sorted((shared_corpus / "archives").iterdir()) if path.name not in _NONE]
    assert len(found) > 20
    return found


def _marks(path: Path) -> tuple[int, int, int]:
    status = path.stat()
    return status.st_mtime_ns, status.st_ctime_ns, status.st_size


def test_each_archive_is_told_in_the_published_shape_and_no_mark_is_left(archives: list[Path], tmp_path: Path) -> None:
    inspector = Inspector(open_archive, Reading(tmp_path), Event())
    told = []
    for path in archives:
        before = _marks(path)
        found = inspector.inspect(path)
        assert found.error is None, path
        assert found.complete, path
        assert all(folder.told in (None, folder.items) for folder in found.folders), path
        assert _marks(path) == before
        told.append(as_json(found))
    valid({"exit_code": 0, "archives": told}, "archive-inspect")
    assert {one["kind"] for one in told} >= {"pst", "mbox", "olm", "dbx", "msg", "emlx"}


def test_what_is_no_archive_says_why(shared_corpus: Path, tmp_path: Path) -> None:
    inspector = Inspector(open_archive, Reading(tmp_path), Event())
    for name in _NONE:
        found = inspector.inspect(shared_corpus / "archives" / name)
        assert isinstance(found.error, NotAnArchive)
        assert name in str(found.error)


def test_every_item_is_in_a_file_or_reported_and_all_forms_hold_the_same(archives: list[Path], tmp_path: Path) -> None:
    for number, path in enumerate(archives):
        digests: dict[str, Counter[str]] = {}
        # Every form waits for the disk: a few archives do to compare them.
        for form in ("eml", "mbox", "maildir") if number % 4 == 1 else ("eml",):
            to = tmp_path / f"{path.name} {form}"
            archive = open_archive(path, Reading(tmp_path))
            try:
                origin = Origin.of(archive, path, form, salvage=False)
                made = Export(archive, origin, to, Event()).run()
                assert made.items == made.exported + made.in_personal_files + len(made.reported), path
                again = Export(archive, origin, to, Event()).run()
                assert (again.written, again.exported) == (0, made.exported)
            finally:
                archive.close()
            lines = (
                [json.loads(line) for line in (to / "items.jsonl").read_text().splitlines()] if made.exported else []
            )
            digests[form] = Counter(line["sha256"] for line in lines)
            if form != "mbox":
                assert digests[form] == Counter(
                    sha256(file.read_bytes()).hexdigest()
                    for file in (to / "mail").rglob("*")
                    if file.is_file() and file.name != "maildirfolder"
                )
            for one in made.personal.files:
                data = (to / PERSONAL / one.file).read_bytes()
                if one.suffix == ".ics":
                    assert len(Calendar.from_ical(data).subcomponents) >= sum(one.items.values())
        assert all(one == digests["eml"] for one in digests.values()), path


def test_an_export_to_mbox_and_maildir_is_read_back_as_the_same_mail(archives: list[Path], tmp_path: Path) -> None:
    for path in archives:
        if path.suffix not in (".pst", ".olm"):
            continue
        to = tmp_path / path.name
        archive = open_archive(path, Reading(tmp_path))
        try:
            made = Export(archive, Origin.of(archive, path, "mbox", salvage=False), to, Event()).run()
        finally:
            archive.close()
        if not made.exported:
            continue
        found = Inspector(open_archive, Reading(tmp_path), Event()).inspect(to / "mail")
        assert found.items == made.exported, path
