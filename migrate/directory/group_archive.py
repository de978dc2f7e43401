"""Old mail for a group's conversations: each message once, by a journal that says before it is sent that it will be.

Whether a message arrived whose answer was lost, the interface cannot be asked: it is told as uncertain, and sent again
only when a person says so.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from tempfile import SpooledTemporaryFile
from threading import Event
from typing import BinaryIO, Literal, Protocol, cast

import tenacity

from connectors.archives.contract import Archive, Damaged
from connectors.errors import ConnectorError, Transient
from connectors.language import _
from connectors.nature import Nature
from connectors.wire import wire_bytes
from migrate.directory.contract import NotTaken
from migrate.directory.patience import pause

State = Literal["put", "refused", "uncertain"]
_TRIES, _LONGEST = 8, 120.0
#: Bytes of a message that are held in memory while it is read.
_IN_MEMORY = 32 << 20


class Unsure(Transient):
    """The answer was lost, or was that something went wrong: the message may have been put."""


class GroupArchive(Protocol):
    """Where a group keeps its conversations."""

    @property
    def most(self) -> int:
        """Bytes of the longest message."""

    def put(self, group: str, message: bytes) -> None:
        """Put one message there.

        Raises Unsure where it may have been put; Transient where it certainly was not, and may be later; NotTaken where
        it is refused; else another ConnectorError.
        """


@dataclass(frozen=True, slots=True)
class Put:
    """What became of a message.  ``name``: digest and number among its twins; ``already``: in an earlier run."""

    name: str
    state: State
    what: str = ""
    already: bool = False


class Journal:
    """What was put, one line of JSON each; of a message whose last line is ``sending`` nobody knows."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.last: dict[str, tuple[str, str]] = {}
        if path.exists():
            for line in path.read_text(encoding="utf-8").splitlines():
                self._read(line)

    def _read(self, line: str) -> None:
        try:
            told = json.loads(line)
            self.last[told["message"]] = (told["state"], told.get("what", ""))
        except (ValueError, KeyError, TypeError):
            # Half a line of a run that was cut off: what it would have said stands as its line before says.
            return

    def write(self, name: str, state: str, what: str = "") -> None:
        """On disk when this returns."""
        self.last[name] = (state, what)
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._path.open("a", encoding="utf-8") as file:
            line = json.dumps({"message": name, "state": state, **({"what": what} if what else {})})
            file.write(("\n" if file.tell() else "") + line)
            file.flush()
            os.fsync(file.fileno())


def put_all(
    archive: Archive, group: str, into: GroupArchive, journal: Journal, stop: Event, *, again: bool
) -> Iterator[Put]:
    """Each message of ``archive`` and what became of it; ``again``: what is uncertain is sent once more.

    What was refused before is tried again.  Raises a ConnectorError that is of all messages: what was in hand was
    certainly not put then.  Ends early once ``stop`` is set.
    """
    twins: Counter[str] = Counter()
    for message in _messages(archive, into.most):
        if stop.is_set():
            return
        if isinstance(message, Put):
            yield message
            continue
        digest = sha256(message).hexdigest()
        twins[digest] += 1
        name = f"{digest}:{twins[digest]}"
        state, what = journal.last.get(name, ("", ""))
        if state == "put":
            yield Put(name, "put", already=True)
        elif state in ("sending", "uncertain") and not again:
            yield Put(name, "uncertain", what or _("A run was cut off while it was sent."), already=True)
        else:
            journal.write(name, "sending")
            try:
                made = _sent(into, group, message, name, stop)
            except ConnectorError:
                # It was certainly not put, and the next run sends it.
                journal.write(name, "")
                if stop.is_set():
                    return
                raise
            journal.write(name, made.state, made.what)
            yield made


def _sent(into: GroupArchive, group: str, message: bytes, name: str, stop: Event) -> Put:
    """What became of it.  Raises a ConnectorError where it was certainly not put, and others would not be either."""
    try:
        for attempt in tenacity.Retrying(
            retry=tenacity.retry_if_exception(_passes),
            stop=tenacity.stop_after_attempt(_TRIES) | tenacity.stop_when_event_set(stop),
            wait=pause(_LONGEST),
            sleep=tenacity.sleep_using_event(stop),
            reraise=True,
        ):
            with attempt:
                into.put(group, message)
    except Unsure as error:
        return Put(name, "uncertain", str(error))
    except NotTaken as error:
        return Put(name, "refused", str(error))
    return Put(name, "put")


def _passes(error: BaseException) -> bool:
    return isinstance(error, Transient) and not isinstance(error, Unsure)


def _messages(archive: Archive, most: int) -> Iterator[bytes | Put]:
    """Every mail item in wire form; what cannot be read, or is too long, as what became of it."""
    for folder in archive.folders():
        for item in archive.items(folder):
            if item.nature is not Nature.MAIL:
                continue
            name = sha256(f"{folder.path} {item.key}".encode()).hexdigest()
            with SpooledTemporaryFile(max_size=_IN_MEMORY) as file:
                try:
                    archive.write_message(folder, item.key, cast("BinaryIO", file))
                except (Damaged, KeyError) as error:
                    yield Put(f"{name}:unread", "refused", _("It cannot be read: {why}.").format(why=error))
                    continue
                if file.tell() > most:
                    what = _("It is longer than {n} MB, the most that a group takes.").format(n=most >> 20)
                    yield Put(f"{name}:long", "refused", what)
                    continue
                file.seek(0)
                yield wire_bytes(file.read())
