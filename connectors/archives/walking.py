"""Directories of an archive: walked without leaving a mark, without following links, and without stopping at what
cannot be read."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from connectors.language import plural
from connectors.quiet import names_in

#: Deeper than any mail program's folders; a loop of mounts ends here.
_DEEPEST = 60


@dataclass(frozen=True, slots=True)
class Directory:
    """A directory with the names in it, sorted."""

    path: Path
    relative: tuple[str, ...]
    files: tuple[str, ...]
    folders: tuple[str, ...]


@dataclass(slots=True)
class Walk:
    """What could not be looked into."""

    links: int = 0
    unreadable: int = 0
    strange: int = 0

    def walk(self, root: Path, relative: tuple[str, ...] = ()) -> Iterator[Directory]:
        """``root`` and all below it, parents first.  Raises OSError when the root cannot be read."""
        names = names_in(root) if not relative else self._names(root)
        directory = self._sorted(root, relative, names)
        yield directory
        if len(relative) >= _DEEPEST:
            self.unreadable += len(directory.folders)
            return
        for name in directory.folders:
            yield from self.walk(root / name, (*relative, name))

    def look(self, folder: Path) -> Directory:
        """One directory alone."""
        return self._sorted(folder, (), self._names(folder))

    def problems(self) -> list[tuple[str, str]]:
        """Codes and messages."""
        told = []
        if self.links:
            text = plural(
                "{n} link to another folder was not followed",
                "{n} links to other folders were not followed",
                self.links,
            )
            told.append(("link", text))
        if self.unreadable:
            text = plural(
                "{n} folder cannot be read; look at the rights of whoever runs this command",
                "{n} folders cannot be read; look at the rights of whoever runs this command",
                self.unreadable,
            )
            told.append(("unreadable", text))
        if self.strange:
            text = plural(
                "{n} entry is a pipe, a socket or a device and was left alone",
                "{n} entries are pipes, sockets or devices and were left alone",
                self.strange,
            )
            told.append(("no-file", text))
        return told

    def _names(self, folder: Path) -> list[str]:
        try:
            return names_in(folder)
        except OSError:
            self.unreadable += 1
            return []

    def _sorted(self, folder: Path, relative: tuple[str, ...], names: list[str]) -> Directory:
        files, folders = [], []
        for name in sorted(names, key=os.fsencode):
            try:
                mode = (folder / name).lstat().st_mode
                if stat.S_ISLNK(mode):
                    mode = (folder / name).stat().st_mode
                    if stat.S_ISDIR(mode):
                        self.links += 1
                        continue
            except OSError:  # gone a moment ago, or a link to nowhere
                continue
            if stat.S_ISDIR(mode):
                folders.append(name)
            elif stat.S_ISREG(mode):
                files.append(name)
            else:
                self.strange += 1
        return Directory(folder, relative, tuple(files), tuple(folders))
