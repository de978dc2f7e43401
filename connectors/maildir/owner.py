"""Whose files we write: a Maildir stays its owner's, also when root fills it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from stat import S_IMODE


@dataclass(frozen=True, slots=True)
class Owner:
    """Owner and modes of new files and folders, taken from the Maildir, or the folder that it will be made in."""

    user: int
    group: int
    folder_mode: int

    @classmethod
    def of(cls, root: Path) -> Owner:
        """A Maildir that is not there yet belongs to whoever owns the folder around it, and is private."""
        if root.is_dir():
            status = root.stat()
            return cls(status.st_uid, status.st_gid, S_IMODE(status.st_mode))
        around = next(parent for parent in root.absolute().parents if parent.is_dir())
        status = around.stat()
        return cls(status.st_uid, status.st_gid, 0o700)

    def make(self, folder: Path) -> None:
        """A folder, with those around it; no harm when it is there."""
        missing = [parent for parent in (folder, *folder.parents) if not parent.is_dir()]
        for one in reversed(missing):
            one.mkdir(mode=0o700, exist_ok=True)
            self._take(one, self.folder_mode)

    def take(self, file: Path) -> None:
        """Give a file of ours, made with mode 0600, to whom the Maildir belongs: a group that shares it too."""
        self._take(file, 0o600 | (self.folder_mode & 0o060))

    def _take(self, path: Path, mode: int) -> None:
        # Only root can give things away, and only root needs to.
        if hasattr(os, "geteuid") and os.geteuid() == 0:
            os.chown(path, self.user, self.group)
        if mode & 0o7077:
            path.chmod(mode)
