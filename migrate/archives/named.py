"""Which archives a person has: what the people file names, where it lies, and which of them were collected."""

from __future__ import annotations

import glob
from collections.abc import Iterator
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from operator import attrgetter
from pathlib import Path

from migrate.archives.collected import Collected, Entry
from plans import Person, Site
from plans.archive_files import ArchiveFile, archive_files, archives_of, files_of, placed_under


@dataclass(frozen=True, slots=True)
class ReadFrom:
    """One archive of a person, as it is to be read."""

    file: ArchiveFile
    #: Its collected copy's, which is then the place of ``file``; None when there is none.
    entry: Entry | None = None


def to_collect(folder: Path, site: Site, person: Person) -> Iterator[Path]:
    """Absolute paths of the archives that the people file names, where their people have them; of a wildcard that no
    file is named as its own, at which there is nothing.
    """
    archives = archives_of(folder, site)
    for one in archive_files(folder, site, person):
        yield one.path.absolute()
    for named in person.archives:
        if named.several and not files_of(folder, archives, named):
            yield (archives.collected_in / named.path).absolute()


def to_read(folder: Path, site: Site, person: Person) -> list[ReadFrom]:
    """The archives of a person in the order of the people file: of one that was collected its copy, also when the
    original is out of reach.  A wildcard of which nothing is there, nor was collected, stands for an archive that is
    missing: a drive that is not connected is no drive without archives.

    Raises BrokenList.
    """
    archives = archives_of(folder, site)
    collected = Collected.read(archives.collected_in, person.mailbox)
    copies = {entry.source: (entry, place) for entry, place in collected.current()}
    sources = list(copies)
    by_place = {place.absolute(): entry for entry, place in copies.values()}
    found: dict[Path, ReadFrom] = {}
    for one in archive_files(folder, site, person):
        path = one.path.absolute()
        entry, place = copies.pop(str(path), (by_place.get(path), one.path))
        found.setdefault(place, ReadFrom(replace(one, path=place), entry))
    for named in filter(attrgetter("several"), person.archives):
        pattern = str(Path(glob.escape(str(folder.absolute()))) / named.path.replace("[", "[[]"))
        there = bool(files_of(folder, archives, named))
        if not there and not any(fnmatchcase(source, pattern) for source in sources):
            place = archives.collected_in / named.path
            found.setdefault(place, ReadFrom(ArchiveFile(place, named, placed_under(archives, named, place))))
        for entry, place in copies.values():
            if fnmatchcase(entry.source, pattern):
                under = placed_under(archives, named, Path(entry.source))
                found.setdefault(place, ReadFrom(ArchiveFile(place, named, under), entry))
    return list(found.values())
