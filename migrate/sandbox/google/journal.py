"""What is kept on disk: one file to which every change is added, each a line of JSON and, for mail, its bytes."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from migrate.sandbox.google.errors import Json

_NAME = "google.journal"


class Journal:
    """The file in ``folder``; without a folder nothing is kept."""

    def __init__(self, folder: Path | None) -> None:
        self._file: BinaryIO | None = None
        self._path = folder / _NAME if folder is not None else None
        if folder is not None:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def replay(self) -> Iterator[tuple[Json, bytes]]:
        """Every change that was written, in order.  What a killed run wrote in part is cut off."""
        if self._path is None or not self._path.exists():
            return
        with self._path.open("r+b") as file:
            whole = 0
            for change, body in frames(file):
                yield change, body
                whole = file.tell()
            file.truncate(whole)

    def write(self, change: Json, body: bytes = b"") -> None:
        """Add one change; it survives the end of this process once this returns."""
        if self._path is None:
            return
        if self._file is None:
            descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            self._file = os.fdopen(descriptor, "ab", buffering=0)
        self._file.write(frame(change, body))

    def close(self) -> None:
        """Let go of the file."""
        if self._file is not None:
            self._file.close()
            self._file = None


def frame(told: Json, body: bytes = b"") -> bytes:
    """One record: a line of JSON that ends with the length of what follows it."""
    return json.dumps({**told, "bytes": len(body)}, separators=(",", ":")).encode() + b"\n" + body


def frames(file: BinaryIO) -> Iterator[tuple[Json, bytes]]:
    """The records of a file, up to the first that is not whole."""
    while (line := file.readline()).endswith(b"\n"):
        try:
            told = json.loads(line)
            length = told.pop("bytes")
        except (ValueError, KeyError, AttributeError):
            return
        body = file.read(length)
        if len(body) < length:
            return
        yield told, body
