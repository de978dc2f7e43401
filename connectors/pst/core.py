"""What all layers above the blocks share while one file is open."""

from __future__ import annotations

from typing import Protocol
from uuid import UUID

from connectors.pst.blocks import Blocks
from connectors.pst.problems import Problems


class Names(Protocol):
    """Finds named properties."""

    def identifier(self, group: UUID, name: int | str) -> int | None:
        """The 16-bit identifier that a named property has in this file, None when none has."""


class Core:
    """One open file: its blocks, the names of its properties, its problems, the encoding of its 8-bit text."""

    __slots__ = ("blocks", "encoding", "names", "problems")

    def __init__(self, blocks: Blocks, names: Names, problems: Problems, encoding: str) -> None:
        self.blocks = blocks
        self.names = names
        self.problems = problems
        self.encoding = encoding
