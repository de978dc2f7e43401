"""A PST or OST file as an archive."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import BinaryIO, ClassVar

from connectors.archives.contract import ArchiveFolder, Damaged, Item, PersonalItem, Problem, Reading
from connectors.language import _
from connectors.mapi.context import Context
from connectors.mapi.marks import Marks, marks_of
from connectors.mapi.message import header, write_message
from connectors.mapi.nature import nature_of
from connectors.mapi.personal import personal_item
from connectors.pst.folders import Tree, read_tree
from connectors.pst.items import PstItem
from connectors.pst.listing import item_of, key_of
from connectors.pst.store import Store, open_store

_RECORD_KEY = 0x0FF9


def open_pst(path: Path, reading: Reading) -> PstArchive:
    """Raises NotAnArchive, OSError."""
    return PstArchive(open_store(path, reading), reading)


class PstArchive:
    """Fulfils ``Archive``, ``Divisible``, ``Rebuilding``, ``Personal``, ``Addressed`` and ``Marked``.

    Keys are told by :func:`connectors.pst.listing.key_of`; identity and epoch are the record key of the store, which
    every copy of the file shares.
    """

    kind: ClassVar[str] = "pst"
    rebuilt: ClassVar[bool] = True

    def __init__(self, store: Store, reading: Reading) -> None:
        self._store = store
        self._problems = store.core.problems
        self._tree: Tree | None = None
        self._context = Context(reading.spool, reading.addresses, self._problems.take, encoding=store.core.encoding)
        #: The item that was read last: its header is as a rule asked for before its bytes.
        self._last: tuple[str, PstItem] | None = None
        key = None if store.properties is None else store.properties.get(_RECORD_KEY)
        self.identity = self.epoch = key.hex() if isinstance(key, bytes) else ""

    def token(self) -> str:
        return self._store.disk.token()

    def folders(self) -> Iterator[ArchiveFolder]:
        yield from self._read_tree().folders.values()

    def items(self, folder: ArchiveFolder) -> Iterator[Item]:
        """In ascending order of their nodes.  An item whose properties cannot be read is listed with its node alone."""
        return self._listed(folder, self._read_tree().in_folder(folder))

    def some_items(self, folder: ArchiveFolder, numbers: range) -> Iterator[Item]:
        return self._listed(folder, self._read_tree().in_folder(folder)[numbers.start : numbers.stop])

    def _listed(self, folder: ArchiveFolder, nodes: Sequence[int]) -> Iterator[Item]:
        for node in nodes:
            key = f"{node:x}"
            with self._problems.of(folder.path, key):
                try:
                    item = self._open(node)
                    key = key_of(node, item.properties)
                    self._problems.called(key)
                    self._last = key, item
                    told = item_of(key, item, salvaged=self._store.salvaged)
                except (Damaged, KeyError) as error:
                    # No node: a page of the index told of it, and others lead elsewhere.
                    damaged = error if isinstance(error, Damaged) else Damaged("index", _("The index is damaged."))
                    self._problems.add(damaged.code, str(damaged))
                    told = Item(key, None, None, None, salvaged=self._store.salvaged)
            yield told

    def write_message(self, folder: ArchiveFolder, key: str, out: BinaryIO) -> None:
        with self._problems.of(folder.path, key):
            item = self.item(key)
            write_message(item, out, self._context.about(folder.path, key))

    def is_whole(self, folder: ArchiveFolder, key: str) -> bool:
        return not self._problems.is_harmed(key)

    def header(self, folder: ArchiveFolder, key: str) -> bytes:
        with self._problems.of(folder.path, key):
            item = self.item(key)
            return header(item, self._context.about(folder.path, key))

    def personal_item(self, folder: ArchiveFolder, key: str) -> PersonalItem:
        with self._problems.of(folder.path, key):
            item = self.item(key)
            return personal_item(item, nature_of(item.properties), self._context.about(folder.path, key))

    def marks(self, folder: ArchiveFolder, key: str) -> Marks:
        with self._problems.of(folder.path, key):
            return marks_of(self.item(key))

    def unknown_addresses(self) -> Mapping[str, int]:
        return self._context.unknown_addresses()

    def problems(self) -> Sequence[Problem]:
        return self._problems.told()

    def close(self) -> None:
        self._store.disk.close()

    def _read_tree(self) -> Tree:
        if self._tree is None:
            self._tree = read_tree(self._store)
            self._context.encoding = self._store.core.encoding  # of an ANSI file: learnt from its items
        return self._tree

    def _open(self, node: int) -> PstItem:
        """Raises Damaged; KeyError when the file has no such node."""
        entry = self._store.nodes.find(node)
        if entry is None:
            raise KeyError(node)
        if entry[1] <= 1:
            raise Damaged("empty", _("Item {node:x} has no contents.").format(node=node))
        return PstItem(self._store.core, entry[1], entry[2])

    def item(self, key: str) -> PstItem:
        """The properties behind a key.  Raises Damaged, KeyError when there is no such item any more."""
        if self._last is not None and self._last[0] == key:
            return self._last[1]
        try:
            node = int(key.partition("-")[0], 16)
        except ValueError:
            raise KeyError(key) from None
        item = self._open(node)
        if key_of(node, item.properties) != key:
            raise KeyError(key)
        self._last = key, item
        return item
