"""Known texts, looked for in files: as many as there are passwords, in one walk over the bytes."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from contextlib import suppress

#: Characters: a shorter text may stand anywhere by chance.  Each has as many bytes at least.
SHORTEST = 8


class Passages:
    """Looks for the longest of some texts at every place; the time does not depend on how many there are."""

    def __init__(self, texts: Iterable[str]) -> None:
        self._by_head: dict[bytes, list[bytes]] = {}
        for text in {form for one in texts if len(one) >= SHORTEST for form in _forms(one)}:
            self._by_head.setdefault(text[:SHORTEST], []).append(text)
        for alike in self._by_head.values():
            alike.sort(key=len, reverse=True)

    def stand_in(self, data: bytes) -> bool:
        return next(self._found(data), None) is not None

    def hidden(self, data: bytes) -> bytes:
        """The data with three stars for each of the texts."""
        parts, at = [], 0
        for begin, end in self._found(data):
            if begin >= at:
                parts += [data[at:begin], b"***"]
                at = end
        return b"".join([*parts, data[at:]])

    def _found(self, data: bytes) -> Iterator[tuple[int, int]]:
        """Where they begin and end."""
        heads = self._by_head
        for at in range(len(data) - SHORTEST + 1) if heads else ():
            for text in heads.get(data[at : at + SHORTEST], ()):
                if data.startswith(text, at):
                    yield at, at + len(text)
                    break


def _forms(text: str) -> Iterator[bytes]:
    """How a text stands in files: plain, in JSON, in a CSV, and as Windows wrote it before UTF-8."""
    yield text.encode()
    yield json.dumps(text, ensure_ascii=False)[1:-1].encode()
    yield text.replace('"', '""').encode()
    if not text.isascii():
        with suppress(UnicodeEncodeError):
            yield text.encode("cp1252")
