"""A copy of a file or a folder that is known to be the same: digested while it is read, and read back from the disk.

The copy grows in a draft, piece by piece, each with its digest noted; after a cut what is there is compared with these
and gone on with.  The original is only ever read, without a mark where the system allows it.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from itertools import count
from pathlib import Path
from shutil import rmtree
from threading import Event
from typing import TYPE_CHECKING, BinaryIO

from connectors.quiet import open_quietly
from migrate.archives.files import make_private, sync_folder
from migrate.archives.troubles import reading, writing

if TYPE_CHECKING:
    from hashlib import _Hash as _Digest

#: Bytes of a piece, and of one read.
PIECE = 64 << 20
_CHUNK = 1 << 20
_CONTENT, _PROGRESS = "content", "progress.jsonl"


class ChangedMeanwhile(Exception):
    """The original is not what it was when the copy began."""


class NotTheSame(Exception):
    """What was read back from the disk is not what was written: the disk or its cable is bad."""


class CopyStopped(Exception):
    """Ctrl-C; the next run goes on."""


@dataclass(frozen=True, slots=True)
class Stamp:
    """What moves when an original changes; of a folder, over all its files."""

    size: int
    #: Nanoseconds since 1970; of a folder its newest file's.
    mtime: int
    #: Digest of names, sizes and times; empty for a file.
    names: str = ""

    @classmethod
    def of(cls, path: Path) -> Stamp:
        """Raises OSError."""
        if not path.is_dir():
            status = path.stat()
            return cls(status.st_size, status.st_mtime_ns)
        digest, size, newest = sha256(), 0, 0
        for relative in files_in(path):
            status = (path / relative).stat()
            size, newest = size + status.st_size, max(newest, status.st_mtime_ns)
            digest.update(f"{relative}\0{status.st_size}\0{status.st_mtime_ns}\n".encode("utf-8", "surrogateescape"))
        return cls(size, newest, digest.hexdigest())


def files_in(folder: Path) -> Iterator[str]:
    """Paths of all files below a folder, in one order; links to folders are not followed.  Raises OSError."""
    for name in sorted(os.listdir(folder)):  # noqa: PTH208  # names, not paths
        path = folder / name
        if path.is_dir():
            if not path.is_symlink():
                yield from (f"{name}/{below}" for below in files_in(path))
        elif path.is_file():
            yield name


@dataclass
class VerifiedCopy:
    """One original on its way into ``draft``, a folder of its own."""

    original: Path
    draft: Path
    stop: Event
    #: Hears each number of bytes that came to be there or was read back.
    told: Callable[[int], None] = lambda _bytes: None
    _digests: dict[tuple[str, int], str] = field(default_factory=dict)

    @property
    def content(self) -> Path:
        """Where the copy lies when it is made."""
        return self.draft / _CONTENT

    @property
    def there(self) -> int:
        """Bytes that an earlier run left."""
        return Stamp.of(self.content).size if self.content.exists() else 0

    def make(self) -> str:
        """Copy and verify; the digest of a file, or of all names and digests in a folder.

        Raises :class:`ChangedMeanwhile` and :class:`NotTheSame`, with nothing left; CannotRead, CannotWrite and
        :class:`CopyStopped`, with what the next run goes on with.
        """
        with reading():
            stamp = Stamp.of(self.original)
        with writing():
            self._begin(stamp)
        try:
            copied = self._each(self._copy)
            self._compare(stamp)
        except ChangedMeanwhile:
            self.drop()
            raise
        verified = self._each(self._read_back)
        if copied != verified:
            self.drop()
            raise NotTheSame
        with writing():
            self._protect()
        return _whole(verified, is_folder=self.original.is_dir())

    def _compare(self, stamp: Stamp) -> None:
        with reading():
            now = Stamp.of(self.original)
        if now != stamp:
            raise ChangedMeanwhile

    def drop(self) -> None:
        """Leave nothing of the draft."""
        rmtree(self.draft, ignore_errors=True)

    def _begin(self, stamp: Stamp) -> None:
        """Take up the draft if it is of this state of the original, else begin anew."""
        head = {"source": str(self.original), "size": stamp.size, "mtime": stamp.mtime, "names": stamp.names}
        progress = self.draft / _PROGRESS
        try:
            lines = [json.loads(line) for line in progress.read_bytes().splitlines(keepends=True) if _is_whole(line)]
            if lines[0] == head:
                self._digests = {(line["file"], line["piece"]): line["sha256"] for line in lines[1:]}
                return
        except (OSError, ValueError, LookupError, TypeError):
            pass
        if self.draft.exists():
            rmtree(self.draft)
        make_private(self.draft)
        progress.write_bytes(json.dumps(head).encode() + b"\n")

    def _each(self, digest_of: Callable[[str], str]) -> dict[str, str]:
        """By the paths of the original's files, what ``digest_of`` makes of each."""
        if not self.original.is_dir():
            return {"": digest_of("")}
        with writing():
            make_private(self.content)
        with reading():
            names = list(files_in(self.original))
        return {name: digest_of(name) for name in names}

    def _copy(self, name: str) -> str:
        source, copy, whole = self.original / name, self.content / name, sha256()
        with writing():
            make_private(copy.parent)
            out = os.fdopen(os.open(copy, os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o600), "r+b")
        with writing(), out, reading(), open_quietly(source) as reader, (self.draft / _PROGRESS).open("ab") as progress:
            expected = os.fstat(reader.fileno()).st_size
            for piece in count():
                if piece * PIECE > expected:  # it grows as fast as it is read
                    raise ChangedMeanwhile
                size, whole = self._kept(out, name, piece, whole) or self._copied(
                    reader, out, progress, name, piece, whole
                )
                if size < PIECE:
                    break
            with writing():
                out.truncate()
                out.flush()
                os.fsync(out.fileno())
        return whole.hexdigest()

    def _kept(self, out: BinaryIO, name: str, piece: int, whole: _Digest) -> tuple[int, _Digest] | None:
        """A piece that is there already, if it is what was read then: its bytes, and the digest of all up to here."""
        wanted = self._digests.get((name, piece))
        if wanted is None:
            return None
        digest, after, size = sha256(), whole.copy(), 0
        with writing():
            out.seek(piece * PIECE)
            while size < PIECE and (chunk := self._next(out, PIECE - size)):
                digest.update(chunk)
                after.update(chunk)
                size += len(chunk)
        return (size, after) if digest.hexdigest() == wanted else None

    def _copied(
        self, reader: BinaryIO, out: BinaryIO, progress: BinaryIO, name: str, piece: int, whole: _Digest
    ) -> tuple[int, _Digest]:
        """A piece, copied: its bytes, and the digest of all up to here."""
        digest, size = sha256(), 0
        reader.seek(piece * PIECE)
        with writing():
            out.seek(piece * PIECE)
        while size < PIECE and (chunk := self._next(reader, PIECE - size)):
            digest.update(chunk)
            whole.update(chunk)
            size += len(chunk)
            with writing():
                out.write(chunk)
        line = {"file": name, "piece": piece, "sha256": digest.hexdigest()}
        with writing():
            out.flush()
            progress.write(json.dumps(line).encode() + b"\n")
            progress.flush()
        return size, whole

    def _read_back(self, name: str) -> str:
        digest = sha256()
        with writing(), (self.content / name).open("rb") as reader:
            if hasattr(os, "posix_fadvise"):  # from the disk, and not from what memory remembers of it
                os.posix_fadvise(reader.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
            while chunk := self._next(reader, _CHUNK):
                digest.update(chunk)
        return digest.hexdigest()

    def _next(self, reader: BinaryIO, most: int) -> bytes:
        if self.stop.is_set():
            raise CopyStopped
        chunk = reader.read(min(_CHUNK, most))
        self.told(len(chunk))
        return chunk

    def _protect(self) -> None:
        """Nobody writes into the copy by accident; its times are the original's."""
        folder = self.original.is_dir()
        for name in files_in(self.content) if folder else ("",):
            status = (self.original / name).stat()
            copy = self.content / name
            os.utime(copy, ns=(status.st_mtime_ns, status.st_mtime_ns))
            copy.chmod(0o400)
        if folder:
            for above, _folders, _names in os.walk(self.content):
                sync_folder(Path(above))
        sync_folder(self.draft)


def _is_whole(line: bytes) -> bool:
    return line.endswith(b"\n")


def _whole(digests: dict[str, str], *, is_folder: bool) -> str:
    if not is_folder:
        return digests[""]
    lines = "".join(f"{digest}  {name}\n" for name, digest in sorted(digests.items()))
    return sha256(lines.encode("utf-8", "surrogateescape")).hexdigest()
