"""A Maildir as an archive among others: looked into, exported, or in a directory of archives.

The archives of a mailbox that are Maildirs themselves are read as :class:`connectors.maildir.source.MaildirSource`.
"""

from __future__ import annotations

import errno
import hashlib
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO, ClassVar

from connectors.archives import names
from connectors.archives.contract import ArchiveFolder, Damaged, Item, Problem, Reading
from connectors.body import CHUNK
from connectors.language import _
from connectors.maildir.bodies import Unreadable, check, opened, received
from connectors.maildir.layout import INBOX, FolderPath, Folders, shape_of
from connectors.maildir.source import View
from connectors.values import Role

_HEADER_LIMIT = 1 << 20


def open_maildir(path: Path, _reading: Reading) -> MaildirArchive:
    """Raises OSError."""
    return MaildirArchive(path)


class MaildirArchive:
    """See ``Archive``.  A message is called by its file's base name, which stays when it is read, flagged or moved."""

    kind: ClassVar[str] = "maildir"
    rebuilt: ClassVar[bool] = False
    identity: ClassVar[str] = ""
    epoch: ClassVar[str] = "1"

    def __init__(self, root: Path) -> None:
        self._folders = Folders(root, shape_of(root, "auto", "auto"))
        #: The folder that was looked into last.
        self._seen: tuple[str, View] | None = None

    def token(self) -> str:
        digest = hashlib.sha256()
        for path, directory in self._folders.there().items():
            digest.update(f"{'/'.join(path)}\0{View(directory).token()}\n".encode("utf-8", "surrogateescape"))
        return digest.hexdigest()[:32]

    def folders(self) -> Iterator[ArchiveFolder]:
        there = self._folders.there()
        roles: dict[FolderPath, Role] = {**names.roles(there), INBOX: Role.INBOX}
        for path, directory in there.items():
            yield ArchiveFolder(path, roles.get(path), "/".join(path), len(View(directory).items))

    def items(self, folder: ArchiveFolder) -> Iterator[Item]:
        view = self._look(folder)
        for item in list(view.items.values()):
            try:
                status = item.path(view.folder).stat()
            except FileNotFoundError:
                continue  # it went while we were looking
            yield Item(item.key, status.st_size, received(status), view.flags(item))

    def write_message(self, folder: ArchiveFolder, key: str, out: BinaryIO) -> None:
        with self._file(folder, key) as reader:
            first = True
            while piece := reader.read(CHUNK):
                if first:
                    _readable(piece)
                first = False
                out.write(piece)

    def header(self, folder: ArchiveFolder, key: str) -> bytes:
        head = bytearray()
        with self._file(folder, key) as reader:
            while len(head) < _HEADER_LIMIT and (line := reader.readline(_HEADER_LIMIT)).strip(b"\r\n"):
                head += line
        _readable(head)
        return bytes(head)

    def problems(self) -> Sequence[Problem]:
        return ()

    def close(self) -> None:
        """No file stays open."""

    def _look(self, folder: ArchiveFolder) -> View:
        """The folder's files as they are now.  Raises OSError."""
        directory = self._folders.there().get(folder.path)
        if directory is None:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), folder.key)
        self._seen = (folder.key, View(directory))
        return self._seen[1]

    def _file(self, folder: ArchiveFolder, key: str) -> BinaryIO:
        view = self._seen[1] if self._seen is not None and self._seen[0] == folder.key else self._look(folder)
        for fresh in (False, True):
            if fresh:  # a mail program renames files when flags change
                view = self._look(folder)
            item = view.items.get(key)
            try:
                if item is not None:
                    return opened(item.path(view.folder))
            except FileNotFoundError:
                continue
            except Unreadable:
                what = _("the file of a message may not be read by this user")
                raise Damaged("unreadable", what) from None
        raise KeyError(key)


def _readable(data: bytes | bytearray) -> None:
    try:
        check(bytes(data))
    except Unreadable:
        what = _("a server has compressed the file of a message; only that server can read it")
        raise Damaged("compressed", what) from None
