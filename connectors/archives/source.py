"""An archive that is read as a source: nothing in it is made, marked or touched."""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import count, islice
from pathlib import Path
from threading import Event
from typing import BinaryIO, cast

from connectors.archives.contract import Archive, ArchiveFolder, Damaged, Item, Problem, Rebuilding
from connectors.archives.lookup import Lookup
from connectors.body import Gathering
from connectors.contract import Capabilities, Entry, Folder, Headers, Message, Resources, Unread, Window
from connectors.errors import ArchiveUnreadable, ConnectorError, FolderMissing, Stopped, Transient
from connectors.language import _, mark
from connectors.read_state import ReadRule
from connectors.reasons import Reason
from connectors.wire import identifying

#: Entries to a window of a listing.
_WINDOW = 500
_ALL_READ = ReadRule()
_AWAY = frozenset({errno.ENOENT, errno.ENOTDIR, errno.ENODEV, errno.ENXIO, errno.ESTALE})
_DENIED = frozenset({errno.EACCES, errno.EPERM})
_NOT_THERE = mark("the archive is not there; is the drive connected that it is on?")
_FILE_GONE = mark("a file of the archive is gone")
_FORBIDDEN = mark("this user may not read the archive")
_PASSING = mark("the disk does not give the archive as it should")


def verdict(error: OSError, path: Path) -> ConnectorError:
    """What it means that the archive at ``path`` cannot be read."""
    detail = errno.errorcode.get(error.errno or 0, "")
    if error.errno in _AWAY:
        if path.exists():
            return FolderMissing(_(_FILE_GONE), system=str(path), detail=detail)
        return ArchiveUnreadable(_(_NOT_THERE), system=str(path), detail=detail)
    if error.errno in _DENIED:
        return ArchiveUnreadable(_(_FORBIDDEN), system=str(path), detail=detail)
    return Transient(_(_PASSING), system=str(path), detail=detail)


class ArchiveSource:
    """A session for reading (see :class:`connectors.contract.Source`).

    Each folder of the archive is a folder of the source.  Every item is an entry, also one that is no mail.
    """

    def __init__(
        self,
        archive: Archive,
        path: Path,
        resources: Resources,
        rule: ReadRule = _ALL_READ,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._archive = archive
        self._path = path
        self._resources = resources
        self._rule = rule
        self._now = now
        self._aborted = Event()
        self._folders: dict[tuple[str, ...], ArchiveFolder] | None = None
        self._lookup: Lookup | None = None

    def capabilities(self) -> Capabilities:
        # A token stands for the whole file, flags included.
        return Capabilities(sessions=1, sequential=True, flag_tokens=True)

    def close(self) -> None:
        self._lookup = None
        self._archive.close()

    def abort(self) -> None:
        self._aborted.set()

    def problems(self) -> Sequence[Problem]:
        """What the archive could not tell, as far as it was read."""
        return self._archive.problems()

    def folders(self) -> Iterator[Folder]:
        self._alive()
        with self._judged():
            # First, so that what comes in the meantime moves it.
            token = self._archive.token()
            there = list(self._archive.folders())
        self._folders = self._apart(there)
        self._lookup = None
        for path, folder in self._folders.items():
            yield Folder(path, folder.role, self._archive.epoch, token, messages=folder.items, for_mail=folder.for_mail)

    def entries(self, folder: Folder, cursor: str | None) -> Iterator[Window]:
        """Lists all each time: an unchanged archive is not listed at all."""
        items = self._items(self._folder(folder))
        while True:
            self._alive()
            with self._judged():
                some = list(islice(items, _WINDOW))
            yield Window([self._entry(item) for item in some])
            if len(some) < _WINDOW:
                return

    def states(self, folder: Folder, keys: Sequence[str]) -> Iterator[Entry]:
        self._lookup = None  # it would tell what it saw before
        found = self._found(folder, keys)
        yield from (self._entry(found[key]) for key in keys if key in found)

    def headers(self, folder: Folder, keys: Sequence[str]) -> Iterator[Headers]:
        there = self._folder(folder)
        found = self._found(folder, keys)
        for key, item in ((key, found[key]) for key in keys if key in found):
            self._alive()
            try:
                with self._judged():
                    head = self._archive.header(there, item.key)
            except (Damaged, KeyError):
                continue  # reading it will say so
            yield Headers(key, identifying(head))

    def read(self, folder: Folder, keys: Sequence[str]) -> Iterator[Message | Unread]:
        there = self._folder(folder)
        found = self._found(folder, keys)
        for key in keys:
            self._alive()
            item = found.get(key)
            yield Unread(key, Reason.GONE) if item is None else self._read(there, key, item)

    def _read(self, folder: ArchiveFolder, key: str, item: Item) -> Message | Unread:
        gathering = Gathering(self._resources.spool)
        try:
            with gathering.discarded_on_error():
                self._archive.write_message(folder, item.key, cast("BinaryIO", gathering))
        except Damaged:
            return Unread(key, Reason.UNREADABLE)
        except KeyError:
            return Unread(key, Reason.GONE)
        except OSError:
            with self._judged():
                # A drive that is gone gives nothing at all; a bad place on it costs what lies there.  Both are asked:
                # some archives know their token by heart, others look at more than the path.
                self._path.stat()
                self._archive.token()
            return Unread(key, Reason.UNREADABLE)
        flags = item.flags if item.flags is not None else self._rule.flags(item.received, self._now())
        whole = not isinstance(self._archive, Rebuilding) or self._archive.is_whole(folder, item.key)
        return Message(key, item.received, flags, gathering.body(), item.labels, self._object_id(item), whole)

    def _entry(self, item: Item) -> Entry:
        # What the archive does not say is decided once, when the message is copied, and never changed later.
        flags, object_id = item.flags, self._object_id(item)
        return Entry(item.key, item.size, item.received, flags, item.labels, object_id, item.nature)

    def _object_id(self, item: Item) -> str | None:
        """An archive that knows itself keeps the key of an item that is moved; of others, keys count in one folder."""
        return item.key if self._archive.identity else None

    def _items(self, folder: ArchiveFolder) -> Iterator[Item]:
        with self._judged():
            return iter(self._archive.items(folder))

    def _found(self, folder: Folder, keys: Sequence[str]) -> dict[str, Item]:
        there = self._folder(folder)
        if self._lookup is None or self._lookup.folder != there:
            self._lookup = Lookup(self._archive, there)
        with self._judged():
            return self._lookup.find(keys)

    def _folder(self, folder: Folder) -> ArchiveFolder:
        """Raises FolderMissing when it is gone or the archive is another one."""
        self._alive()
        if self._folders is None:
            with self._judged():
                self._folders = self._apart(self._archive.folders())
        there = self._folders.get(folder.path)
        if there is None or self._archive.epoch != folder.epoch:
            raise FolderMissing(_("the folder is gone"), system=str(self._path))
        return there

    def _apart(self, folders: Iterable[ArchiveFolder]) -> dict[tuple[str, ...], ArchiveFolder]:
        """By their paths; one without a name has the archive's, and of several of one name the later get a number."""
        found: dict[tuple[str, ...], ArchiveFolder] = {}
        for folder in folders:
            *parents, name = folder.path or (self._path.stem,)
            path = (*parents, name)
            for number in count(2):
                if path not in found:
                    break
                path = (*parents, f"{name} ({number})")
            found[path] = folder
        return found

    @contextmanager
    def _judged(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise verdict(error, self._path) from error

    def _alive(self) -> None:
        if self._aborted.is_set():
            raise Stopped(_("the session was aborted"), system=str(self._path))
