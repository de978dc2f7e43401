"""A Maildir that is read: nothing in it is made, renamed or touched."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from threading import Event
from typing import TypeVar

from connectors.contract import Capabilities, Entry, Folder, Headers, Message, Resources, Role, Unread, Window
from connectors.errors import FolderMissing, Stopped
from connectors.language import _
from connectors.maildir.bodies import Unreadable, body_of, identifying_fields, opened, received
from connectors.maildir.epoch import epoch_of
from connectors.maildir.flags import flags_of
from connectors.maildir.keywords import courier_keywords, keywords_by_letter
from connectors.maildir.layout import INBOX, FolderPath, Folders, shape_of
from connectors.maildir.listing import Item, Listing, list_folder
from connectors.maildir.settings import MaildirSettings
from connectors.maildir.verdicts import judged, verdict
from connectors.reasons import Reason

#: Entries to a window of a listing.
_WINDOW = 500
#: Times that a file is looked up again because it was renamed under our hands.
_RENAMES = 5

_T = TypeVar("_T")


class View:
    """One folder as it was last listed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.items: Listing = {}
        self.keywords: dict[str, str] = {}
        self._courier: dict[str, frozenset[str]] = {}
        self.look()

    def look(self) -> None:
        # Keywords last: a letter that a listed file uses has its meaning by then.
        self.items = list_folder(self.folder)
        self.keywords = keywords_by_letter(self.folder)
        self._courier = courier_keywords(self.folder)

    def flags(self, item: Item) -> frozenset[str]:
        flags = flags_of(item.name.letters, self.keywords) | self._courier.get(item.name.base, frozenset())
        return flags - {"\\Seen"} if item.part == "new" else flags

    def token(self) -> str:
        """Moves with every message and every flag."""
        digest = hashlib.sha256()
        for item in self.items.values():
            digest.update(os.fsencode(f"{item.part}/{item.file}\0"))
        for letter, keyword in sorted(self.keywords.items()):
            digest.update(os.fsencode(f"{letter} {keyword}\0"))
        for base, keywords in sorted(self._courier.items()):
            digest.update(os.fsencode(f"{base} {' '.join(sorted(keywords))}\0"))
        return digest.hexdigest()


class MaildirSource:
    """A session for reading (see :class:`connectors.contract.Source`)."""

    def __init__(self, root: Path, settings: MaildirSettings, resources: Resources) -> None:
        self._root = root
        self._settings = settings
        self._resources = resources
        self._aborted = Event()
        with judged(root):
            self._folders = Folders(root, shape_of(root, settings.layout, settings.names))
        #: The folder that was listed last; one at a time, for a mailbox has many and a process several sessions.
        self._seen: tuple[FolderPath, View] | None = None

    def capabilities(self) -> Capabilities:
        return Capabilities(
            sessions=self._settings.sessions,
            atomic_batch=False,
            # The disk is this machine's, or asked by one: what a dead process had asked for is done or not.
            settle=timedelta(seconds=2),
            flag_tokens=True,
            moves=True,
        )

    def close(self) -> None:
        """There is nothing to sign out of."""

    def abort(self) -> None:
        self._aborted.set()

    def folders(self) -> Iterator[Folder]:
        self._alive()
        with judged(self._root):
            there = self._folders.there()
        for path, directory in there.items():
            self._alive()
            try:
                with judged(self._root):
                    folder = self._folder(path, directory)
            except FolderMissing:
                continue  # it went while we were looking
            yield folder

    def entries(self, folder: Folder, cursor: str | None) -> Iterator[Window]:
        """Lists all each time: looking costs nothing here."""
        view = self._view(folder, fresh=True)
        keys = list(view.items)
        for start in range(0, max(len(keys), 1), _WINDOW):
            self._alive()
            yield Window(list(self._entries(view, keys[start : start + _WINDOW])))

    def states(self, folder: Folder, keys: Sequence[str]) -> Iterator[Entry]:
        yield from self._entries(self._view(folder, fresh=True), keys)

    def headers(self, folder: Folder, keys: Sequence[str]) -> Iterator[Headers]:
        view = self._view(folder, fresh=True)
        for key in keys:
            self._alive()
            found = self._at(view, key, lambda path, _item: self._fields(path))
            if found is not None:
                yield Headers(key, found)

    def read(self, folder: Folder, keys: Sequence[str]) -> Iterator[Message | Unread]:
        view = self._view(folder, fresh=False)
        for key in keys:
            self._alive()
            try:
                yield self._at(view, key, lambda path, item: self._message(view, path, item)) or Unread(
                    key, Reason.GONE
                )
            except Unreadable:
                yield Unread(key, Reason.UNREADABLE)

    def _message(self, view: View, path: Path, item: Item) -> Message:
        with opened(path) as reader:
            status = os.fstat(reader.fileno())
            return Message(item.key, received(status), view.flags(item), body_of(reader, self._resources.spool))

    def _entries(self, view: View, keys: Sequence[str]) -> Iterator[Entry]:
        for key in keys:
            entry = self._at(view, key, lambda path, item: _entry(view, path, item))
            if entry is not None:
                yield entry

    def _fields(self, path: Path) -> bytes:
        try:
            with opened(path) as reader:
                return identifying_fields(reader)
        except Unreadable:
            return b""  # reading it will say so

    def _at(self, view: View, key: str, do: Callable[[Path, Item], _T]) -> _T | None:
        """Do something with a message's file, looked up again when it was renamed; None when it is gone."""
        for attempt in range(_RENAMES):
            item = view.items.get(key)
            if item is None and attempt:
                return None
            try:
                if item is not None:
                    return do(item.path(view.folder), item)
            except FileNotFoundError:
                pass
            except OSError as error:
                raise verdict(error, str(self._root)) from error
            with judged(self._root):
                view.look()
        return None

    def _folder(self, path: FolderPath, directory: Path) -> Folder:
        epoch = epoch_of(directory)
        view = View(directory)
        self._seen = (path, view)
        role = Role.INBOX if path == INBOX else None
        return Folder(path, role, epoch, view.token(), messages=len(view.items))

    def _view(self, folder: Folder, *, fresh: bool) -> View:
        """The folder's files.  Raises FolderMissing when it is gone or was made anew."""
        self._alive()
        with judged(self._root):
            view = self._seen[1] if self._seen and self._seen[0] == folder.path else None
            directory = view.folder if view else self._directory(folder.path)
            if epoch_of(directory) != folder.epoch:
                raise FolderMissing(_("the folder was made anew"), system=str(self._root))
            if view is None:
                view = View(directory)
                self._seen = (folder.path, view)
            elif fresh:
                view.look()
            return view

    def _directory(self, path: FolderPath) -> Path:
        directory = self._folders.there().get(path)
        if directory is None:
            raise FolderMissing(_("the folder is gone"), system=str(self._root))
        return directory

    def _alive(self) -> None:
        if self._aborted.is_set():
            raise Stopped(_("the session was aborted"), system=str(self._root))


def _entry(view: View, path: Path, item: Item) -> Entry:
    status = path.stat()
    return Entry(item.key, status.st_size, received(status), view.flags(item))
