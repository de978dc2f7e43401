"""An mbox as Thunderbird keeps it: appended to, marked in place, and compacted."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

SEEN, EXPUNGED = 0x1, 0x8
FROM = b"From - Fri Aug 05 10:57:20 2016\n"


@dataclass
class Stored:
    content: bytes
    status: int = 0

    def bytes(self) -> bytes:
        return FROM + b"X-Mozilla-Status: %04x\nX-Mozilla-Status2: 00000000\n" % self.status + self.content + b"\n"


@dataclass
class LiveMbox:
    """The file and what is in it."""

    path: Path
    stored: list[Stored] = field(default_factory=list)
    #: File systems tell times in steps; here every change is a step.
    changes: int = 0

    def __post_init__(self) -> None:
        self.path.touch()

    @property
    def shown(self) -> list[Stored]:
        return [one for one in self.stored if not one.status & EXPUNGED]

    def append(self, content: bytes) -> None:
        self.stored.append(Stored(content))
        with self.path.open("ab") as file:
            file.write(self.stored[-1].bytes())

    def mark(self, number: int, bits: int) -> None:
        """In place: the file keeps its length."""
        self.stored[number].status |= bits
        place = sum(len(one.bytes()) for one in self.stored[:number])
        with self.path.open("r+b") as file:
            file.seek(place)
            file.write(self.stored[number].bytes())

    def compact(self, *, in_place: bool) -> None:
        self.stored = self.shown
        data = b"".join(one.bytes() for one in self.stored)
        if in_place:
            with self.path.open("r+b") as file:
                file.write(data)
                file.truncate()
        else:
            new = self.path.with_name("nstmp")
            new.write_bytes(data)
            new.replace(self.path)
