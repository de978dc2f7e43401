"""Which files the archives of a person are, and where each goes on the target."""

from __future__ import annotations

import glob
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from plans.cells import MAILBOX
from plans.model import Archives, NamedArchive, Person, Site

#: What a target folder has no use for in the name of a file.
_ENDINGS = frozenset({
    ".pst", ".ost", ".mbox", ".mbx", ".zip", ".olm", ".dbx", ".eml", ".emlx", ".msg", ".sbd", ".tgz", ".bak",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class ArchiveFile:
    """One archive of a person; it need not be there."""

    #: Absolute.
    path: Path
    named: NamedArchive
    #: The path on the target that its folders go below; empty for the mailbox itself.
    under: tuple[str, ...]


def archives_of(folder: Path, site: Site) -> Archives:
    """What a site says of its archives, or what holds for one that says nothing."""
    return site.archives or Archives(folder / "archives" / site.name, "Archives")


def archive_files(folder: Path, site: Site, person: Person) -> Iterator[ArchiveFile]:
    """The archives of a person, in the order of the people file, each once; those of a wildcard by their names.

    ``folder`` is the organisation's.  A path without a wildcard gives one file, there or not; a wildcard gives those
    that are there.
    """
    archives = archives_of(folder, site)
    seen: set[Path] = set()
    for named in person.archives:
        for path in files_of(folder, archives, named):
            if path not in seen:
                seen.add(path)
                yield ArchiveFile(path, named, placed_under(archives, named, path))


def files_of(folder: Path, archives: Archives, named: NamedArchive) -> list[Path]:
    """What one entry of a people file means: relative to where archives are collected, else to the organisation's."""
    bases = (archives.collected_in, folder)
    if not named.several:
        paths = [base / named.path for base in bases]
        return [next((path for path in paths if _is_there(path)), paths[0])]
    for base in bases:
        # Only what is written in the people file is a wildcard, not the name of a folder above.
        pattern = str(Path(glob.escape(str(base))) / named.path.replace("[", "[[]"))
        found = sorted(glob.glob(pattern, recursive=True))  # noqa: PTH207  # Path.glob takes hidden files and no roots
        if found:
            return [Path(one) for one in found]
    return []


def _is_there(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:
        return True  # whoever opens it hears why not


def placed_under(archives: Archives, named: NamedArchive, path: Path) -> tuple[str, ...]:
    """A folder that the people file names is the archive's own; below one that is for several, each has its own."""
    if named.folder is not None and not named.several:
        return _path(named.folder)
    return (*_path(archives.put_under if named.folder is None else named.folder), called(path))


def called(path: Path) -> str:
    """An archive's name without its ending."""
    return path.stem if path.suffix.lower() in _ENDINGS and path.stem else path.name


def _path(folder: str) -> tuple[str, ...]:
    return () if folder == MAILBOX else tuple(folder.split("/"))
