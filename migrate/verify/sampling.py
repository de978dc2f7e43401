"""Which messages a sample reads.  Pure, and the same for the same seed.

Everything is compared by its listing.  Read are the messages that were drawn, whatever the listing leaves in doubt, and
on both sides all messages that look like one of these in the listing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random

from migrate.verify.matching import Pair, match_listings
from migrate.verify.shown import FolderPath, Shown

#: A server may change line ends: sizes that differ by so few bytes may be those of one message.
_NEARLY = 2


@dataclass(frozen=True, slots=True)
class Sample:
    """``messages`` of a mailbox, drawn with ``seed``."""

    messages: int
    seed: int

    def shares(self, mailbox: str, counts: Mapping[FolderPath, int]) -> dict[FolderPath, int]:
        """How many messages of each folder are drawn: those of a draw over the whole mailbox."""
        total = sum(counts.values())
        drawn = sorted(self._random(mailbox).sample(range(total), min(self.messages, total)))
        shares: dict[FolderPath, int] = {}
        start = 0
        for path, count in counts.items():
            shares[path] = sum(start <= number < start + count for number in drawn)
            start += count
        return shares

    def draw(self, mailbox: str, folder: FolderPath, listed: Sequence[Shown], share: int) -> list[Shown]:
        """``share`` messages of a folder."""
        chosen = self._random(mailbox, *folder).sample(range(len(listed)), min(share, len(listed)))
        return [listed[number] for number in sorted(chosen)]

    def _random(self, *names: str) -> Random:
        return Random("\0".join((str(self.seed), *names)))  # noqa: S311  # to be repeated, not to be secret


@dataclass(frozen=True, slots=True)
class ToRead:
    """What of a folder is read, in the order of its listing; ``listed`` pairs are believed by their listing."""

    sources: Sequence[Shown]
    targets: Sequence[Shown]
    listed: Sequence[Pair]
    #: On the target alone, and like nothing that is looked for.
    left: Sequence[Shown]


def to_read(sources: Sequence[Shown], targets: Sequence[Shown], drawn: Sequence[Shown]) -> ToRead:
    """Which messages of a folder must be read for the ``drawn`` ones, and to settle what the listing does not."""
    matched = match_listings(sources, targets)
    # Also what looks like one that the target has more often.
    looks = {_look(shown) for shown in (*drawn, *matched.missing, *matched.left)}
    believed = [pair for pair in matched.pairs if _look(pair.source) not in looks]
    settled = {id(shown) for pair in believed for shown in (pair.source, pair.target)}
    read = [shown for shown in sources if id(shown) not in settled]
    seconds = {shown.second for shown in read}
    sizes = {shown.size + more for shown in read if shown.size is not None for more in range(-_NEARLY, _NEARLY + 1)}
    unclear = any(shown.size is None for shown in matched.missing)
    left = [shown for shown in matched.left if not (unclear or shown.second in seconds or shown.size in sizes)]
    settled |= {id(shown) for shown in left}
    return ToRead(read, [shown for shown in targets if id(shown) not in settled], believed, left)


def _look(shown: Shown) -> tuple[int | None, int | None]:
    return shown.second, shown.size
