"""What verification finds: each difference with its place, and what is known of its cause.  Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from connectors.contract import Reason
from migrate.verify.matching import Equality, Pair
from migrate.verify.shown import FolderPath, Shown


class Kind(StrEnum):
    """What is wrong with a message (or, for the last one, a folder)."""

    MISSING = "missing"
    ALTERED = "altered"
    REPAIRED = "repaired"  #: there as it was repaired on its way
    DATE = "date"
    FLAGS = "flags"
    FOLDER = "folder"  #: on the target, in another folder
    EXTRA = "extra"  #: on the target more often than on the source
    UNREAD = "unread"  #: there by date and size; its body could not be read on one side
    NO_FOLDER = "no-folder"  #: an empty folder that the target does not have


class Cause(StrEnum):
    """How the ledger explains a difference."""

    REFUSED = "refused"  #: not copied, for the reason that stands beside it
    MERGED = "merged"  #: the target kept one of two equal ones
    PENDING = "pending"  #: still to be copied
    NEW = "new"  #: came to the source after the last pass
    UNCERTAIN = "uncertain"  #: sent, and it is not known whether it arrived
    MOVED_ON_SOURCE = "moved-on-source"  #: after it was copied
    MOVED_ON_TARGET = "moved-on-target"  #: after it was copied
    LEFT_SOURCE = "left-source"  #: the copy of a message that is no longer on the source
    IN_ANOTHER_SOURCE = "in-another-source"  #: the copy is that of the same message in another source
    DUAL_DELIVERED = "dual-delivered"  #: dual delivery brought it, and its person did with it as they liked
    THERE_BEFORE = "there-before"  #: on the target before the first copy, and left as it was
    CHANGED_ON_SOURCE = "changed-on-source"  #: since the last pass
    CHANGED_ON_TARGET = "changed-on-target"  #: since it was copied
    REPAIRED = "repaired"  #: by us, because the target does not take it as it is; the original is kept
    ALTERED_BY_TARGET = "altered-by-target"  #: when it was stored; read back then
    NOT_KEPT = "not-kept"  #: the target does not keep this flag
    REMOVED = "removed-on-target"  #: copied, and gone since its person works there: by them, or by something else


#: Causes that leave something to be done, or to be asked, before the mailbox can be said to have arrived.
OPEN_CAUSES = frozenset({Cause.PENDING, Cause.NEW, Cause.UNCERTAIN, Cause.REMOVED})


@dataclass(frozen=True, slots=True)
class Finding:
    """One difference.

    ``source`` and ``target`` are the message as each side shows it; a missing one has no ``target``, an extra one no
    ``source``, a missing folder neither.  ``folder`` is the source folder, of an extra message the target folder.
    """

    kind: Kind
    folder: FolderPath
    source: Shown | None = None
    target: Shown | None = None
    #: Where on the target it should be.
    expected_in: FolderPath | None = None
    cause: Cause | None = None
    #: With the cause REFUSED.
    reason: Reason | None = None
    #: With the causes REPAIRED and ALTERED_BY_TARGET.
    rules: tuple[str, ...] = ()

    @property
    def shown(self) -> Shown | None:
        """The message, as the source shows it where it does."""
        return self.source or self.target

    @property
    def lacks(self) -> frozenset[str]:
        """Flags of the source that are not on the target."""
        return _more(self.source, self.target)

    @property
    def has_more(self) -> frozenset[str]:
        """Flags of the target that are not on the source."""
        return _more(self.target, self.source)


def shows_senders_date(pair: Pair) -> bool:
    """Whether the date on the target is another one, and the one that the sender wrote."""
    source, target = pair.source, pair.target
    differs = source.second is not None and target.second is not None and source.second != target.second
    return differs and target.content is not None and target.second == target.content.sent_at


def of_pair(pair: Pair, expected_in: FolderPath, *, by_sent: bool = False) -> Iterator[Finding]:
    """Every difference of a pair.  ``by_sent``: the target shows the date that the sender wrote, and knows no other."""
    source, target = pair.source, pair.target

    def found(kind: Kind) -> Finding:
        return Finding(kind, source.folder, source, target, expected_in)

    if target.folder != expected_in:
        yield found(Kind.FOLDER)
    if pair.equality is Equality.ALTERED:
        yield found(Kind.ALTERED)
    if pair.equality is Equality.REPAIRED:
        yield found(Kind.REPAIRED)
    if pair.equality is Equality.UNREAD:
        yield found(Kind.UNREAD)
    dates_differ = source.second is not None and target.second is not None and source.second != target.second
    if dates_differ and not (by_sent and shows_senders_date(pair)):
        yield found(Kind.DATE)
    if source.folded is not None and target.folded is not None and source.folded != target.folded:
        yield found(Kind.FLAGS)


def _more(one: Shown | None, other: Shown | None) -> frozenset[str]:
    if one is None or other is None or one.flags is None or other.folded is None:
        return frozenset()
    folded = other.folded
    return frozenset(flag for flag in one.flags if flag.casefold() not in folded)
