"""Whether the disk has room for what is to come."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from pathlib import Path

from connectors.language import _, number, plural
from migrate.copy.actions import Action, Copy

#: What a file takes beside its bytes: the rest of its last block, its entry and its name.
_A_FILE = 4096
#: Left free whatever comes: a full disk stops more than a backup.
_SPARE = 64 << 20


class NoRoom(Exception):
    """The disk is too small: worded for the person who has to make room."""


def needed(actions: Iterable[Action]) -> tuple[int, int]:
    """Messages and bytes on disk that these actions bring."""
    copies = [action for action in actions if isinstance(action, Copy)]
    messages = sum(action.messages for action in copies)
    return messages, sum(action.size for action in copies) + messages * _A_FILE


def check_room(folder: Path, messages: int, size: int) -> None:
    """Raises :class:`NoRoom` unless ``size`` more bytes fit beside what the disk of ``folder`` should keep free."""
    existing = next(one for one in (folder, *folder.parents) if one.exists())
    free = shutil.disk_usage(existing).free
    if messages and size + _SPARE > free:
        count = plural("{n} message", "{n} messages", messages)
        raise NoRoom(
            _(
                "The disk of {folder} is too small: {count} need {needed} GB, and {free} GB are free. Nothing was"
                " copied. Make room, or name a folder on another disk with --to."
            ).format(folder=existing, count=count, needed=_gigabytes(size + _SPARE), free=_gigabytes(free))
        )


def _gigabytes(size: int) -> str:
    return number(size / 1e9, 2)
