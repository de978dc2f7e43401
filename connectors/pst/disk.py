"""The bytes of a file by their place."""

from __future__ import annotations

import os
from pathlib import Path
from threading import Lock

from connectors.quiet import open_quietly

_PREAD = getattr(os, "pread", None)


class Disk:
    """One file, opened for reading alone.  Raises OSError where the system does."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = open_quietly(path)
        self._descriptor = self._file.fileno()
        self._lock = Lock()
        self.size = os.fstat(self._descriptor).st_size

    def read(self, offset: int, size: int) -> bytes:
        """Fewer bytes where the file ends before; none behind its end."""
        if offset >= self.size:
            return b""
        if _PREAD is not None:
            data: bytes = _PREAD(self._descriptor, size, offset)
            return data
        with self._lock:  # Windows has no reading by place
            self._file.seek(offset)
            return self._file.read(size)

    def token(self) -> str:
        """Moves when the file was written to or replaced."""
        status = self.path.stat()
        return f"{status.st_size}-{status.st_mtime_ns}"

    def close(self) -> None:
        self._file.close()
