"""Names of message files: ``BASE:2,FLAGS`` (https://cr.yp.to/proto/maildir.html), and the names we give.

The base name never changes for as long as the message is in its folder, so it is the message's key.
"""

from __future__ import annotations

import os
import re
import secrets
import socket
import time
from dataclasses import dataclass
from threading import Lock

#: Windows allows no colon in a name; what others use in its place is read everywhere.
SEPARATOR = ";" if os.name == "nt" else ":"
_INFO = re.compile(r"(?P<base>.+?)(?P<separator>:|[;!](?=2,))(?P<info>.*)", re.DOTALL)
_OURS = re.compile(r"(\d+)\.M(\d{6})P\d+R[0-9a-f]{8}\.")
_TIME = re.compile(r"(\d+)(?:\.M(\d+))?")
_WIRE_SIZE = re.compile(r",W=(\d+)")
_MICROSECONDS = 1_000_000


@dataclass(frozen=True, slots=True)
class FileName:
    """The name of a message's file, taken apart."""

    base: str
    #: One letter a flag, in any order.
    letters: str = ""
    separator: str = SEPARATOR
    #: What some servers add after the flags, from the comma on.
    rest: str = ""

    @classmethod
    def parse(cls, name: str) -> FileName:
        found = _INFO.fullmatch(name)
        if found is None:
            return cls(name)
        version, _, info = found["info"].partition(",")
        if version != "2":
            return cls(found["base"], separator=found["separator"])
        letters, comma, rest = info.partition(",")
        return cls(found["base"], letters, found["separator"], comma + rest)

    def with_letters(self, letters: str) -> str:
        """The whole name with these flags, in the order that the format asks for."""
        return f"{self.base}{self.separator}2,{''.join(sorted(set(letters)))}{self.rest}"


def order(base: str) -> tuple[float, int, str]:
    """Sorts base names by their time, those without one last."""
    found = _TIME.match(base)
    return (int(found[1]), int(found[2] or 0), base) if found else (float("inf"), 0, base)


def stamp_of(base: str) -> int | None:
    """When a message of ours was named (microseconds since 1970); None for everybody else's."""
    found = _OURS.match(base)
    return int(found[1]) * _MICROSECONDS + int(found[2]) if found else None


def wire_size_of(base: str) -> int | None:
    """The size with CRLF line ends, where the name tells it."""
    found = _WIRE_SIZE.search(base)
    return int(found[1]) if found else None


class Stamps:
    """Moments for the names of new messages: each later than all before it, also when the clock is set back."""

    def __init__(self) -> None:
        self._last = 0
        self._lock = Lock()

    def next(self) -> int:
        """Microseconds since 1970, never given before."""
        with self._lock:
            self._last = max(self._last + 1, time.time_ns() // 1000)
            return self._last

    def follow(self, stamp: int) -> None:
        """Give later ones only."""
        with self._lock:
            self._last = max(self._last, stamp)


#: Of this process: its sessions name their messages in one order.
STAMPS = Stamps()
_HOST = re.sub(r"[^A-Za-z0-9.-]", "_", socket.gethostname())[:64] or "localhost"


def new_base(size: int, wire_size: int) -> str:
    """A base name that nobody else gives; sizes in bytes, as stored and with CRLF line ends."""
    seconds, micros = divmod(STAMPS.next(), _MICROSECONDS)
    return f"{unique_part(seconds, micros)},S={size},W={wire_size}"


def unique_part(seconds: int, micros: int) -> str:
    return f"{seconds}.M{micros:06}P{os.getpid()}R{secrets.token_hex(4)}.{_HOST}"


def temporary_name() -> str:
    """For a file that is being written."""
    return unique_part(*divmod(STAMPS.next(), _MICROSECONDS))
