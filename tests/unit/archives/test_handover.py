"""What archives hold beside mail reaches its person, archive by archive, in one folder with one guide."""

from __future__ import annotations

import errno
import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from threading import Event
from zoneinfo import ZoneInfo

import pytest

from connectors.archives.contract import ArchiveFolder, Item
from connectors.pst.archive import PstArchive
from migrate.archives import files
from migrate.archives.handover import NotHandedOver, hand_over, handover_folder
from plans import Organisation, Person, Site
from plans.folder_rules import FolderRules
from plans.message_rules import MessageRules
from plans.model import Archives, NamedArchive
from plans.private_folders import PrivateFolders


@pytest.fixture
def person() -> Person:
    names = tuple(map(NamedArchive, ("2012/Outlook.pst", "2013/Outlook.pst", "mail.mbox", "gone.pst")))
    return Person("Anna@example.org", "", "a", "a", None, None, archives=names)


@pytest.fixture
def site(tmp_path: Path, person: Person) -> Site:
    return Site(
        "lyon", "old", "new", (person,), FolderRules(), MessageRules(), None, PrivateFolders("copy", ()), "fr",
        ZoneInfo("UTC"), archives=Archives(tmp_path / "collected", "Archives"),
    )  # fmt: skip


@pytest.fixture
def organisation(tmp_path: Path, site: Site, shared_corpus: Path) -> Organisation:
    for place, name in (
        ("2012/Outlook.pst", "jlp-dist-list.pst"), ("2013/Outlook.pst", "aspose-SampleContacts1.pst"),
        ("mail.mbox", "gyb-sample.mbox"),
    ):  # fmt: skip
        path = tmp_path / "collected" / place
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(shared_corpus / "archives" / name, path)
    return Organisation("Example", "en", ZoneInfo("UTC"), {}, {"lyon": site}, tmp_path)


def _files(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_two_archives_of_one_name_are_kept_apart_and_the_guide_is_in_the_sites_language(
    organisation: Organisation, site: Site, person: Person, tmp_path: Path
) -> None:
    handed = hand_over(organisation, site, person, tmp_path, Event())
    assert handed is not None
    folder = handover_folder(tmp_path, "anna@example.org")
    assert (handed.folder, handed.items, handed.reported) == (folder, 10, 0)
    there = _files(folder)
    assert {name.partition("/")[0] for name in there} == {
        "Outlook", "Outlook (2)", "comment-importer.md", "comment-importer.html",
    }  # fmt: skip
    listed = [json.loads(data) for name, data in there.items() if name.endswith("personal.json")]
    assert sum(sum(one["items"].values()) for told in listed for one in told["files"]) == 10
    assert folder.stat().st_mode & 0o077 == 0
    assert hand_over(organisation, site, person, tmp_path, Event()) == handed
    assert _files(folder) == there


def test_a_disk_that_takes_nothing_is_said_in_words(
    organisation: Organisation, site: Site, person: Person, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_path: Path) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(files, "open_new", full)
    with pytest.raises(NotHandedOver, match="No space left on device"):
        hand_over(organisation, site, person, tmp_path, Event())


def test_who_has_no_archive_gets_no_folder(organisation: Organisation, site: Site, tmp_path: Path) -> None:
    nobody = Person("b@example.org", "", "b", "b", None, None)
    assert hand_over(organisation, site, nobody, tmp_path, Event()) is None
    assert not (tmp_path / "handover").exists()


def test_an_archive_whose_disk_fails_is_passed_over_and_the_others_are_handed_over(
    organisation: Organisation, site: Site, person: Person, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = PstArchive.items

    def failing(archive: PstArchive, folder: ArchiveFolder) -> Iterator[Item]:
        if "2012" in str(archive._store.disk.path):
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return whole(archive, folder)

    monkeypatch.setattr(PstArchive, "items", failing)
    handed = hand_over(organisation, site, person, tmp_path, Event())
    assert handed is not None
    assert 0 < handed.items < 10
    assert {path.name for path in handed.folder.iterdir() if path.is_dir()} == {"Outlook (2)"}
