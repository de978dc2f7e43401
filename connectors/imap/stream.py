"""The body path in: FETCH answers as they come, literals straight into memory or spool files.

imapclient's parser is left out here: it is ten times slower, and holds a whole answer in memory.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from itertools import islice

from connectors.body import SpooledBody
from connectors.imap.arguments import UID_LIMIT, uid_sets
from connectors.imap.dialogue import Dialogue, release
from connectors.imap.response import Fetched, Part, Status, date_of, flags_of, parse_fetch

#: UIDs of one listing command and window.
WINDOW = 5000
#: Bytes of a large message fetched at a time.
RANGE = 4 << 20
#: Commands under way at once while listing known messages.
_AHEAD = 2
#: Answers to one command beside those that were asked for: news about flags, and the same again.
_UNASKED = 100_000

#: What almost every answer looks like; anything else takes the slower parser.
_USUAL = re.compile(
    rb"\* \d+ FETCH \(UID ([1-9]\d{0,9})(?: MODSEQ \((\d{1,18})\))?"
    rb'(?: FLAGS \(([^()\r\n"{]*)\))?(?: INTERNALDATE "([^"\r\n]*)")?(?: RFC822\.SIZE (\d{1,14}))?'
    rb"(?: EMAILID \((?!(?i:NIL)\))([A-Za-z0-9_-]{1,255})\))?(?: MODSEQ \((\d{1,18})\))?"
    rb"(?: (?:BODY\[\]|BODY\[HEADER\.FIELDS \([A-Za-z\-\" ]*\)\]) \{(\d{1,9})\}|\))\r\n\Z"
)


#: Sends commands; their tags.
Start = Callable[[Sequence[Sequence[bytes]]], Sequence[bytes]]


class FetchRefused(Exception):
    """FETCH was answered with NO or BAD; what came before was given out."""

    def __init__(self, status: Status) -> None:
        super().__init__(status.word)
        self.status = status


class Fetcher:
    """FETCH on the folder that is selected."""

    def __init__(self, dialogue: Dialogue) -> None:
        self._dialogue = dialogue
        self._transport = dialogue.transport

    def fetch(self, uid_set: bytes, items: bytes, asked: int = WINDOW) -> Iterator[Fetched]:
        """All FETCH answers with a UID to one UID FETCH, asked for or not.

        The last answer is given out only after the command was answered, so that whoever stops there leaves the
        connection usable; whoever stops earlier ends it.  Raises FetchRefused after NO or BAD.
        """
        tag = self._dialogue.start(b"UID FETCH", uid_set, items)
        return self.answers(tag, asked)

    def fetch_known(self, uids: Sequence[int], items: bytes, start: Start | None = None) -> Iterator[Fetched]:
        """As ``fetch`` for many UIDs, in commands of bounded length, the next one under way before one is read.

        ``start`` sends the first of them, with what is to be sent before.
        """
        waiting: deque[bytes] = deque()
        refused: FetchRefused | None = None
        sets = (uid_set for _, uid_set in uid_sets(uids, WINDOW))
        try:
            while True:
                commands = [(b"UID FETCH", uid_set, items) for uid_set in islice(sets, _AHEAD - len(waiting))]
                if commands:
                    waiting.extend((start or self._dialogue.start_all)(commands))
                    start = None
                if not waiting:
                    break
                try:
                    yield from self.answers(waiting.popleft())
                except FetchRefused as refusal:
                    refused = refusal
        finally:
            if waiting:
                self._dialogue.abandon()
        if refused is not None:
            raise refused

    def fetch_numbers(self, numbers: Sequence[int], items: bytes) -> Iterator[Fetched]:
        """As ``fetch`` by sequence numbers, which mean something until the next command that lets mail go away."""
        return self.answers(self._dialogue.start(b"FETCH", b",".join(b"%d" % number for number in numbers), items))

    def answers(
        self, tag: bytes, asked: int = WINDOW, hear: Callable[[Sequence[Part]], None] | None = None
    ) -> Iterator[Fetched]:
        """The FETCH answers to a command that was started, which asked for about so many.

        ``hear`` is told what else the server says meanwhile.
        """
        held: Fetched | None = None
        finished = False
        left = 2 * asked + _UNASKED
        patience = self._dialogue.patience()
        try:
            while True:
                line = self._transport.readline()
                answer = self._usual(line)
                if answer is None:
                    parts = self._dialogue.read_rest(line)
                    answer = parse_fetch(parts)
                    if answer is None:
                        release(parts)
                        status = self._dialogue.tagged(parts, tag)
                        if status is not None:
                            finished = True
                            break
                        if hear is not None:
                            hear(parts)
                        patience.bear(parts)
                        continue
                left -= 1
                if left < 0:
                    answer.release()
                    raise self._dialogue.floods()
                before, held = held, answer
                if before is not None:
                    yield before
            if held is not None:
                before, held = held, None
                yield before
        finally:
            if held is not None:
                held.release()
            if not finished:
                self._dialogue.abandon()
        if status.word != "OK":
            raise FetchRefused(status)

    def _usual(self, line: bytes) -> Fetched | None:
        """The answer that starts with ``line`` when it looks as usual, read to its end."""
        found = _USUAL.match(line)
        if found is None or int(found[1]) >= UID_LIMIT:
            return None
        uid, modseq, flags, date, size, object_id, modseq_behind, length = found.groups()
        modseq = modseq or modseq_behind
        section: Part | None = None
        if length is not None:
            section = self._dialogue.read_literal(int(length))
            rest = self._end_of(section)
            if rest is not None:
                return parse_fetch([line, section, *rest])
        return Fetched(
            uid=int(uid),
            flags=None if flags is None else flags_of(flags),
            received=None if date is None else date_of(date),
            size=None if size is None else int(size),
            modseq=None if modseq is None else int(modseq),
            object_id=None if object_id is None else object_id.decode("ascii"),
            section=section,
            has_section=length is not None,
        )

    def _end_of(self, section: Part) -> list[Part] | None:
        """None when the answer ends right behind its literal, else the rest of it."""
        try:
            line = self._transport.readline()
            return None if line == b")\r\n" else self._dialogue.read_rest(line)
        except BaseException:
            if isinstance(section, SpooledBody):
                section.release()
            raise


def existing(dialogue: Dialogue, uids: Sequence[int]) -> set[int]:
    """Those of ``uids`` that are in the selected folder."""
    asked = set(uids)
    try:
        found = {fetched.uid for fetched in Fetcher(dialogue).fetch_known(uids, b"(UID)")}
    except FetchRefused as refusal:
        raise dialogue.refusal("FETCH", refusal.status) from None
    return {uid for uid in found if uid in asked}
