"""What is in a maildrop as one session sees it: numbers, keys, sizes.  A session sees nothing come or go.

A message's key is its unique id (UIDL, RFC 1939 7), which it keeps for as long as it lies there.  Where there is none,
or several messages share one - the standard lets ids be digests, so that twins have the same - the key is that id, the
digest of the content and the ordinal among equals: a message that takes the place of another is never taken for it.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from connectors.errors import Transient
from connectors.language import _
from connectors.pop3.answers import Features, Status
from connectors.pop3.dialogue import Dialogue
from connectors.pop3.verdicts import command_refused

#: More than this nobody keeps on a POP3 server; it would only fill our memory.
_MOST = 1_000_000
#: RFC 1939 allows 70 characters; some servers use more.
_UID = re.compile(rb"[!-~]{1,255}")
_STAT = re.compile(rb"\+ok +(\d{1,18})\b")
_LISTED = re.compile(rb" *(\d{1,18})(?: +(\S+))?")
#: Sums of sizes stay numbers of 64 bits.
_SIZE = re.compile(rb"\d{1,14}")
#: Hexadecimal digits of a content's digest in a key, and what stands in their place for one that cannot be read.
_DIGITS, _NO_CONTENT = 40, "-"

#: The digest of each of these messages' contents; None for one that cannot be read.
ContentsOf = Callable[[Sequence[int]], Iterator[tuple[int, bytes | None]]]


@dataclass(frozen=True, slots=True)
class Maildrop:
    """The messages in the server's order."""

    keys: Sequence[str]
    numbers: Mapping[str, int]
    #: By number; a message that is not in it has no size that the server tells.
    sizes: Mapping[int, int]

    def size(self, key: str) -> int | None:
        return self.sizes.get(self.numbers[key])

    def token(self) -> str:
        """Moves with every message that comes or goes."""
        found = hashlib.sha256()
        for key in self.keys:
            found.update(f"{key} {self.size(key)}\0".encode())
        return found.hexdigest()


def names_content(key: str) -> bool:
    """Whether a key stands for one message only: one that could not be read may lend its key to another."""
    return key.split(" ")[1:2] != [_NO_CONTENT]


def look(dialogue: Dialogue, features: Features, contents_of: ContentsOf) -> Maildrop:
    """Ask the server what there is.  Raises Transient when its answers do not fit together."""
    count = _count(dialogue)
    if not count:
        return Maildrop((), {}, {})
    together = "PIPELINING" in features
    commands = [b"LIST", b"UIDL"]
    if together:
        dialogue.start(commands)
    told: list[dict[int, bytes] | Status] = []
    for command in commands:
        if not together:
            dialogue.start([command])
        told.append(_listing(dialogue, count))
    sizes, uids = told
    if isinstance(sizes, Status):
        raise command_refused(dialogue.system, "LIST", sizes)
    if isinstance(uids, Status):
        if "UIDL" in features or uids.code == "SYS/TEMP":
            raise command_refused(dialogue.system, "UIDL", uids)
        uids = {}
    if len(sizes) < count:
        raise Transient(_("the server lists fewer messages than it counts"), system=dialogue.system)
    keys = keys_of(sizes, uids, contents_of)
    return Maildrop(
        list(keys.values()),
        {key: number for number, key in keys.items()},
        {number: int(size) for number, size in sizes.items() if _SIZE.fullmatch(size)},
    )


def _count(dialogue: Dialogue) -> int:
    status = dialogue.run(b"STAT")
    if not status.ok:
        raise command_refused(dialogue.system, "STAT", status)
    found = _STAT.match(status.said)
    if found is None:
        raise dialogue.broken(_("the server's answer makes no sense"))
    count = int(found[1])
    if count > _MOST:
        raise dialogue.broken(_("the server announced more than it can have"))
    return count


def _listing(dialogue: Dialogue, count: int) -> dict[int, bytes] | Status:
    """By number what a listing says of each message; the status when it is refused."""
    status = dialogue.status(more=True)
    if not status.ok:
        return status
    found: dict[int, bytes] = {}
    for line in dialogue.lines(count):
        told = _LISTED.match(line)
        if told is None or not 0 < int(told[1]) <= count:
            raise dialogue.broken(_("an answer to a listing makes no sense"))
        found[int(told[1])] = told[2] or b""
    return found


def keys_of(numbers: Iterable[int], uids: Mapping[int, bytes], contents_of: ContentsOf) -> dict[int, str]:
    """The key of each message, in their order."""
    valid = {number: uids[number] for number in numbers if _UID.fullmatch(uids.get(number, b""))}
    times = Counter(valid.values())
    unique = {number: uid for number, uid in valid.items() if times[uid] == 1}
    others = [number for number in sorted(numbers) if number not in unique]
    contents = dict(contents_of(others)) if others else {}
    seen: Counter[str] = Counter()
    keys: dict[int, str] = {}
    for number in sorted(numbers):
        if number in unique:
            keys[number] = unique[number].decode("ascii")
            continue
        content = contents.get(number)
        name = content.hex()[:_DIGITS] if content is not None else _NO_CONTENT
        stem = f"{valid.get(number, b'').decode('ascii')} {name}"
        seen[stem] += 1
        keys[number] = f"{stem} {seen[stem]}"
    return keys
