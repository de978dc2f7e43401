"""Archives are copied from where their people have them to where the organisation keeps them, verified to the byte."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, tzinfo
from hashlib import sha256
from pathlib import Path
from threading import Event
from typing import Any, Literal

from connectors.archives.contract import Archive, NotAnArchive, Reading
from connectors.archives.walking import Walk
from connectors.errors import SpoolError
from connectors.language import _
from connectors.os_errors import os_error_text
from migrate.archives.collected import Collected, Entry
from migrate.archives.files import make_private
from migrate.archives.holders import holder_of, is_locked
from migrate.archives.troubles import CannotRead, writing
from migrate.archives.verified_copy import ChangedMeanwhile, NotTheSame, Stamp, VerifiedCopy
from migrate.figures import size_text

#: ``collected``: for the first time.  ``renewed``: in the place of an older copy.  ``unchanged``: as it was copied.
#: ``here``: it lies in the folder of collected archives already.  The others are not copied.
Came = Literal[
    "collected", "renewed", "unchanged", "here", "missing", "locked", "changed", "unreadable", "not-the-same"
]
_NOT_COPIED = ("missing", "locked", "changed", "unreadable", "not-the-same")
#: Left free whatever comes: a full disk stops more than this.
_SPARE = 64 << 20

Identify = Callable[[Path, Reading], Archive]


class NoRoom(Exception):
    """The disk is too small: worded for the person who has to make room."""


@dataclass(frozen=True, slots=True)
class Original:
    """An archive as somebody has it."""

    mailbox: str
    #: Absolute.
    path: Path


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one."""

    original: Original
    came: Came
    entry: Entry | None = None
    #: Where the copy lies.
    copy: Path | None = None
    #: A program seems to have the original open: what it has not written yet is not in the copy.
    open: bool = False
    #: Why it was not copied, or what of it was not, for people.
    why: str = ""

    @property
    def good(self) -> bool:
        return self.came not in _NOT_COPIED and not self.open

    def as_json(self) -> dict[str, Any]:
        """The published shape."""
        entry = self.entry
        return {
            "mailbox": self.original.mailbox,
            "source": str(self.original.path),
            "outcome": self.came,
            "file": None if self.copy is None else str(self.copy),
            "open": self.open,
            "sha256": entry and entry.sha256,
            "size": entry and entry.stamp.size,
            "modified": entry and _moment(entry.stamp.mtime),
            "collected": entry and entry.collected,
            "kind": (entry and entry.kind) or None,
            "identity": (entry and entry.identity) or None,
            "message": self.why,
        }


