"""The stand-in's other side: what a test, a rehearsal or the sandbox does with it behind the APIs.

``POST /control/COMMAND`` with a body of JSON; the header ``X-Control`` carries the word that the stand-in printed when
it started, so that no client of the APIs gets here by accident.  Messages travel as records of
:func:`migrate.sandbox.google.journal.frame`.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from time import process_time
from typing import Any

from pydantic import ValidationError

from migrate.sandbox.google.accounts import new_user
from migrate.sandbox.google.errors import ApiError, Json
from migrate.sandbox.google.faults import Fault
from migrate.sandbox.google.journal import frame, frames
from migrate.sandbox.google.keys import hand_out_key
from migrate.sandbox.google.mailbox import Mailbox, Stored
from migrate.sandbox.google.manners import Manners
from migrate.sandbox.google.service import Service
from migrate.sandbox.google.tokens import CLIENT_ID
from migrate.sandbox.web import Answer, Request

_PLAIN = {"Content-Type": "application/octet-stream"}


class Control:
    """Answers control requests.  Each public method of the name of a command is that command."""

    def __init__(self, service: Service, word: str) -> None:
        self._service = service
        self._world = service.world
        self._word = word
        self._commands: dict[str, Callable[..., Any]] = {
            "add_user": self.add_user, "add_users": self.add_users, "advance": self.advance, "answers": self.answers,
            "change_user": self.change_user,
            "client": self.client, "expire_tokens": self.expire_tokens, "fault": self.fault,
            "forget_history": self.forget_history, "heal": self.heal, "key": self.key, "manners": self.manners,
            "refresh_token": self.refresh_token, "relabel": self.relabel, "remove": self.remove, "reset": self.reset,
            "revoke_key": self.revoke_key, "sign_in": self.sign_in, "summary": self.summary,
        }  # fmt: skip

    def answer(self, request: Request) -> Answer:
        """Do one command.  404 for an unknown one, 400 with what is wrong for a bad one."""
        if request.headers.get("x-control") != self._word:
            return Answer(403, b"")
        command = request.path.removeprefix("/control/")
        try:
            if command == "messages":
                return Answer(200, b"".join(self.messages(**json.loads(request.body))), _PLAIN)
            if command == "archive":
                return Answer(200, b"".join(self.archive(**json.loads(request.body))), _PLAIN)
            if command == "put":
                return _told([self.put(told, raw) for told, raw in frames(io.BytesIO(request.body))])
            if command not in self._commands:
                return Answer(404, b"")
            return _told(self._commands[command](**json.loads(request.body or b"{}")))
        except (ValidationError, TypeError, ValueError, KeyError, ApiError) as wrong:
            told = wrong.message if isinstance(wrong, ApiError) else f"{type(wrong).__name__}: {wrong}"
            return Answer(400, json.dumps({"error": told}).encode())

    def add_user(
        self, *, address: str, admin: bool = False, licensed: bool = True, given: str = "", family: str = ""
    ) -> str:
        """Make a user, licensed unless told otherwise; its id."""
        if self._world.holder(address) is not None:
            raise ValueError(f"{address} is taken")
        name = {"givenName": given or address.partition("@")[0], "familyName": family or "-"}
        return new_user(self._world, address, admin=admin, **({} if licensed else {"sku": None}), name=name)

    def add_users(self, *, addresses: list[str], admin: str | None = None) -> None:
        """Make those of these users who are not there yet, licensed; ``admin`` is one of them."""
        for address in addresses:
            if self._world.holder(address) is None:
                self.add_user(address=address, admin=address == admin)

    def change_user(self, *, address: str, **changes: object) -> None:
        """Change what the directory does not: ``suspended``, ``gmail`` (the service is on), ``admin``."""
        user = self._user(address)
        row = self._world.users[user]
        unknown = changes.keys() - {"suspended", "gmail", "admin", "mailbox_delay"}
        if unknown:
            raise ValueError(f"unknown: {', '.join(sorted(unknown))}")
        self._world.users.put(user, {**row, **changes})

    def key(self) -> Json:
        """A new service account's key file."""
        return hand_out_key(self._world, f"{self._service.endpoint}/token")

    def revoke_key(self, *, key_id: str) -> None:
        """Take a key back; the tokens that were got with it stay good until they end."""
        self._world.keys.put(key_id, {**self._world.keys[key_id], "revoked": True})

    def client(self) -> Json:
        """The client file of a desktop application."""
        endpoint = self._service.endpoint
        return {
            "installed": {
                "client_id": CLIENT_ID,
                "client_secret": self._service.tokens.client_secret,
                "project_id": "stand-in",
                "auth_uri": f"{endpoint}/o/oauth2/auth",
                "token_uri": f"{endpoint}/token",
                "redirect_uris": ["http://localhost"],
            }
        }

    def refresh_token(self, *, address: str, scopes: list[str]) -> str:
        """A refresh token as a desktop sign-in of this user gives it."""
        return self._service.tokens.refresh_token(self._user(address), scopes)

    def sign_in(self, *, address: str | None) -> None:
        """Who agrees when a desktop application asks in the browser; nobody: access is denied."""
        self._service.signed_in = address

    def manners(self, **changes: object) -> Json:
        """Change how it behaves, or, without changes, only tell."""
        merged = Manners.model_validate(self._world.manners.model_dump() | changes)
        self._world.manners = merged
        return merged.model_dump()

    def fault(self, **rule: object) -> None:
        """Add a rule of :class:`Fault`."""
        self._service.faults.append(Fault.model_validate(rule))

    def heal(self) -> None:
        """Forget every fault."""
        self._service.faults.clear()

    def advance(self, *, seconds: float) -> None:
        """Let time pass."""
        self._world.clock.advance(seconds)

    def expire_tokens(self) -> None:
        """Let every access token end."""
        self._service.tokens.expire()

    def answers(self) -> Json:
        """Answers by method, status and reason; access tokens given; units spent by address; seconds of CPU so far."""
        spent = {self._world.users[user]["email"]: units for user, units in self._service.quotas.spent.items()}
        return {
            "answers": dict(self._service.answers),
            "tokens": self._service.tokens.given,
            "units": spent,
            "cpu": process_time(),
        }

    def reset(self) -> None:
        """Forget faults, counts and quotas, and behave as at the start; mail and accounts stay."""
        self._service.faults.clear()
        self._service.answers.clear()
        self._service.tokens.given = 0
        self._service.quotas.forget()
        self._world.manners = Manners()

    def forget_history(self, *, address: str) -> None:
        """Answer 404 to whoever asks for this mailbox's history up to now."""
        self._mailbox(address).forget_history()

    def summary(self) -> Json:
        """What there is, without a subject, a body or a secret: the only dump of its state."""
        world = self._world
        return {
            "domain": world.primary_domain,
            "users": {
                row["email"]: {
                    "id": user,
                    "messages": len(world.mailboxes[user]) if user in world.mailboxes else 0,
                    "calendar": len(world.mailboxes[user].calendar) if user in world.mailboxes else 0,
                    "ready": row["deleted"] is None and world.ready(user),
                    "suspended": row["suspended"],
                    "deleted": row["deleted"] is not None,
                }
                for user, row in world.users.items()
            },
            "groups": {
                row["email"]: {"archive": len(world.archives.get(group, ()))} for group, row in world.groups.items()
            },
        }

    def messages(self, *, address: str, bodies: bool = True) -> Iterator[bytes]:
        """Every message of a mailbox in the order in which they came."""
        mailbox = self._mailbox(address)
        for stored in mailbox:
            yield frame(_shown(mailbox, stored), (stored.content or b"") if bodies else b"")

    def archive(self, *, address: str) -> Iterator[bytes]:
        """Every message of a group's archive."""
        group = self._world.group(address)
        for raw in self._world.archives.get(group or "", ()):
            yield frame({}, raw)

    def put(self, told: Json, raw: bytes) -> str:
        """Put a message into a mailbox as another client would; its id.  Labels by name or id; new ones are made."""
        mailbox = self._mailbox(told["address"])
        now = self._world.clock.now()
        date = told.get("internal_date")
        stored = mailbox.put(
            raw,
            [self._label(mailbox, name) for name in told.get("labels", [])],
            int(now * 1000) if date is None else date,
            searched_from=now + self._world.manners.index_delay,
            keep=self._world.manners.keep_bodies,
        )
        return stored.id

    def relabel(self, *, address: str, message: str, labels: list[str]) -> None:
        """Give a message these labels and no others, as its owner might."""
        mailbox = self._mailbox(address)
        mailbox.relabel(mailbox.get(message), [self._label(mailbox, name) for name in labels])

    def remove(self, *, address: str, message: str) -> None:
        """Take a message away for good, as its owner might."""
        mailbox = self._mailbox(address)
        mailbox.remove(mailbox.get(message))

    def _label(self, mailbox: Mailbox, name: str) -> str:
        known = name if mailbox.labels.knows(name) else mailbox.labels.id_of(name)
        if known is not None:
            return known
        label = mailbox.labels.create(name, {}, self._world.manners.max_labels)
        mailbox.keep_label(label)
        return label.id

    def _user(self, address: str) -> str:
        held = self._world.holder(address)
        if held is None or held[0] != "user":
            raise ValueError(f"there is no user {address}")
        return held[1]

    def _mailbox(self, address: str) -> Mailbox:
        return self._world.mailbox(self._user(address))


def _shown(mailbox: Mailbox, stored: Stored) -> Json:
    return {
        "id": stored.id,
        "thread": stored.thread_id,
        "labels": sorted(mailbox.labels.name(one) for one in stored.labels),
        "internal_date": stored.internal_date,
        "size": stored.size,
        "digest": stored.digest,
        "message_id": stored.head.message_id,
    }


def _told(told: object) -> Answer:
    return Answer(200, json.dumps({"told": told}).encode())
