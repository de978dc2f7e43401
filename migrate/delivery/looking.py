"""Looking for probes in mailboxes, by the connectors: read alone, on both sides."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from email.message import Message as Fields
from email.parser import BytesHeaderParser
from threading import Event

from connectors.contract import ConnectorError, Entry, Folder, FolderMissing, Message, Role, Source, Target
from migrate.delivery.judging import authentication, hop
from migrate.delivery.probes import Arrived, Side

#: Clocks of servers differ (seconds).
_SKEW = 3600.0
_AT_ONCE = 200
#: How much of a probe is read: it is short, whatever servers add.
_MOST = 1 << 18
TOKEN = re.compile(r"bascule-probe-[0-9a-f]{24}")


@dataclass
class MailboxEye:
    """One mailbox on one side, looked into again and again; what was seen is not read twice."""

    side: Side
    mailbox: str
    open: Callable[[Event], Source]
    _session: Source | None = None
    _seen: set[tuple[tuple[str, ...], str, str]] = field(default_factory=set)
    _tokens: dict[tuple[str, ...], tuple[str, str | None]] = field(default_factory=dict)

    def look(self, tokens: frozenset[str], since: float, now: float, stop: Event) -> list[tuple[str, Arrived]]:
        """Probes with these tokens that were not seen before: token and copy.

        Raises ConnectorError; the next look signs in anew.
        """
        try:
            if self._session is None:
                self._session = self.open(stop)
            return self._look(self._session, tokens, since - _SKEW, now)
        except ConnectorError:
            self.close()
            raise

    def close(self) -> None:
        if self._session is not None:
            self._session.close()
            self._session = None

    def _look(self, source: Source, tokens: frozenset[str], since: float, now: float) -> list[tuple[str, Arrived]]:
        found: list[tuple[str, Arrived]] = []
        for folder in list(source.folders()):
            state = folder.epoch, folder.token
            if folder.token is not None and self._tokens.get(folder.path) == state:
                continue
            with suppress(FolderMissing):
                found += self._look_into(source, folder, tokens, since, now)
                self._tokens[folder.path] = state
        return found

    def _look_into(
        self, source: Source, folder: Folder, tokens: frozenset[str], since: float, now: float
    ) -> list[tuple[str, Arrived]]:
        fresh: dict[str, Entry] = {}
        for window in source.entries(folder, None):
            for entry in window.entries:
                recent = entry.received is None or entry.received.timestamp() >= since
                if recent and (folder.path, folder.epoch, entry.key) not in self._seen:
                    fresh[entry.key] = entry
        keys = list(fresh)
        found: list[tuple[str, Arrived]] = []
        for start in range(0, len(keys), _AT_ONCE):
            some = keys[start : start + _AT_ONCE]
            # Heard to the end: bodies are asked for in between.
            for headers in list(source.headers(folder, some)):
                token = TOKEN.search(headers.fields.decode("ascii", "replace"))
                if token and token.group() in tokens:
                    found += self._read(source, folder, fresh[headers.key], token.group(), now)
                else:
                    self._seen.add((folder.path, folder.epoch, headers.key))
        return found

    def _read(self, source: Source, folder: Folder, entry: Entry, token: str, now: float) -> list[tuple[str, Arrived]]:
        for answer in source.read(folder, [entry.key]):
            if isinstance(answer, Message):
                self._seen.add((folder.path, folder.epoch, entry.key))
                return [(token, self._arrived(folder, entry, answer, now))]
        return []

    def _arrived(self, folder: Folder, entry: Entry, answer: Message, now: float) -> Arrived:
        try:
            with answer.body.open() as reader:
                fields: Fields = BytesHeaderParser().parsebytes(reader.read(_MOST))
        finally:
            answer.body.release()
        received = answer.received or entry.received
        results = [str(one) for one in fields.get_all("Authentication-Results", [])]
        return Arrived(
            side=self.side,
            mailbox=self.mailbox,
            folder=folder.path,
            key=entry.key,
            at=received.timestamp() if received else now,
            hops=tuple(one for text in fields.get_all("Received", []) if (one := hop(str(text))) is not None),
            delivered_to=tuple(str(one).strip() for one in fields.get_all("Delivered-To", [])),
            authentication=authentication(results[0]) if results else {},
        )


def put_away(target: Target, tokens: frozenset[str], arrived: Mapping[str, list[Arrived]]) -> tuple[int, int]:
    """Move probes of the target to its trash: how many were moved, and how many have to be by hand.

    Only what bears the token that it was found by is touched, and it is moved, never removed.
    """
    places = {folder.path: folder for folder in target.folders()}
    trash = next((folder for folder in places.values() if folder.role is Role.TRASH), None)
    moved = left = 0
    for token, copies in arrived.items():
        for one in copies:
            folder = places.get(one.folder)
            if token not in tokens or folder is None or (trash is not None and folder.path == trash.path):
                continue
            with suppress(FolderMissing):
                if not any(
                    token in headers.fields.decode("ascii", "replace") for headers in target.headers(folder, [one.key])
                ):
                    continue
                if trash is None or not target.capabilities().moves:
                    left += 1
                    continue
                moved += sum(receipt.outcome == "stored" for receipt in target.move(folder, trash, [one.key]))
    return moved, left
