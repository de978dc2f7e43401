"""What tests ask of an archive, whatever its kind."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

from connectors.archives.contract import Archive, ArchiveFolder, Item, Reading


def reading(spool: Path) -> Reading:
    return Reading(spool=spool)


def folder_of(archive: Archive, *path: str) -> ArchiveFolder:
    """The folder of that path, the only one when none is given."""
    folders = list(archive.folders())
    (found,) = [folder for folder in folders if folder.path == path] if path else folders
    return found


def items(archive: Archive, *path: str) -> list[Item]:
    return list(archive.items(folder_of(archive, *path)))


def message(archive: Archive, folder: ArchiveFolder, key: str) -> bytes:
    out = BytesIO()
    archive.write_message(folder, key, out)
    return out.getvalue()


def messages(archive: Archive, *path: str) -> list[bytes]:
    folder = folder_of(archive, *path)
    return [message(archive, folder, item.key) for item in archive.items(folder)]


def holdings(archive: Archive) -> dict[tuple[str, ...], list[bytes]]:
    """Messages by folder; every listed size, header and key is checked on the way."""
    found: dict[tuple[str, ...], list[bytes]] = {}
    for folder in list(archive.folders()):
        assert folder.path not in found, "two folders of one path"
        listed = list(archive.items(folder))
        assert len({item.key for item in listed}) == len(listed)
        assert [item.key for item in archive.items(folder)] == [item.key for item in listed], "a stable order"
        found[folder.path] = []
        for item in listed:
            data = message(archive, folder, item.key)
            assert message(archive, folder, item.key) == data, "the same bytes each time"
            assert data.startswith(archive.header(folder, item.key))
            found[folder.path].append(data)
    return found


def codes(archive: Archive) -> set[str]:
    return {problem.code for problem in archive.problems()}
