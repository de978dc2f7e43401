"""What is wrong with the archives that people files name: without looking at a disk, and by looking."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterable, Iterator, Sequence
from fnmatch import fnmatchcase
from pathlib import Path

from connectors.language import _
from connectors.os_errors import os_error_text
from plans.archive_files import ArchiveFile, archive_files, archives_of, files_of
from plans.model import NamedArchive, Organisation, Person, Site
from plans.people import Placed
from plans.problems import Problem, did_you_mean

#: Says why a path is no archive, empty when it is one.  Raises OSError.
NoArchive = Callable[[Path], str]
#: The absolute paths of what was collected of a person's.
CollectedOf = Callable[[Site, Person], Iterable[str]]


def archives_of_several(sites: Iterable[Site], everyone: Sequence[Placed], folder: Path) -> Iterator[Problem]:
    """Each archive that two people name: its mail would come into both mailboxes.  Looks at no disk."""
    first: list[tuple[str, NamedArchive, Placed]] = []
    for site, placed in _with_sites(sites, everyone):
        archives = archives_of(folder, site)
        for named in placed.person.archives:
            if named.path in archives.shared:
                continue
            path = posixpath.normpath((archives.collected_in / named.path).as_posix())
            for other_path, other, earlier in first:
                if earlier is not placed and _meet(path, named, other_path, other):
                    yield _of_two(placed, named, earlier)
            first.append((path, named, placed))


def _meet(path: str, named: NamedArchive, other_path: str, other: NamedArchive) -> bool:
    if path == other_path:
        return True
    if named.several == other.several:
        return False
    pattern, literal = (path, other_path) if named.several else (other_path, path)
    # A wildcard stays within one folder, unless it is **.
    depth = "**" in pattern or pattern.count("/") == literal.count("/")
    return depth and fnmatchcase(literal, pattern.replace("[", "[[]"))


def archive_problems(
    organisation: Organisation, everyone: Sequence[Placed], no_archive: NoArchive, collected: CollectedOf
) -> Iterator[Problem]:
    """What only looking tells: archives that are not there or are none, wildcards without a file, one file of two.

    What was collected may be out of reach: its copy is read.
    """
    first: dict[Path, Placed] = {}
    for site, placed in _with_sites(organisation.sites.values(), everyone):
        archives = archives_of(organisation.folder, site)
        here = set(collected(site, placed.person))
        for named in placed.person.archives:
            if named.several and not files_of(organisation.folder, archives, named):
                pattern = str((organisation.folder / named.path).absolute()).replace("[", "[[]")
                if not any(fnmatchcase(one, pattern) for one in here):
                    message = _("No archive is named as {path}.").format(path=named.path)
                    at = (archives.collected_in / named.path).parent
                    yield _at(placed, message, _("It was looked for in {folder}.").format(folder=at))
        for one in archive_files(organisation.folder, site, placed.person):
            problem = _problem(placed, one, no_archive, collected=str(one.path.absolute()) in here)
            if problem is not None:
                yield problem
            elif one.named.path not in archives.shared:
                earlier = first.setdefault(one.path.resolve(), placed)
                if earlier is not placed:
                    yield _of_two(placed, one.named, earlier)


def _problem(placed: Placed, one: ArchiveFile, no_archive: NoArchive, *, collected: bool) -> Problem | None:
    try:
        if not one.path.exists():
            if collected:
                return None
            message = _("There is no archive {path}.").format(path=one.named.path)
            near = did_you_mean(one.path.name, _beside(one.path))
            return _at(placed, message, near or _("It was looked for as {path}.").format(path=one.path))
        why = no_archive(one.path)
    except OSError as error:
        why = os_error_text(error)
    if not why:
        return None
    return _at(placed, _("{path} cannot be copied: {why}.").format(path=one.path, why=why.rstrip(".")), "")


def _beside(path: Path) -> list[str]:
    try:
        return [other.name for other in path.parent.iterdir()]
    except OSError:
        return []


def _with_sites(sites: Iterable[Site], everyone: Sequence[Placed]) -> Iterator[tuple[Site, Placed]]:
    """People in the order of the plan, those who name archives."""
    of = {id(person): site for site in sites for person in site.people}
    for placed in everyone:
        if placed.person.archives and id(placed.person) in of:
            yield of[id(placed.person)], placed


def _of_two(placed: Placed, named: NamedArchive, earlier: Placed) -> Problem:
    message = _("{address} and {other} have the same archive {path}.").format(
        address=placed.person.address, other=earlier.person.address, path=named.path
    )
    hint = _("The other is in {file}, line {line}. If both are to have it, name it under shared: of the archives.")
    return _at(placed, message, hint.format(file=earlier.file, line=earlier.line))


def _at(placed: Placed, message: str, hint: str) -> Problem:
    return Problem(placed.file, placed.line, placed.column, message, hint)
