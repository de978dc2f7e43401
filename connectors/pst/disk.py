"""The bytes of a file by their place."""

from __future__ import annotations

import os
from pathlib import Path

from connectors.quiet import open_regular, read_at


class Disk:
    """One file, opened for reading alone.  Raises OSError where the system does."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = open_regular(path)
        self._descriptor = self._file.fileno()
        self.size = os.fstat(self._descriptor).st_size

    def read(self, offset: int, size: int) -> bytes:
        """Fewer bytes where the file ends before; none behind its end."""
        return read_at(self._descriptor, size, offset) if offset < self.size else b""

    def token(self) -> str:
        """Moves when the file was written to or replaced."""
        status = self.path.stat()
        return f"{status.st_size}-{status.st_mtime_ns}"

    def close(self) -> None:
        self._file.close()
