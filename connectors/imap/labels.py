"""Gmail's labels as X-GM-LABELS tells them.  Pure.

See developers.google.com/workspace/gmail/imap/imap-extensions for what the server says.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from connectors.contract import Role
from connectors.imap.names import Namespace, decode, path_of
from connectors.labels import FolderPath, Labelled, Place, Places

__all__ = ["FolderPath", "Labels", "Place", "shown"]

_SEPARATOR = "/"
#: What the server itself puts on messages, in lower case, and the folder that each stands for.
_SYSTEM = {
    b"\\inbox": Role.INBOX,
    b"\\sent": Role.SENT,
    b"\\draft": Role.DRAFTS,
    b"\\drafts": Role.DRAFTS,
}
#: ``\\Starred`` is ``\\Flagged``, which the server tells as a flag.
_IMPORTANT = b"\\important"


@dataclass(frozen=True, slots=True)
class Labels:
    """How labels are placed in one mailbox, as :class:`Places` does it: the paths that the system has for itself."""

    system: Mapping[Role, FolderPath]

    def place(self, labels: Collection[bytes]) -> Place:
        return self._places.place(_read(labels))

    def of(self, role: Role) -> Place:
        return self._places.of(role)

    def own(self, labels: Iterable[bytes]) -> list[FolderPath]:
        """The labels that a person made, as paths."""
        return self._places.own(_own(labels))

    def apart(self, path: FolderPath) -> FolderPath:
        return self._places.apart(path)

    def further(self, labels: Collection[bytes], place: Place) -> frozenset[FolderPath]:
        return self._places.further(_read(labels), place)

    def keywords(self, labels: Collection[bytes], place: Place) -> frozenset[str]:
        return self._places.keywords(_read(labels), place)

    @property
    def _places(self) -> Places:
        return Places(self.system)


def _read(labels: Collection[bytes]) -> Labelled:
    words = {label.lower() for label in labels}
    roles = frozenset(role for word, role in _SYSTEM.items() if word in words)
    return Labelled(roles, _own(labels), _IMPORTANT in words)


def _own(labels: Iterable[bytes]) -> list[FolderPath]:
    return [path_of(label, _SEPARATOR, Namespace()) for label in labels if not label.startswith(b"\\")]


def shown(labels: Iterable[bytes]) -> frozenset[str]:
    """The labels as the person reads them; the system's own keep their backslash."""
    return frozenset(decode(label) for label in labels)
