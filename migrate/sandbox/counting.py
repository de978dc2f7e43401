"""Counting what two stand-ins hold, over IMAP and by content: nothing here reads the ledger or uses a connector."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from imapclient import IMAPClient

from migrate.sandbox.letters import Letter
from migrate.sandbox.pymap_server import PymapServer

_FETCHED = ["FLAGS", "INTERNALDATE", "BODY.PEEK[]"]
#: Messages a FETCH.
_BATCH = 200


@dataclass(frozen=True, slots=True)
class Held:
    """One message in one mailbox.  Equal values are the same message held twice, so a Counter of them tells twins."""

    user: str
    folder: tuple[str, ...]
    digest: bytes
    size: int
    flags: frozenset[str]
    received: datetime


@dataclass(frozen=True, slots=True)
class Comparison:
    """What two servers hold of the same people."""

    on_source: Counter[Held]
    on_target: Counter[Held]

    @property
    def lost(self) -> Counter[Held]:
        """On the source and not on the target, as often as that is so."""
        return self.on_source - self.on_target

    @property
    def doubled(self) -> Counter[Held]:
        """On the target more often than on the source."""
        return self.on_target - self.on_source


def held_as(user: str, letters: Iterable[Letter]) -> Counter[Held]:
    """What a mailbox holds once these letters are in it."""
    return Counter(_held(user, one.folder, one.data, one.flags, one.received) for one in letters)


def compare(source: PymapServer, target: PymapServer, users: Sequence[str]) -> Comparison:
    """Read every message of ``users`` on both servers, bytes and all."""
    with ThreadPoolExecutor(max_workers=2) as pool:
        on_source = pool.submit(_all_held, source, users)
        on_target = pool.submit(_all_held, target, users)
        return Comparison(on_source.result(), on_target.result())


def present(server: PymapServer, users: Sequence[str]) -> int:
    """How many messages a server holds at this moment, without reading any."""
    count = 0
    for user in users:
        with _signed_in(server, user) as client:
            count += sum(client.folder_status(name, ["MESSAGES"])[b"MESSAGES"] for name in _names(client))
    return count


def _all_held(server: PymapServer, users: Sequence[str]) -> Counter[Held]:
    found: Counter[Held] = Counter()
    for user in users:
        with _signed_in(server, user) as client:
            found.update(_held_by(client, user))
    return found


def _held_by(client: IMAPClient, user: str) -> Iterator[Held]:
    for name in _names(client):
        count = client.select_folder(name, readonly=True)[b"EXISTS"]
        uids = client.search("ALL") if count else []
        for start in range(0, len(uids), _BATCH):
            for item in client.fetch(uids[start : start + _BATCH], _FETCHED).values():
                flags = frozenset(flag.decode() for flag in item[b"FLAGS"]) - {"\\Recent"}
                yield _held(user, tuple(name.split("/")), item[b"BODY[]"], flags, item[b"INTERNALDATE"])


def _held(user: str, folder: tuple[str, ...], data: bytes, flags: frozenset[str], received: datetime) -> Held:
    return Held(user, folder, hashlib.sha256(data).digest(), len(data), flags, received.astimezone(UTC))


def _names(client: IMAPClient) -> list[str]:
    return [name for flags, _, name in client.list_folders() if b"\\Noselect" not in flags]


@contextmanager
def _signed_in(server: PymapServer, user: str) -> Iterator[IMAPClient]:
    with IMAPClient(server.host, server.port, ssl=False, timeout=60) as client:
        client.normalise_times = False
        client.login(user, server.users[user])
        yield client
