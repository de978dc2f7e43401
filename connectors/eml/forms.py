"""Files that hold one message and nothing else."""

from __future__ import annotations

import os
from pathlib import Path
from typing import BinaryIO

from connectors.archives import dates, headers
from connectors.archives.headers import STORE_FIELDS, StoreFields
from connectors.eml.files import Content, copy_without, head_of
from connectors.maildir.filename import FileName
from connectors.maildir.flags import flags_of

_FROM_LINE = 1000


class EmlForm:
    """A message as a program saved it: every byte of the file is the message, whatever program wrote a part of it.

    Received when its header says so, else when the file was written.
    """

    _fields = StoreFields(())

    def fields(self) -> StoreFields:
        return self._fields

    def content(self, reader: BinaryIO, path: Path) -> Content:
        status = os.fstat(reader.fileno())
        head = head_of(reader)
        from_line = b""
        if head.startswith(b"From "):
            line_end = head.find(b"\n", 0, _FROM_LINE) + 1
            from_line, head = head[:line_end], head[line_end:]
        found = headers.fields(head)
        told = dates.received(from_line, found) if from_line else dates.of_header(found)
        return Content(0, status.st_size, told or dates.of_seconds(status.st_mtime), self.flags(path, found))

    def flags(self, path: Path, found: dict[bytes, bytes]) -> frozenset[str] | None:
        if found.get(b"x-unsent") == b"1":  # Microsoft's programs: a draft, which they open for writing
            return frozenset({"\\Draft", "\\Seen"})
        return headers.flags(found)

    def write(self, reader: BinaryIO, path: Path, content: Content, out: BinaryIO) -> None:
        copy_without(reader, content, self._fields, out)


class ThunderbirdForm(EmlForm):
    """A message in a Maildir of Thunderbird, which writes its marks into the header as it does in an mbox.

    Other programs' letters at the end of the file's name count where Thunderbird wrote none.
    """

    _fields = StoreFields(STORE_FIELDS)

    def flags(self, path: Path, found: dict[bytes, bytes]) -> frozenset[str] | None:
        told = headers.flags(found)
        name = FileName.parse(path.name)
        return flags_of(name.letters, {}) if told is None and name.letters else told
