"""Directories in which there is but one kind of files: they are read as a whole, by whoever reads that kind."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from connectors.archives.kinds import Kind
from connectors.dbx import is_dbx_folder
from connectors.mixed.survey import Inner, Survey


def only_kind(root: Path) -> Kind | None:
    """The kind of every archive in a directory, if it is one that is read as a whole.  Raises OSError."""
    found: Kind | None = None
    for inner in Survey(root, None):
        if not fits_tree(inner) or (found is not None and inner.kind.name != found.name):
            return None
        found = found or inner.kind
    return found


def is_store_of_outlook_express(path: Path) -> bool:
    """Whether a directory has a Folders.dbx, and no archives but what that is about.  Raises OSError."""
    if not is_dbx_folder(path):
        return False
    return all(inner.kind.name == "dbx" and len(inner.place.name) == 1 for inner in Survey(path, None))


def fits_tree(inner: Inner) -> bool:
    """Whether the reader of a whole directory of its kind would take this file, or directory."""
    place = inner.place
    if place.members or not inner.kind.tree:
        return False
    return place.file.is_dir() or place.name[-1].lower().endswith(inner.kind.ends)


def whole_directories(found: Iterable[Inner]) -> dict[tuple[str, ...], Kind]:
    """The topmost directories, below the container itself, in which all is of one such kind."""
    kinds: dict[tuple[str, ...], Kind | None] = {}
    for inner in found:
        name = inner.place.name
        for length in range(1, len(name)):
            above = name[:length]
            kind = inner.kind if fits_tree(inner) and not inner.kind.joined else None
            before = kinds.setdefault(above, kind)
            if before is not None and (kind is None or before.name != kind.name):
                kinds[above] = None
    topmost: dict[tuple[str, ...], Kind] = {}
    for name in sorted(kinds, key=len):
        kind = kinds[name]
        if kind is not None and not any(name[:length] in topmost for length in range(1, len(name))):
            topmost[name] = kind
    return topmost
