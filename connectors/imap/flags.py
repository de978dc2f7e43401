"""Flag changes on the selected folder: only what differs, and never over somebody who was quicker."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from connectors.contract import FlagChange, Marked
from connectors.imap.arguments import flag_list, uid_of, uid_sets
from connectors.imap.dialogue import Answer
from connectors.imap.known import PermanentFlags
from connectors.imap.mailbox import Mailbox
from connectors.imap.response import parse_fetch, uid_list
from connectors.imap.stream import WINDOW, Fetcher, FetchRefused

#: Times a change is tried when somebody else was quicker.
_TRIES = 2


@dataclass(slots=True)
class _State:
    """A message as it is now, and what is left to change on it."""

    add: frozenset[str]
    remove: frozenset[str]
    modseq: int
    added: frozenset[str] = field(default_factory=frozenset)
    removed: frozenset[str] = field(default_factory=frozenset)


class Marker:
    """Changes flags in the folder that is selected for writing."""

    def __init__(self, mailbox: Mailbox, permanent: PermanentFlags) -> None:
        self._mailbox = mailbox
        self._dialogue = mailbox.dialogue
        self._permanent = permanent
        self._conditional = mailbox.features.modseq

    def mark(self, changes: Sequence[FlagChange]) -> Iterator[Marked]:
        """Apply changes; one answer each, in order."""
        asked = {uid_of(change.key): change for change in changes}
        done: dict[int, _State] = {}
        todo = dict(asked)
        refused: set[int] = set()
        for _ in range(_TRIES):
            states = self._states(todo)
            for uid in todo:
                if uid in states and uid in done:
                    states[uid].added |= done[uid].added
                    states[uid].removed |= done[uid].removed
            done = {uid: state for uid, state in done.items() if uid not in todo} | states
            quicker = self._store(states, refused)
            todo = {uid: change for uid, change in todo.items() if uid in quicker}
            if not todo:
                break
        for uid, change in asked.items():
            if uid not in done:
                yield Marked(change.key, "missing")
            elif uid in refused or uid in todo:
                yield Marked(change.key, "refused", done[uid].added, done[uid].removed)
            else:
                yield Marked(change.key, "done", done[uid].added, done[uid].removed)

    def _states(self, changes: dict[int, FlagChange]) -> dict[int, _State]:
        """What differs from the changes; messages that are gone are left out."""
        items = b"(UID FLAGS MODSEQ)" if self._conditional else b"(UID FLAGS)"
        states: dict[int, _State] = {}
        try:
            for fetched in Fetcher(self._dialogue).fetch_known(sorted(changes), items):
                if fetched.uid in changes and fetched.flags is not None:
                    change = changes[fetched.uid]
                    has = {flag.casefold() for flag in fetched.flags}
                    states[fetched.uid] = _State(
                        frozenset(flag for flag in self._permanent.kept(change.add) if flag.casefold() not in has),
                        frozenset(flag for flag in self._permanent.kept(change.remove) if flag.casefold() in has),
                        fetched.modseq or 0,
                    )
        except FetchRefused as refusal:
            raise self._dialogue.refusal("FETCH", refusal.status) from None
        return states

    def _store(self, states: dict[int, _State], refused: set[int]) -> set[int]:
        """Send the changes, equal ones together; the UIDs of those where somebody was quicker."""
        quicker: set[int] = set()
        for sign in "+-":
            groups: dict[frozenset[str], list[int]] = defaultdict(list)
            for uid, state in states.items():
                flags = state.add if sign == "+" else state.remove
                if flags and uid not in quicker and uid not in refused:
                    groups[flags].append(uid)
            for flags, uids in groups.items():
                for group, uid_set in uid_sets(uids, WINDOW):
                    quicker |= self._store_group(sign, flags, group, uid_set, states, refused)
        return quicker

    def _store_group(
        self,
        sign: str,
        flags: frozenset[str],
        group: Sequence[int],
        uid_set: bytes,
        states: dict[int, _State],
        refused: set[int],
    ) -> set[int]:
        unchanged_since = max(states[uid].modseq for uid in group)
        condition = [b"(UNCHANGEDSINCE %d)" % unchanged_since] if unchanged_since else []
        answer = self._dialogue.run(
            b"UID STORE", uid_set, *condition, sign.encode() + b"FLAGS.SILENT", flag_list(flags)
        )
        modified = _modified(answer, len(group)) & set(group)
        if answer.status.word == "NO" and answer.status.throttle is None and not modified:
            system = frozenset(flag for flag in flags if flag.startswith("\\"))
            # A folder may keep no further keyword, and a refused command has changed nothing.
            quicker = (
                self._store_group(sign, system, group, uid_set, states, refused) if system and system < flags else set()
            )
            refused.update(group)
            return quicker
        if answer.status.word != "OK" and not modified:
            raise self._dialogue.refusal("STORE", answer.status)
        self._note_modseqs(answer, states)
        for uid in set(group) - modified:
            if sign == "+":
                states[uid].added |= flags
            else:
                states[uid].removed |= flags
        return modified

    def _note_modseqs(self, answer: Answer, states: dict[int, _State]) -> None:
        """Our own change moved the messages on; the next condition starts from there."""
        for parts in answer.untagged:
            fetched = parse_fetch(parts)
            if fetched is not None and fetched.uid in states and fetched.modseq is not None:
                states[fetched.uid].modseq = fetched.modseq


def _modified(answer: Answer, limit: int) -> set[int]:
    """The UIDs somebody changed since we looked (MODIFIED, RFC 7162 3.1.3)."""
    return {uid for words in answer.codes("MODIFIED") for uid in uid_list(words, limit) or ()}
