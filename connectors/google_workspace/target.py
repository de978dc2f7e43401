"""A Gmail mailbox written over the API: one import a message."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from http import HTTPStatus

from connectors.contract import (
    FlagChange,
    Folder,
    FolderMissing,
    Found,
    Marked,
    NameRules,
    Outgoing,
    Quota,
    Reason,
    Receipt,
    Refused,
    Resources,
    Role,
    Suspect,
)
from connectors.folder_names import GMAIL_LABELS
from connectors.google_workspace import flags as gmail_flags
from connectors.google_workspace import units
from connectors.google_workspace.answers import Denied
from connectors.google_workspace.finding import Fence, find, hits, names
from connectors.google_workspace.flags import ARCHIVE, FIXED, ROLE_LABELS, flags_of
from connectors.google_workspace.importing import import_message
from connectors.google_workspace.line import AnswerLost, Line
from connectors.google_workspace.listing import State, is_gone
from connectors.google_workspace.mailbox_labels import SYSTEM
from connectors.google_workspace.recent import Recent
from connectors.google_workspace.settings import GoogleSettings
from connectors.google_workspace.source import MAX_MESSAGE, GoogleSource
from connectors.language import _

#: Messages in one batchModify, at the most; below a few, one call each costs less.
_MODIFIED = 1000
_FEW = units.MODIFY_MANY // units.READ
_HIDDEN = frozenset({"SPAM", "TRASH"})


class GoogleTarget(GoogleSource):
    """A session for writing."""

    def __init__(self, line: Line, settings: GoogleSettings, resources: Resources, recent: Recent) -> None:
        super().__init__(line, resources, keywords=settings.keywords == "labels", settle=settings.settle)
        self._recent = recent
        #: What the mailbox had under the Message-IDs of the batch that is written next.
        self._known = frozenset[str]()
        self._with_keywords = settings.keywords == "labels"

    # -- before anything is written -----------------------------------------------------------------------------------

    def quota(self) -> Quota | None:
        """Gmail does not tell what a mailbox may hold."""
        return None

    def names(self) -> NameRules:
        return GMAIL_LABELS

    def refuses(self, paths: Sequence[tuple[str, ...]]) -> Collection[tuple[str, ...]]:
        return ()

    def roles(self) -> Mapping[Role, tuple[str, ...]]:
        return SYSTEM

    def ensure(self, path: tuple[str, ...], role: Role | None, *, subscribed: bool = True) -> Folder:
        role = Role.ARCHIVE if role is Role.ALL else role
        with self._judged():
            if role is None and path[0].upper() == "INBOX" and len(path) == 1:
                role = Role.INBOX
            if role is not None:
                return Folder(SYSTEM[role], role, ROLE_LABELS[role], messages=self._count(ROLE_LABELS[role]))
            label, count = self._made(path)
            role = gmail_flags.ROLES.get(label)
            return Folder(self._labels.path_of(label), role, label, object_id=label, messages=count)

    def _made(self, path: tuple[str, ...]) -> tuple[str, int | None]:
        """The label of a path and how many messages have it; made anew when it was taken away since we looked."""
        label = self._labels.ensure(path)
        try:
            return label, self._count(label)
        except Denied as answer:
            if not is_gone(answer):
                raise
        self._labels.look()
        label = self._labels.ensure(path)
        return label, self._count(label)

    def _shows(self, role: Role) -> bool:
        """A target has all of them to put mail into."""
        return True

    # -- writing ------------------------------------------------------------------------------------------------------

    def fence(self, folder: Folder, batch: Sequence[Outgoing]) -> str:
        """A moment of the history.  In a mailbox that holds more than this process put there, what it has under the
        Message-IDs of the batch is looked up too, so that it is known when Gmail keeps one of two.
        """
        with self._judged():
            self._labels.path_of(folder.epoch)
            profile = self._line.get("profile", units.LOOK, fields="historyId,messagesTotal")
            others = int(profile.get("messagesTotal", 0)) > self._recent.most
            self._known = frozenset(hits(self._line, names(batch)) if others else ())
            return str(Fence(int(profile["historyId"]), self._known))

    def write(self, folder: Folder, batch: Sequence[Outgoing], may_commit: Callable[[], None]) -> Iterator[Receipt]:
        if not batch:
            return
        self._labels.path_of(folder.epoch)

        def committing() -> None:
            try:
                may_commit()
            except BaseException:
                self.abort()
                raise

        for outgoing in batch:
            yield self._write_one(folder, outgoing, committing)

    def _write_one(self, folder: Folder, outgoing: Outgoing, may_commit: Callable[[], None]) -> Receipt:
        if outgoing.body.size > MAX_MESSAGE:
            return Receipt(outgoing.ordinal, "refused", reason=Reason.TOO_LARGE)
        kept = gmail_flags.kept(outgoing.flags, folder.epoch, keywords=self._with_keywords)
        with self._judged():
            words = gmail_flags.keywords_in(kept)
            kept -= words - self._labels.of_keywords(words).keys()
            self._recent.begin()
            try:
                key = self._import(folder, outgoing, kept, may_commit)
            except AnswerLost:
                return Receipt(outgoing.ordinal, "uncertain")
            except Denied as answer:
                return self._not_taken(outgoing.ordinal, answer)
        was_there = self._recent.note(key, known=key in self._known)
        told = None if kept == outgoing.flags else kept
        return Receipt(outgoing.ordinal, "merged" if was_there else "stored", key, kept_flags=told)

    def _import(self, folder: Folder, outgoing: Outgoing, flags: frozenset[str], may_commit: Callable[[], None]) -> str:
        """The key of what was stored.  A keyword's label that was taken away meanwhile is made anew.

        Raises FolderMissing when it is the folder's that was taken away; else as :func:`import_message`.
        """
        while True:
            words = self._labels.of_keywords(gmail_flags.keywords_in(flags))
            labels = [*gmail_flags.labels_for(flags, folder.epoch), *words.values()]
            try:
                return import_message(self._line, outgoing.body, labels, may_commit)
            except Denied as answer:
                if not answer.invalid or not self._labels.lost(labels):
                    raise
            self._labels.path_of(folder.epoch)

    def _not_taken(self, ordinal: int, answer: Denied) -> Receipt:
        if answer.passing:
            # A 503 may come after the message was stored.
            return Receipt(ordinal, "uncertain")
        self._recent.added_nothing()
        if answer.status == HTTPStatus.BAD_REQUEST and not answer.unready:
            # By whatever reason: one message that Gmail cannot read keeps no other from arriving.
            return Receipt(ordinal, "refused", reason=Reason.CONTENT)
        verdict = self._line.verdict(answer)
        if isinstance(verdict, Refused):
            return Receipt(ordinal, "refused", reason=verdict.reason)
        raise verdict

    def find(
        self, folder: Folder, fence: str, suspects: Sequence[Suspect], claimed: Collection[str]
    ) -> Iterator[Found]:
        with self._judged():
            yield from find(self._line, folder.epoch, Fence.read(fence), suspects, claimed)

    # -- changing what is there ---------------------------------------------------------------------------------------

    def mark(self, folder: Folder, changes: Sequence[FlagChange]) -> Iterator[Marked]:
        with self._judged():
            for start in range(0, len(changes), _MODIFIED):
                yield from self._mark_some(folder, changes[start : start + _MODIFIED])

    def _mark_some(self, folder: Folder, changes: Sequence[FlagChange]) -> list[Marked]:
        there = {one.key: one for one in self._states([change.key for change in changes]) if self._belongs(folder, one)}
        self._check_folder(folder, everything_there=len(there) == len({change.key for change in changes}))
        answers: list[Marked] = []
        together: dict[tuple[frozenset[str], frozenset[str]], list[str]] = defaultdict(list)
        for change in changes:
            found = there.get(change.key)
            if found is None:
                answers.append(Marked(change.key, "missing"))
                continue
            marked, labels = self._change(change, found)
            answers.append(marked)
            if any(labels):
                together[labels].append(change.key)
        gone = {key for (on, off), keys in together.items() for key in self._relabel(keys, on, off)}
        return [Marked(one.key, "missing") if one.key in gone else one for one in answers]

    def _change(self, change: FlagChange, found: State) -> tuple[Marked, tuple[frozenset[str], frozenset[str]]]:
        """What a change comes to for one message: the answer, and labels to put on and to take off."""
        has = flags_of(found.labels, self._labels.keywords)
        add, remove = change.add - has, change.remove & has
        on, off = gmail_flags.label_change(add, remove)
        done = add & {"\\Seen", "\\Flagged"}, remove & {"\\Seen", "\\Flagged"}
        if self._with_keywords:
            words = [self._labels.of_keywords(gmail_flags.keywords_in(flags)) for flags in (add, remove)]
            on |= set(words[0].values())
            off |= set(words[1].values())
            done = done[0] | words[0].keys(), done[1] | words[1].keys()
        return Marked(change.key, "done", *done), (frozenset(on), frozenset(off))

    def _relabel(self, keys: Sequence[str], on: Collection[str], off: Collection[str]) -> set[str]:
        """Change labels; the messages that are there no longer, as far as it is told.

        Raises FolderMissing when one of the labels was taken away.
        """
        wanted = {"addLabelIds": sorted(on), "removeLabelIds": sorted(off)}
        try:
            if len(keys) < _FEW:
                return {key for key in keys if not self._modify(key, wanted)}
            self._line.post("messages/batchModify", units.MODIFY_MANY, {"ids": list(keys), **wanted})
        except Denied as answer:
            if answer.invalid and self._labels.lost({*on, *off}):
                raise FolderMissing(_("there is no such label any more"), system=self._line.system) from None
            raise
        return set()

    def _modify(self, key: str, wanted: Mapping[str, Sequence[str]]) -> bool:
        """Whether the message was there."""
        try:
            self._line.post(f"messages/{key}/modify", units.READ, wanted)
        except Denied as answer:
            if is_gone(answer):
                return False
            raise
        return True

    def move(self, folder: Folder, to: Folder, keys: Sequence[str]) -> Iterator[Receipt]:
        with self._judged():
            for label in (folder.epoch, to.epoch):
                self._labels.path_of(label)
            off = {folder.epoch} - FIXED - {ARCHIVE}
            on = {to.epoch} - {ARCHIVE}
            for start in range(0, len(keys), _MODIFIED):
                some = keys[start : start + _MODIFIED]
                there = {one.key for one in self._states(some) if self._belongs(folder, one)}
                self._check_folder(folder, everything_there=len(there) == len(some))
                if on & FIXED:
                    # What was sent, and what is a draft, only a message's arrival says.
                    yield from self._left_where_they_are(some, there, start)
                    continue
                if there:
                    there -= self._relabel([key for key in some if key in there], on, off)
                for ordinal, key in enumerate(some, start):
                    yield Receipt(ordinal, "stored", key) if key in there else _gone(ordinal)

    def _left_where_they_are(self, keys: Sequence[str], there: Collection[str], first: int) -> Iterator[Receipt]:
        for ordinal, key in enumerate(keys, first):
            yield Receipt(ordinal, "refused", reason=Reason.ARGUMENTS) if key in there else _gone(ordinal)

    # -- how a target looks at its messages ---------------------------------------------------------------------------

    def _belongs(self, folder: Folder, found: State) -> bool:
        """By the label itself: what a person labels besides stays where we put it."""
        if folder.epoch == ARCHIVE or not _HIDDEN.isdisjoint(found.labels):
            return self._is_placed(folder, found)
        return folder.epoch in found.labels

    def _flags(self, found: State) -> frozenset[str]:
        return flags_of(found.labels, self._labels.keywords)


def _gone(ordinal: int) -> Receipt:
    return Receipt(ordinal, "refused", reason=Reason.GONE)
