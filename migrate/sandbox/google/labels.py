"""The labels of a mailbox, and the rules for their names.

Names: users.labels of the discovery document; 409 "Label name exists or conflicts" and 400 "Invalid label name" are
what Gmail answers (GAM-team/got-your-back#105, #188, #264).  Which words are reserved is known in English only; Gmail
refuses those of the account's language too (#135).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from migrate.sandbox.google.errors import ApiError, invalid_argument, not_found

#: What every mailbox has, in the order of users.labels.list.
SYSTEM = (
    "CHAT", "SENT", "INBOX", "IMPORTANT", "TRASH", "DRAFT", "SPAM", "CATEGORY_FORUMS", "CATEGORY_UPDATES",
    "CATEGORY_PERSONAL", "CATEGORY_PROMOTIONS", "CATEGORY_SOCIAL", "STARRED", "UNREAD",
)  # fmt: skip
#: Those that a message cannot be put into by import and insert (got-your-back#135).
_NOT_GIVEN = frozenset({"CHAT"})
#: Those that stay as they were when the message came (discovery document, schema Label).
_FIXED = frozenset({"CHAT", "SENT", "DRAFT"})
_RESERVED = frozenset(
    {
        "all", "all mail", "archive", "archived", "bin", "chat", "chats", "draft", "drafts", "important", "inbox",
        "junk", "muted", "scheduled", "sent", "sent mail", "snoozed", "spam", "starred", "trash", "unread", "[gmail]",
        "[google mail]", "[imap]",
    }
    | {name.lower() for name in SYSTEM}
)  # fmt: skip
_LONGEST = 225
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
#: What a label that was not asked for shows as.
_SHOWN = {"messageListVisibility": "show", "labelListVisibility": "labelShow"}


@dataclass
class Label:
    """One label of a person's own."""

    id: str
    name: str
    settings: dict[str, Any] = field(default_factory=lambda: dict(_SHOWN))

    def told(self) -> dict[str, Any]:
        """As users.labels tells it, without counts."""
        return {"id": self.id, "name": self.name, "type": "user", **self.settings}


class Labels:
    """The labels of one mailbox."""

    def __init__(self) -> None:
        self._own: dict[str, Label] = {}
        self._by_name: dict[str, str] = {}
        self._last = 0

    def __iter__(self) -> Iterator[Label]:
        return iter(self._own.values())

    def get(self, label_id: str) -> Label:
        """The label of a person's own with this id.  Raises ApiError."""
        if label_id not in self._own:
            raise not_found()
        return self._own[label_id]

    def knows(self, label_id: str) -> bool:
        """Whether there is a label with this id, Gmail's own included."""
        return label_id in self._own or label_id in SYSTEM

    def name(self, label_id: str) -> str:
        """What people see; Gmail's own are called by their id."""
        return self._own[label_id].name if label_id in self._own else label_id

    def id_of(self, name: str) -> str | None:
        """The id of a label by its name, without regard to case."""
        folded = _folded(name)
        return self._by_name.get(folded) or next((one for one in SYSTEM if one.lower() == folded), None)

    def create(self, name: str, settings: dict[str, Any], limit: int) -> Label:
        """A new label.  Raises ApiError for a name that is taken or none."""
        check_name(name)
        if _folded(name) in self._by_name:
            raise _taken()
        if len(self._own) >= limit:
            raise invalid_argument("Label limit exceeded")
        self._last += 1
        label = Label(f"Label_{self._last}", name, _SHOWN | settings)
        self.put(label)
        return label

    def change(self, label_id: str, name: str, settings: dict[str, Any]) -> Label:
        """The label with another name or other settings.  Raises ApiError."""
        label = self.get(label_id)
        if name != label.name:
            check_name(name)
            if self._by_name.get(_folded(name), label_id) != label_id:
                raise _taken()
        self.put(Label(label_id, name, settings))
        return self._own[label_id]

    def put(self, label: Label) -> None:
        """As it is written down: made by an earlier run, or just now."""
        before = self._own.get(label.id)
        if before is not None:
            del self._by_name[_folded(before.name)]
        self._own[label.id] = label
        self._by_name[_folded(label.name)] = label.id
        self._last = max(self._last, int(label.id.removeprefix("Label_")))

    def remove(self, label_id: str) -> None:
        """Take a label away.  Raises ApiError."""
        label = self.get(label_id)
        del self._own[label_id], self._by_name[_folded(label.name)]

    def check_given(self, label_ids: list[str]) -> None:
        """Raises ApiError unless a new message may have these."""
        for one in label_ids:
            if one in _NOT_GIVEN or not self.knows(one):
                raise invalid_argument(f"Invalid label: {one}")

    def check_changed(self, label_ids: list[str]) -> None:
        """Raises ApiError unless these may be put on and taken off."""
        for one in label_ids:
            if one in _FIXED:
                raise invalid_argument(f"Invalid label: {one}")
            if not self.knows(one):
                raise invalid_argument("labelId not found")


def check_name(name: str) -> None:
    """Raises ApiError unless a label may be called so."""
    parts = name.split("/")
    if (
        not name.strip()
        or len(name) > _LONGEST
        or _CONTROL.search(name)
        or any(not part or part != part.strip() for part in parts)
        or _folded(name) in _RESERVED
    ):
        raise invalid_argument("Invalid label name")


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold()


def _taken() -> ApiError:
    return ApiError(409, "Label name exists or conflicts", "aborted", "ABORTED")
