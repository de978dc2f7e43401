"""A copy that another source brought stands for rebuilt mail only where it is said to be, and only if it is like it."""

from __future__ import annotations

from pathlib import Path

import pytest

from connectors.body import MemoryBody
from migrate.verify.grade import Grade, Note, judge
from migrate.verify.matching import Equality, Matched, match, match_stand_ins
from migrate.verify.shown import Shown, digest
from tests.unit.verify.test_matching import letter

ARCHIVE, INBOX = ("Archives", "2012"), ("INBOX",)
REBUILT = letter(1, "rebuilt")
SERVED = letter(1, "as it was served")


def shown(folder: tuple[str, ...], key: str, data: bytes, *, second: int = 1000, like: bool = True) -> Shown:
    content = digest(MemoryBody(data), Path("/nowhere"), like=like)
    return Shown(folder, key, second, len(data), frozenset(), content)


def test_a_copy_that_stands_for_a_message_is_found_wherever_it_is() -> None:
    matched = Matched(missing=[shown(ARCHIVE, "a", REBUILT)], left=[shown(INBOX, "7", SERVED, second=5)])
    match_stand_ins(matched, {(ARCHIVE, "a"): (INBOX, "7")})
    assert [pair.equality for pair in matched.pairs] == [Equality.REBUILT]
    assert (matched.missing, matched.left) == ([], [])


def test_in_one_folder_it_is_not_taken_for_an_altered_copy() -> None:
    matched = match([shown(INBOX, "a", REBUILT)], [shown(INBOX, "7", SERVED)])
    assert [pair.equality for pair in matched.pairs] == [Equality.ALTERED]
    match_stand_ins(matched, {(INBOX, "a"): (INBOX, "8")})
    assert [pair.equality for pair in matched.pairs] == [Equality.ALTERED]
    match_stand_ins(matched, {(INBOX, "a"): (INBOX, "7")})
    assert [pair.equality for pair in matched.pairs] == [Equality.REBUILT]


@pytest.mark.parametrize(
    "there",
    [
        shown(INBOX, "8", SERVED),
        shown(INBOX, "7", SERVED, like=False),
        shown(INBOX, "7", letter(2)),
        shown(INBOX, "7", SERVED.replace(b"Subject", b"Content-Type: a/b; name=x\r\nSubject")),
    ],
)
def test_what_is_not_where_it_should_be_or_not_like_it_leaves_the_message_missing(there: Shown) -> None:
    source = shown(ARCHIVE, "a", REBUILT)
    matched = Matched(missing=[source], left=[there])
    match_stand_ins(matched, {(ARCHIVE, "a"): (INBOX, "7")})
    assert (matched.pairs, matched.missing, matched.left) == ([], [source], [there])


def test_one_copy_does_not_stand_for_two_of_one_source() -> None:
    twins = [shown(ARCHIVE, key, REBUILT) for key in "ab"]
    matched = Matched(missing=twins, left=[shown(INBOX, "7", SERVED)])
    match_stand_ins(matched, dict.fromkeys([(ARCHIVE, "a"), (ARCHIVE, "b")], (INBOX, "7")))
    assert (len(matched.pairs), matched.missing) == (1, [twins[1]])


def test_a_mailbox_with_such_mail_is_good_and_says_why() -> None:
    grade, why = judge(10, [], rebuilt=3)
    assert (grade, [(one.what, one.count) for one in why]) == (Grade.GOOD, [(Note.REBUILT, 3)])
