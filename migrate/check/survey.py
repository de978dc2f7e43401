"""Looking at one mailbox on both sides.  Signs in and reads; writes to neither side, nor to the ledger."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from threading import Event
from typing import Literal, TypeVar

from connectors.contract import (
    ConnectorError,
    Entry,
    Folder,
    FolderMissing,
    Quota,
    Refused,
    Source,
    Stopped,
    Target,
    names_of,
    quota_of,
    refused_by,
    roles_of,
    shared_left_out,
)
from connectors.reasons import Reason
from migrate.check.mapping import Mapped, Path, There, map_folders
from migrate.copy.halt import Halt
from migrate.copy.job import Job, Progress, Rules, why_left_out
from migrate.engine.site import Standing
from plans import SecretError

#: Days from which it is told how fast a mailbox grows.
RECENT = 30
_INBOX = ("INBOX",)


@dataclass(slots=True)
class FolderFacts:
    """A source folder as it was found.  Sizes are bytes, as the source lists them."""

    mapped: Mapped
    #: All that is in it.
    messages: int = 0
    size: int = 0
    #: What would travel: not left out by a rule, and not over the target's limit.
    travelling: int = 0
    travelling_size: int = 0
    too_large: int = 0
    #: The longest message that the folder it goes to takes; None when the target does not say.
    max_message: int | None = None
    largest: int = 0
    #: When the first and the last of them were received, as far as the source says.
    oldest: datetime | None = None
    newest: datetime | None = None
    #: Of the size, what was received in the last :data:`RECENT` days.
    recent_size: int = 0
    left_out: Counter[Reason] = field(default_factory=Counter)
    #: Why it cannot be read.
    error: ConnectorError | None = None


@dataclass(slots=True)
class Survey:
    """One mailbox on both sides."""

    mailbox: str
    folders: list[FolderFacts] = field(default_factory=list)
    #: Folders that others share with this mailbox, and that its source is set to leave out.
    shared: Sequence[tuple[str, ...]] = ()
    source_error: ConnectorError | SecretError | None = None
    target_error: ConnectorError | SecretError | None = None
    #: The longest message that the target takes, in a new folder where folders differ; None when it does not say.
    max_message: int | None = None
    quota: Quota | None = None
    #: What the source says that its mailbox may hold.
    source_quota: Quota | None = None
    #: What the two systems call themselves; empty when they do not say.
    source_product: str = ""
    target_product: str = ""
    #: Messages that are on the target already; None when it could not be looked at.
    on_target: int | None = None
    #: Seconds that listing the source took.
    listing: float = 0.0
    interrupted: bool = False
    #: What has to be true before the systems can be used, as far as they tell.
    standing: Sequence[Standing] = ()
    #: Those over the target's limit, with their folders.
    too_large: list[tuple[tuple[str, ...], Entry]] = field(default_factory=list)

    def unmet(self, side: str) -> bool:
        """Whether something that the use of this side rests on is known not to be so."""
        return any(one.side == side and one.found.met is False for one in self.standing)

    @property
    def messages(self) -> int:
        return sum(one.messages for one in self.folders)

    @property
    def size(self) -> int:
        return sum(one.size for one in self.folders)

    @property
    def travelling(self) -> int:
        return sum(one.travelling for one in self.folders)

    @property
    def travelling_size(self) -> int:
        return sum(one.travelling_size for one in self.folders)


#: Where the ledger says that the folders of a source were put, by the source's name.
Recorded = Mapping[str, Mapping[Path, Path]]


def survey(
    jobs: Sequence[Job],
    halt: Halt,
    recorded: Recorded | None = None,
    sides: Literal["both", "source"] = "both",
    max_message: int | None = None,
) -> Survey:
    """Sign in to the target and to each source, and look.

    Troubles are in the result: one side is looked at whatever the other answers.  ``max_message``: the longest message
    that the target is known to take, for who does not ask it.
    """
    found = _survey(jobs[0], halt, recorded or {}, sides, max_message)
    for job in jobs[1:]:
        further = _survey(job, halt, recorded or {}, sides, max_message)
        found.folders += further.folders
        found.source_error = found.source_error or further.source_error
        found.too_large += further.too_large
        found.listing += further.listing
        found.shared = [*found.shared, *further.shared]
        found.interrupted = found.interrupted or further.interrupted
    return found


def _survey(
    job: Job, halt: Halt, recorded: Recorded, sides: Literal["both", "source"], max_message: int | None
) -> Survey:
    try:
        permit = job.admit(halt.stop, True)
        try:
            return _look(Survey(job.mailbox, max_message=max_message), job, halt, recorded.get(job.source, {}), sides)
        finally:
            permit.release()
    except Stopped:
        return Survey(job.mailbox, interrupted=True)


def _look(
    found: Survey, job: Job, halt: Halt, recorded: Mapping[Path, Path], sides: Literal["both", "source"]
) -> Survey:
    rules = job.rules
    with ExitStack() as stack:
        folders: list[Folder] = []
        source: Source | None = None
        target: Target | None = None
        limits: Mapping[Path, int | None] = {}
        try:
            source = _signed_in(stack, job.open_source, halt)
            folders = list(source.folders())
            found.shared = shared_left_out(source)
            found.source_product = source.capabilities().product
            found.source_quota = quota_of(source)
        except Stopped:
            raise
        except (ConnectorError, SecretError) as error:
            found.source_error = error
        mapped = map_folders(folders, rules)
        try:
            if sides == "both":
                target = _signed_in(stack, job.open_target, halt)
                limits = _look_at_target(found, target)
                mapped = map_folders(folders, rules, there_on(target, recorded))
        except Stopped:
            raise
        except (ConnectorError, SecretError) as error:
            found.target_error = error
        found.folders = [FolderFacts(one, max_message=limits.get(one.to or (), found.max_message)) for one in mapped]
        if source is not None and found.source_error is None:
            _list_all(found, source, rules, halt, job.progress)
    return found


_S = TypeVar("_S", bound=Source)


def _signed_in(stack: ExitStack, sign_in: Callable[[Event], _S], halt: Halt) -> _S:
    session = stack.enter_context(closing(sign_in(halt.stop)))
    stack.enter_context(halt.cutting(session.abort))
    return session


def there_on(target: Target, recorded: Mapping[Path, Path]) -> There:
    """What a target says before folders are made on it.  Raises ConnectorError."""
    return There(names_of(target), partial(refused_by, target), roles_of(target), recorded)


def _look_at_target(found: Survey, target: Target) -> Mapping[Path, int | None]:
    """The longest message that each folder takes which is there already."""
    there = list(target.folders())
    capabilities = target.capabilities()
    found.max_message, found.target_product = capabilities.max_message, capabilities.product
    limits = {
        folder.path: capabilities.max_message if folder.max_message is None else folder.max_message for folder in there
    }
    if found.max_message is None:
        found.max_message = limits.get(_INBOX)  # the only folder that is there for certain stands for those to be made
    found.quota = quota_of(target)
    found.on_target = sum(folder.messages or 0 for folder in there)
    return limits


def _list_all(found: Survey, source: Source, rules: Rules, halt: Halt, progress: Progress) -> None:
    """The messages of every folder that travels; of the others their number, where that costs nothing."""
    began = time.monotonic()
    recent = datetime.now(UTC) - timedelta(days=RECENT)
    for facts in found.folders:
        if halt.stop.is_set():
            break
        folder = facts.mapped.folder
        if facts.mapped.to is None:
            facts.messages = folder.messages or 0
            facts.left_out[facts.mapped.left_out or Reason.RULE_FOLDER] = facts.messages
            continue
        try:
            for window in source.entries(folder, None) if folder.messages != 0 else ():
                for entry in window.entries:
                    if _count(facts, entry, rules, recent):
                        found.too_large.append((folder.path, entry))
                progress.scanned(found.mailbox, folder.path, facts.messages)
                if halt.stop.is_set():
                    break
        except (FolderMissing, Refused) as error:
            facts.error = error
        except ConnectorError as error:
            found.source_error = error
            break
    found.listing = time.monotonic() - began
    found.interrupted = halt.stop.is_set()


def _count(facts: FolderFacts, entry: Entry, rules: Rules, recent: datetime) -> bool:
    """True when the message is over the target's limit."""
    size = entry.size or 0
    facts.messages += 1
    facts.size += size
    facts.largest = max(facts.largest, size)
    if entry.received is not None:
        facts.oldest = min(facts.oldest or entry.received, entry.received)
        facts.newest = max(facts.newest or entry.received, entry.received)
        if entry.received >= recent:
            facts.recent_size += size
    reason = why_left_out(rules, entry)
    if reason is not None:
        facts.left_out[reason] += 1
    elif facts.max_message is not None and size > facts.max_message:
        facts.too_large += 1
        return True
    else:
        facts.travelling += 1
        facts.travelling_size += size
    return False
