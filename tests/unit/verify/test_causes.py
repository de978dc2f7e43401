"""Causes: the ledger explains what is not there, and never makes it present."""

from __future__ import annotations

from dataclasses import replace

import pytest

from connectors.contract import Reason
from migrate.ledger.fates import Fate
from migrate.ledger.folders import path_text
from migrate.ledger.schema import Outcome
from migrate.verify.causes import cause_of
from migrate.verify.findings import Cause, Finding, Kind
from migrate.verify.shown import Shown

INBOX = ("INBOX",)
#: When the last pass ended.
LAST = 1000.0


def said(outcome: Outcome, reason: Reason | None = None, *, synced: str = "", ours: str = "", theirs: str = "") -> Fate:
    flags = (frozenset(text.split()) for text in (synced, ours, theirs))
    return Fate(outcome, reason, path_text(INBOX), *flags)


def finding(kind: Kind, *, flags: str = "", there: str = "", second: int = 1) -> Finding:
    source = Shown(INBOX, "1", second, 10, frozenset(flags.split()))
    return Finding(kind, INBOX, source, Shown(("Sent",), "7", 1, 10, frozenset(there.split())), INBOX)


@pytest.mark.parametrize("outcome", [Outcome.STORED, Outcome.ALREADY_THERE])
@pytest.mark.parametrize("kind", [Kind.MISSING, Kind.ALTERED])
def test_a_message_that_the_ledger_calls_stored_stays_missing(kind: Kind, outcome: Outcome) -> None:
    assert cause_of(finding(kind), said(outcome), LAST) == (None, None)


@pytest.mark.parametrize("outcome", [Outcome.STORED, Outcome.ALREADY_THERE])
def test_what_is_gone_since_its_person_works_there_is_asked_about(outcome: Outcome) -> None:
    """It was copied, and only they can say whether they deleted it; what was changed stays without an explanation."""
    assert cause_of(finding(Kind.MISSING), said(outcome), LAST, went_live=True)[0] is Cause.REMOVED
    assert cause_of(finding(Kind.ALTERED), said(outcome), LAST, went_live=True)[0] is None
    pending = cause_of(finding(Kind.MISSING), said(Outcome.PENDING), LAST, went_live=True)
    assert pending[0] is Cause.PENDING
    assert cause_of(finding(Kind.MISSING), None, LAST, went_live=True)[0] is None


@pytest.mark.parametrize(
    ("outcome", "cause"),
    [
        (Outcome.PENDING, Cause.PENDING),
        (Outcome.LEFT_OUT, Cause.PENDING),
        (Outcome.UNCERTAIN, Cause.UNCERTAIN),
        (Outcome.MERGED, Cause.MERGED),
    ],
)
def test_a_missing_message_is_explained_by_its_outcome(outcome: Outcome, cause: Cause) -> None:
    assert cause_of(finding(Kind.MISSING), said(outcome), LAST) == (cause, None)


def test_a_refusal_comes_with_its_reason() -> None:
    assert cause_of(finding(Kind.MISSING), said(Outcome.REFUSED, Reason.TOO_LARGE), LAST) == (
        Cause.REFUSED,
        Reason.TOO_LARGE,
    )


def test_a_message_that_the_ledger_does_not_know_is_new_only_if_it_came_after_the_last_pass() -> None:
    assert cause_of(finding(Kind.MISSING, second=1001), None, LAST)[0] is Cause.NEW
    assert cause_of(finding(Kind.MISSING, second=999), None, LAST)[0] is None
    assert cause_of(finding(Kind.MISSING, second=1001), None, None)[0] is None


def test_a_message_in_another_folder_is_explained_if_we_put_it_where_it_belongs() -> None:
    assert cause_of(finding(Kind.FOLDER), said(Outcome.STORED), LAST)[0] is Cause.MOVED_ON_TARGET
    moved = said(Outcome.ALREADY_THERE, Reason.MOVED_ON_SOURCE)
    assert cause_of(finding(Kind.FOLDER), moved, LAST)[0] is Cause.MOVED_ON_SOURCE
    assert cause_of(finding(Kind.FOLDER), None, LAST)[0] is None
    assert cause_of(finding(Kind.FOLDER), None, LAST, is_our_copy=True)[0] is Cause.MOVED_ON_SOURCE


def test_a_date_is_explained_only_by_what_was_there_before() -> None:
    assert cause_of(finding(Kind.DATE), said(Outcome.STORED), LAST)[0] is None
    assert cause_of(finding(Kind.DATE), said(Outcome.ALREADY_THERE, Reason.ADOPTED), LAST)[0] is Cause.THERE_BEFORE


@pytest.mark.parametrize(
    ("flags", "there", "fate", "cause"),
    [
        ("", "\\Seen", said(Outcome.STORED), Cause.CHANGED_ON_TARGET),
        ("\\Seen", "", said(Outcome.STORED), Cause.CHANGED_ON_SOURCE),
        ("", "\\Seen", said(Outcome.STORED, synced="\\Seen", ours="\\Seen"), Cause.CHANGED_ON_SOURCE),
        ("Work", "", said(Outcome.STORED, synced="Work"), Cause.NOT_KEPT),
        ("\\Seen", "", said(Outcome.STORED, synced="\\Seen", ours="\\Seen"), None),  # lost, for all we know
        ("\\seen", "\\Flagged", said(Outcome.STORED, synced="\\Seen", ours="\\Seen"), None),
        ("", "Old", said(Outcome.ALREADY_THERE, Reason.ADOPTED, theirs="Old"), Cause.THERE_BEFORE),
        ("\\Seen", "", said(Outcome.ALREADY_THERE, Reason.ADOPTED, synced="\\Seen"), Cause.THERE_BEFORE),
        ("\\Seen", "", None, None),
    ],
)
def test_flags_are_explained_one_by_one(flags: str, there: str, fate: Fate | None, cause: Cause | None) -> None:
    assert cause_of(finding(Kind.FLAGS, flags=flags, there=there), fate, LAST)[0] is cause


def test_what_dual_delivery_brought_is_its_persons() -> None:
    brought = said(Outcome.ALREADY_THERE, Reason.DUAL_DELIVERED)
    for kind in (Kind.ALTERED, Kind.FOLDER, Kind.DATE, Kind.FLAGS):
        assert cause_of(finding(kind), brought, LAST)[0] is Cause.DUAL_DELIVERED
    # Gone without any pass having seen it: that is still to be found out.
    assert cause_of(finding(Kind.MISSING), brought, LAST)[0] is None
    assert cause_of(finding(Kind.MISSING), replace(brought, was_deleted=True), LAST)[0] is Cause.DUAL_DELIVERED
