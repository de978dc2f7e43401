"""A message as users.messages.get tells it in the formats ``full`` and ``metadata`` (schema MessagePart)."""

from __future__ import annotations

import base64
from email import message_from_bytes
from email.message import Message
from email.policy import compat32

from migrate.sandbox.google.errors import Json
from migrate.sandbox.google.headers import fields


def headers_of(raw: bytes, wanted: set[str]) -> list[Json]:
    """The header fields, or those of these names (in lower case)."""
    return [{"name": name, "value": value} for name, value in fields(raw) if not wanted or name.lower() in wanted]


def payload(raw: bytes) -> Json:
    """The tree of parts.  Attachments come whole in their part: this stand-in gives no attachment ids."""
    return {**_part(message_from_bytes(raw, policy=compat32), ""), "headers": headers_of(raw, set())}


def _part(message: Message, number: str) -> Json:
    told: Json = {
        "partId": number,
        "mimeType": message.get_content_type(),
        "filename": message.get_filename() or "",
        "headers": [{"name": name, "value": str(value)} for name, value in message.items()],
    }
    if message.is_multipart():
        inner = [one for one in message.get_payload() if isinstance(one, Message)]
        told["body"] = {"size": 0}
        told["parts"] = [_part(one, f"{number}.{at}".lstrip(".")) for at, one in enumerate(inner)]
        return told
    data = message.get_payload(decode=True)
    content = data if isinstance(data, bytes) else b""
    told["body"] = {"size": len(content), "data": base64.urlsafe_b64encode(content).decode()}
    return told
