"""A stand-in IMAP server that needs nothing but Python: pymap, its mail in memory, in a process of its own.

It offers LITERAL+, MULTIAPPEND, UIDPLUS, MOVE, OBJECTID, BINARY, IDLE and APPENDLIMIT; no NAMESPACE, UNSELECT, ENABLE,
CONDSTORE, SPECIAL-USE or keywords.  It keeps bytes, dates and zones as they were sent.  Its EMAILID is one for equal
content, so twins in one mailbox share it.  What is longer than its limit is answered BAD, not NO.
"""

from __future__ import annotations

import json
import socket
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter
from pathlib import Path

from imapclient import IMAPClient

from migrate.sandbox.child import running_child
from migrate.sandbox.letters import Letter

#: Letters a MULTIAPPEND.
_BATCH = 40


@dataclass(frozen=True, slots=True)
class PymapServer:
    """A running stand-in.  Plain IMAP on loopback; it survives whatever happens to its clients."""

    port: int
    users: Mapping[str, str]
    host: str = "127.0.0.1"

    def deliver(self, user: str, letters: Iterable[Letter]) -> None:
        """Put letters into a mailbox, in order, making folders as needed; some 1,300 a second, bound by the server."""
        with IMAPClient(self.host, self.port, ssl=False, timeout=60) as client:
            # imapclient sends a literal in several writes; without this each batch would wait 40 ms for an ACK.
            client.socket().setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            client.login(user, self.users[user])
            made = {name for _, _, name in client.list_folders()}
            for path, group in groupby(letters, key=attrgetter("folder")):
                folder = "/".join(path)
                if folder not in made:
                    client.create_folder(folder)
                    made.add(folder)
                messages = [
                    {"msg": letter.data, "flags": sorted(letter.flags), "date": letter.received} for letter in group
                ]
                for start in range(0, len(messages), _BATCH):
                    client.multiappend(folder, messages[start : start + _BATCH])


@contextmanager
def running_pymap(
    users: Mapping[str, str], *, max_message: int | None = None, state: Path | None = None, port: int = 0
) -> Iterator[PymapServer]:
    """Start a stand-in for ``users`` (name to password) that refuses messages over ``max_message`` bytes.

    Its mail goes away with it, unless ``state`` is a folder where it is kept and found again.  Raises
    :class:`~migrate.sandbox.child.NotStarted` when pymap is not installed (the extra ``sandbox`` brings it) or the port
    is taken.
    """
    wanted = {
        "users": dict(users), "max_message": max_message, "port": port, "state": None if state is None else str(state),
    }  # fmt: skip
    with running_child("migrate.sandbox.pymap_child", first_line=json.dumps(wanted)) as told:
        yield PymapServer(int(told), dict(users))
