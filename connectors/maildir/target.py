"""A Maildir that is written: by the rules of Maildir, so that servers and programs may use it at the same time."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from pathlib import Path

from connectors import matching
from connectors.contract import (
    FlagChange,
    Folder,
    Found,
    Marked,
    NameRules,
    Outgoing,
    Quota,
    Receipt,
    Resources,
    Role,
    Suspect,
)
from connectors.errors import ConnectorError, Fatal, FolderMissing, OverQuota, Refused
from connectors.language import _
from connectors.maildir.bodies import Unreadable, body_of, opened, received
from connectors.maildir.epoch import epoch_of
from connectors.maildir.filename import STAMPS, FileName, new_base, stamp_of, wire_size_of
from connectors.maildir.flags import changed, flags_of, letters_of
from connectors.maildir.keywords import add_keywords
from connectors.maildir.layout import INBOX, FolderPath, names_of
from connectors.maildir.listing import Item
from connectors.maildir.making import make_folder
from connectors.maildir.owner import Owner
from connectors.maildir.settings import MaildirSettings
from connectors.maildir.source import MaildirSource, View
from connectors.maildir.storing import Ready, commit_all, count_for_quota, prepare, sync_folder
from connectors.maildir.verdicts import judged, verdict
from connectors.matching import Candidate
from connectors.reasons import Reason
from connectors.wire import to_wire


class MaildirTarget(MaildirSource):
    """A session for writing (see :class:`connectors.contract.Target`).  Makes nothing before ``ensure``."""

    def __init__(self, root: Path, settings: MaildirSettings, resources: Resources) -> None:
        super().__init__(root, settings, resources)
        with judged(root):
            self._owner = Owner.of(root)
        #: Folders whose names the stamps of this process follow.
        self._followed: set[tuple[FolderPath, str]] = set()

    def quota(self) -> Quota | None:
        """What is left on a disk is everybody's."""
        return None

    def names(self) -> NameRules:
        return names_of(self._folders.shape)

    def refuses(self, paths: Sequence[tuple[str, ...]]) -> Collection[tuple[str, ...]]:
        """Nobody to ask: ``names`` tells all that is known."""
        return ()

    def roles(self) -> Mapping[Role, tuple[str, ...]]:
        return {Role.INBOX: INBOX}

    def ensure(self, path: tuple[str, ...], role: Role | None, *, subscribed: bool = True) -> Folder:
        """By path alone: a Maildir keeps no roles but the inbox's."""
        self._alive()
        wanted = INBOX if role is Role.INBOX or (len(path) == 1 and path[0].upper() == "INBOX") else path
        try:
            directory = make_folder(self._folders, wanted, self._owner, subscribed=subscribed)
        except OSError as error:
            told = verdict(error, str(self._root))
            if isinstance(told, OverQuota):
                raise told from error
            reason = Reason.NO_PERMISSION if isinstance(told, Fatal) else Reason.FOLDER_REFUSED
            what = _("the folder cannot be made")
            raise Refused(what, reason, system=told.system, detail=told.detail) from error
        with judged(self._root):
            return self._folder(self._folders.path_of(directory), directory)

    def fence(self, folder: Folder, batch: Sequence[Outgoing]) -> str:
        if (folder.path, folder.epoch) not in self._followed:
            # A clock that was set back must not let new names fall below old ones.
            view = self._view(folder, fresh=True)
            STAMPS.follow(max((stamp_of(item.name.base) or 0 for item in view.items.values()), default=0))
            self._followed.add((folder.path, folder.epoch))
        return str(STAMPS.next())

    def write(self, folder: Folder, batch: Sequence[Outgoing], may_commit: Callable[[], None]) -> Iterator[Receipt]:
        if not batch:
            return
        directory = self._checked(folder)
        with judged(self._root):
            keywords = add_keywords(directory, {flag for one in batch for flag in one.flags}, self._owner)
        ready, kept = self._prepared(batch, keywords, directory)
        try:
            with judged(self._root):
                bases = commit_all(ready, directory, may_commit)
                count_for_quota(self._root, ready)
        except BaseException:
            self.abort()
            raise
        for message, base, flags in zip(batch, bases, kept, strict=True):
            yield Receipt(message.ordinal, "stored", base, kept_flags=None if flags == message.flags else flags)

    def find(
        self, folder: Folder, fence: str, suspects: Sequence[Suspect], claimed: Collection[str]
    ) -> Iterator[Found]:
        """Ours tell by their names when they were written, in every epoch."""
        if not suspects:
            return
        view = self._view(folder, fresh=True)
        sizes = {suspect.wire_size for suspect in suspects}
        seconds = {int(suspect.received.timestamp()) for suspect in suspects}
        candidates: list[Candidate] = []
        for key, item in list(view.items.items()):
            stamp = stamp_of(item.name.base)
            if stamp is None or stamp < int(fence) or key in claimed:
                continue
            self._alive()
            candidate = self._at(view, key, lambda path, item: self._candidate(path, item, sizes, seconds))
            if candidate is not None:
                candidates.append(candidate)
        yield from matching.match(suspects, candidates, atomic=False)

    def mark(self, folder: Folder, changes: Sequence[FlagChange]) -> Iterator[Marked]:
        if not changes:
            return
        view = self._view(folder, fresh=True)
        with judged(self._root):
            view.keywords = add_keywords(view.folder, {flag for one in changes for flag in one.add}, self._owner)
        renamed = False
        try:
            for change in changes:
                self._alive()
                marked = self._at(view, change.key, lambda path, item: self._marked(view, path, item, change))  # noqa: B023  # called at once
                renamed = renamed or marked is not None
                yield marked or Marked(change.key, "missing")
        finally:
            if renamed:
                with judged(self._root):
                    sync_folder(view.folder / "cur")

    def move(self, folder: Folder, to: Folder, keys: Sequence[str]) -> Iterator[Receipt]:
        if not keys:
            return
        directory = self._checked(to)
        view = self._view(folder, fresh=True)
        moved: list[Receipt] = []
        try:
            for ordinal, key in enumerate(keys):
                self._alive()
                base = self._at(view, key, lambda path, item: self._moved(view, path, item, directory))
                gone = Receipt(ordinal, "refused", reason=Reason.GONE)
                moved.append(gone if base is None else Receipt(ordinal, "stored", base))
        finally:
            with judged(self._root):
                sync_folder(directory / "cur")
                sync_folder(view.folder / "cur")
        yield from moved

    def _prepared(
        self, batch: Sequence[Outgoing], keywords: dict[str, str], directory: Path
    ) -> tuple[list[Ready], list[frozenset[str]]]:
        """All of a batch in ``tmp``; nothing of it when something goes wrong."""
        ready: list[Ready] = []
        kept: list[frozenset[str]] = []
        try:
            for message in batch:
                self._alive()
                letters, flags = letters_of(message.flags, keywords)
                with judged(self._root):
                    ready.append(prepare(message, letters, directory, self._owner))
                kept.append(flags)
        except ConnectorError:
            for one in ready:
                one.discard()
            raise
        return ready, kept

    def _candidate(self, path: Path, item: Item, sizes: set[int], seconds: set[int]) -> Candidate | None:
        status = path.stat()
        when = received(status)
        if wire_size_of(item.name.base) not in sizes and int(when.timestamp()) not in seconds:
            return None  # cannot match, so it need not be read
        try:
            with opened(path) as reader:
                body = body_of(reader, self._resources.spool)
        except Unreadable:
            return None
        body, digests = to_wire(body, self._resources.spool)
        size = body.size
        body.release()
        return Candidate(item.key, when, size, digests.wire, digests.header)

    def _marked(self, view: View, path: Path, item: Item, change: FlagChange) -> Marked:
        before = view.flags(item)
        letters = item.name.letters.replace("S", "") if item.part == "new" else item.name.letters
        after = changed(letters, change.add, change.remove, view.keywords)
        if after != "".join(sorted(letters)):
            self._rename(view, path, item, after)
        flags = flags_of(after, view.keywords) | (before - flags_of(letters, view.keywords))
        return Marked(change.key, "done", flags - before, before - flags)

    def _rename(self, view: View, path: Path, item: Item, letters: str) -> None:
        name = item.name.with_letters(letters)
        path.rename(view.folder / "cur" / name)
        view.items[item.key] = Item(item.key, "cur", name, FileName.parse(name))

    def _moved(self, view: View, path: Path, item: Item, directory: Path) -> str:
        """Rename it into another folder, under a new name: what is written later lies above what was before."""
        flags = view.flags(item)
        letters, _kept = letters_of(flags, add_keywords(directory, flags, self._owner))
        size = path.stat().st_size
        base = new_base(size, wire_size_of(item.name.base) or size)
        path.rename(directory / "cur" / FileName(base).with_letters(letters))
        return base

    def _checked(self, folder: Folder) -> Path:
        """The folder's directory.  Raises FolderMissing when it is gone or was made anew."""
        self._alive()
        with judged(self._root):
            directory = self._directory_of(folder.path)
            if epoch_of(directory) != folder.epoch:
                raise FolderMissing(_("the folder was made anew"), system=str(self._root))
            return directory

    def _directory_of(self, path: FolderPath) -> Path:
        if self._seen and self._seen[0] == path:
            return self._seen[1].folder
        return self._directory(path)
