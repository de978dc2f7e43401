"""Who was sent what, and when: a line before a message goes out and one after, on the disk before anything goes on.

A line that says that a message is on its way, without one that says what became of it, is of a process that died in
between: the message may be there or not.  It is sent again under the Message-ID that it had, so that mail systems and
people can tell that it is the same.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from migrate.archives.files import make_private

FILE = "sent.jsonl"
State = Literal["sending", "accepted", "refused", "later", "unknown"]


class Line(BaseModel):
    """``sending``: about to go out.  ``accepted``: a server has taken it.  ``refused``: never (5xx).  ``later``: not
    now (4xx).  ``unknown``: the line broke before the server answered."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    #: As the commands say it: ``j-7``.
    moment: str
    address: str
    state: State
    at: datetime
    message_id: str
    #: Counts from 1 how often the person was to get it.
    time: int
    #: The switch that the message told.
    switch: date
    #: An SMTP code, or the kind of trouble.
    answer: str = ""


class Unreadable(Exception):
    """A whole line that this version does not understand: who was sent what is not known.  ``line`` from 1."""

    def __init__(self, file: Path, line: int) -> None:
        super().__init__(f"{file}:{line}")
        self.file = file
        self.line = line


class Record:
    """The lines of a site.  Every method may raise OSError."""

    def __init__(self, folder: Path) -> None:
        """Raises :class:`Unreadable`."""
        self._file = folder / FILE
        make_private(folder)
        #: The newest line of each person and moment.
        self._newest: dict[tuple[str, str], Line] = {(one.moment, one.address): one for one in self._lines()}

    def newest(self, moment: str, address: str) -> Line | None:
        return self._newest.get((moment, address))

    def add(self, line: Line) -> None:
        """On the disk when this returns."""
        # The beginning of a line that a process died over is closed, and counts for nothing.
        broken = self._ends_within_a_line()
        descriptor = os.open(self._file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        # The whole line or an OSError, also where a disk has room for a part of it.
        with os.fdopen(descriptor, "ab") as out:
            out.write(b"\n" * broken + line.model_dump_json().encode() + b"\n")
            out.flush()
            os.fsync(descriptor)
        self._newest[line.moment, line.address] = line

    def _ends_within_a_line(self) -> bool:
        try:
            with self._file.open("rb") as file:
                if not file.seek(0, os.SEEK_END):
                    return False
                file.seek(-1, os.SEEK_END)
                return file.read(1) != b"\n"
        except FileNotFoundError:
            return False

    def _lines(self) -> Iterator[Line]:
        try:
            told = self._file.read_bytes()
        except FileNotFoundError:
            return
        for number, line in enumerate(told.split(b"\n"), 1):
            try:
                yield Line.model_validate_json(line)
            except ValidationError as error:
                # What a process died over is no JSON.
                if error.errors()[0]["type"] != "json_invalid":
                    raise Unreadable(self._file, number) from error
