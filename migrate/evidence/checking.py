"""Is a file of proofs as it was made?  Nothing is unpacked, and what it says of its own size is not believed."""

from __future__ import annotations

import hashlib
import json
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Literal
from zipfile import BadZipFile, ZipFile, ZipInfo

from connectors.language import _
from connectors.os_errors import os_error_text
from migrate.evidence.zipping import KIND, MANIFEST, seal_of

What = Literal["missing", "changed", "added", "unsafe", "doubled", "seal"]
#: Bytes of all files together, of the manifest, and files: what is beyond was not made by us.
MOST = 4 << 30
_LONGEST_MANIFEST = 64 << 20
_MOST_FILES = 200_000
_PIECE = 1 << 20
#: What reading a file of a zip may come to: damaged, packed or locked in a way that is not ours.
_BROKEN = (BadZipFile, zlib.error, EOFError, RuntimeError)


class NoPack(Exception):
    """The file is none of ours, or cannot be read: worded for people."""


@dataclass(frozen=True, slots=True)
class Problem:
    """What is not as the manifest says, and of which file."""

    path: str
    what: What


@dataclass(frozen=True, slots=True)
class Checked:
    """A file of proofs, compared with its manifest."""

    organisation: str
    site: str
    #: sha256 of the manifest, in hexadecimal digits: what it was called when it was made.
    digest: str
    files: int
    problems: Sequence[Problem]


def check_pack(file: Path) -> Checked:
    """Raises :class:`NoPack`."""
    try:
        with ZipFile(file) as archive:
            return _checked(file, archive)
    except OSError as error:
        raise NoPack(_("{file} cannot be read: {why}.").format(file=file, why=os_error_text(error))) from error
    except (*_BROKEN, ValueError, LookupError, TypeError, ArithmeticError) as error:
        raise _none(file) from error


def _none(file: Path) -> NoPack:
    text = _("{file} is no file of bascule evidence, or it was cut short. Have it made, or copied, again.")
    return NoPack(text.format(file=file))


def _checked(file: Path, archive: ZipFile) -> Checked:
    infos = archive.infolist()
    total = sum(one.file_size for one in infos)
    if len(infos) > _MOST_FILES or total > MOST:
        text = _("{file} would be {size} GB unpacked: bascule evidence made no such file. It was not looked into.")
        raise NoPack(text.format(file=file, size=total >> 30))
    if archive.getinfo(MANIFEST).file_size > _LONGEST_MANIFEST:
        raise _none(file)
    data = archive.read(MANIFEST)
    told = json.loads(data)
    if told["kind"] != KIND:
        raise _none(file)
    wanted = {str(one["path"]): (int(one["size"]), str(one["sha256"])) for one in told["files"]}
    problems = list(_problems(archive, infos, told, wanted))
    return Checked(
        str(told["organisation"]), str(told["site"]), hashlib.sha256(data).hexdigest(), len(wanted), problems
    )


def _problems(
    archive: ZipFile, infos: Sequence[ZipInfo], told: dict[str, Any], wanted: dict[str, tuple[int, str]]
) -> Iterator[Problem]:
    if told.get("seal") != seal_of(told) or len(told["files"]) != len(wanted):
        yield Problem(MANIFEST, "seal")
    names = Counter(one.filename for one in infos)
    for name in sorted({*names, *wanted}):
        if not _is_safe(name):
            yield Problem(name, "unsafe")
        elif names[name] > 1:
            yield Problem(name, "doubled")
        elif name == MANIFEST:
            continue
        elif name not in names:
            yield Problem(name, "missing")
        elif name not in wanted:
            yield Problem(name, "added")
        elif not _is_as_it_was(archive, name, *wanted[name]):
            yield Problem(name, "changed")


def _is_safe(name: str) -> bool:
    """Whether whoever unpacks it gets a file below the folder that they unpack to."""
    path = PurePosixPath(name)
    bad = not path.parts or path.is_absolute() or ".." in path.parts or "\\" in name or name.endswith("/")
    return not bad and ":" not in path.parts[0] and name.isprintable()


def _is_as_it_was(archive: ZipFile, name: str, size: int, digest: str) -> bool:
    """Read a piece at a time, and no further than it says that it is long, which is as long as it should be."""
    if archive.getinfo(name).file_size != size:
        return False
    found, read = hashlib.sha256(), 0
    try:
        with archive.open(name) as data:
            while piece := data.read(_PIECE):
                found.update(piece)
                read += len(piece)
    except _BROKEN:
        return False
    return read == size and found.hexdigest() == digest
