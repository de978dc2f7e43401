"""The forms in which mail is exported: a file a message, an mbox a folder, a Maildir."""

from __future__ import annotations

import io
import os
import re
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, ClassVar, Protocol, cast

from connectors.archives.contract import Item
from connectors.folder_names import FolderPath, NameRules
from connectors.maildir.filename import FileName
from connectors.maildir.flags import letters_of
from connectors.maildir.layout import Folders, Shape, names_of
from migrate.archives.files import make_private, open_new, sync_folder
from migrate.archives.journal import Stored
from migrate.archives.names import ANYWHERE, utc_of
from migrate.archives.troubles import writing

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

#: Writes a message; whatever it raises passes, and nothing is left of the message.
Fill = Callable[[BinaryIO], None]
#: Below the export's folder: the mail.
MAIL = "mail"
_LINE_START = re.compile(rb"^(>*From )", re.MULTILINE)
_MAY_BE_FROM = re.compile(rb">*((?:F(?:r(?:om?)?)?)?)")


class Changed(Exception):
    """A file of the export is not as the export left it."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.path = path


class Form(Protocol):
    """How messages lie on the disk.  Every method raises OSError when the disk does not take them."""

    #: What names of folders it holds.
    rules: ClassVar[NameRules]
    #: Several processes can write to it at once: each message is a file of its own.
    shared: ClassVar[bool]

    def make(self, place: FolderPath) -> None:
        """A folder, also for no message."""

    def write(self, place: FolderPath, stem: str, item: Item, fill: Fill) -> Stored:
        """Store a message; the same one under the same name whenever it is written."""

    def sync(self) -> None:
        """Have all that was written on the disk."""

    def close(self) -> None: ...


class Eml:
    """A file a message, its time the date of receipt."""

    rules: ClassVar[NameRules] = ANYWHERE
    shared: ClassVar[bool] = True

    def __init__(self, root: Path) -> None:
        self._root = root
        self._files = _Files()

    def make(self, place: FolderPath) -> None:
        make_private(self._root.joinpath(MAIL, *place))

    def write(self, place: FolderPath, stem: str, item: Item, fill: Fill) -> Stored:
        path = self._root.joinpath(MAIL, *place, f"{stem}.eml")
        size, digest = self._files.write(path.with_name(f".{path.name}.part"), fill, item, lambda _size: path)
        return Stored(path.relative_to(self._root).as_posix(), size, digest)

    def sync(self) -> None:
        self._files.sync()

    def close(self) -> None:
        """Nothing is open between two messages."""


class Maildir:
    """One Maildir (Maildir++, names in modified UTF-7), as Dovecot and Courier have them."""

    _shape: ClassVar[Shape] = Shape("maildir++", "utf-7")
    rules: ClassVar[NameRules] = names_of(_shape)
    shared: ClassVar[bool] = True

    def __init__(self, root: Path) -> None:
        self._root = root
        self._folders = Folders(root / MAIL, self._shape)
        self._files = _Files()
        self._separator: str | None = None

    def make(self, place: FolderPath) -> None:
        for directory in (self._folders.directory(("INBOX",)), self._folders.directory(place)):
            for part in ("tmp", "new", "cur"):
                make_private(directory / part)
            if directory != self._folders.root:
                (directory / "maildirfolder").touch(mode=0o600)

    def write(self, place: FolderPath, stem: str, item: Item, fill: Fill) -> Stored:
        directory = self._folders.directory(place)
        seconds = 0 if item.received is None else max(0, int(item.received.timestamp()))
        letters, _kept = letters_of(item.flags or (), {})
        unique = f"{seconds}.{stem.rpartition('-')[2]}.bascule"
        separator = self._separator = self._separator or _separator(directory / "tmp")

        def named(size: int) -> Path:
            return directory / "cur" / FileName(f"{unique},S={size}", separator=separator).with_letters(letters)

        size, digest = self._files.write(directory / "tmp" / unique, fill, item, named)
        return Stored(named(size).relative_to(self._root).as_posix(), size, digest)

    def sync(self) -> None:
        self._files.sync()

    def close(self) -> None:
        """Nothing is open between two messages."""


class Mbox:
    """A file a folder, ``>From`` quoted as mboxrd says, its folders in ``NAME.sbd`` as Thunderbird has them.

    ``ends``: how far each file is written, as the journal says.  What stands behind it, half a message that a killed
    run left, is taken off; ``finished`` says that no run can have left any.
    """

    rules: ClassVar[NameRules] = ANYWHERE
    shared: ClassVar[bool] = False

    def __init__(self, root: Path, ends: dict[str, int], *, finished: bool) -> None:
        self._root = root
        self._ends = ends
        self._finished = finished
        self._open: tuple[Path, BinaryIO] | None = None

    def make(self, place: FolderPath) -> None:
        path = self._path(place)
        make_private(path.parent)
        for depth in range(1, len(place) + 1):
            # Thunderbird looks below a folder only where the folder itself is.
            self._path(place[:depth]).touch(mode=0o600)

    def write(self, place: FolderPath, stem: str, item: Item, fill: Fill) -> Stored:
        path = self._path(place)
        out = self._writer(path)
        start = out.tell()
        counted = _Counted(_Quoted(out))
        try:
            out.write(_from_line(item))
            fill(cast("BinaryIO", counted))
            counted.end()
            out.write(b"\n" if counted.ends_line else b"\n\n")
            out.flush()
        except BaseException:
            with suppress(OSError):
                out.truncate(start)
                out.seek(start)
            raise
        return Stored(path.relative_to(self._root).as_posix(), counted.size, counted.digest, start, out.tell())

    def sync(self) -> None:
        if self._open is not None:
            os.fsync(self._open[1].fileno())

    def close(self) -> None:
        if self._open is not None:
            with suppress(OSError):  # half a message that the disk did not take is taken off by the next run
                self._open[1].close()
            self._open = None

    def _writer(self, path: Path) -> BinaryIO:
        if self._open is not None and self._open[0] == path:
            return self._open[1]
        self.sync()
        self.close()
        end = self._ends.get(path.relative_to(self._root).as_posix(), 0)
        size = path.stat().st_size
        if size < end or (size > end and self._finished):
            raise Changed(path)
        out = path.open("r+b", buffering=1 << 16)
        out.truncate(end)
        out.seek(end)
        self._open = path, out
        return out

    def _path(self, place: FolderPath) -> Path:
        *above, name = place
        return self._root.joinpath(MAIL, *(f"{one}.sbd" for one in above), name)


class _Files:
    """Messages that are files of their own."""

    def __init__(self) -> None:
        self._written: list[Path] = []

    def write(self, draft: Path, fill: Fill, item: Item, named: Callable[[int], Path]) -> tuple[int, str]:
        """The message's size and digest; ``named`` by its size is where it then lies."""
        try:
            with open_new(draft) as out:
                counted = _Counted(out)
                fill(cast("BinaryIO", counted))
            if item.received is not None:
                when = item.received.timestamp()
                # Some file systems know no time before 1980 or 1970: then it is the time of the export.
                with suppress(OSError, OverflowError):
                    os.utime(draft, (when, when))
            path = named(counted.size)
            draft.replace(path)
        except BaseException:
            with suppress(OSError):
                draft.unlink(missing_ok=True)
            raise
        self._written.append(path)
        return counted.size, counted.digest

    def sync(self) -> None:
        if self._written and hasattr(os, "sync"):
            # All at once takes as long as a file or two; one by one then only tells what went wrong.
            os.sync()
        for path in self._written:
            descriptor = os.open(path, os.O_RDONLY if os.name != "nt" else os.O_RDWR)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
        for folder in {path.parent for path in self._written}:
            sync_folder(folder)
        self._written.clear()


