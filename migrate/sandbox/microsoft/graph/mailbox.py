"""A mailbox read from the server behind the front, by IMAP and without changing it; runs in a thread of its own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from imapclient import IMAPClient
from imapclient.imap_utf7 import decode as decode_utf7

from migrate.sandbox.microsoft.behind import Account
from migrate.sandbox.microsoft.graph_ids import message_id

_BATCH = 200
_LISTED = ["FLAGS", "INTERNALDATE", "RFC822.SIZE", "BODY.PEEK[HEADER]"]


@dataclass
class Letter:
    """One message.  ``folder`` as it travels (modified UTF-7)."""

    folder: bytes
    validity: int
    uid: int
    received: datetime
    size: int
    header: EmailMessage
    flags: frozenset[str] = frozenset()

    @property
    def id(self) -> str:
        return message_id(self.folder, self.validity, self.uid)


@dataclass
class Box:
    """One folder and what was read of it."""

    name: bytes
    validity: int = 0
    letters: dict[int, Letter] = field(default_factory=dict)

    @property
    def path(self) -> str:
        return str(decode_utf7(self.name))


class MailboxReader:
    """Reads anew what is new at each :meth:`refresh`; flags are always those of now."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self.boxes: dict[bytes, Box] = {}

    def refresh(self) -> None:
        with self._client() as client:
            names = [name for flags, _, name in client.list_folders() if b"\\Noselect" not in flags]
            held = self.boxes
            self.boxes = {name: held.get(name, Box(name)) for name in names}
            for box in self.boxes.values():
                _refresh(client, box)

    def raw(self, folder: bytes, uid: int) -> bytes | None:
        """The bytes of a message; None when it is not there any more."""
        with self._client() as client:
            client.select_folder(folder, readonly=True)
            found = client.fetch([uid], ["BODY.PEEK[]"]).get(uid)
            return bytes(found[b"BODY[]"]) if found else None

    def set_flags(self, folder: bytes, uid: int, changes: dict[str, bool]) -> None:
        with self._client() as client:
            client.select_folder(folder)
            for flag, wanted in changes.items():
                (client.add_flags if wanted else client.remove_flags)([uid], [flag], silent=True)

    @contextmanager
    def _client(self) -> Iterator[IMAPClient]:
        account = self._account
        with IMAPClient(account.host, account.port, ssl=False, timeout=60) as client:
            client.normalise_times = False
            client.folder_encode = False  # names stay as they travel
            client.login(account.user, account.password)
            yield client


def _refresh(client: IMAPClient, box: Box) -> None:
    selected = client.select_folder(box.name, readonly=True)
    validity = int(selected[b"UIDVALIDITY"])
    if validity != box.validity:
        box.validity, box.letters = validity, {}
    uids = client.search("ALL") if selected[b"EXISTS"] else []
    present = set(uids)
    box.letters = {uid: letter for uid, letter in box.letters.items() if uid in present}
    known = sorted(box.letters)
    for start in range(0, len(known), _BATCH):
        for uid, item in client.fetch(known[start : start + _BATCH], ["FLAGS"]).items():
            box.letters[uid].flags = _flags(item)
    new = sorted(present - set(known))
    for start in range(0, len(new), _BATCH):
        for uid, item in client.fetch(new[start : start + _BATCH], _LISTED).items():
            header = message_from_bytes(item[b"BODY[HEADER]"], policy=policy.default)
            received = item[b"INTERNALDATE"].astimezone(UTC)
            box.letters[uid] = Letter(box.name, validity, uid, received, item[b"RFC822.SIZE"], header, _flags(item))


def _flags(item: Any) -> frozenset[str]:
    return frozenset(flag.decode("latin-1").lower() for flag in item[b"FLAGS"])
