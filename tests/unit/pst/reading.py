"""What an archive tells of all its items."""

from __future__ import annotations

from connectors.archives.contract import Archive, ArchiveFolder, Item
from connectors.pst.archive import PstArchive


def listed(archive: Archive) -> list[tuple[ArchiveFolder, Item]]:
    return [(folder, item) for folder in archive.folders() for item in archive.items(folder)]


def subjects(archive: PstArchive) -> list[str]:
    """In alphabetical order."""
    return sorted(str(archive.item(item.key).properties.get(0x37)) for _folder, item in listed(archive))
