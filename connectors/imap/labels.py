"""Gmail's labels: which one folder a message goes to, and what becomes of its other labels.  Pure.

See developers.google.com/workspace/gmail/imap/imap-extensions for what the server says.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from connectors.contract import Role
from connectors.imap.arguments import is_keyword
from connectors.imap.names import Namespace, decode, path_of

FolderPath = tuple[str, ...]

_SEPARATOR = "/"
#: What the server itself puts on messages, in lower case, and the folder that each stands for.
_SYSTEM = {
    b"\\inbox": Role.INBOX,
    b"\\sent": Role.SENT,
    b"\\draft": Role.DRAFTS,
    b"\\drafts": Role.DRAFTS,
}
#: Where a message without a label of its person's goes, the first that fits.
_ORDER = (Role.INBOX, Role.SENT, Role.DRAFTS)
#: RFC 8457.  ``\\Starred`` is ``\\Flagged``, which the server tells as a flag.
_IMPORTANT = "$Important"
_NO_ATOM = re.compile(r'[^\x21-\x7e]|[(){%*"\\\]]')


@dataclass(frozen=True, slots=True)
class Place:
    """The one folder of a message."""

    path: FolderPath
    role: Role | None


@dataclass(frozen=True, slots=True)
class Labels:
    """How labels are placed in one mailbox: the paths that stand for what the system itself files."""

    system: Mapping[Role, FolderPath]

    def place(self, labels: Collection[bytes]) -> Place:
        """The folder of a message that is neither spam nor in the trash.

        Of its person's labels the one that lies deepest, among equals the first by the alphabet; without any, the
        inbox, then what was sent, then drafts; else it was archived.
        """
        own = self.own(labels)
        if own:
            return Place(min(own, key=lambda path: (-len(path), tuple(part.casefold() for part in path), path)), None)
        roles = {_SYSTEM.get(label.lower()) for label in labels}
        role = next((role for role in _ORDER if role in roles), Role.ARCHIVE)
        return self.of(role)

    def of(self, role: Role) -> Place:
        return Place(self.system[role], role)

    def own(self, labels: Iterable[bytes]) -> list[FolderPath]:
        """The labels that a person made, as paths."""
        paths = (path_of(label, _SEPARATOR, Namespace()) for label in labels if not label.startswith(b"\\"))
        return [self.apart(path) for path in paths]

    def apart(self, path: FolderPath) -> FolderPath:
        """The path of a person's label, which never is one that the system has for itself."""
        return (*path[:-1], f"{path[-1]}_") if path in self.system.values() else path

    def further(self, labels: Collection[bytes], place: Place) -> frozenset[FolderPath]:
        """The labels that the message's folder does not stand for: its person's others, and the inbox."""
        others = set(self.own(labels)) - {place.path}
        if place.role is None and any(label.lower() == b"\\inbox" for label in labels):
            others.add(("INBOX",))
        return frozenset(others)

    def keywords(self, labels: Collection[bytes], place: Place) -> frozenset[str]:
        """Further labels as keywords, which are words of ASCII: accents go, every other character becomes ``_``."""
        words = {_word("/".join(path)) for path in self.further(labels, place)}
        if any(label.lower() == b"\\important" for label in labels):
            words.add(_IMPORTANT)
        return frozenset(word for word in words if is_keyword(word))


def _word(name: str) -> str:
    letters = (char for char in unicodedata.normalize("NFKD", name) if not unicodedata.combining(char))
    return _NO_ATOM.sub("_", "".join(letters))


def shown(labels: Iterable[bytes]) -> frozenset[str]:
    """The labels as the person reads them; the system's own keep their backslash."""
    return frozenset(decode(label) for label in labels)
