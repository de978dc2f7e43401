"""Writing to a mailbox in memory."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any, Literal

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
from connectors.errors import Fatal, Refused
from connectors.matching import Candidate
from connectors.memory.faults import Cut, Faults
from connectors.memory.session import MemorySource, identifying_fields
from connectors.memory.settings import MemorySettings
from connectors.memory.store import FolderState, Incoming, Stored, Writer, canonical
from connectors.reasons import Reason
from connectors.wire import digest_bytes, wire_bytes


class MemoryTarget(MemorySource):
    """A target session."""

    end: Literal["source", "target"] = "target"

    def __init__(
        self,
        writer: Writer,
        settings: MemorySettings,
        resources: Resources,
        faults: Faults,
        leave: Callable[[], None],
    ) -> None:
        super().__init__(writer, settings, resources, faults, leave)
        self._writer = writer

    def quota(self) -> Quota | None:
        return None

    def names(self) -> NameRules:
        return NameRules(folds_case=self._settings.folds_case)

    def refuses(self, paths: Sequence[tuple[str, ...]]) -> Collection[tuple[str, ...]]:
        return ()

    def roles(self) -> Mapping[Role, tuple[str, ...]]:
        return {state.role: state.path for state in self._writer.folders() if state.role is not None}

    def ensure(self, path: tuple[str, ...], role: Role | None, *, subscribed: bool = True) -> Folder:
        self._meet("ensure", path)
        states = self._writer.folders()
        for state in states:
            if role is not None and state.role is role:
                return self._folder(state)
        names = self.names()
        for state in states:
            if names.key(state.path) == names.key(canonical(path)):
                return self._folder(state)
        return self._folder(self._writer.create(path, role))

    def fence(self, folder: Folder, batch: Sequence[Outgoing]) -> str:
        self._meet("fence", folder.path)
        state = self._writer.folder(folder.path, folder.epoch)
        fence: dict[str, object] = {"epoch": state.epoch}
        match self._settings.find_by:
            case "uid":
                fence["next"] = state.next_number
            case "message_id":
                found = self._by_message_id(state)
                fence["known"] = {name: found.get(name, []) for name in {out.message_id or "" for out in batch}}
            case "scan":
                fence["keys"] = [message.key for message in state.messages]
        return json.dumps(fence)

    def write(self, folder: Folder, batch: Sequence[Outgoing], may_commit: Callable[[], None]) -> Iterator[Receipt]:
        receipts = self._write(folder, batch, may_commit)
        return receipts if self.capabilities().under_way == 1 else _sent_at_once(receipts)

    def _write(self, folder: Folder, batch: Sequence[Outgoing], may_commit: Callable[[], None]) -> Iterator[Receipt]:
        assert len(batch) <= self._settings.batch, "the engine cuts batches"
        if not batch:
            return
        self._meet("write", folder.path)
        self._writer.folder(folder.path, folder.epoch)
        if self._settings.atomic_batch:
            yield from self._write_together(folder, batch, may_commit)
        else:
            for outgoing in batch:
                yield from self._write_together(folder, [outgoing], may_commit)

    def find(
        self, folder: Folder, fence: str, suspects: Sequence[Suspect], claimed: Collection[str]
    ) -> Iterator[Found]:
        self._meet("find", folder.path)
        above = self._above(folder, json.loads(fence), {suspect.message_id or "" for suspect in suspects})
        candidates = [_candidate(message) for message in above if message.key not in claimed]
        yield from matching.match(suspects, candidates, atomic=self._settings.atomic_batch)

    def mark(self, folder: Folder, changes: Sequence[FlagChange]) -> Iterator[Marked]:
        self._writer.folder(folder.path, folder.epoch)
        for change in changes:
            self._meet("mark", folder.path, key=change.key)
            done = self._writer.change_flags(
                folder.path, change.key, self._kept(change.add), self._kept(change.remove), folder.epoch
            )
            self._meet("marked", folder.path, key=change.key)
            yield Marked(change.key, "missing") if done is None else Marked(change.key, "done", *done)

    def move(self, folder: Folder, to: Folder, keys: Sequence[str]) -> Iterator[Receipt]:
        if not self._settings.moves:
            raise Fatal("this system cannot move messages", system="memory")
        for ordinal, key in enumerate(keys):
            self._meet("move", folder.path, key=key)
            moved = self._writer.move(folder.path, to.path, key, folder.epoch, to.epoch)
            self._meet("moved", folder.path, key=key)
            yield self._receipt(ordinal, moved) if moved else Receipt(ordinal, "refused", reason=Reason.GONE)

    def _write_together(
        self, folder: Folder, batch: Sequence[Outgoing], may_commit: Callable[[], None]
    ) -> Iterator[Receipt]:
        """One commit point: all of it is stored, or nothing."""
        messages: list[Incoming] = []
        refusal: Reason | None = None
        for outgoing in batch:
            data = _bytes(outgoing)
            refusal = refusal or self._refusal(folder, outgoing.ordinal, data)
            messages.append(
                Incoming(
                    self._settings.rewritten(data),
                    outgoing.received,
                    self._kept(outgoing.flags) - self._settings.forgets,
                )
            )
        self._meet("sent", folder.path, ordinal=batch[0].ordinal)
        try:
            may_commit()
        except BaseException:
            self.abort()
            raise
        try:
            self._meet("commit", folder.path, ordinal=batch[0].ordinal)
        except Cut as cut:
            if cut.appears_after is not None and refusal is None:
                self._appear_later(folder, messages, cut.appears_after)
            raise
        if refusal is not None:
            yield from (Receipt(outgoing.ordinal, "refused", reason=refusal) for outgoing in batch)
            return
        stored = self._writer.store(folder.path, messages, folder.epoch)
        self._meet("stored", folder.path, ordinal=batch[0].ordinal)
        for outgoing, message in zip(batch, stored, strict=True):
            yield self._receipt(outgoing.ordinal, message, outgoing.flags)

    def _refusal(self, folder: Folder, ordinal: int, data: bytes) -> Reason | None:
        limit = self._settings.max_message
        try:
            self._meet("message", folder.path, ordinal=ordinal, data=data)
        except Refused as error:
            return error.reason
        if not self._settings.takes(data):
            return Reason.CONTENT
        return Reason.TOO_LARGE if limit is not None and len(data) > limit else None

    def _appear_later(self, folder: Folder, messages: Sequence[Incoming], after: timedelta) -> None:
        assert after < timedelta(seconds=self._settings.settle), "nothing may appear once the system has settled"
        self._writer.store_later(after, folder.path, messages, folder.epoch)

    def _receipt(self, ordinal: int, stored: Stored, asked: frozenset[str] | None = None) -> Receipt:
        told = stored.flags | ((asked or frozenset()) & self._settings.forgets)
        kept = None if asked is None or asked == told else told
        return Receipt(ordinal, "stored", stored.key if self._settings.returns_keys else None, kept_flags=kept)

    def _kept(self, flags: Collection[str]) -> frozenset[str]:
        settings = self._settings
        return frozenset(
            flag
            for flag in flags
            if flag in settings.permanent_flags or (settings.keywords and not flag.startswith("\\"))
        )

    def _above(self, folder: Folder, fence: dict[str, Any], names: Collection[str]) -> list[Stored]:
        """What lies above the fence; in a new epoch that is everything."""
        state = self._writer.folder(folder.path, folder.epoch)
        same = fence["epoch"] == state.epoch
        if self._settings.find_by == "message_id":
            found = self._by_message_id(state)
            known: dict[str, list[str]] = fence["known"] if same else {}
            fresh = {key for name in names for key in found.get(name, ()) if key not in known.get(name, ())}
            return [message for message in state.messages if message.key in fresh]
        if not same:
            return list(state.messages)
        if self._settings.find_by == "uid":
            return [message for message in state.messages if message.number >= fence["next"]]
        before = set(fence["keys"])
        return [message for message in state.messages if message.key not in before]

    def _by_message_id(self, state: FolderState) -> dict[str, list[str]]:
        """What the search index answers now: keys by Message-ID, those without one under the empty name."""
        indexed_until = self._writer.now() - timedelta(seconds=self._settings.index_lag)
        found: dict[str, list[str]] = defaultdict(list)
        for message in state.messages:
            if message.arrived <= indexed_until:
                found[digest_bytes(identifying_fields(message.data)).message_id or ""].append(message.key)
        return found


def _sent_at_once(receipts: Iterator[Receipt]) -> Iterator[Receipt]:
    """Everything happens now; the receipts, or what went wrong, are told when they are asked for."""
    heard: list[Receipt] = []
    failure: BaseException | None = None
    try:
        heard.extend(receipts)
    except BaseException as error:  # noqa: BLE001  # raised where it is heard
        failure = error

    def told() -> Iterator[Receipt]:
        yield from heard
        if failure is not None:
            raise failure

    return told()


def _bytes(outgoing: Outgoing) -> bytes:
    with outgoing.body.open() as reader:
        return reader.read()


def _candidate(message: Stored) -> Candidate:
    digests = digest_bytes(wire_bytes(message.data))
    return Candidate(message.key, message.received, len(message.data), digests.wire, digests.header)
