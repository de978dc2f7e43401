"""Originals that are kept in the organisation's folder, because they do not arrive as they are or not at all."""

from __future__ import annotations

import os
from pathlib import Path
from threading import Lock

from connectors.body import CHUNK
from connectors.contract import Body, Fatal
from connectors.language import _
from connectors.os_errors import os_error_text


class KeptMail:
    """``.eml`` files by mailbox, readable by their owner alone, named by their sha256 and written once."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._writing = Lock()

    def path(self, mailbox: str, digest: bytes) -> Path:
        return self._folder / mailbox.replace("/", "_").replace(os.sep, "_") / f"{digest.hex()}.eml"

    def keep(self, mailbox: str, digest: bytes, body: Body) -> None:
        """On disk, whatever happens from now on, when it returns.  Raises Fatal when it cannot be written."""
        path = self.path(mailbox, digest)
        with self._writing:
            try:
                if not path.exists():
                    self._write(path, body)
            except OSError as error:
                raise Fatal(
                    _("the original of a message cannot be kept in {folder}: {why}").format(
                        folder=path.parent, why=os_error_text(error)
                    )
                ) from error

    def _write(self, path: Path, body: Body) -> None:
        for folder in (self._folder, path.parent):
            if not folder.exists():
                # Another process may be making it at this moment, ...
                folder.mkdir(mode=0o700, exist_ok=True)
            # ... and may not have come to this yet.
            _sync(folder.parent)
        # Whole under its name or not at all; what a killed run left is overwritten.
        part = path.with_suffix(".part")
        handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "wb") as file, body.open() as reader:
            while chunk := reader.read(CHUNK):
                file.write(chunk)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
        _sync(path.parent)


def _sync(folder: Path) -> None:
    """A name is on disk with its folder, where the system can be asked for that."""
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
