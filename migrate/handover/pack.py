"""Packing an organisation's folder for another machine.

The moment at which this machine stops to hold the organisation is one event in its ledger; the file is made of what
lies there after it, so that nothing can come in between.  A pack that was cut short is made again by the same command.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from fnmatch import fnmatchcase as fnmatch
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, BinaryIO
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo

from sqlalchemy import Connection

from connectors.language import _
from connectors.os_errors import os_error_text
from migrate.archives.files import new_file
from migrate.copy.hold import locked
from migrate.handover.left_out import LEDGER, Contents, LeftOut, contents_of
from migrate.ledger import events, mailboxes
from migrate.ledger.events import Event
from migrate.ledger.holder import Held, Standing, check_standing, read_held, standing, write_held
from migrate.ledger.store import Ledger, LedgerError
from plans import Organisation

MANIFEST = "manifest.json"
#: What packs are called unless they are given a name.
EARLIER = "handover-*.zip"
_CHUNK = 1 << 20
#: Bytes: what is longer is mail and archives, which take long to press and give little.
_PRESSED = 1_000_000


class NotPacked(LedgerError):
    """The file cannot be written: worded for people."""


@dataclass(frozen=True, slots=True)
class Packed:
    """What was packed, and what was not."""

    file: Path
    files: int
    bytes: int
    left_out: Sequence[LeftOut]


def pack(organisation: Organisation, ledger: Ledger, file: Path, to: str, by: str) -> Packed:
    """Hand the organisation over to ``to``, as a file.

    Raises MailboxBusy while a copy is under way, NotHolder when another machine holds it, Overtaken, NotPacked.
    """
    _writable(file)
    try:
        # What cannot be read is told before anything is decided.
        contents_of(organisation)
    except OSError as error:
        text = _("{file} cannot be read: {why}.")
        raise NotPacked(text.format(file=error.filename, why=os_error_text(error))) from error
    told = _hand_over(ledger, to, by)
    state = ledger.path.parent
    try:
        write_held(state, Held(told.generation, to, handed_over=True))
        with new_file(file) as out:
            return _write(organisation, ledger, out, file, told, by)
    except OSError as error:
        text = _("{file} cannot be written: {why}. Make room, or name another file; the same command goes on.")
        raise NotPacked(text.format(file=file, why=os_error_text(error))) from error


def _writable(file: Path) -> None:
    """Before anything is decided: is there a place for it?"""
    if not file.absolute().parent.is_dir():
        text = _("There is no folder {folder} to write to. Make it, or connect the disk that it is on.")
        raise NotPacked(text.format(folder=file.absolute().parent))
    if file.is_dir():
        raise NotPacked(_("{file} is a folder. Name a file, such as handover.zip.").format(file=file))


def _hand_over(ledger: Ledger, to: str, by: str) -> Standing:
    """Record it, unless an earlier run did, to the same person."""
    with ledger.write() as connection:
        told = standing(connection)
        if told.on_its_way_to == to:
            return told
        check_standing(told, read_held(ledger.path.parent))
        _nobody_at_work(ledger, connection)
        event = Event("organisation", "organisation", "handed-over", by, time.time(), note=to)
        events.add(connection, event, events.newest(connection))
        return standing(connection)


def _nobody_at_work(ledger: Ledger, connection: Connection) -> None:
    """Raises MailboxBusy.  A pass that begins later finds the event before it takes its mailbox."""
    for row in mailboxes.every(connection):
        with locked(ledger, row):
            pass


def _write(organisation: Organisation, ledger: Ledger, out: BinaryIO, file: Path, told: Standing, by: str) -> Packed:
    folder = organisation.folder.resolve()
    contents = without_packs(contents_of(organisation), folder, file)
    entries: list[dict[str, Any]] = []
    with ZipFile(out, "w", ZIP_DEFLATED, allowZip64=True) as archive:
        for name in contents.packed:
            with _consistent(ledger, folder, name) as source:
                entries.append(_add(archive, name, source))
        manifest = {
            "made_by": {"tool": "bascule", "version": version("bascule")},
            "organisation": organisation.name,
            "generation": told.generation,
            "by": by,
            "to": told.on_its_way_to,
            "when": datetime.now(UTC).isoformat(timespec="seconds"),
            "files": entries,
            "left_out": [asdict(one) for one in contents.left_out],
        }
        archive.writestr(_info(MANIFEST), json.dumps(manifest, ensure_ascii=False, indent=2))
    return Packed(file, len(entries), sum(one["size"] for one in entries), contents.left_out)


def without_packs(contents: Contents, folder: Path, file: Path) -> Contents:
    """A pack does not hold itself, nor earlier ones that lie beside it."""
    target = file.absolute()
    own = target.relative_to(folder).as_posix() if target.is_relative_to(folder) else None
    packed = [name for name in contents.packed if name != own and ("/" in name or not fnmatch(name, EARLIER))]
    return Contents(packed, contents.left_out)


@contextmanager
def _consistent(ledger: Ledger, folder: Path, name: str) -> Iterator[Path]:
    """The file to read: of a database a copy of one state, as its newest rows may stand beside it."""
    path = folder / name
    if path.suffix != ".sqlite":
        yield path
        return
    with TemporaryDirectory(prefix="bascule-") as temporary:
        copy = Path(temporary) / path.name
        if name == LEDGER:
            ledger.copy_to(copy)
        else:
            with closing(sqlite3.connect(path)) as original, closing(sqlite3.connect(copy)) as other:
                original.backup(other)
        yield copy


def _add(archive: ZipFile, name: str, source: Path) -> dict[str, Any]:
    digest, size = hashlib.sha256(), 0
    info = _info(name, pressed=source.stat().st_size <= _PRESSED)
    with source.open("rb") as data, archive.open(info, "w", force_zip64=True) as entry:
        while chunk := data.read(_CHUNK):
            digest.update(chunk)
            size += len(chunk)
            entry.write(chunk)
    return {"path": name, "size": size, "sha256": digest.hexdigest()}


def _info(name: str, *, pressed: bool = True) -> ZipInfo:
    info = ZipInfo(name, time.localtime()[:6])
    info.compress_type = ZIP_DEFLATED if pressed else ZIP_STORED
    info.external_attr = 0o600 << 16
    return info
