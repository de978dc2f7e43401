"""The folders of a signed-in mailbox: listing, STATUS, and which one is open."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from connectors.contract import Folder, Role
from connectors.errors import ConnectorError, FolderMissing, Refused, Transient
from connectors.imap.arguments import is_quotable, quoted
from connectors.imap.clashes import must_be_alone
from connectors.imap.connection import Connection
from connectors.imap.dialogue import Answer
from connectors.imap.known import Known, PermanentFlags
from connectors.imap.listing import Folders, Lister
from connectors.imap.names import Listed, Namespace, parse_list, parse_namespace, path_of, raw_of
from connectors.imap.response import flags_of
from connectors.imap.status import FolderStatus, status_items, statuses_in
from connectors.language import _
from connectors.reasons import Reason

#: STATUS commands sent in one go.
_STATUS_GROUP = 50
_MODSEQ = re.compile(rb"[1-9]\d{0,18}")
#: More than any folder holds; a listing asks for every so-manieth of them.
_MOST_MESSAGES = 100_000_000


@dataclass(frozen=True, slots=True)
class Opened:
    """The folder that is selected."""

    raw: bytes
    writable: bool
    uidvalidity: str
    exists: int
    permanent_flags: PermanentFlags
    #: HIGHESTMODSEQ at that moment; None where the folder has none (NOMODSEQ).
    modseq: int | None = None


@dataclass(frozen=True, slots=True)
class Begun:
    """A folder that is being opened, and commands about it: the tags of all."""

    folder: Folder
    raw: bytes
    opening: bytes
    tags: list[bytes]
    #: The messages that are read; None when the folder is listed.
    uids: Sequence[int] | None = None


class Mailbox:
    """One signed-in mailbox, used by one thread."""

    def __init__(self, connection: Connection, known: Known, *, with_shared: bool = False) -> None:
        self.dialogue = connection.dialogue
        self.features = connection.features
        self.known = known
        self.status_items = status_items(connection.features)
        #: Other people's folders and shared ones are listed too.
        self._with_shared = with_shared
        self.opened: Opened | None = None
        #: VANISHED may be asked for (QRESYNC, RFC 7162).
        self.resyncs = False
        self._may_enable = True
        self._stated_namespace = parse_namespace(connection.namespace.untagged) if connection.namespace else None
        self._namespace = self._stated_namespace

    @property
    def namespace(self) -> Namespace:
        """Where the user's folders are; asks for the separator when there is no NAMESPACE."""
        if self._namespace is None:
            answer = self.dialogue.must("LIST", self.dialogue.run(b"LIST", b'""', b'""'))
            roots = [found for found in map(parse_list, answer.untagged) if found is not None]
            self._namespace = Namespace("", roots[0].separator if roots else "/")
        return self._namespace

    def enable_resync(self) -> None:
        """ENABLE QRESYNC (RFC 5161), which a server takes only until a folder is opened."""
        for tag in self.dialogue.start_all(self._enabling()):
            self._enabled(self.dialogue.finish(tag))

    def _enabling(self) -> list[tuple[bytes, ...]]:
        may_enable, self._may_enable = self._may_enable, False
        return [(b"ENABLE", b"QRESYNC")] if may_enable and {"QRESYNC", "ENABLE"} <= self.features.names else []

    def _enabled(self, answer: Answer) -> None:
        lines = [parts[0].upper().split() for parts in answer.untagged if isinstance(parts[0], bytes)]
        self.resyncs = any(words[:2] == [b"*", b"ENABLED"] and b"QRESYNC" in words for words in lines)

    # -- listing ------------------------------------------------------------------------------------------------

    @property
    def _lister(self) -> Lister:
        return Lister(self.dialogue, self.features, self.namespace, self._with_shared)

    def listing(self) -> Folders:
        """The mailbox's folders by path, and what may not be selected too."""
        lister = self._lister
        return self._listed(lister.folders(lister.ask()[0]))

    def listing_and_inbox(self, *commands: Sequence[bytes]) -> tuple[Folders, FolderStatus | None, Sequence[Answer]]:
        """As ``listing``, the inbox's status, None where it is not told, and answers, all in the same round trip."""
        lister = self._lister
        listed, beside = lister.ask(beside=[*commands, (b"STATUS", quoted(b"INBOX"), self.status_items)])
        answers = [*beside, *listed]  # which of them a line came with is the server's affair
        told = {raw: status for answer in answers for raw, status in statuses_in(answer)}
        return self._listed(lister.folders(answers)), told.get(b"INBOX"), beside[: len(commands)]

    def _listed(self, folders: Folders) -> Folders:
        self.known.raw_names.update({path: listed.raw for path, listed in folders.items()})
        return folders

    def looked_at(self) -> list[tuple[tuple[str, ...], Listed, FolderStatus | ConnectorError]]:
        """The folders that can be selected, and the status of each: with LIST-STATUS in one round trip.

        Where it is offered, QRESYNC is enabled on the way.
        """
        self.unselect()  # some servers tell of the folder that is open only what this session knows of it
        lister = self._lister
        answers, enabled = lister.ask(self.status_items, self._enabling())
        for answer in enabled:
            self._enabled(answer)
        folders = list(selectable(self._listed(lister.folders(answers))))
        told = {raw: status for answer in answers for raw, status in statuses_in(answer)}
        raws = [listed.raw for _, listed in folders if listed.raw not in told]
        asked = dict(zip(raws, self.statuses(raws), strict=True))
        return [(path, listed, told.get(listed.raw) or asked[listed.raw]) for path, listed in folders]

    def shared_left_out(self) -> list[tuple[str, ...]]:
        """Other people's and shared folders that the listing leaves out."""
        return [path for path, _ in selectable(self._lister.shared_left_out())]

    def raw_name(self, path: tuple[str, ...]) -> bytes:
        """The server's name for a path: as listed, else as it would be made."""
        return self.known.raw_names.get(path) or raw_of(path, self.namespace)

    def argument(self, raw: bytes) -> bytes:
        """A raw name as argument of a command that changes something.  Raises Refused for a name beyond ASCII."""
        if not is_quotable(raw):
            raise Refused(_("the folder's name cannot be said"), Reason.FOLDER_REFUSED, system=self.dialogue.system)
        return quoted(raw)

    # -- STATUS -------------------------------------------------------------------------------------------------

    def statuses(self, raws: Sequence[bytes]) -> Iterator[FolderStatus | ConnectorError]:
        """STATUS of many folders, many commands at a time; an answer or its verdict for each, in order."""
        for start in range(0, len(raws), _STATUS_GROUP):
            group = raws[start : start + _STATUS_GROUP]
            plain = [raw for raw in group if is_quotable(raw)]
            tags = self.dialogue.start_all([(b"STATUS", quoted(raw), self.status_items) for raw in plain])
            answers = {raw: self.dialogue.finish(tag) for raw, tag in zip(plain, tags, strict=True)}
            for raw in group:
                if raw not in answers:
                    answers[raw] = self.dialogue.run_on_folder(b"STATUS", raw, self.status_items)
            # A server may answer a later command before it ends an earlier one.
            told = {raw: status for answer in answers.values() for raw, status in statuses_in(answer)}
            yield from [self.status_in(raw, answers[raw], told) for raw in group]

    def status_if_there(self, raw: bytes) -> FolderStatus | None:
        """STATUS of one folder; None when there is none.  Raises every other verdict."""
        (found,) = self.statuses([raw])
        if isinstance(found, Refused | FolderMissing):
            return None
        if isinstance(found, ConnectorError):
            raise found
        return found

    def status_in(
        self, raw: bytes, answer: Answer, told: Mapping[bytes, FolderStatus]
    ) -> FolderStatus | ConnectorError:
        """What was ``told`` of a folder, by raw name, when STATUS was answered OK; else its verdict."""
        if answer.status.word != "OK":
            return self.dialogue.refusal("STATUS", answer.status)
        status = told.get(b"INBOX" if raw.upper() == b"INBOX" else raw)
        return status or Transient(_("STATUS was not answered"), system=self.dialogue.system)

    def folder(self, path: tuple[str, ...], role: Role | None, status: FolderStatus) -> Folder:
        """The contract's folder.

        Where other folders tell HIGHESTMODSEQ and this one has none (NOMODSEQ), there is no token: one without it
        would miss flag changes.
        """
        token: str | None = f"{status.uidvalidity}:{status.uidnext}:{status.messages}"
        if self.features.modseq:
            token = f"{token}:{status.modseq}" if status.modseq else None
        told = status.object_id, status.messages
        return Folder(path, role, status.uidvalidity, token, *told, max_message=status.append_limit)

    # -- opening ------------------------------------------------------------------------------------------------

    def open(self, folder: Folder, *, writable: bool = False, fresh: bool = False, leave: bool = False) -> Opened:
        """EXAMINE the folder, or SELECT it when ``writable``; ``fresh`` even when it is open already.

        ``leave`` it in the same round trip, where that can be done without an expunge.

        Raises FolderMissing when it is gone or its UIDVALIDITY is no longer the folder's epoch.
        """
        raw = self.raw_name(folder.path)
        opened = self.opened
        if opened is None or opened.raw != raw or opened.writable < writable or fresh:
            opened = self.open_raw(raw, writable=writable, leave=leave)
        if opened.uidvalidity != folder.epoch:
            raise FolderMissing(_("the folder was made anew"), system=self.dialogue.system, detail="UIDVALIDITY")
        return opened

    def is_open(self, folder: Folder) -> bool:
        """Whether the folder is selected, and still the same."""
        return (
            self.opened is not None
            and self.opened.raw == self.raw_name(folder.path)
            and self.opened.uidvalidity == folder.epoch
        )

    def open_and_start(self, folder: Folder, *commands: Sequence[bytes]) -> tuple[Opened, list[bytes]]:
        """EXAMINE the folder and send commands about it in the same round trip; the commands' tags.

        Raises as ``open``; the connection is cut when another folder has its name now: nobody wants the answers.
        """
        begun = self.begin(folder, *commands)
        if begun is None:
            return self.open(folder, fresh=True), self.dialogue.start_all(commands)
        return self.arrive(begun), begun.tags

    def begin(self, folder: Folder, *commands: Sequence[bytes]) -> Begun | None:
        """Send what ``open_and_start`` sends, and wait for nothing; None where the folder's name takes a wait."""
        raw = self.raw_name(folder.path)
        if not is_quotable(raw):
            return None
        opening, *tags = self.dialogue.start_all([(b"EXAMINE", quoted(raw)), *commands])
        return Begun(folder, raw, opening, tags)

    def arrive(self, begun: Begun) -> Opened:
        """The folder of ``begin``, open.  Raises as ``open_and_start``."""
        try:
            answer = self.dialogue.finish(begun.opening)
            if answer.status.word == "NO":
                # Nothing is open, so the commands are turned down too.
                for tag in begun.tags:
                    self.dialogue.finish(tag)
        except ConnectorError:
            self.dialogue.refuse()
            raise
        try:
            self.opened_by(begun.raw, answer, writable=False)
            return self.open(begun.folder)
        except ConnectorError:
            if answer.status.word != "NO":
                self.dialogue.refuse()
            raise

    def open_raw(self, raw: bytes, *, writable: bool, leave: bool = False) -> Opened:
        what = "SELECT" if writable else "EXAMINE"
        leave = leave and "UNSELECT" in self.features and is_quotable(raw)
        if leave:
            opening, leaving = self.dialogue.start_all([(what.encode(), quoted(raw)), (b"UNSELECT",)])
            answer = self.dialogue.finish(opening)
            self.dialogue.finish(leaving)
        else:
            answer = self.dialogue.run_on_folder(what.encode(), raw)
        opened = self.opened_by(raw, answer, writable=writable)
        if leave:
            self.opened = None
        return opened

    def opened_by(self, raw: bytes, answer: Answer, *, writable: bool) -> Opened:
        """The folder that an answer to SELECT or EXAMINE opened.  Raises its verdict when it opened none."""
        self.opened, self._may_enable = None, False
        what = "SELECT" if writable else "EXAMINE"
        if answer.status.word == "NO" and not answer.status.code and answer.status.throttle is None:
            raise FolderMissing(_("{what}: no such folder").format(what=what), system=self.dialogue.system, detail="NO")
        self.dialogue.must(what, answer)
        uidvalidity = next((words.decode() for words in answer.codes("UIDVALIDITY") if _is_number(words)), "")
        listed = next((flags_of(words.strip(b"() ")) for words in answer.codes("PERMANENTFLAGS")), None)
        exists = _exists(answer)
        if exists > _MOST_MESSAGES:
            raise self.dialogue.broken(_("the server counts more messages than there can be"))
        modseq = next((int(words) for words in answer.codes("HIGHESTMODSEQ") if _MODSEQ.fullmatch(words)), None)
        flags = PermanentFlags.of(listed)
        if writable:
            flags = self.known.note_permanent_flags(raw, uidvalidity, flags)
            for object_id in answer.codes("MAILBOXID"):
                self.must_be_alone(raw, object_id, is_new=False)
        self.opened = Opened(raw, writable, uidvalidity, exists, flags, modseq)
        return self.opened

    def must_be_alone(self, raw: bytes, object_id: bytes, *, is_new: bool) -> None:
        """Raises Fatal when a folder of Cyrus is in another's place (see :mod:`connectors.imap.clashes`)."""
        if self.features.is_cyrus:
            folder = "/".join(path_of(raw, self.namespace.separator, self.namespace))
            must_be_alone(self.known, self.dialogue.system, object_id, folder, is_new=is_new)

    def unselect(self) -> None:
        """Leave the open folder, where that can be done without an expunge (UNSELECT, RFC 3691; never CLOSE)."""
        if self.opened is not None and "UNSELECT" in self.features:
            self.opened = None
            self.dialogue.must("UNSELECT", self.dialogue.run(b"UNSELECT"))

    def permanent_flags(self, folder: Folder, raw: bytes) -> PermanentFlags:
        """The flags a folder keeps, learnt once by SELECT and shared."""
        known = self.known.permanent_flags.get((raw, folder.epoch))
        if known is None:
            known = self.open(folder, writable=True, leave=True).permanent_flags
        return known


def _exists(answer: Answer) -> int:
    exists = 0
    for parts in answer.untagged:
        words = parts[0].split() if isinstance(parts[0], bytes) else []
        if len(words) == 3 and words[2].upper() == b"EXISTS" and _is_number(words[1]):
            exists = int(words[1])
    return exists


def _is_number(words: bytes) -> bool:
    return words.isdigit() and len(words) < 20


def selectable(folders: Folders) -> Iterable[tuple[tuple[str, ...], Listed]]:
    """The folders that can hold messages, in the order of the server."""
    return ((path, listed) for path, listed in folders.items() if listed.selectable)