class _Counted(io.RawIOBase):
    """Counts and digests what goes through it."""

    def __init__(self, out: BinaryIO | _Quoted) -> None:
        super().__init__()
        self._out = out
        self._digest = sha256()
        self.size = 0
        self.ends_line = True

    @property
    def digest(self) -> str:
        return self._digest.hexdigest()

    def writable(self) -> bool:
        return True

    def write(self, data: ReadableBuffer) -> int:
        piece = bytes(data)
        if piece:
            self._digest.update(piece)
            with writing():
                self._out.write(piece)
            self.size += len(piece)
            self.ends_line = piece.endswith(b"\n")
        return len(piece)

    def end(self) -> None:
        """Nothing more comes."""
        if isinstance(self._out, _Quoted):
            self._out.end()


class _Quoted:
    """Puts a ``>`` before each line that begins with any number of them and ``From ``."""

    def __init__(self, out: BinaryIO) -> None:
        self._out = out
        #: What may be the beginning of ``From ``.
        self._held = b""
        #: Nothing but ``>`` was written of this line.
        self._at_start = True

    def write(self, piece: bytes) -> None:
        data, self._held = self._held + piece, b""
        cut = data.rfind(b"\n") + 1
        may_be = _MAY_BE_FROM.fullmatch(data, cut) if cut or self._at_start else None
        if may_be is not None:
            data, self._held = data[: may_be.start(1)], may_be[1]
        self._put(data)
        self._at_start = may_be is not None

    def end(self) -> None:
        self._out.write(self._held)
        self._held = b""

    def _put(self, data: bytes) -> None:
        first = 0 if self._at_start else data.find(b"\n") + 1 or len(data)
        self._out.write(data[:first] + _LINE_START.sub(rb">\1", data[first:]))


def form_of(name: str, folder: Path, ends: dict[str, int], *, finished: bool) -> Form:
    """The form of that name, in an export's folder; ``ends`` and ``finished`` as for :class:`Mbox`."""
    if name == "mbox":
        return Mbox(folder, ends, finished=finished)
    return Maildir(folder) if name == "maildir" else Eml(folder)


def _from_line(item: Item) -> bytes:
    when = utc_of(item) or datetime.fromtimestamp(0, UTC)
    return f"From - {time.asctime(when.timetuple())}\n".encode("ascii")


def _separator(folder: Path) -> str:
    """What stands before the flags: a semicolon where the file system holds no colon, as those of Windows."""
    probe = folder / "probe:2,"
    try:
        probe.touch(mode=0o600)
    except OSError:
        return ";"
    probe.unlink(missing_ok=True)  # another process asks the same
    return ":"
