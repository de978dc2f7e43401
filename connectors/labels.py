"""Gmail's labels, however they are told: which one folder a message goes to, and what becomes of its other labels.

Pure.  Over IMAP the server tells them (:mod:`connectors.imap.labels`), in an export a header field does.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from connectors.keywords import as_keyword, is_keyword
from connectors.values import Role

FolderPath = tuple[str, ...]

INBOX: FolderPath = ("INBOX",)
#: Where a message without a label of its person's goes, the first that fits.
_ORDER = (Role.INBOX, Role.SENT, Role.DRAFTS)
#: RFC 8457.
_IMPORTANT = "$Important"


@dataclass(frozen=True, slots=True)
class Place:
    """The one folder of a message."""

    path: FolderPath
    role: Role | None


@dataclass(frozen=True, slots=True)
class Labelled:
    """What the labels of one message say."""

    #: What the system files itself: inbox, sent, drafts.
    roles: frozenset[Role]
    #: The labels that its person made, as paths.
    own: Sequence[FolderPath]
    important: bool = False


@dataclass(frozen=True, slots=True)
class Places:
    """How labels are placed in one mailbox: the paths that stand for what the system itself files."""

    system: Mapping[Role, FolderPath]

    def place(self, labelled: Labelled) -> Place:
        """The folder of a message that is neither spam nor in the trash.

        Of its person's labels the one that lies deepest, among equals the first by the alphabet; without any, the
        inbox, then what was sent, then drafts; else it was archived.
        """
        own = self.own(labelled.own)
        if own:
            return Place(min(own, key=lambda path: (-len(path), tuple(part.casefold() for part in path), path)), None)
        return self.of(next((role for role in _ORDER if role in labelled.roles), Role.ARCHIVE))

    def of(self, role: Role) -> Place:
        return Place(self.system[role], role)

    def own(self, paths: Iterable[FolderPath]) -> list[FolderPath]:
        """Paths of labels that a person made."""
        return [self.apart(path) for path in paths]

    def apart(self, path: FolderPath) -> FolderPath:
        """The path of a person's label, which never is one that the system has for itself."""
        return (*path[:-1], f"{path[-1]}_") if path in self.system.values() else path

    def further(self, labelled: Labelled, place: Place) -> frozenset[FolderPath]:
        """The labels that the message's folder does not stand for: its person's others, and the inbox."""
        others = set(self.own(labelled.own)) - {place.path}
        if place.role is None and Role.INBOX in labelled.roles:
            others.add(INBOX)
        return frozenset(others)

    def keywords(self, labelled: Labelled, place: Place) -> frozenset[str]:
        """Further labels as keywords, which are words of ASCII: accents go, every other character becomes ``_``."""
        words = {as_keyword("/".join(path)) for path in self.further(labelled, place)}
        if labelled.important:
            words.add(_IMPORTANT)
        return frozenset(word for word in words if is_keyword(word))
