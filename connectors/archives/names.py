"""Folder names on a disk: as people read them, and the roles that they tell."""

from __future__ import annotations

import os
from collections.abc import Iterable

from connectors.folder_names import harmless
from connectors.role_names import plain, roles_by_name
from connectors.values import Role

#: What mail programs call the inbox where they store it.
_INBOXES = frozenset(
    plain(name)
    for name in (
        "Inbox", "Boîte de réception", "Courrier entrant", "Posteingang", "Bandeja de entrada", "Recibidos",
        "Posta in arrivo", "Postvak IN", "Inkomend", "Caixa de entrada",
    )
)  # fmt: skip


def shown(name: str, encoding: str) -> str:
    """A file's name for people: bytes that are no UTF-8 are read in ``encoding``, control characters spelt out."""
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:
        name = os.fsencode(name).decode(encoding, "replace")
    return harmless(name)


def roles(paths: Iterable[tuple[str, ...]]) -> dict[tuple[str, ...], Role]:
    """Roles by the names of folders that lie at the top."""
    listed = sorted(set(paths))
    inbox = next((path for path in listed if len(path) == 1 and plain(path[0]) in _INBOXES), None)
    found = roles_by_name((path, None) for path in listed)
    return found | {inbox: Role.INBOX} if inbox else found