@dataclass
class Collecting:
    """One run: the archives of some people, into one folder."""

    collected_in: Path
    originals: Sequence[Original]
    identify: Identify
    reading: Reading
    zone: tzinfo
    stop: Event
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    #: Hears each number of bytes that was copied or read back.
    told: Callable[[int], None] = lambda _bytes: None
    _lists: dict[str, Collected] = field(default_factory=dict)

    def begin(self) -> int:
        """Finish what an earlier run left, and see that there is room; bytes to be copied.

        Raises :class:`NoRoom`, BrokenList, CannotWrite.
        """
        with writing():
            make_private(self.collected_in)
        for mailbox in dict.fromkeys(one.mailbox for one in self.originals):
            self._lists[mailbox] = Collected.read(self.collected_in, mailbox)
            with writing():
                self._lists[mailbox].settle()
        needed = sum(self._needed(one) for one in self.originals)
        with writing():
            free = shutil.disk_usage(self.collected_in).free
        if needed and needed + _SPARE > free:
            text = _(
                "The disk of {folder} is too small: the archives need {needed}, {spare} are to stay free, and {free}"
                " are free. Nothing was copied. Make room, or name a folder on another disk in the plan (archives:"
                " collected_in)."
            )
            sizes = {"needed": size_text(needed), "spare": size_text(_SPARE), "free": size_text(free)}
            raise NoRoom(text.format(folder=self.collected_in, **sizes))
        return needed

    def collect(self, original: Original) -> Outcome:
        """Copy one.  Raises CannotWrite and CopyStopped; troubles of the original are its outcome."""
        path = original.path
        try:
            if path.is_relative_to(self.collected_in) and path.exists():
                return Outcome(original, "here", copy=path)
            if not path.exists():
                why = _("There is nothing at {path}; is the drive connected, the PC switched on?")
                return Outcome(original, "missing", why=why.format(path=path))
            if not (path.is_file() or path.is_dir()):
                why = _("{path} is neither a file nor a folder.")
                return Outcome(original, "unreadable", why=why.format(path=path))
            held = holder_of(path)
            if held == "locked":
                return self._locked(original)
            return self._copy(original, is_open=held == "open")
        except CannotRead as trouble:
            return self._unreadable(original, trouble.error)
        except OSError as error:
            return self._unreadable(original, error)

    def _copy(self, original: Original, *, is_open: bool) -> Outcome:
        collected = self._lists[original.mailbox]
        path, before = original.path, collected.of(original.path)
        stamp = Stamp.of(path)
        if before is not None and self._is_same(collected, before, stamp):
            return Outcome(original, "unchanged", before, collected.folder / before.file, is_open)
        copy = self._copy_of(original)
        try:
            digest = copy.make()
        except ChangedMeanwhile:
            why = _("{path} was changed while it was copied: close Outlook on that PC, and collect again.")
            return Outcome(original, "changed", why=why.format(path=path))
        except NotTheSame:
            why = _("The copy of {path} reads back as something else: do not trust this disk, its cable, this memory.")
            return Outcome(original, "not-the-same", why=why.format(path=path))
        is_open = is_open or holder_of(path) is not None
        kind, identity = self._identified(copy.content)
        older = before or self._older(collected, identity)
        # It may be a copy that somebody made long ago: it is complete up to its last writing, and not up to today.
        day = "" if is_open else _at(stamp.mtime).astimezone(self.zone).date().isoformat()
        new = Entry(
            "", "placing", str(path), digest, stamp, self.now().isoformat(timespec="seconds"), day, kind, identity,
            draft=copy.content.relative_to(collected.folder).as_posix(),
        )  # fmt: skip
        if older is not None and older.sha256 == digest and (collected.folder / older.file).exists():
            copy.drop()
            same = replace(older, source=str(path), stamp=stamp, complete_on=day or older.complete_on)
            with writing():
                collected.replace(older, same)
            return Outcome(original, "unchanged", same, collected.folder / same.file, is_open)
        with writing():
            placed = collected.place(new, older)
        came: Came = "collected" if older is None else "renewed"
        return Outcome(original, came, placed, collected.folder / placed.file, is_open, _not_followed(path))

    def _is_same(self, collected: Collected, before: Entry, stamp: Stamp) -> bool:
        """Whether a copy need not be made anew.  What a program had open then may have changed behind its date."""
        return before.stamp == stamp and bool(before.complete_on) and (collected.folder / before.file).exists()

    def _older(self, collected: Collected, identity: str) -> Entry | None:
        """The copy that this one is a newer state of: the same archive, no longer named where it was.

        Two copies of one archive that are both named have lived on apart, and both are kept.
        """
        named = {str(one.path) for one in self.originals if one.path.exists()}
        return next(
            (one for one, _place in collected.current() if identity and one.identity == identity
             and one.source not in named),
            None,
        )  # fmt: skip

    def _identified(self, content: Path) -> tuple[str, str]:
        """Kind and identity; empty where the copy is of no kind that is known, damaged, or too large to unpack here."""
        try:
            archive = self.identify(content, self.reading)
        except (NotAnArchive, OSError, SpoolError):
            return "", ""
        try:
            return archive.kind, archive.identity
        finally:
            archive.close()

    def _needed(self, original: Original) -> int:
        """Bytes that copying it takes; 0 when it cannot or need not be copied."""
        if original.path.is_relative_to(self.collected_in):
            return 0
        try:
            stamp = Stamp.of(original.path)
            collected = self._lists[original.mailbox]
            before = collected.of(original.path)
            if before is not None and self._is_same(collected, before, stamp):
                return 0
            return max(0, stamp.size - self._copy_of(original).there)
        except OSError:
            return 0

    def _copy_of(self, original: Original) -> VerifiedCopy:
        name = sha256(str(original.path).encode("utf-8", "surrogateescape")).hexdigest()[:16]
        draft = self._lists[original.mailbox].folder / f".collecting-{name}"
        return VerifiedCopy(original.path, draft, self.stop, self.told)

    def _locked(self, original: Original) -> Outcome:
        why = _("{path} is held by another program: close Outlook, or whichever program has it open, and try again.")
        return Outcome(original, "locked", why=why.format(path=original.path))

    def _unreadable(self, original: Original, error: OSError) -> Outcome:
        if is_locked(error):
            return self._locked(original)
        why = _("{path} cannot be read: {why}").format(path=original.path, why=os_error_text(error))
        return Outcome(original, "unreadable", why=why)


def _not_followed(original: Path) -> str:
    """What a copy of a folder lacks: what links lead to.  Nothing else would tell, for the copy has no links."""
    if not original.is_dir():
        return ""
    walk = Walk()
    for _directory in walk.walk(original):
        pass
    return next((message for code, message in walk.problems() if code == "link"), "")


def _at(nanoseconds: int) -> datetime:
    return datetime.fromtimestamp(nanoseconds // 1_000_000_000, UTC)


def _moment(nanoseconds: int) -> str:
    return _at(nanoseconds).isoformat()
