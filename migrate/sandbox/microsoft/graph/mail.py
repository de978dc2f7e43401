"""Messages, folders and categories of a mailbox (learn.microsoft.com/graph/api/resources/message): read, and marked."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence

from migrate.sandbox.microsoft.behind import Behind
from migrate.sandbox.microsoft.graph.call import Call, Route
from migrate.sandbox.microsoft.graph.errors import GraphError, bad_request
from migrate.sandbox.microsoft.graph.mail_shapes import folder_json, message_json
from migrate.sandbox.microsoft.graph.mailbox import Box, Letter, MailboxReader
from migrate.sandbox.microsoft.graph.types import check_body
from migrate.sandbox.microsoft.graph_ids import folder_id, folder_of, message_of
from migrate.sandbox.microsoft.tenant import Mailbox, Tenant
from migrate.sandbox.microsoft.words import folder_key
from migrate.sandbox.web import Answer

_READ = ("Mail.Read", "Mail.ReadWrite", "Mail.ReadBasic.All")
_WRITE = ("Mail.ReadWrite",)
_SETTINGS = ("MailboxSettings.Read", "MailboxSettings.ReadWrite")
#: Names that stand for ids (learn.microsoft.com/graph/api/resources/mailfolder), and the folder's key.
WELL_KNOWN = {
    "inbox": "inbox", "drafts": "drafts", "sentitems": "sent items", "deleteditems": "deleted items",
    "junkemail": "junk email", "archive": "archive", "outbox": "outbox",
    "conversationhistory": "conversation history",
}  # fmt: skip
#: Folders that hold no mail are none of mailFolders.
_NO_MAIL = frozenset({"calendar", "contacts", "journal", "notes", "tasks"})
#: Properties of a message that a PATCH may set here.
_SETTABLE = frozenset({"categories", "isRead", "flag"})


class Mail:
    """The routes and what is behind them."""

    def __init__(self, tenant: Tenant, behind: Behind) -> None:
        self._tenant = tenant
        self._behind = behind
        self._readers: dict[str, MailboxReader] = {}
        self._locks: dict[str, asyncio.Lock] = {}

    def routes(self) -> Sequence[Route]:
        user = "/users/{}"
        return tuple(
            Route(method, user + path, permissions, handler, "mail")
            for method, path, permissions, handler in (
                ("GET", "/messages", _READ, self._messages),
                ("GET", "/messages/{}", _READ, self._message),
                ("GET", "/messages/{}/$value", _READ, self._value),
                ("PATCH", "/messages/{}", _WRITE, self._mark),
                ("GET", "/mailFolders", _READ, self._folders),
                ("GET", "/mailFolders/{}", _READ, self._folder),
                ("GET", "/mailFolders/{}/childFolders", _READ, self._children),
                ("GET", "/mailFolders/{}/messages", _READ, self._messages_of),
                ("GET", "/outlook/masterCategories", _SETTINGS, self._categories),
                ("POST", "/outlook/masterCategories", ("MailboxSettings.ReadWrite",), self._add_category),
            )
        )

    async def _messages(self, call: Call) -> Answer:
        mailbox, reader = await self._read(call)
        letters = [letter for box in _mail_boxes(reader) for letter in box.letters.values()]
        return self._page(call, mailbox, letters)

    async def _messages_of(self, call: Call) -> Answer:
        mailbox, reader = await self._read(call)
        return self._page(call, mailbox, list(_box(reader, call.parts[1]).letters.values()))

    def _page(self, call: Call, mailbox: Mailbox, letters: list[Letter]) -> Answer:
        letters.sort(key=lambda letter: letter.received, reverse=True)
        items = [message_json(letter, mailbox) for letter in letters]
        return call.many("message", items, context=f"users('{call.parts[0]}')/messages", page=10, largest_page=1000)

    async def _message(self, call: Call) -> Answer:
        mailbox, reader = await self._read(call)
        letter = _letter(reader, call.parts[1])
        raw = await self._raw(call, reader, letter)
        return call.one("message", message_json(letter, mailbox, raw), None, "users/messages")

    async def _value(self, call: Call) -> Answer:
        _, reader = await self._read(call)
        raw = await self._raw(call, reader, _letter(reader, call.parts[1]))
        return Answer(200, raw, {"Content-Type": "text/plain"})

    async def _mark(self, call: Call) -> Answer:
        mailbox, reader = await self._read(call)
        letter = _letter(reader, call.parts[1])
        body = check_body("message", call.json(), "mail")
        if not set(body) <= _SETTABLE:
            names = ", ".join(sorted(set(body) - _SETTABLE))
            raise bad_request(f"The properties {names} cannot be changed by this stand-in.", code="ErrorInvalidRequest")
        if "categories" in body:
            mailbox.marked[letter.id] = list(dict.fromkeys(body["categories"] or []))
        changes = {}
        if "isRead" in body:
            changes["\\Seen"] = bool(body["isRead"])
        if body.get("flag"):
            changes["\\Flagged"] = body["flag"].get("flagStatus") == "flagged"
        if changes:
            await asyncio.to_thread(reader.set_flags, letter.folder, letter.uid, changes)
            await asyncio.to_thread(reader.refresh)
            letter = _letter(reader, call.parts[1])
        return call.one("message", message_json(letter, mailbox), None, "users/messages")

    async def _folders(self, call: Call) -> Answer:
        _, reader = await self._read(call)
        return self._folder_page(call, reader, "")

    async def _children(self, call: Call) -> Answer:
        _, reader = await self._read(call)
        above = "" if call.parts[1].lower() == "msgfolderroot" else folder_key(_box(reader, call.parts[1]).name)
        return self._folder_page(call, reader, above)

    def _folder_page(self, call: Call, reader: MailboxReader, above: str) -> Answer:
        boxes = _mail_boxes(reader)
        items = [folder_json(box, boxes) for box in boxes if folder_key(box.name).rpartition("/")[0] == above]
        return call.many("mailFolder", items, context="users/mailFolders", page=10, largest_page=1000)

    async def _folder(self, call: Call) -> Answer:
        _, reader = await self._read(call)
        if call.parts[1].lower() == "msgfolderroot":
            count = sum(1 for box in _mail_boxes(reader) if b"/" not in box.name)
            root = {
                "id": folder_id(b""), "displayName": "Top of Information Store", "parentFolderId": None,
                "childFolderCount": count, "totalItemCount": 0, "unreadItemCount": 0, "isHidden": False,
            }  # fmt: skip
            return call.one("mailFolder", root, None, "users/mailFolders")
        box = _box(reader, call.parts[1])
        return call.one("mailFolder", folder_json(box, _mail_boxes(reader)), None, "users/mailFolders")

    async def _categories(self, call: Call) -> Answer:
        mailbox = self._mailbox(call)
        items = [{"id": name, "displayName": name, "color": color} for name, color in mailbox.categories.items()]
        return call.many("outlookCategory", items, context="users/outlook/masterCategories")

    async def _add_category(self, call: Call) -> Answer:
        mailbox = self._mailbox(call)
        named = frozenset({"displayName"})  # is read-only once it is made
        body = check_body("outlookCategory", call.json(), "mail", may_set=named)
        name = str(body.get("displayName") or "")
        if not name or len(name) > 255 or "," in name:
            raise bad_request("The category name is not valid.", code="ErrorInvalidRequest")
        if name.casefold() in {one.casefold() for one in mailbox.categories}:
            raise GraphError(409, "ErrorCategoryNameAlreadyExists", "A category with the same name already exists.")
        mailbox.categories[name] = str(body.get("color") or "none")
        told = {"id": name, "displayName": name, "color": mailbox.categories[name]}
        return Answer.of_json(201, told)

    async def _read(self, call: Call) -> tuple[Mailbox, MailboxReader]:
        mailbox = self._mailbox(call)
        async with self._locks.setdefault(mailbox.address, asyncio.Lock()):
            if mailbox.address not in self._readers:
                self._readers[mailbox.address] = MailboxReader(await self._behind.account(mailbox.address))
            reader = self._readers[mailbox.address]
            await asyncio.to_thread(reader.refresh)
        return mailbox, reader

    def _mailbox(self, call: Call) -> Mailbox:
        key = call.parts[0]
        user = self._tenant.user(key)
        mailbox = self._tenant.mailbox(str(user["userPrincipalName"]) if user is not None else key)
        if user is None and mailbox is None:
            raise GraphError(404, "ErrorInvalidUser", f"The requested user '{key}' is invalid.")
        if mailbox is None or mailbox.ready_at > time.time() or not self._tenant.licensed(mailbox.address):
            raise GraphError(
                404, "MailboxNotEnabledForRESTAPI",
                "The mailbox is either inactive, soft-deleted, or is hosted on-premise.",
            )  # fmt: skip
        who = call.grant.user
        if who is not None and who.lower() != mailbox.address and who.lower() not in mailbox.full_access:
            raise GraphError(403, "ErrorAccessDenied", "Access is denied. Check credentials and try again.")
        return mailbox

    async def _raw(self, call: Call, reader: MailboxReader, letter: Letter) -> bytes:
        raw = await asyncio.to_thread(reader.raw, letter.folder, letter.uid)
        if raw is None:
            raise _item_not_found()
        return raw


def _mail_boxes(reader: MailboxReader) -> list[Box]:
    return [box for box in reader.boxes.values() if folder_key(box.name).partition("/")[0] not in _NO_MAIL]


def _box(reader: MailboxReader, key: str) -> Box:
    wanted = WELL_KNOWN.get(key.lower())
    name = folder_of(key)
    for box in reader.boxes.values():
        if box.name == name or folder_key(box.name) == wanted:
            return box
    if wanted is None and name is None:
        raise bad_request("Id is malformed.", code="ErrorInvalidIdMalformed")
    raise _item_not_found()


def _letter(reader: MailboxReader, key: str) -> Letter:
    place = message_of(key)
    if place is None:
        raise bad_request("Id is malformed.", code="ErrorInvalidIdMalformed")
    box = reader.boxes.get(place[0])
    letter = box.letters.get(place[2]) if box is not None and box.validity == place[1] else None
    if letter is None:
        raise _item_not_found()
    return letter


def _item_not_found() -> GraphError:
    return GraphError(404, "ErrorItemNotFound", "The specified object was not found in the store.")
