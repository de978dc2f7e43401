"""A mailbox of Exchange Online written over IMAP: what it does unlike other servers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from threading import Event

from connectors.contract import Capabilities, FlagChange, Folder, Marked, NameRules, Outgoing
from connectors.folder_names import EXCHANGE
from connectors.imap.append import Prepared
from connectors.imap.connection import Connection
from connectors.imap.known import Known, PermanentFlags
from connectors.imap.mailbox import Mailbox
from connectors.imap.response import Status
from connectors.imap.settings import ImapSettings
from connectors.imap.target import ImapTarget
from connectors.microsoft365.categories import Categories
from connectors.microsoft365.grants import not_served
from connectors.values import Receipt

#: Exchange takes it with an APPEND and keeps it only by STORE.
_FORGOTTEN = "\\Flagged"
#: Exchange lists it among the flags that it keeps, and makes a category of it.
_BECOMES_A_CATEGORY = "$mdnsent"
#: Exchange ends a session at the tenth refusal; ours ends before, where nothing is under way.
_REFUSALS = 8


class ExchangeTarget(ImapTarget):
    """A signed-in session for writing."""

    def __init__(
        self,
        sign_in: Callable[[Event], Connection],
        connection: Connection,
        settings: ImapSettings,
        known: Known,
        spool: Path,
        longest: int,
        categories: Categories | None,
    ) -> None:
        """``longest`` in bytes; ``categories`` where keywords become some."""
        super().__init__(sign_in, connection, settings, known, spool)
        self._longest = longest
        self._categories = categories
        self._refusals = 0

    def capabilities(self) -> Capabilities:
        told = super().capabilities()
        limit = self._longest if told.max_message is None else min(told.max_message, self._longest)
        late = {_FORGOTTEN} if self._categories is None else {_FORGOTTEN, "\\*"}
        return replace(told, max_message=limit, late_flags=frozenset(late))

    def names(self) -> NameRules:
        return EXCHANGE

    def _kept(self, message: Outgoing, permanent: PermanentFlags) -> frozenset[str]:
        kept = super()._kept(message, permanent)
        return frozenset(flag for flag in kept if flag != _FORGOTTEN and flag.casefold() != _BECOMES_A_CATEGORY)

    def _answered(
        self, mailbox: Mailbox, folder: Folder, prepared: Sequence[Prepared], status: Status
    ) -> Iterator[Receipt]:
        if status.code == "UNAVAILABLE":  # it is the session's end, and no judgement of the message
            mailbox.dialogue.refuse()
            raise not_served(mailbox.dialogue.system)
        yield from super()._answered(mailbox, folder, prepared, status)
        if status.word == "OK":
            return
        self._refusals += 1
        if self._refusals >= _REFUSALS:
            self._refusals = 0
            mailbox.dialogue.refuse()  # the next call signs in anew

    def mark(self, folder: Folder, changes: Sequence[FlagChange]) -> Iterator[Marked]:
        """System flags over IMAP; keywords as categories, where that is wanted."""
        system = [replace(one, add=_system(one.add), remove=_system(one.remove)) for one in changes]
        marked = list(super().mark(folder, system))  # first, whatever becomes of categories
        if self._categories is None:
            yield from marked
            return
        wanted = {one.key: keywords for one in changes if (keywords := one.add - _system(one.add))}
        fields = {one.key: one.fields for one in self.headers(folder, list(wanted))} if wanted else {}
        given = self._categories.give(folder.path, {key: (fields[key], wanted[key]) for key in fields})
        for one in marked:
            yield replace(one, added=one.added | given.get(one.key, frozenset()))


def _system(flags: frozenset[str]) -> frozenset[str]:
    return frozenset(flag for flag in flags if flag.startswith("\\"))
