"""A mailbox written over IMAP."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain
from time import monotonic

from connectors.body import SPOOL_OVER
from connectors.contract import (
    Capabilities,
    FlagChange,
    Folder,
    Found,
    Marked,
    NameRules,
    Outgoing,
    Receipt,
    Role,
    Suspect,
    ToEnsure,
)
from connectors.errors import AuthFailed, FolderMissing, Refused, Transient
from connectors.imap.append import BLAMES_ARGUMENTS, Appender, EarlyAnswer, Prepared
from connectors.imap.arguments import is_usual_date
from connectors.imap.clashes import must_be_unharmed
from connectors.imap.dialogue import Answer
from connectors.imap.find import fence_of, find
from connectors.imap.flags import Marker
from connectors.imap.held_names import question_of, refused, rules_of
from connectors.imap.known import PermanentFlags, TurnedDown
from connectors.imap.mailbox import Mailbox
from connectors.imap.making import Maker, open_first, subscribe
from connectors.imap.moving import move
from connectors.imap.names import Listed, cautious, path_of, raw_of
from connectors.imap.quota import lacks_room
from connectors.imap.response import Status, uid_list
from connectors.imap.source import ImapSource
from connectors.imap.status import FolderStatus
from connectors.imap.verdicts import message_reason
from connectors.language import _
from connectors.reasons import Reason

#: Batches sent before the first of them is answered: enough to keep a server busy over a long line.
_UNDER_WAY = 4
#: Seconds for which an empty inbox is believed to be empty.
_MOMENT = 5.0
_INBOX = ("INBOX",)


class ImapTarget(ImapSource):
    """A signed-in session for writing (see :class:`connectors.contract.Target`).

    After an APPEND that was refused half-way its connection is cut, and the next call signs in anew.
    """

    _may_be_shared = False
    _folders: dict[tuple[str, ...], Listed] | None = None
    #: When the inbox was seen empty, by the clock of ``time.monotonic``; None when it was not.
    _inbox_was_empty: float | None = None
    #: What the server said about names when the folders were listed.
    _about_names: Answer | None = None
    _maker: Maker | None = None

    def _use(self, wanted: Folder | None = None, uids: Sequence[int] | None = None) -> Mailbox:
        must_be_unharmed(self._known, self._settings.host)
        return super()._use(wanted, uids)

    def capabilities(self) -> Capabilities:
        told = super().capabilities()
        features = self._connection.features
        if "MULTIAPPEND" in features and "UIDPLUS" in features and features.unsynchronised(SPOOL_OVER):
            told = replace(told, under_way=_UNDER_WAY)
        # Courier's sessions wait for each other's lock on the Maildir, up to being disconnected for inactivity
        return replace(told, sessions=1) if "ACL2=UNION" in self._connection.features else told

    # -- before anything is written ------------------------------------------------------------------------------

    def names(self) -> NameRules:
        mailbox = self._use()
        self._listing(mailbox)
        return rules_of(mailbox, self._connection.greeting, self._about_names)

    def refuses(self, paths: Sequence[tuple[str, ...]]) -> Collection[tuple[str, ...]]:
        return refused(self._use(), paths)

    def roles(self) -> Mapping[Role, tuple[str, ...]]:
        listed = self._listing(self._use())
        return {one.role: path for path, one in listed.items() if one.role is not None and one.selectable}

    # -- folders ------------------------------------------------------------------------------------------------

    def foresee(self, folders: Sequence[ToEnsure]) -> None:
        mailbox = self._use()
        there = self._listing(mailbox)
        places = [(self._place_of(one.path, one.role), one) for one in folders]
        self._making(mailbox).ahead(
            [(mailbox.raw_name(place), one.role, one.subscribed) for place, one in places if place not in there],
            inbox=any(place == _INBOX and _INBOX in there for place, _one in places),
            inbox_is_empty=self._is_inbox_empty(),
        )

    def _is_inbox_empty(self) -> bool:
        """Whether it was, a moment ago; told once, for soon it is not."""
        seen, self._inbox_was_empty = self._inbox_was_empty, None
        return seen is not None and monotonic() - seen < _MOMENT

    def _making(self, mailbox: Mailbox) -> Maker:
        if self._maker is None or self._maker.mailbox is not mailbox:
            self._maker = Maker(mailbox)
        return self._maker

    def ensure(self, path: tuple[str, ...], role: Role | None, *, subscribed: bool = True) -> Folder:
        mailbox = self._use()
        folders = self._listing(mailbox)
        place = self._place_of(path, role)
        known = folders.get(place)
        raw = mailbox.raw_name(place)
        is_inbox = place == _INBOX
        status = None
        if known is not None and known.selectable:
            status = self._making(mailbox).inbox() if is_inbox else mailbox.status_if_there(raw)
        if status is None:
            raw, status, marked = self._make(mailbox, place, raw, role, subscribed=subscribed)
            place = path_of(raw, mailbox.namespace.separator, mailbox.namespace)
            mailbox.known.raw_names[place] = raw
            known = folders.setdefault(place, Listed(raw, mailbox.namespace.separator, marked, selectable=True))
        elif not status.messages and not is_inbox:
            if subscribed:
                # Made by the server itself, it is often not subscribed, and many programs would not show it.  One that
                # holds mail has an owner who may have left it out.
                subscribe(mailbox, raw)
            status = open_first(mailbox, raw, status)
        mailbox.known.note_uidnext(raw, status.uidvalidity, status.uidnext)
        if status.append_limit is not None:
            mailbox.known.append_limits[raw] = status.append_limit
        return mailbox.folder(place, known.role if known else None, status)

    def _listing(self, mailbox: Mailbox) -> dict[tuple[str, ...], Listed]:
        """The target's folders, listed once."""
        if self._folders is None:
            question = question_of(mailbox, self._connection.greeting)
            self._folders, inbox, answers = mailbox.listing_and_inbox(*([] if question is None else [question]))
            self._about_names = answers[0] if answers else None
            if inbox is not None and not inbox.messages:
                self._inbox_was_empty = monotonic()
        return self._folders

    def _place_of(self, path: tuple[str, ...], role: Role | None) -> tuple[str, ...]:
        """The path of the folder with this role, else the path itself."""
        if len(path) == 1 and path[0].upper() == "INBOX":
            return _INBOX
        if role is None or self._folders is None:
            return path
        return next(
            (place for place, listed in self._folders.items() if listed.role is role and listed.selectable), path
        )

    def _make(
        self, mailbox: Mailbox, path: tuple[str, ...], raw: bytes, role: Role | None, *, subscribed: bool
    ) -> tuple[bytes, FolderStatus, Role | None]:
        """Make the folder, under a more cautious name when the server does not hold this one."""
        refusal: Refused | None = None
        tried: list[bytes] = []
        for other in (path, *cautious(path)):
            name = raw_of(other, mailbox.namespace) if tried else raw
            if name in tried:
                continue
            tried.append(name)
            parents = [raw_of(other[:depth], mailbox.namespace) for depth in range(1, len(other))]
            try:
                return name, *self._making(mailbox).create(name, parents, role, subscribed=subscribed)
            except Refused as refused:
                refusal = refusal or refused
        assert refusal is not None
        raise refusal

    # -- writing ------------------------------------------------------------------------------------------------

    def fence(self, folder: Folder, batch: Sequence[Outgoing]) -> str:
        mailbox = self._use()
        raw = mailbox.raw_name(folder.path)
        uidnext = mailbox.known.uidnext.get((raw, folder.epoch))
        if uidnext is None:
            status = mailbox.status_if_there(raw)
            if status is None or status.uidvalidity != folder.epoch:
                raise FolderMissing(_("the folder is gone, or was made anew"), system=mailbox.dialogue.system)
            uidnext = status.uidnext
            mailbox.known.note_uidnext(raw, folder.epoch, uidnext)
        return fence_of(folder.epoch, uidnext)

    def write(self, folder: Folder, batch: Sequence[Outgoing], may_commit: Callable[[], None]) -> Iterator[Receipt]:
        if not batch:
            return iter(())
        mailbox = self._use()
        raw = mailbox.raw_name(folder.path)
        name = mailbox.argument(raw)
        limit = mailbox.known.append_limits.get(raw)
        if limit is not None and any(message.body.size > limit for message in batch):
            return self._but_the_longest(folder, batch, limit, may_commit)
        permanent = mailbox.permanent_flags(folder, raw)
        opened = mailbox.opened
        if opened is not None and opened.raw == raw and not opened.writable:
            mailbox.open(folder, writable=True)  # Courier answers NO to an APPEND to the folder it examines
        if "MULTIAPPEND" in mailbox.features:
            return self._append(folder, name, permanent, batch, may_commit)
        return self._append_singly(folder, name, permanent, batch, may_commit)

    def _but_the_longest(
        self, folder: Folder, batch: Sequence[Outgoing], limit: int, may_commit: Callable[[], None]
    ) -> Iterator[Receipt]:
        """A batch in which some are longer than the folder takes: refused as a whole where batches are atomic."""
        if self.capabilities().atomic_batch:
            return _refused(batch, Reason.TOO_LARGE)
        return chain.from_iterable(
            _refused([message], Reason.TOO_LARGE)
            if message.body.size > limit
            else self.write(folder, [message], may_commit)
            for message in batch
        )

    def _append_singly(
        self,
        folder: Folder,
        name: bytes,
        permanent: PermanentFlags,
        batch: Sequence[Outgoing],
        may_commit: Callable[[], None],
    ) -> Iterator[Receipt]:
        for message in batch:
            yield from self._append(folder, name, permanent, [message], may_commit)

    def _append(
        self,
        folder: Folder,
        name: bytes,
        permanent: PermanentFlags,
        group: Sequence[Outgoing],
        may_commit: Callable[[], None],
        suspected: TurnedDown | None = None,
    ) -> Iterator[Receipt]:
        """Send the group; its receipts are awaited when they are asked for.

        ``suspected`` are keywords at which the server said no a moment ago.  They are left out, and known to be turned
        down once it takes the messages without them: a no for any other reason drops no keyword for good.
        """
        mailbox = self._use()
        suspected = suspected or TurnedDown()
        try:
            prepared = [self._prepared(message, permanent, suspected) for message in group]
        except ValueError:
            return _refused(group, Reason.ARGUMENTS)
        appender = Appender(mailbox.dialogue, mailbox.features, mailbox.known)
        try:
            tag = appender.send(name, prepared, may_commit)
        except EarlyAnswer as early:
            if early.blamed is None:
                return self._answered(mailbox, folder, prepared, early.status)
            if not early.blamed.unproven:
                return _refused(group, Reason.ARGUMENTS)
            suspected.note(early.blamed.unproven, usual_date=early.blamed.usual_date)
            return self._append(folder, name, permanent, group, may_commit, suspected)

        def answered() -> Iterator[Receipt]:
            status = appender.answer(tag, prepared)
            listed = self._full_of_keywords(mailbox, folder, prepared, status)
            if listed is not None:
                yield from self._append(folder, name, listed, group, may_commit, suspected)
                return
            if status.word == "OK":
                self._note_keywords(mailbox, folder, permanent, suspected)
            bare = status.word == "NO" and not status.code and status.throttle is None
            if bare and not self._is_there(mailbox, folder):
                # Dovecot says so of a folder that was renamed at that moment, and the messages may be in it all the
                # same.
                raise FolderMissing(_("the folder is gone, or was made anew"), system=mailbox.dialogue.system)
            yield from self._answered(mailbox, folder, prepared, status)

        return answered()

    def _prepared(self, message: Outgoing, permanent: PermanentFlags, suspected: TurnedDown) -> Prepared:
        """Raises ValueError when an argument cannot be said in IMAP."""
        kept = self._kept(message, permanent)
        flags = suspected.taken_off(kept, usual_date=is_usual_date(message.received))
        return Prepared.of(message, flags, self._known)

    def _note_keywords(
        self, mailbox: Mailbox, folder: Folder, permanent: PermanentFlags, suspected: TurnedDown
    ) -> None:
        """The folder took messages without the ``suspected`` keywords, and without those it does not list."""
        self._known.turned_down.join(suspected)
        if not permanent.any_keyword:
            raw = mailbox.raw_name(folder.path)
            self._known.full_of_keywords.add((raw, folder.epoch))
            self._known.note_permanent_flags(raw, folder.epoch, permanent)

    def _is_there(self, mailbox: Mailbox, folder: Folder) -> bool:
        status = mailbox.status_if_there(mailbox.raw_name(folder.path))
        return status is not None and status.uidvalidity == folder.epoch

    def _full_of_keywords(
        self, mailbox: Mailbox, folder: Folder, prepared: Sequence[Prepared], status: Status
    ) -> PermanentFlags | None:
        """The flags a folder lists, when a message may have been refused because it keeps no further keyword.

        Cyrus keeps so many of them a folder, says that it takes any, and then refuses the message.  In a batch it is
        not known whose keyword it was; the engine splits it until the message is alone.
        """
        if status.word != "NO" or status.code not in BLAMES_ARGUMENTS or status.throttle is not None:
            return None
        if len(prepared) > 1:
            return None
        sent = prepared[0].flags
        if all(flag.startswith("\\") for flag in sent):
            return None
        listed = mailbox.open(folder, writable=True, fresh=True, leave=True).permanent_flags
        listed = replace(listed, any_keyword=False)
        return None if listed.kept(sent) == sent else listed

    def _answered(
        self, mailbox: Mailbox, folder: Folder, prepared: Sequence[Prepared], status: Status
    ) -> Iterator[Receipt]:
        if status.word == "OK":
            yield from self._stored(folder, prepared, status)
            return
        verdict = mailbox.dialogue.refusal("APPEND", status)
        passing = isinstance(verdict, AuthFailed | FolderMissing | Transient)
        if status.throttle is not None or (status.word != "BAD" and passing):
            raise verdict
        reason = message_reason(status.word, status.code)
        if reason is Reason.ARGUMENTS and not any(one.relies_on_keywords for one in prepared):
            reason = Reason.REFUSED  # the server asked for what came behind them, or they are what every server takes
        if status.word == "NO" and not status.code and self._is_full(mailbox.raw_name(folder.path), prepared):
            reason = Reason.OVER_QUOTA
        yield from _refused([one.message for one in prepared], reason)

    def _is_full(self, raw: bytes, prepared: Sequence[Prepared]) -> bool:
        """Whether there is no room for the messages; Cyrus refuses them then without saying so in a code."""
        quota = self._quota_of(raw)
        return quota is not None and lacks_room(quota, len(prepared), sum(one.message.body.size for one in prepared))

    def _kept(self, message: Outgoing, permanent: PermanentFlags) -> frozenset[str]:
        """The flags that can be sent: the folder keeps them, and the server has turned none of them down."""
        usual_date = is_usual_date(message.received)
        return self._known.turned_down.taken_off(permanent.kept(message.flags), usual_date=usual_date)

    def _stored(self, folder: Folder, prepared: Sequence[Prepared], status: Status) -> Iterator[Receipt]:
        keys: list[int] | None = None
        if status.code == "APPENDUID":
            epoch, _space, uids = status.words.partition(b" ")
            if epoch.decode("ascii", "replace") != folder.epoch:
                raise FolderMissing(_("the folder was made anew meanwhile"), system=self._dialogue.system)
            keys = uid_list(uids.strip(), len(prepared))
        if keys is not None and len(set(keys)) == len(prepared):
            self._known.note_uidnext(self._mailbox.raw_name(folder.path), folder.epoch, max(keys) + 1)
        else:
            keys = None
        for index, one in enumerate(prepared):
            kept = None if one.flags == one.message.flags else one.flags
            key = None if keys is None else str(keys[index])
            yield Receipt(one.message.ordinal, "stored", key, kept_flags=kept)

    def find(
        self, folder: Folder, fence: str, suspects: Sequence[Suspect], claimed: Collection[str]
    ) -> Iterator[Found]:
        if not suspects:
            return
        mailbox = self._use()
        atomic = self.capabilities().atomic_batch
        yield from find(mailbox, folder, fence, suspects, claimed, self._spool, atomic=atomic)
        mailbox.unselect()

    # -- flags and places ---------------------------------------------------------------------------------------

    def mark(self, folder: Folder, changes: Sequence[FlagChange]) -> Iterator[Marked]:
        if not changes:
            return
        mailbox = self._use()
        opened = mailbox.open(folder, writable=True, fresh=True)
        yield from Marker(mailbox, opened.permanent_flags).mark(changes)

    def move(self, folder: Folder, to: Folder, keys: Sequence[str]) -> Iterator[Receipt]:
        if keys:
            yield from move(self._use(), folder, to, keys)


def _refused(group: Sequence[Outgoing], reason: Reason) -> Iterator[Receipt]:
    for message in group:
        yield Receipt(message.ordinal, "refused", reason=reason)
