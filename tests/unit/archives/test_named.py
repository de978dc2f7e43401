"""Once an archive was collected, its copy is what is read, wherever the original is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from threading import Event
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from connectors.archives.contract import NotAnArchive, Reading
from migrate.archives.collect import Collecting, Original
from migrate.archives.named import to_collect, to_read
from plans import Person, Site
from plans.folder_rules import FolderRules
from plans.message_rules import MessageRules
from plans.model import Archives, NamedArchive
from plans.private_folders import PrivateFolders


def _site(folder: Path, *names: str) -> tuple[Site, Person]:
    person = Person("Anna@example.org", "", "a", "a", None, None, archives=tuple(map(NamedArchive, names)))
    site = Site(
        "lyon", "old", "new", (person,), FolderRules(), MessageRules(), None, PrivateFolders("copy", ()), "en",
        ZoneInfo("UTC"), archives=Archives(folder / "collected", "Archives"),
    )  # fmt: skip
    return site, person


def _collect(folder: Path, paths: Sequence[Path]) -> None:
    def unknown(path: Path, _reading: Reading) -> Any:
        raise NotAnArchive(path, "unknown")

    originals = [Original("anna@example.org", path) for path in paths]
    run = Collecting(folder / "collected", originals, unknown, Reading(folder), ZoneInfo("UTC"), Event())
    run.begin()
    for one in originals:
        assert run.collect(one).good


@pytest.fixture
def drive(tmp_path: Path) -> Path:
    drive = tmp_path / "drive"
    drive.mkdir()
    for name in ("2012.pst", "2013.pst"):
        (drive / name).write_bytes(name.encode())
    return drive


def test_what_was_not_collected_is_read_where_it_lies(tmp_path: Path, drive: Path) -> None:
    site, person = _site(tmp_path, f"{drive}/*.pst")
    assert list(to_collect(tmp_path, site, person)) == [drive / "2012.pst", drive / "2013.pst"]
    assert [(one.file.path, one.entry) for one in to_read(tmp_path, site, person)] == [
        (drive / "2012.pst", None), (drive / "2013.pst", None),
    ]  # fmt: skip


@pytest.mark.parametrize("pulled", [False, True])
@pytest.mark.parametrize("names", [("{drive}/*.pst",), ("{drive}/2012.pst", "{drive}/2013.pst")])
def test_what_was_collected_is_read_from_its_copy_with_or_without_the_drive(
    tmp_path: Path, drive: Path, names: tuple[str, ...], pulled: bool
) -> None:
    site, person = _site(tmp_path, *(name.format(drive=drive) for name in names))
    _collect(tmp_path, list(to_collect(tmp_path, site, person)))
    if pulled:
        drive.rename(tmp_path / "away")
    read = to_read(tmp_path, site, person)
    assert [one.file.path for one in read] == [
        tmp_path / "collected" / "anna@example.org" / name for name in ("2012.pst", "2013.pst")
    ]
    assert [one.file.under for one in read] == [("Archives", "2012"), ("Archives", "2013")]
    assert all(one.entry is not None for one in read)


def test_a_wildcard_of_which_nothing_is_there_is_an_archive_that_is_missing(tmp_path: Path, drive: Path) -> None:
    """Its drive may not be connected: a copy without it must not pass for all."""
    site, person = _site(tmp_path, "/nowhere/*.pst", f"{drive}/2012.pst", f"{drive}/*.pst")
    assert [one.file.path for one in to_read(tmp_path, site, person)] == [
        drive / "2012.pst", drive / "2013.pst", Path("/nowhere/*.pst"),
    ]  # fmt: skip
    assert list(to_collect(tmp_path, site, person))[-1] == Path("/nowhere/*.pst")


def test_an_original_that_changed_since_is_read_from_its_copy(tmp_path: Path, drive: Path) -> None:
    site, person = _site(tmp_path, f"{drive}/2012.pst")
    _collect(tmp_path, [drive / "2012.pst"])
    (drive / "2012.pst").write_bytes(b"half written")
    (read,) = to_read(tmp_path, site, person)
    assert read.file.path.read_bytes() == b"2012.pst"


def test_a_copy_that_the_people_file_names_itself_is_read_once(tmp_path: Path, drive: Path) -> None:
    site, person = _site(tmp_path, f"{drive}/2012.pst", "anna@example.org/*.pst")
    _collect(tmp_path, [drive / "2012.pst"])
    (read,) = to_read(tmp_path, site, person)
    assert read.file.path == tmp_path / "collected" / "anna@example.org" / "2012.pst"
    site, person = _site(tmp_path, "anna@example.org/*.pst")
    (named,) = to_read(tmp_path, site, person)
    assert named.entry == read.entry is not None


def test_what_the_people_file_names_no_longer_is_not_read(tmp_path: Path, drive: Path) -> None:
    site, person = _site(tmp_path, f"{drive}/2012.pst")
    _collect(tmp_path, [drive / "2012.pst", drive / "2013.pst"])
    assert [one.file.path.name for one in to_read(tmp_path, site, person)] == ["2012.pst"]
    nobody = replace(person, archives=())
    assert to_read(tmp_path, site, nobody) == []
