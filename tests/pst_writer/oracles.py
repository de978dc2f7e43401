"""What other programs find in a PST file: readpst and libpff, which share no code with each other or with us."""

from __future__ import annotations

import email
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import Message
from email.policy import compat32
from pathlib import Path
from shutil import which
from tempfile import TemporaryDirectory

import pypff

from tests.servers.process import ServerMissing


@dataclass(frozen=True)
class Seen:
    """An item as libpff sees it; attachments by their size.  None: it cannot read that."""

    subject: str
    sender: str | None
    submitted: datetime | None
    attachments: tuple[int, ...] | None


def by_libpff(path: Path) -> list[Seen]:
    """Every item of every folder.  Raises OSError for a file that libpff does not open."""
    file = pypff.file()
    file.open(str(path))
    try:
        return list(_seen(file.get_root_folder()))
    finally:
        file.close()


def _seen(folder: pypff.folder) -> Iterator[Seen]:
    for item in folder.sub_messages:
        if not isinstance(item, pypff.message):
            # Contacts, tasks and the like: libpff tells no more of them than that they are there.
            yield Seen("", None, None, None)
            continue
        try:
            sizes: tuple[int, ...] | None = tuple(one.get_size() for one in item.attachments)
        except OSError:
            sizes = None
        when = item.client_submit_time
        yield Seen(item.subject or "", item.sender_name, when.replace(tzinfo=UTC) if when else None, sizes)
    for below in folder.sub_folders:
        yield from _seen(below)


def by_readpst(path: Path) -> list[Message]:
    """A message for each file that ``readpst -e`` writes, whatever it holds: cards and appointments are files too."""
    if which("readpst") is None:
        raise ServerMissing("readpst is not installed: sudo apt-get install pst-utils")
    with TemporaryDirectory() as folder:
        # One process: several write over each other's files now and then.
        command = ["readpst", "-e", "-D", "-q", "-j", "0", "-o", folder, str(path)]
        subprocess.run(command, check=True, capture_output=True)
        files = sorted(one for one in Path(folder).rglob("*") if one.is_file())
        return [email.message_from_bytes(one.read_bytes(), policy=compat32) for one in files]
