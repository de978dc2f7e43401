"""The archives of a person as sources of their mailbox: what the ledger calls them, where they go, how to open them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from threading import Event

from connectors.archives.contract import NotAnArchive, Reading
from connectors.archives.kinds import MAILDIR, open_archive, recognise
from connectors.archives.source import ArchiveSource, verdict
from connectors.contract import ArchiveUnreadable, Entry, Folder, Reason, Resources, Source
from connectors.errors import ConnectorError
from connectors.language import _
from connectors.read_state import ReadRule
from migrate.archives.named import to_read
from migrate.copy.placement import Placement
from migrate.figures import typed
from plans import Organisation, Person, Site
from plans.archive_files import ArchiveFile, archives_of, called
from plans.folder_patterns import fits

#: The longest name of a source that the ledger takes.
_LONGEST = 200


@dataclass(frozen=True)
class ArchiveRules:
    """The plan's rules for one archive: it goes below its folder whole, but for what the site leaves out.

    ``include`` and ``map`` are about the server's folders, and say nothing of an archive's.
    """

    site: Site
    #: Empty: its folders are the mailbox's own.
    under: tuple[str, ...]
    #: The archive's name.  A folder that is called so, the only one of a single file, needs no place below it.
    name: str

    def place(self, folder: Folder) -> Placement | None:
        if self._is_excluded(folder) or self.site.private_folders.left_out(folder.path):
            return None
        if not self.under:
            return Placement(folder.path, folder.role)
        path = folder.path[1:] if folder.path[:1] == (self.name,) else folder.path
        return Placement((*self.under, *path), under=self.under)

    def why_left_out(self, folder: Folder) -> Reason:
        left_out = None if self._is_excluded(folder) else self.site.private_folders.left_out(folder.path)
        return left_out or Reason.RULE_FOLDER

    def leaves_out(self, entry: Entry) -> Reason | None:
        return self.site.message_rules.left_out(entry.received, entry.size)

    def digest(self) -> str:
        parts = (self.site.folder_rules, self.site.message_rules, self.site.private_folders)
        own = "\0".join((*self.under, "", self.name))
        return sha256("".join((*(part.digest() for part in parts), own)).encode("utf-8", "surrogateescape")).hexdigest()

    def _is_excluded(self, folder: Folder) -> bool:
        return fits(self.site.folder_rules.exclude, folder.path)


@dataclass(frozen=True)
class PersonalArchive:
    """One archive of a person."""

    #: In the ledger: the same for every copy of the archive, if it knows itself.
    source: str
    #: For people: the file, with as many of the folders above it as tell it from their others.
    called: str
    rebuilt: bool
    rules: ArchiveRules
    #: Raises ConnectorError when it cannot be read.
    open: Callable[[Event], Source]


@dataclass(frozen=True)
class _Look:
    """What one look into an archive told; nothing when it is not there."""

    identity: str = ""
    rebuilt: bool = False


def personal_archives(
    organisation: Organisation, site: Site, person: Person, resources: Resources
) -> list[PersonalArchive]:
    """The archives of a person in the order of the plan; of what was collected the copies.  Looks into each; one that
    cannot be read says so when it is opened.  Raises BrokenList.
    """
    files = [one.file for one in to_read(organisation.folder, site, person)]
    opening = _Opening(organisation, site, resources)
    looks = [opening.look(one.path) for one in files]
    shown = _apart([one.path for one in files])
    return [
        PersonalArchive(source, text, look.rebuilt, _rules(site, one), opening.opener(one.path, look))
        for source, text, look, one in zip(_names(looks, shown), shown, looks, files, strict=True)
    ]


def no_archive(path: Path) -> str:
    """Why a path is no archive, empty when it is one.  Raises OSError."""
    try:
        recognise(path)
    except NotAnArchive as error:
        return str(error)
    return ""


def _rules(site: Site, one: ArchiveFile) -> ArchiveRules:
    return ArchiveRules(site, one.under, called(one.path))


def _names(looks: Sequence[_Look], shown: Sequence[str]) -> Iterator[str]:
    """Names in the ledger.  Of two copies of one archive the second has its file's name too: both are read."""
    taken: set[str] = set()
    for look, text in zip(looks, shown, strict=True):
        name = f"archive:{look.identity or text}"
        if name in taken:
            name = f"{name}:{text}"
        if len(name) > _LONGEST:
            name = f"archive:{sha256(name.encode('utf-8', 'surrogateescape')).hexdigest()}"
        taken.add(name)
        yield name


def _apart(paths: Sequence[Path]) -> list[str]:
    """Each path by its last names, as few of them as tell it from the others."""
    depths = [1] * len(paths)
    while True:
        texts = ["/".join(path.parts[-depth:]) for path, depth in zip(paths, depths, strict=True)]
        often = Counter(texts)
        longer = [
            number for number, text in enumerate(texts) if often[text] > 1 and depths[number] < len(paths[number].parts)
        ]
        if not longer:
            return texts
        for number in longer:
            depths[number] += 1


class _Opening:
    """Opens archives as an organisation and a site say."""

    def __init__(self, organisation: Organisation, site: Site, resources: Resources) -> None:
        self._resources = resources
        self._reading = Reading(resources.spool, organisation.x500_addresses)
        self._rule = ReadRule(archives_of(organisation.folder, site).unread_if_newer_than)

    def look(self, path: Path) -> _Look:
        try:
            if recognise(path).name == MAILDIR:
                return _Look()
            archive = open_archive(path, self._reading)
        except (NotAnArchive, OSError, ConnectorError):
            return _Look()
        try:
            return _Look(archive.identity, archive.rebuilt)
        finally:
            archive.close()

    def opener(self, path: Path, look: _Look) -> Callable[[Event], Source]:
        """For an archive that is still what the ``look`` told: by that it is called, and its mail recognised."""

        def open_source(_stop: Event) -> Source:
            try:
                return self._open(path, look)
            except NotAnArchive as error:
                raise self._no_archive(path, error) from error
            except OSError as error:
                raise verdict(error, path) from error

        return open_source

    def _open(self, path: Path, look: _Look) -> Source:
        path.stat()  # what the disk says of it comes first
        if recognise(path).name == MAILDIR:
            # Its module brings others that no other archive needs, at every start.
            from connectors.maildir.settings import MaildirSettings
            from connectors.maildir.source import MaildirSource

            return MaildirSource(path, MaildirSettings(path=path / "{user}"), self._resources)
        archive = open_archive(path, self._reading)
        if _Look(archive.identity, archive.rebuilt) != look:
            archive.close()
            what = _("{path} is another archive than it was when this run began, or was not there then: run it again.")
            raise ArchiveUnreadable(what.format(path=path))
        return ArchiveSource(archive, path, self._resources, self._rule)

    @staticmethod
    def _no_archive(path: Path, error: NotAnArchive) -> ConnectorError:
        what = str(error)
        if error.salvageable:
            more = _("A search of the whole file may still find its mail: bascule archive salvage {path} --to FOLDER")
            what = f"{what.rstrip('.')}. {more.format(path=typed(path))}"
        return ArchiveUnreadable(what, system="" if str(path) in what else str(path))
