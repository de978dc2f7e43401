"""Grades: the published rules, one by one."""

from __future__ import annotations

import pytest

from connectors.contract import Reason
from migrate.verify.findings import OPEN_CAUSES, Cause, Finding, Kind, of_pair
from migrate.verify.grade import Grade, Note, judge, worst
from migrate.verify.matching import Equality, Pair
from migrate.verify.shown import Content, Shown

INBOX = ("INBOX",)


def finding(kind: Kind, cause: Cause | None = None) -> Finding:
    return Finding(kind, INBOX, cause=cause, reason=Reason.TOO_LARGE if cause is Cause.REFUSED else None)


def grade(expected: int, *findings: Finding) -> Grade:
    return judge(expected, findings)[0]


def test_no_difference_is_perfect_also_of_nothing() -> None:
    assert judge(20_000, []) == (Grade.PERFECT, [])
    assert grade(0) is Grade.PERFECT


@pytest.mark.parametrize("kind", [Kind.MISSING, Kind.ALTERED])
def test_one_message_missing_or_altered_without_an_explanation_is_poor_among_a_million(kind: Kind) -> None:
    assert grade(1_000_000, finding(kind)) is Grade.POOR


@pytest.mark.parametrize("kind", [Kind.DATE, Kind.FOLDER, Kind.EXTRA])
def test_dates_folders_and_doubles_are_investigated_up_to_one_in_a_thousand(kind: Kind) -> None:
    assert grade(3000, *[finding(kind)] * 3) is Grade.INVESTIGATE
    assert grade(3000, *[finding(kind)] * 4) is Grade.POOR
    assert grade(999, finding(kind)) is Grade.POOR


def test_dates_folders_and_doubles_are_counted_together() -> None:
    assert grade(3000, *[finding(Kind.DATE)] * 2, *[finding(Kind.EXTRA)] * 2) is Grade.POOR


def test_flags_are_borne_up_to_one_in_a_thousand_and_then_investigated() -> None:
    assert grade(3000, *[finding(Kind.FLAGS)] * 3) is Grade.GOOD
    assert grade(3000, *[finding(Kind.FLAGS)] * 4) is Grade.INVESTIGATE
    assert grade(3000, *[finding(Kind.FLAGS)] * 3000) is Grade.INVESTIGATE


@pytest.mark.parametrize("cause", [cause for cause in Cause if cause not in OPEN_CAUSES])
@pytest.mark.parametrize("kind", Kind)
def test_what_is_explained_is_good_however_much_it_is(kind: Kind, cause: Cause) -> None:
    assert grade(10, *[finding(kind, cause)] * 10) is Grade.GOOD


@pytest.mark.parametrize("cause", [Cause.PENDING, Cause.NEW, Cause.UNCERTAIN, Cause.REMOVED])
def test_what_is_not_settled_is_investigated(cause: Cause) -> None:
    assert grade(10, finding(Kind.MISSING, cause)) is Grade.INVESTIGATE


@pytest.mark.parametrize("kind", [Kind.UNREAD, Kind.NO_FOLDER])
def test_unreadable_messages_and_absent_empty_folders_are_investigated(kind: Kind) -> None:
    assert grade(10, finding(kind)) is Grade.INVESTIGATE


def test_added_header_fields_and_other_folder_names_are_good() -> None:
    assert judge(10, [], fields_added=10)[0] is Grade.GOOD
    assert judge(10, [], renamed=1)[0] is Grade.GOOD


def test_every_figure_behind_a_grade_is_told_the_worst_first() -> None:
    found = [
        finding(Kind.FLAGS),
        *[finding(Kind.MISSING)] * 3,
        finding(Kind.MISSING, Cause.REFUSED),
        finding(Kind.DATE),
    ]
    given, why = judge(5000, found, fields_added=2)
    assert given is Grade.POOR
    assert [(one.what, one.count, one.grade, one.borne) for one in why] == [
        (Kind.MISSING, 3, Grade.POOR, None),
        (Kind.DATE, 1, Grade.INVESTIGATE, 5),
        (Kind.FLAGS, 1, Grade.GOOD, 5),
        (Kind.MISSING, 1, Grade.GOOD, None),
        (Note.FIELDS_ADDED, 2, Grade.GOOD, None),
    ]


def test_a_site_is_as_good_as_its_worst_mailbox() -> None:
    assert worst([Grade.PERFECT, Grade.INVESTIGATE, Grade.GOOD]) is Grade.INVESTIGATE


def test_senders_dates_on_a_target_that_knows_no_other_leave_a_mailbox_good() -> None:
    given, why = judge(10, [], senders_date=10)
    assert (given, [one.what for one in why]) == (Grade.GOOD, [Note.SENDERS_DATE])


@pytest.mark.parametrize(
    ("second", "by_sent", "kinds"),
    [(100, True, []), (100, False, ["date"]), (101, True, ["date"]), (50, True, [])],
)
def test_a_date_is_the_senders_only_where_the_target_dates_by_it(second: int, by_sent: bool, kinds: list[str]) -> None:
    content = Content(b"w", b"e", b"c", b"h", None, sent_at=100)
    source = Shown(("INBOX",), "1", 50, 10, frozenset(), content)
    pair = Pair(source, Shown(("INBOX",), "a", second, 10, frozenset(), content), Equality.IDENTICAL)
    assert [finding.kind for finding in of_pair(pair, ("INBOX",), by_sent=by_sent)] == kinds
