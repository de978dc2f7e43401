"""pymap inside this process: an IMAP server whose mailboxes can be added while it runs, and kept on disk.

What is kept: folders, UIDVALIDITY, UIDs, dates, flags and bytes, so that a client finds again what it knew.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
from argparse import Namespace
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

# The greeting would look up this machine's name, which takes seconds where there is no network.
os.environ.setdefault("FQDN", "localhost")

from proxyprotocol.reader import ProxyProtocolReader
from pymap.backend.dict import Config, DictBackend
from pymap.backend.dict.filter import FilterSet
from pymap.backend.dict.mailbox import MailboxData, MailboxSet
from pymap.imap import IMAPServer
from pymap.mime import MessageContent
from pymap.parsing.message import AppendMessage
from pymap.parsing.specials.flag import Flag
from pymap.user import Passwords, UserMetadata
from pysasl.hashing import BuiltinHash

_INDEX = "mail.json"
_BODIES = "bodies"


class PymapMail:
    """Serves plain IMAP on ``port`` of 127.0.0.1 once :meth:`start` has returned."""

    def __init__(self) -> None:
        self.port = 0
        self._backend: DictBackend | None = None
        self._config: Config | None = None
        self._server: asyncio.Server | None = None
        #: How everything stood when it was saved last: nothing is written when nothing has changed.
        self._saved: set[tuple[object, ...]] = set()
        #: Files of bodies that are on disk.
        self._bodies: WeakKeyDictionary[MessageContent, str] = WeakKeyDictionary()

    async def start(self, *, max_message: int | None = None, port: int = 0) -> None:
        settings = Namespace(
            host="127.0.0.1", port=0, debug=False, cert=None, key=None, tls=False, proxy_protocol=None,
            passlib_cfg=None, demo_data=False, demo_user="", demo_password="",
        )  # fmt: skip
        # One round of hashing: these passwords protect nothing, and a login must not cost a tenth of a second.
        self._backend, self._config = await DictBackend.init(
            settings, max_append_len=max_message, hash_context=BuiltinHash(rounds=1), invalid_user_sleep=0.0
        )
        del self._backend.login.users_dict[""]
        self._config.apply_context()
        reader = ProxyProtocolReader(self._config.proxy_protocol)
        connected = reader.get_callback(IMAPServer(self._backend.login, self._config))
        self._server = await asyncio.start_server(connected, "127.0.0.1", port)
        self.port = self._server.sockets[0].getsockname()[1]

    def close(self) -> None:
        if self._server is not None:
            self._server.close()

    @property
    def users(self) -> list[str]:
        assert self._backend is not None
        return sorted(self._backend.login.users_dict)

    async def add_user(self, name: str, password: str) -> None:
        """From now on ``name`` may sign in with ``password``; its mailbox is made when it first does."""
        assert self._backend is not None
        assert self._config is not None
        hashed = await Passwords(self._config).hash_password(password)
        self._backend.login.users_dict[name] = UserMetadata(self._config, name, password=hashed)

    def save(self, folder: Path) -> None:
        """Write everything to ``folder`` unless it is there already.  Whole or not at all."""
        assert self._config is not None
        held = {user: boxes for user, (boxes, _) in self._config.set_cache.items()}
        marks: set[tuple[object, ...]] = {
            (user, name, data.uid_validity, data._mod_sequences.highest)
            for user, boxes in held.items()
            for name, data in _folders(boxes)
        }
        marks |= {(user, name) for user, boxes in held.items() for name, wanted in boxes._subscribed.items() if wanted}
        if marks == self._saved:
            return
        bodies = folder / _BODIES
        bodies.mkdir(parents=True, exist_ok=True)
        index: dict[str, Any] = {
            user: {
                "folders": {name: self._folder_index(data, bodies) for name, data in _folders(boxes)},
                "subscribed": sorted(name for name, wanted in boxes._subscribed.items() if wanted),
            }
            for user, boxes in held.items()
        }
        (folder / f"{_INDEX}.new").write_text(json.dumps(index, ensure_ascii=False), encoding="utf-8")
        (folder / f"{_INDEX}.new").replace(folder / _INDEX)
        self._saved = marks

    def _folder_index(self, data: MailboxData, bodies: Path) -> dict[str, Any]:
        """What is told of a folder; its bodies are on disk."""
        return {
            "uid_validity": data.uid_validity,
            "last_uid": data._max_uid,
            "messages": [
                [
                    uid,
                    message.internal_date.isoformat(),
                    sorted(str(flag) for flag in message.permanent_flags),
                    self._kept_body(message._content, bodies),
                ]
                for uid, message in data._messages.items()
            ],
        }

    def _kept_body(self, content: MessageContent | None, bodies: Path) -> str:
        """The name of the file that has these bytes, written if it is not there."""
        if content is not None and content in self._bodies:
            return self._bodies[content]
        raw = bytes(content._raw) if content is not None else b""
        name = hashlib.sha256(raw).hexdigest()
        if not (bodies / name).exists():
            (bodies / f"{name}.new").write_bytes(raw)
            (bodies / f"{name}.new").replace(bodies / name)
        if content is not None:
            self._bodies[content] = name
        return name

    async def load(self, folder: Path) -> None:
        """Take up what was saved in ``folder``; users are added apart."""
        assert self._config is not None
        if not (folder / _INDEX).exists():
            return
        kept_index = json.loads((folder / _INDEX).read_text(encoding="utf-8"))
        for user, kept in kept_index.items():
            boxes = MailboxSet()
            for name, state in kept["folders"].items():
                if name != "INBOX":
                    await boxes.add_mailbox(name)
                await _fill(await boxes.get_mailbox(name), state, folder / _BODIES)
            for name in kept["subscribed"]:
                await boxes.set_subscribed(name, True)
            self._config.set_cache[user] = (boxes, FilterSet())


def _folders(boxes: MailboxSet) -> Iterator[tuple[str, MailboxData]]:
    yield "INBOX", boxes._inbox
    yield from boxes._set.items()


async def _fill(data: MailboxData, state: dict[str, Any], bodies: Path) -> None:
    for uid, received, flags, body in state["messages"]:
        data._max_uid = uid - 1
        await data.append(
            AppendMessage(
                (bodies / body).read_bytes(),
                datetime.fromisoformat(received),
                frozenset(Flag(flag.encode()) for flag in flags),
            )
        )
    data._uid_validity = state["uid_validity"]
    data._max_uid = state["last_uid"]
