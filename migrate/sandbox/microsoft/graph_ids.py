"""Graph's ids of messages and folders: opaque to clients, and here what finds them behind the front."""

from __future__ import annotations

import base64
import binascii
import json

_MESSAGE, _FOLDER = "AAMk", "AQMk"


def message_id(folder: bytes, validity: int, uid: int) -> str:
    """Changes when the message is moved, as Graph's ids do unless asked for immutable ones."""
    return _MESSAGE + _packed([folder.decode("latin-1"), validity, uid])


def message_of(text: str) -> tuple[bytes, int, int] | None:
    """Folder (as it travels), UIDVALIDITY and UID; None for what is no id."""
    parts = _unpacked(text, _MESSAGE)
    if parts is None or len(parts) != 3:
        return None
    return str(parts[0]).encode("latin-1"), int(parts[1]), int(parts[2])


def folder_id(folder: bytes) -> str:
    return _FOLDER + _packed([folder.decode("latin-1")])


def folder_of(text: str) -> bytes | None:
    """The folder as it travels; None for what is no id."""
    parts = _unpacked(text, _FOLDER)
    return str(parts[0]).encode("latin-1") if parts is not None and len(parts) == 1 else None


def _packed(parts: list[str | int]) -> str:
    return base64.urlsafe_b64encode(json.dumps(parts).encode()).decode()


def _unpacked(text: str, kind: str) -> list[str | int] | None:
    if not text.startswith(kind):
        return None
    try:
        parts = json.loads(base64.urlsafe_b64decode(text[len(kind) :]))
    except (binascii.Error, ValueError):
        return None
    return parts if isinstance(parts, list) else None
