"""Which folders a store of Outlook Express has: by Folders.dbx, and by the files that lie beside it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from connectors.archives.contract import Problem
from connectors.dbx import info as fields
from connectors.dbx.file import BrokenObject, DbxFile, kind_of
from connectors.folder_names import harmless
from connectors.language import _, number
from connectors.quiet import names_in, open_quietly
from connectors.values import Role

_ROLES = {1: Role.INBOX, 3: Role.SENT, 4: Role.TRASH, 5: Role.DRAFTS}
#: The root, above all accounts; and what "Local Folders", above people's own folders, is known by.
_ROOT = 0
_LOCAL = b"LocalStore"
#: Deeper than people make them: a loop, or damage.
_DEEPEST = 40
_MOST_FILES = 10_000


@dataclass(frozen=True, slots=True)
class StoredFolder:
    """A folder of the store, and the file with its messages (None: it has none, or it is missing)."""

    path: tuple[str, ...]
    role: Role | None
    key: str
    file: Path | None


@dataclass(frozen=True, slots=True)
class Listed:
    """One line of Folders.dbx."""

    number: int
    parent: int
    name: str
    file: str
    messages: int
    special: int
    #: Stands above people's folders and is none.
    above_all: bool


def files_of(directory: Path) -> dict[str, str]:
    """What each .dbx file of a directory is (see ``kind_of``), by its name.  Raises OSError."""
    found: dict[str, str] = {}
    for name in sorted(names_in(directory))[:_MOST_FILES]:
        path = directory / name
        if path.is_symlink() or not path.is_file():
            continue
        with open_quietly(path) as reader:
            kind = kind_of(reader.read(16))
        if kind is not None:
            found[name] = kind
    return found


def listed_in(file: DbxFile, encoding: str) -> Iterator[Listed | BrokenObject]:
    """The lines of Folders.dbx, and what is damaged of it."""
    for address in file.tree():
        if isinstance(address, BrokenObject):
            yield address
            continue
        try:
            info = file.info(address)
        except BrokenObject as broken:
            yield broken
            continue
        own = info.number(fields.NUMBER) or _ROOT
        yield Listed(
            own,
            info.number(fields.PARENT) or _ROOT,
            shown(info.text(fields.NAME), encoding),
            info.text(fields.FILE).decode(encoding, "replace"),
            info.number(fields.COUNT) or 0,
            info.number(fields.SPECIAL) or 0,
            own == _ROOT or info.text(fields.ACCOUNT) == _LOCAL,
        )


def shown(name: bytes, encoding: str) -> str:
    return harmless(name.decode(encoding, "replace")).strip()


class Hierarchy:
    """Folders.dbx laid over the files of its directory.  ``problems`` is filled as it is made."""

    def __init__(self, directory: Path, kinds: Mapping[str, str], encoding: str) -> None:
        self.problems: list[Problem] = []
        self.created = 0
        self._directory = directory
        self._encoding = encoding
        #: Windows does not tell cases apart, and copies of a disk may have changed them.
        self._files = {name.casefold(): name for name, kind in kinds.items() if kind == "messages"}
        self._lines: dict[int, Listed] = {}
        for name in (name for name, kind in kinds.items() if kind == "folders"):
            self._read(directory / name)

    def _read(self, path: Path) -> None:
        damaged = 0
        with closing(DbxFile(path)) as file:
            self.created = self.created or file.created()
            for line in listed_in(file, self._encoding):
                if isinstance(line, BrokenObject):
                    damaged += 1
                else:
                    self._lines.setdefault(line.number, line)
        if damaged:
            told = _("{file} is damaged: some folders may lie elsewhere than they did.").format(file=path.name)
            self.problems.append(Problem("damaged-hierarchy", told))

    def folders(self) -> list[StoredFolder]:
        """The folders of Folders.dbx, then files that it does not name."""
        lines = [line for line in self._lines.values() if not (line.above_all or self._is_account(line))]
        found = [self._folder(line) for line in lines]
        return found + [self._unlisted(name) for name in sorted(self._files.values())]

    def _is_account(self, line: Listed) -> bool:
        """Whether a line is an account, which has folders and is none."""
        above = self._lines.get(line.parent)
        return not line.file and not line.messages and (above is None or above.number == _ROOT)

    def _folder(self, line: Listed) -> StoredFolder:
        path = self._path(line)
        name = self._files.pop(line.file.casefold(), None) if line.file else None
        if name is None and line.messages:
            told = _("{file}, the file of a folder with messages ({count}), is not there.").format(
                file=harmless(line.file) or "?", count=number(line.messages)
            )
            self.problems.append(Problem("missing-file", told, path))
        file = self._directory / name if name is not None else None
        return StoredFolder(path, _ROLES.get(line.special), f"folder-{line.number}", file)

    def _path(self, line: Listed) -> tuple[str, ...]:
        names: list[str] = []
        above: Listed | None = line
        while above is not None and not above.above_all and len(names) < _DEEPEST:
            names.append(above.name or f"{above.number}")
            above = self._lines.get(above.parent)
        if len(names) == _DEEPEST:
            told = _("Folders.dbx says that a folder lies in itself; it is shown at the top.")
            self.problems.append(Problem("damaged-hierarchy", told, (names[0],)))
            del names[1:]
        return tuple(reversed(names))

    def _unlisted(self, name: str) -> StoredFolder:
        path = (harmless(Path(name).stem),)
        told = _("{file} is not named in Folders.dbx; its folder is shown at the top.").format(file=harmless(name))
        self.problems.append(Problem("unlisted-file", told, path))
        return StoredFolder(path, None, f"file-{name.casefold()}", self._directory / name)
