"""The labels of one mailbox: known by path and by id, made when they are missing, looked up again when in doubt."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from http import HTTPStatus
from typing import Any

from connectors.contract import Role
from connectors.errors import FolderMissing, Refused
from connectors.folder_names import GMAIL_LABELS, FolderPath
from connectors.google_workspace import units
from connectors.google_workspace.answers import Denied
from connectors.google_workspace.flags import KEYWORDS, ROLE_LABELS, ROLES
from connectors.google_workspace.line import Line
from connectors.labels import INBOX, Labelled, Place, Places
from connectors.language import _
from connectors.reasons import Reason

#: Gmail's own places, as it calls them itself.
SYSTEM: Mapping[Role, FolderPath] = {
    Role.INBOX: INBOX,
    Role.SENT: ("Sent Mail",),
    Role.DRAFTS: ("Drafts",),
    Role.JUNK: ("Spam",),
    Role.TRASH: ("Trash",),
    Role.ARCHIVE: ("All Mail",),
}
_PLACES = Places(SYSTEM)
_IMPORTANT = "IMPORTANT"
#: As a label that a person makes; the discovery document requires that it be said.
_SHOWN = {"labelListVisibility": "labelShow", "messageListVisibility": "show"}


class MailboxLabels:
    """Labels as one session knows them."""

    def __init__(self, line: Line, *, keywords: bool) -> None:
        """``keywords``: labels below one called so stand for keywords, and are no folders."""
        self._line = line
        self._has_keywords = keywords
        self._by_id: dict[str, FolderPath] = {}
        self._by_key: dict[FolderPath, str] = {}
        #: Keywords by the id of their label.
        self.keywords: dict[str, str] = {}
        #: Keywords for which there is no further label.
        self._refused = set[str]()
        self._known = False

    def look(self) -> None:
        """Look all of them up."""
        told = self._line.get("labels", units.LOOK, fields="labels(id,name,type)")
        self._by_id, self._by_key, self.keywords = {}, {}, {}
        for label in told.get("labels", ()):
            if label.get("type") != "system":
                self._note(label)
        self._known = True

    def own(self) -> Mapping[str, FolderPath]:
        """The labels that a person made, by id; not those of keywords."""
        self._look_once()
        above = (KEYWORDS,) if self._has_keywords else None
        return {one: path for one, path in self._by_id.items() if one not in self.keywords and path != above}

    def id_of(self, path: FolderPath) -> str | None:
        """The label of this path; None when there is none."""
        self._look_once()
        for role, place in SYSTEM.items():
            if path == place:
                return ROLE_LABELS[role]
        return self._by_key.get(GMAIL_LABELS.key(path))

    def path_of(self, label: str) -> FolderPath:
        """Where messages with this label are.  Raises FolderMissing when there is no such label."""
        self._look_once()
        if label in ROLES:
            return SYSTEM[ROLES[label]]
        if label not in self._by_id:
            raise FolderMissing(_("there is no such label any more"), system=self._line.system)
        return _PLACES.apart(self._by_id[label])

    def check(self, label: str) -> None:
        """Look whether the label is still there.  Raises FolderMissing."""
        if label not in ROLES:
            self.look()
            self.path_of(label)

    def lost(self, labels: Collection[str]) -> bool:
        """Whether one of these, which a person or we had made, was taken away; looks all of them up anew."""
        known = self._by_id.keys() & set(labels)
        self.look()
        return not known <= self._by_id.keys()

    def ensure(self, path: FolderPath) -> str:
        """The id of the label of this path, made with those it lies in.

        A name that Gmail keeps for itself in its person's language gets a ``_`` behind it, as those do that we know of.
        Raises Refused for one that cannot be a label's even so.
        """
        there = self.id_of(path)
        if there is not None:
            return there
        if len(path) > 1:
            above = self.ensure(path[:-1])
            path = (*self._by_id.get(above, path[:-1]), path[-1])
        try:
            return self._make(path)
        except Refused:
            return self._make((*path[:-1], f"{path[-1]}_"))

    def of_keywords(self, words: Iterable[str]) -> dict[str, str]:
        """The ids of the labels that stand for keywords; without those of which Gmail makes none."""
        return {word: label for word in sorted(words) if (label := self._of_keyword(word)) is not None}

    def _of_keyword(self, word: str) -> str | None:
        there = self.id_of((KEYWORDS, word))
        if there is not None or word in self._refused:
            return there
        try:
            self.ensure((KEYWORDS,))
            return self._make((KEYWORDS, word))
        except Refused:
            self._refused.add(word)
            return None

    def place(self, labels: Sequence[str]) -> Place:
        """The one folder of a message with these labels."""
        if "TRASH" in labels:
            return _PLACES.of(Role.TRASH)
        if "SPAM" in labels:
            return _PLACES.of(Role.JUNK)
        return _PLACES.place(self.labelled(labels))

    def labelled(self, labels: Sequence[str]) -> Labelled:
        own = self.own()
        roles = frozenset(ROLES[label] for label in labels if label in ROLES)
        return Labelled(roles, [own[label] for label in labels if label in own], _IMPORTANT in labels)

    def further_keywords(self, labels: Sequence[str], place: Place) -> frozenset[str]:
        """What the folder of a message does not stand for, as keywords."""
        return _PLACES.keywords(self.labelled(labels), place)

    def shown(self, labels: Sequence[str]) -> frozenset[str]:
        """The person's labels of a message, as they read them."""
        own = self.own()
        return frozenset("/".join(own[label]) for label in labels if label in own)

    def _look_once(self) -> None:
        if not self._known:
            self.look()

    def _make(self, path: FolderPath) -> str:
        try:
            made = self._line.post("labels", units.MAKE_LABEL, {"name": "/".join(path), **_SHOWN})
        except Denied as answer:
            if answer.status == HTTPStatus.CONFLICT:
                # Somebody else was quicker: another session of ours, or the mailbox's person.
                self.look()
                there = self.id_of(path)
                if there is not None:
                    return there
            elif answer.limited or answer.passing or answer.status != HTTPStatus.BAD_REQUEST:
                raise
            what = _("Gmail makes no label of this name")
            raise Refused(what, Reason.FOLDER_REFUSED, system=self._line.system, detail=str(answer)) from None
        self._note(made)
        return str(made["id"])

    def _note(self, label: Mapping[str, Any]) -> None:
        path = tuple(str(label["name"]).split("/"))
        if not all(path):
            path = (str(label["name"]),)
        self._by_id[str(label["id"])] = path
        self._by_key[GMAIL_LABELS.key(path)] = str(label["id"])
        if self._has_keywords and len(path) == 2 and path[0] == KEYWORDS:
            self.keywords[str(label["id"])] = path[1]
