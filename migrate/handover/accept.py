"""Accepting an organisation's folder on another machine: every file compared with its digest, every sign-in tried."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any
from zipfile import BadZipFile, ZipFile

from connectors.language import _
from connectors.os_errors import os_error_text
from migrate.archives.files import make_private, new_file, write_whole
from migrate.handover.left_out import LEDGER
from migrate.handover.pack import MANIFEST
from migrate.ledger import events
from migrate.ledger.events import Event
from migrate.ledger.holder import Held, NotHolder, read_held, standing, write_held
from migrate.ledger.store import Ledger

#: While files are being unpacked: which pack they are of.
_UNPACKING = ".bascule-unpacking"
_CHUNK = 1 << 20


class NotAccepted(Exception):
    """The pack cannot be accepted: worded for people."""


@dataclass(frozen=True, slots=True)
class Pack:
    """A pack's own account of itself."""

    organisation: str
    generation: int
    by: str
    to: str
    files: Sequence[dict[str, Any]]
    #: Files that the plan names as secrets: they come by another way.
    needed: Sequence[str]
    #: sha256 of the manifest: what tells one pack from another.
    digest: str


def read_pack(file: Path) -> Pack:
    """Raises :class:`NotAccepted` when the file is none, or is not whole."""
    try:
        with ZipFile(file) as archive:
            data = archive.read(MANIFEST)
        told = json.loads(data)
        names = [str(one["path"]) for one in told["files"]]
        if LEDGER not in names or any(not _safe(name) for name in names):
            raise NotAccepted(_("{file} is no pack of bascule handover pack.").format(file=file))
        needed = [str(one["path"]) for one in told["left_out"] if one["needed"]]
        digest = hashlib.sha256(data).hexdigest()
        return Pack(
            str(told["organisation"]), int(told["generation"]), told["by"], told["to"], told["files"], needed, digest
        )
    except OSError as error:
        raise NotAccepted(_("{file} cannot be read: {why}.").format(file=file, why=os_error_text(error))) from error
    except (BadZipFile, ValueError, LookupError, TypeError, NotImplementedError) as error:
        text = _("{file} is no pack of bascule handover pack, or it was cut short. Have it made, or copied, again.")
        raise NotAccepted(text.format(file=file)) from error


def _safe(name: str) -> bool:
    """A path that stays below the folder."""
    path = PurePosixPath(name)
    return not path.is_absolute() and ".." not in path.parts and "\\" not in name and ":" not in path.parts[0]


def unpack(file: Path, pack: Pack, folder: Path) -> None:
    """Put the pack's files into the folder, which is new or empty, each compared with its digest.

    A run that was cut short is gone on with.  Raises :class:`NotAccepted`; nothing of another organisation is touched.
    """
    marker = folder / _UNPACKING
    try:
        make_private(folder)
        if any(folder.iterdir()) and _marked(marker) != pack.digest:
            text = _(
                "{folder} holds other files already. Name a folder that is empty or does not exist yet: -C FOLDER."
            )
            raise NotAccepted(text.format(folder=folder))
        write_whole(marker, pack.digest.encode())
        with ZipFile(file) as archive:
            for one in pack.files:
                _unpack_one(archive, one, folder)
        marker.unlink()
    except BadZipFile as error:
        text = _("{file} was damaged on its way. Have it copied again; the same command goes on.")
        raise NotAccepted(text.format(file=file)) from error
    except OSError as error:
        text = _("{folder} cannot be written to: {why}. The same command goes on.")
        raise NotAccepted(text.format(folder=folder, why=os_error_text(error))) from error


def _marked(marker: Path) -> str | None:
    return marker.read_text(encoding="ascii", errors="replace") if marker.is_file() else None


def _unpack_one(archive: ZipFile, one: dict[str, Any], folder: Path) -> None:
    path = folder / one["path"]
    make_private(path.parent)
    digest = hashlib.sha256()
    with archive.open(one["path"]) as source, new_file(path) as out:
        while chunk := source.read(_CHUNK):
            digest.update(chunk)
            out.write(chunk)
        if digest.hexdigest() != one["sha256"]:
            text = _("{file} was damaged on its way. Have it copied again; the same command goes on.")
            raise NotAccepted(text.format(file=one["path"]))


def is_unpacked(folder: Path) -> bool:
    """Whether an organisation lies there, to its last file."""
    return (folder / LEDGER).is_file() and not (folder / _UNPACKING).exists()


def accept(ledger: Ledger, pack: Pack, by: str) -> bool:
    """Name the new holder; False when that was done before.  Raises :class:`NotAccepted`.

    The folder's own file comes first: cut in between, the ledger still says that nobody has accepted.
    """
    with ledger.write() as connection:
        told = standing(connection)
        held = read_held(ledger.path.parent)
        if told.on_its_way_to is None:
            if held is not None and not held.handed_over and held.generation == told.generation == pack.generation + 1:
                return False
            raise NotAccepted(_("{name} has accepted this organisation already.").format(name=told.holder or "?"))
        if told.generation != pack.generation:
            raise NotAccepted(_("This pack is older than what lies in the folder. Take the one that was made last."))
        try:
            write_held(ledger.path.parent, Held(told.generation + 1, by))
        except OSError as error:
            raise NotHolder(
                _("{folder} cannot be written to: {why}.").format(folder=ledger.path.parent, why=os_error_text(error))
            ) from error
        event = Event("organisation", "organisation", "accepted", by, time.time(), note=pack.by)
        events.add(connection, event, events.newest(connection))
    return True
