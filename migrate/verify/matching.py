"""Which message of the target is which message of the source: one to one, as multisets.  Pure.

Content decides first, from strict to lenient; among equals those pair that also agree in date and flags, so that twins
are counted and never compared crosswise.  What is left is paired where it is the same message with another content:
the same identifying header at the same second, or the same Message-ID.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from migrate.verify.shown import Content, Shown


class Equality(StrEnum):
    """How far the two messages of a pair are the same."""

    IDENTICAL = "identical"
    LINE_ENDS = "line_ends"  #: but for line ends and NUL bytes
    FIELDS = "fields"  #: but for header fields that a server adds
    REPAIRED = "repaired"  #: what was sent in its place, as the ledger has proof of it
    REBUILT = "rebuilt"  #: in an archive that keeps its pieces; the same header and the same is attached
    LISTED = "listed"  #: date and size; the bodies were not read
    UNREAD = "unread"  #: date and size; one of the bodies could not be read
    ALTERED = "altered"


@dataclass(frozen=True, slots=True)
class Pair:
    """The same message on both sides."""

    source: Shown
    target: Shown
    equality: Equality


@dataclass(slots=True)
class Matched:
    """What matching came to."""

    pairs: list[Pair] = field(default_factory=list)
    #: On the source alone.
    missing: list[Shown] = field(default_factory=list)
    #: On the target alone.
    left: list[Shown] = field(default_factory=list)


#: What two messages must share to be a pair; None leaves a message out.
_Trait = Callable[[Shown], Hashable | None]


def match(sources: Iterable[Shown], targets: Iterable[Shown]) -> Matched:
    """Pair the messages of one folder, all of them read."""
    matched = Matched(missing=list(sources), left=list(targets))
    match_contents(matched)
    _pair(matched, _unread(_second_and_size), Equality.UNREAD, of_target=_second_and_size)
    _pair(matched, _second_and_size, Equality.UNREAD, of_target=_unread(_second_and_size))
    for trait in (_second_and_header, _message_id):
        _pair(matched, trait, Equality.ALTERED)
    return matched


def match_contents(matched: Matched) -> None:
    """Pair what is left wherever it lies, as far as it has the same content."""
    for equality, content in (
        (Equality.IDENTICAL, lambda content: content.wire),
        (Equality.LINE_ENDS, lambda content: content.even),
        (Equality.FIELDS, lambda content: content.core),
    ):
        for closer in (_second_and_flags, _second, _flags, _nothing):
            _pair(matched, _both(_of_content(content), closer), equality)
    for sent, there in (
        (lambda content: content.sent and content.sent[0], lambda content: content.wire),
        (lambda content: content.sent and content.sent[1], lambda content: content.core),
    ):
        for closer in (_second_and_flags, _second, _flags, _nothing):
            of_target = _both(_of_content(there), closer)
            _pair(matched, _both(_of_content(sent), closer), Equality.REPAIRED, of_target=of_target)


#: Where a message lies: its folder and key.
Spot = tuple[tuple[str, ...], str]


def match_stand_ins(matched: Matched, stand_ins: Mapping[Spot, Spot]) -> None:
    """Pair messages of the source with the copies of another source's that stand for them, if they are like them.

    ``stand_ins``: where such a copy is said to lie, by the place of its message on the source.  What was paired as
    altered with just that copy is not altered.
    """

    def stands(source: Shown, target: Shown) -> bool:
        said = stand_ins.get((source.folder, source.key)) == (target.folder, target.key)
        like = source.content.like if source.content else None
        return said and like is not None and target.content is not None and target.content.like == like

    matched.pairs = [
        replace(pair, equality=Equality.REBUILT)
        if pair.equality is Equality.ALTERED and stands(pair.source, pair.target)
        else pair
        for pair in matched.pairs
    ]
    left = {(target.folder, target.key): target for target in matched.left}
    missing: list[Shown] = []
    for source in matched.missing:
        target = left.get(stand_ins.get((source.folder, source.key), ((), "")))
        if target is not None and stands(source, target):
            matched.pairs.append(Pair(source, left.pop((target.folder, target.key)), Equality.REBUILT))
        else:
            missing.append(source)
    matched.missing, matched.left = missing, list(left.values())


def match_listings(sources: Iterable[Shown], targets: Iterable[Shown]) -> Matched:
    """Pair the messages of one folder as they are listed: by second and size, flags among equals."""
    matched = Matched(missing=list(sources), left=list(targets))
    _pair(matched, _both(_second_and_size, _flags), Equality.LISTED)
    _pair(matched, _second_and_size, Equality.LISTED)
    return matched


def _pair(matched: Matched, trait: _Trait, equality: Equality, *, of_target: _Trait | None = None) -> None:
    """Pair off what shares the trait, in the order of both sides."""
    if not matched.missing or not matched.left:
        return
    free: dict[Hashable, list[Shown]] = defaultdict(list)
    for target in reversed(matched.left):
        if (value := (of_target or trait)(target)) is not None:
            free[value].append(target)
    taken: set[int] = set()
    missing: list[Shown] = []
    for source in matched.missing:
        value = trait(source)
        alike = None if value is None else free.get(value)
        if alike:
            target = alike.pop()
            taken.add(id(target))
            matched.pairs.append(Pair(source, target, equality))
        else:
            missing.append(source)
    matched.missing = missing
    matched.left = [target for target in matched.left if id(target) not in taken]


def _both(one: _Trait, other: _Trait) -> _Trait:
    def trait(shown: Shown) -> Hashable | None:
        first, second = one(shown), other(shown)
        return None if first is None or second is None else (first, second)

    return trait


def _of_content(digest: Callable[[Content], bytes | None]) -> _Trait:
    return lambda shown: None if shown.content is None else digest(shown.content)


def _unread(trait: _Trait) -> _Trait:
    return lambda shown: trait(shown) if shown.content is None else None


def _second_and_flags(shown: Shown) -> Hashable | None:
    return shown.second, shown.folded


def _second(shown: Shown) -> Hashable | None:
    return (shown.second,)


def _flags(shown: Shown) -> Hashable | None:
    return (shown.folded,)


def _nothing(_shown: Shown) -> Hashable | None:
    return ()


def _second_and_size(shown: Shown) -> Hashable | None:
    return None if shown.second is None or shown.size is None else (shown.second, shown.size)


def _second_and_header(shown: Shown) -> Hashable | None:
    return None if shown.content is None or shown.second is None else (shown.second, shown.content.header)


def _message_id(shown: Shown) -> Hashable | None:
    return None if shown.content is None else shown.content.message_id
