"""A running stand-in of Google Workspace, from the outside: start it, look behind its APIs, do it harm.

>>> with running_google() as google:
...     google.add_user("anna@example.org")
...     key = google.write_key(folder / "google.json")
...     google.fault("503_after_commit", method="gmail.users.messages.import", first=3)
...     ...  # a client speaks with google.endpoint
...     google.mailbox("anna@example.org")
"""

from __future__ import annotations

import contextlib
import http.client
import io
import json
import os
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from migrate.sandbox.child import running_child
from migrate.sandbox.google.journal import frame, frames


@dataclass(frozen=True, slots=True)
class HeldMail:
    """One message as a mailbox holds it.  Labels by the names that people see, Gmail's own by their ids."""

    id: str
    thread: str
    raw: bytes
    labels: frozenset[str]
    internal_date: datetime
    size: int
    #: sha256 of the message, in hexadecimal, also where bodies are not kept.
    digest: str
    message_id: str | None


class ControlError(Exception):
    """The stand-in did not take a command; the message says why."""


@dataclass(frozen=True, slots=True)
class GoogleStandIn:
    """One stand-in that runs.  Any thread may use it."""

    #: What clients take for Google: ``http://127.0.0.1:PORT``.
    endpoint: str
    pid: int
    _word: str = field(repr=False)

    def control(self, command: str, **arguments: Any) -> Any:
        """Do a command of :class:`migrate.sandbox.google.control.Control`.  Raises ControlError."""
        told = json.loads(self._post(command, json.dumps(arguments).encode()))
        return told["told"]

    def add_users(self, addresses: Iterable[str], *, admin: str | None = None) -> None:
        """Make those of these users who are not there yet; ``admin`` is one of them."""
        self.control("add_users", addresses=[*addresses], admin=admin)

    def add_user(self, address: str, *, admin: bool = False, licensed: bool = True) -> str:
        """Make a user, whose mailbox is there at once unless ``manners(mailbox_delay=…)`` was told; its id."""
        return str(self.control("add_user", address=address, admin=admin, licensed=licensed))

    def write_key(self, path: Path) -> str:
        """Write a new service account's key file, for the owner only; the id of the key."""
        key = self.control("key")
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
            json.dump(key, file)
        return str(key["private_key_id"])

    def manners(self, **changes: Any) -> None:
        """Change how it behaves; the names are those of :class:`migrate.sandbox.google.manners.Manners`."""
        self.control("manners", **changes)

    def fault(self, kind: str, **rule: Any) -> None:
        """Do harm; the names are those of :class:`migrate.sandbox.google.faults.Fault`."""
        self.control("fault", kind=kind, **rule)

    def reset(self) -> None:
        """No faults, no counts, and the manners of the start; mail and accounts stay."""
        self.control("reset")

    def advance(self, seconds: float) -> None:
        """Let time pass: mailboxes become ready, indexes catch up, tokens end, quotas fill again."""
        self.control("advance", seconds=seconds)

    def answers(self) -> dict[str, int]:
        """How many answers there were by method, status and reason, such as ``gmail.users.messages.import 200``."""
        found: dict[str, int] = self.control("answers")["answers"]
        return found

    def mailbox(self, address: str, *, bodies: bool = True) -> list[HeldMail]:
        """What is in a mailbox, in the order in which it came, deleted mail left out."""
        body = json.dumps({"address": address, "bodies": bodies}).encode()
        return [_held(told, raw) for told, raw in frames(io.BytesIO(self._post("messages", body)))]

    def archive(self, group: str) -> list[bytes]:
        """What was put into a group's archive."""
        found = self._post("archive", json.dumps({"address": group}).encode())
        return [raw for _, raw in frames(io.BytesIO(found))]

    def put(
        self, address: str, messages: Iterable[bytes], labels: Collection[str] = (), date: datetime | None = None
    ) -> list[str]:
        """Put messages into a mailbox as another client would; their ids.  Unknown label names are made."""
        told = {
            "address": address,
            "labels": sorted(labels),
            "internal_date": None if date is None else int(date.timestamp() * 1000),
        }
        body = b"".join(frame(told, raw) for raw in messages)
        found: list[str] = json.loads(self._post("put", body))["told"]
        return found

    def relabel(self, address: str, message: str, labels: Collection[str]) -> None:
        """Give a message these labels and no others, as its owner might."""
        self.control("relabel", address=address, message=message, labels=sorted(labels))

    def remove(self, address: str, message: str) -> None:
        """Take a message away for good, as its owner might."""
        self.control("remove", address=address, message=message)

    def _post(self, command: str, body: bytes) -> bytes:
        host = self.endpoint.removeprefix("http://")
        with contextlib.closing(http.client.HTTPConnection(host, timeout=60)) as connection:
            connection.request("POST", f"/control/{command}", body, {"X-Control": self._word})
            answer = connection.getresponse()
            told = answer.read()
        if answer.status != 200:
            raise ControlError(f"{command}: {answer.status} {told.decode(errors='replace')}")
        return told


@contextmanager
def running_google(
    *, state: Path | None = None, port: int = 0, domain: str = "example.org"
) -> Iterator[GoogleStandIn]:  # fmt: skip
    """Start a stand-in of a customer with one domain and no users.  With ``state`` it goes on from what is kept there.

    Raises :class:`~migrate.sandbox.child.NotStarted`: httptools is not installed (the extra ``sandbox`` brings it), or
    the port is taken.
    """
    arguments = ["--port", str(port), "--domain", domain, *(["--state", str(state)] if state is not None else [])]
    with running_child("migrate.sandbox.google", arguments) as told:
        yield GoogleStandIn(told["endpoint"], told["pid"], told["control"])


def _held(told: dict[str, Any], raw: bytes) -> HeldMail:
    return HeldMail(
        id=told["id"],
        thread=told["thread"],
        raw=raw,
        labels=frozenset(told["labels"]),
        internal_date=datetime.fromtimestamp(told["internal_date"] / 1000, UTC),
        size=told["size"],
        digest=told["digest"],
        message_id=told["message_id"],
    )
