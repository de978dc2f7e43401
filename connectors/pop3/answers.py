"""What a POP3 server answers: status lines and capabilities (RFC 1939 3, RFC 2449).  Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

#: A response code (RFC 2449 8): ``-ERR [IN-USE] Do you have another POP session running?``
_CODE = re.compile(rb"-ERR +\[([A-Za-z0-9/_.-]{1,40})[^\]\r\n]{0,200}\]")
_NUMBER = re.compile(r"\d{1,9}")


@dataclass(frozen=True, slots=True)
class Status:
    """A status line.  ``said`` is all of it in lower case, for who knows a server's wordings."""

    ok: bool
    code: str = ""
    said: bytes = field(default=b"", repr=False)

    @property
    def detail(self) -> str:
        return self.code or ("+OK" if self.ok else "-ERR")


def parse_status(line: bytes) -> Status | None:
    """The status in a line, None when it is none."""
    if line[:3].upper() == b"+OK":
        return Status(True, "", line.lower())
    if line[:4].upper() != b"-ERR":
        return None
    found = _CODE.match(b"-ERR" + line[4:])
    return Status(False, found[1].decode().upper() if found else "", line.lower())


@dataclass(frozen=True, slots=True)
class Features:
    """What the server announces by CAPA.  ``announced``: it knows that command at all."""

    words: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    announced: bool = False

    def __contains__(self, name: str) -> bool:
        return name in self.words

    def may(self, name: str) -> bool:
        """Whether it is worth trying: it is announced, or nothing is."""
        return name in self.words or not self.announced

    @property
    def mechanisms(self) -> frozenset[str]:
        return frozenset(word.upper() for word in self.words.get("SASL", ()))

    @property
    def login_delay(self) -> int:
        """Seconds between two sign-ins of one account, a day at the most; 0 when it does not say."""
        return min(self._number("LOGIN-DELAY") or 0, 86_400)

    @property
    def deletes_what_was_read(self) -> bool:
        """``EXPIRE 0``: what was read may be deleted when the session is ended in order (RFC 2449 6.7)."""
        return self._number("EXPIRE") == 0

    @property
    def product(self) -> str:
        """What it calls itself, without anything that could upset a terminal."""
        return "".join(c for c in " ".join(self.words.get("IMPLEMENTATION", ())) if c.isprintable())[:80]

    def _number(self, name: str) -> int | None:
        first = next(iter(self.words.get(name, ())), "")
        return int(first) if _NUMBER.fullmatch(first) else None


def parse_features(lines: Iterable[bytes]) -> Features:
    """The lines of an answer to CAPA."""
    words: dict[str, tuple[str, ...]] = {}
    for line in lines:
        name, *more = line.decode("ascii", "replace").split() or [""]
        words.setdefault(name.upper(), tuple(more))
    return Features(words, announced=True)
