"""Messages and folders in Graph's shape."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import getaddresses, parsedate_to_datetime
from typing import Any

from migrate.sandbox.microsoft.graph.mailbox import Box, Letter
from migrate.sandbox.microsoft.graph_ids import folder_id
from migrate.sandbox.microsoft.tenant import Mailbox
from migrate.sandbox.microsoft.words import folder_key

_PREVIEW = 255


def message_json(letter: Letter, mailbox: Mailbox, raw: bytes | None = None) -> dict[str, Any]:
    """A message; with its bytes also what stands in it and its header lines."""
    header = letter.header
    sender = _recipients(header, "from")
    told: dict[str, Any] = {
        "@odata.etag": f'W/"{_key(letter)}"',
        "id": letter.id,
        "createdDateTime": _time(letter.received),
        "lastModifiedDateTime": _time(letter.received),
        "changeKey": _key(letter),
        "categories": list(mailbox.marked.get(letter.id, [])),
        "receivedDateTime": _time(letter.received),
        "sentDateTime": _time(_sent(header) or letter.received),
        "hasAttachments": False,
        "internetMessageId": _text(header, "message-id"),
        "subject": _text(header, "subject"),
        "importance": "normal",
        "parentFolderId": folder_id(letter.folder),
        "conversationId": None,
        "isRead": "\\seen" in letter.flags,
        "isDraft": "\\draft" in letter.flags,
        "sender": sender[0] if sender else None,
        "from": sender[0] if sender else None,
        "toRecipients": _recipients(header, "to"),
        "ccRecipients": _recipients(header, "cc"),
        "bccRecipients": _recipients(header, "bcc"),
        "replyTo": _recipients(header, "reply-to"),
        "flag": {"flagStatus": "flagged" if "\\flagged" in letter.flags else "notFlagged"},
        "bodyPreview": "",
        "body": {"contentType": "text", "content": ""},
    }
    if raw is not None:
        _fill(told, raw)
    return told


def folder_json(box: Box, boxes: Iterable[Box]) -> dict[str, Any]:
    key = folder_key(box.name)
    parent = box.name.rpartition(b"/")[0]
    return {
        "id": folder_id(box.name),
        "displayName": "Inbox" if key == "inbox" else box.path.rpartition("/")[2],
        "parentFolderId": folder_id(parent),
        "childFolderCount": sum(1 for one in boxes if folder_key(one.name).rpartition("/")[0] == key),
        "unreadItemCount": sum(1 for letter in box.letters.values() if "\\seen" not in letter.flags),
        "totalItemCount": len(box.letters),
        "isHidden": False,
    }


def _fill(told: dict[str, Any], raw: bytes) -> None:
    message = message_from_bytes(raw, policy=policy.default)
    assert isinstance(message, EmailMessage)
    body = message.get_body(("plain", "html"))
    content = ""
    if body is not None:
        content = (body.get_payload(decode=True) or b"").decode("utf-8", "replace")  # type: ignore[union-attr]
        html = body.get_content_subtype() == "html"
        told["body"] = {"contentType": "html" if html else "text", "content": content}
    told["bodyPreview"] = " ".join(content.split())[:_PREVIEW]
    told["hasAttachments"] = any(True for _ in message.iter_attachments())
    told["internetMessageHeaders"] = [{"name": name, "value": str(value)} for name, value in message.items()]


def _recipients(header: EmailMessage, name: str) -> list[dict[str, Any]]:
    found = getaddresses([str(value) for value in header.get_all(name, [])])
    return [{"emailAddress": {"name": name or address, "address": address}} for name, address in found if address]


def _text(header: EmailMessage, name: str) -> str | None:
    value = header.get(name)
    return str(value).strip() if value is not None else None


def _sent(header: EmailMessage) -> datetime | None:
    try:
        sent = parsedate_to_datetime(str(header.get("date", "")))
    except ValueError:
        return None
    return sent.astimezone(UTC) if sent.tzinfo is not None else sent.replace(tzinfo=UTC)


def _time(when: datetime) -> str:
    return when.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _key(letter: Letter) -> str:
    return hashlib.sha256(f"{letter.id} {sorted(letter.flags)}".encode()).hexdigest()[:16]
