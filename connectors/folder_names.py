"""Which folder names a system holds, as data, and how a name is changed as little as possible to be held.  Pure.

A connector fills in :class:`NameRules`; who proposes names for a whole mailbox asks nothing else of it.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

FolderPath = tuple[str, ...]

_INBOX = "INBOX"
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
#: Characters beyond the first 65,536, as emoji are.
_BEYOND = re.compile("[\U00010000-\U0010ffff]")
#: Layouts on disk, wildcards of LIST, and what namespaces begin with: some servers hold them in no name.
_OFTEN_REFUSED = re.compile('[./\\\\~%*:|"<>?&#]')
_DOUBTFUL = re.compile(rf"{_BEYOND.pattern}|{_OFTEN_REFUSED.pattern}|^(cur|new|tmp)$|^\s|\s$", re.IGNORECASE)
_RISKY = re.compile(f"[*%]|{_BEYOND.pattern}")
#: A name is not cut shorter than this to make room for the folders it lies in: it moves up instead.
_LEAST_ROOM = 24
#: Deeper than any mailbox that was made by people.
_DEEPEST = 100


def harmless(name: str) -> str:
    """A name without control characters, which would command the terminal that it is shown on: they are spelt out."""
    return _CONTROL.sub(lambda found: f"\\x{ord(found[0]):02x}", name)


def _utf8(name: str) -> int:
    return len(name.encode("utf-8", "surrogatepass"))


@dataclass(frozen=True, slots=True)
class NameRules:
    """What names a system holds.  The default is one that holds every name as it is."""

    #: Characters that no name holds (the separator is one); each becomes ``_``.
    forbidden: str = ""
    #: Characters that no name begins with; the first becomes ``_``.
    forbidden_start: str = ""
    #: Whether a name may hold characters beyond U+FFFF, such as emoji.
    beyond_bmp: bool = True
    #: Characters that no name ends with: the system drops them.
    forbidden_end: str = ""
    #: Characters that may not count at the end of a name, so that names that differ only by them are kept apart.
    ignored_end: str = ""
    #: The longest name and the longest path, separators included, as ``measure`` counts; None for no limit.  It counts
    #: every character as one at least.
    longest_name: int | None = None
    longest_path: int | None = None
    measure: Callable[[str], int] = _utf8
    #: How many folders may lie in each other; 1 for a system without a hierarchy, None for no limit but our own.
    deepest: int | None = None
    #: Names that differ only by case are one folder.
    folds_case: bool = False
    #: Names that this Unicode form makes equal are one folder.
    normal_form: Literal["NFC", "NFD"] | None = None
    #: Names that no folder at the top, or no folder anywhere, may have; in lower case.
    reserved: frozenset[str] = frozenset()
    reserved_anywhere: frozenset[str] = frozenset()
    #: Folders below the inbox are others than those beside it.  Not so where everything lies below INBOX.
    nests_in_inbox: bool = True
    #: A folder in the inbox may be called INBOX.
    inbox_in_inbox: bool = True
    #: Whether this, and what the system answers when it is asked, is all: it refuses no other name.
    complete: bool = True

    def arranged(self, path: FolderPath) -> FolderPath:
        """The path as deep as the system goes, its names unchanged; what lies deeper is joined into the last name."""
        if path[0].upper() == _INBOX:
            inside = path[1:]
            if inside and inside[0].upper() == _INBOX and not (self.nests_in_inbox and self.inbox_in_inbox):
                # Where all lies below INBOX some servers hold an INBOX.INBOX; for others it is the inbox itself.
                inside = (f"{inside[0]}_", *inside[1:])
            path = (_INBOX, *inside) if self.nests_in_inbox or not inside else inside
        deepest = _DEEPEST if self.deepest is None else self.deepest
        if len(path) > deepest:
            path = (*path[: deepest - 1], "_".join(path[deepest - 1 :]))
        return path

    def spelt(self, name: str, *, at_top: bool) -> str:
        """The name as the system holds it, length aside."""
        name = _CONTROL.sub("_", name)
        name = "".join("_" if char in self.forbidden else char for char in name)
        if not self.beyond_bmp:
            name = _BEYOND.sub("_", name)
        if name[:1] and name[0] in self.forbidden_start:
            name = "_" + name[1:]
        name = name.rstrip(self.forbidden_end) if self.forbidden_end else name
        if name in ("", ".", ".."):
            name = name.replace(".", "_") or "_"
        folded = self._key(name).casefold()
        return f"{name}_" if folded in self.reserved_anywhere or (at_top and folded in self.reserved) else name

    def fitted(self, parent: FolderPath, name: str, suffix: str = "") -> FolderPath:
        """The path of a name below ``parent``, cut so that the name with its suffix, and the whole, are held.

        Where the parents leave hardly any room the folder goes beside the last of them.
        """
        room = self.longest_name
        if self.longest_path is not None:
            left = self.longest_path - sum(self.measure(part) + 1 for part in parent)
            while parent and left < _LEAST_ROOM:
                *above, last = parent
                parent, left = tuple(above), left + self.measure(last) + 1
            room = left if room is None else min(room, left)
        kept = name if room is None else self._cut(name, suffix, room)
        if suffix or kept != name:
            kept = kept.rstrip(f" {self.ignored_end}") or kept
        return (*parent, kept + suffix)

    def _cut(self, name: str, suffix: str, room: int) -> str:
        """As much of the name as has room together with the suffix, one character at least."""
        longest = min(len(name), max(room, 1))
        if longest == len(name) and self.measure(name + suffix) <= room:
            return name
        lengths = range(1, longest + 1)
        return name[: max(1, bisect_right(lengths, room, key=lambda length: self.measure(name[:length] + suffix)))]

    def key(self, path: FolderPath) -> FolderPath:
        """Equal for paths that the system takes for one folder."""
        return tuple(self._key(name) for name in path)

    def _key(self, name: str) -> str:
        if self.normal_form is not None:
            name = unicodedata.normalize(self.normal_form, name)
        if self.folds_case:
            name = name.casefold()
            if self.normal_form is not None:
                name = unicodedata.normalize(self.normal_form, name)
        ends = self.ignored_end + self.forbidden_end
        return (name.rstrip(ends) or name) if ends else name


def is_risky(name: str) -> bool:
    """Whether servers are known that refuse the name, and say so only when the folder is made."""
    return _RISKY.search(name) is not None


def is_doubtful(name: str) -> bool:
    """Whether some servers hold no such name, so that it is worth asking this one."""
    return _DOUBTFUL.search(name) is not None


def cautious(name: str) -> list[str]:
    """Other names for a system that does not hold this one, the nearest first; the last is held everywhere."""
    plain = _OFTEN_REFUSED.sub("_", _BEYOND.sub("_", name)).strip() or "_"
    others = [_BEYOND.sub("_", name), plain, f"{plain}_"]
    return [other for at, other in enumerate(others) if other not in (name, *others[:at])]


#: Gmail: labels, told apart without regard to case, 225 characters in all; what it calls its own is taken.
GMAIL_LABELS = NameRules(
    forbidden="/",
    forbidden_start=" ",
    forbidden_end=" ",
    longest_path=225,
    measure=len,
    folds_case=True,
    normal_form="NFC",
    reserved=frozenset(
        {
            "inbox", "sent", "sent mail", "draft", "drafts", "spam", "junk", "trash", "bin", "starred", "important",
            "chat", "chats", "all mail", "all", "unread", "muted", "snoozed", "scheduled", "archive", "archived",
            "[gmail]", "[google mail]", "[imap]", "category_forums", "category_personal", "category_promotions",
            "category_social", "category_updates",
        }
    ),
)  # fmt: skip

#: Exchange: no regard to case or to spaces and dots at the end, 255 characters a name, 300 folders in each other.
EXCHANGE = NameRules(
    forbidden="/\\",
    forbidden_end=" ",
    ignored_end=".",
    longest_name=255,
    measure=lambda name: len(name.encode("utf-16-le", "surrogatepass")) // 2,
    deepest=300,
    folds_case=True,
    normal_form="NFC",
    reserved=frozenset(
        {
            "outbox", "calendar", "contacts", "journal", "notes", "tasks", "rss feeds", "sync issues",
            "conversation history", "conversation action settings", "quick step settings", "suggested contacts",
            "files",
        }
    ),
)  # fmt: skip
