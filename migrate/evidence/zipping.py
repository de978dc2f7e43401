"""One zip with a manifest: the same contents give the same bytes, whenever and by whomever it is made."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

MANIFEST = "manifest.json"
KIND = "bascule-evidence"
FORMAT = 1
#: The first moment that a zip can tell: when a file was packed proves nothing.
_NO_TIME = (1980, 1, 1, 0, 0, 0)
#: Made by a Unix machine, wherever it is: names and modes read the same.
_UNIX = 3


@dataclass(frozen=True, slots=True)
class Entry:
    """A file in the making: its name in the zip, and its bytes in pieces."""

    name: str
    pieces: Iterable[bytes]


@dataclass(frozen=True, slots=True)
class Written:
    """What was written.  ``digest``: sha256 of the manifest, in hexadecimal digits: it stands for the whole."""

    digest: str
    files: int
    bytes: int


def write_pack(out: BinaryIO, entries: Sequence[Entry], about: Mapping[str, Any]) -> Written:
    """The entries, by name, and the manifest, which says ``about`` besides.  Raises OSError."""
    files: list[dict[str, Any]] = []
    with ZipFile(out, "w", ZIP_DEFLATED, allowZip64=True) as archive:
        files.extend(_add(archive, entry) for entry in sorted(entries, key=lambda one: one.name))
        told = {"kind": KIND, "format": FORMAT, **about, "files": files}
        data = manifest_bytes(told)
        archive.writestr(_info(MANIFEST), data)
    return Written(hashlib.sha256(data).hexdigest(), len(files), sum(one["size"] for one in files))


def manifest_bytes(told: Mapping[str, Any]) -> bytes:
    """With its seal, which is the digest of all else in it."""
    sealed = {**told, "seal": seal_of(told)}
    return (json.dumps(sealed, ensure_ascii=False, indent=2, sort_keys=True) + "\n").encode()


def seal_of(told: Mapping[str, Any]) -> str:
    """Of everything but the seal itself."""
    plain = {name: value for name, value in told.items() if name != "seal"}
    return hashlib.sha256(json.dumps(plain, ensure_ascii=False, sort_keys=True).encode()).hexdigest()


def pieces_of(path: Path) -> Iterable[bytes]:
    """A file, read when it is needed.  Raises OSError."""
    with path.open("rb") as file:
        while piece := file.read(1 << 20):
            yield piece


def _add(archive: ZipFile, entry: Entry) -> dict[str, Any]:
    digest, size = hashlib.sha256(), 0
    with archive.open(_info(entry.name), "w", force_zip64=True) as out:
        for piece in entry.pieces:
            digest.update(piece)
            size += len(piece)
            out.write(piece)
    return {"path": entry.name, "size": size, "sha256": digest.hexdigest()}


def _info(name: str) -> ZipInfo:
    info = ZipInfo(name, _NO_TIME)
    info.compress_type = ZIP_DEFLATED
    info.create_system = _UNIX
    info.external_attr = 0o600 << 16
    return info
