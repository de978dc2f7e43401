"""Folders and flags become Gmail's labels; what it cannot hold is told."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from connectors.contract import SYSTEM_FLAGS, Role
from connectors.google_workspace.flags import (
    ARCHIVE,
    DRAFT,
    ROLE_LABELS,
    flags_of,
    kept,
    label_change,
    labels_for,
)

_FLAGS = st.frozensets(st.sampled_from([*sorted(SYSTEM_FLAGS), "$Forwarded", "Projekt-7", "a/b"]))


def test_each_role_has_a_label_of_gmails_own_and_the_archive_none() -> None:
    assert labels_for({"\\Seen"}, ROLE_LABELS[Role.INBOX]) == ["INBOX"]
    assert labels_for({"\\Seen"}, ROLE_LABELS[Role.SENT]) == ["SENT"]
    assert labels_for({"\\Seen"}, ROLE_LABELS[Role.JUNK]) == ["SPAM"]
    assert labels_for({"\\Seen"}, ARCHIVE) == []


def test_what_is_new_and_what_is_flagged_are_labels() -> None:
    assert labels_for(frozenset(), "Label_1") == ["Label_1", "UNREAD"]
    assert labels_for({"\\Seen", "\\Flagged"}, "Label_1") == ["Label_1", "STARRED"]


def test_answered_is_not_kept() -> None:
    assert kept({"\\Seen", "\\Answered", "\\Deleted"}, "INBOX", keywords=False) == {"\\Seen"}


def test_a_draft_is_one_in_the_drafts_alone() -> None:
    assert kept({"\\Draft"}, DRAFT, keywords=False) == {"\\Draft"}
    assert kept({"\\Draft"}, "INBOX", keywords=False) == frozenset()


def test_keywords_are_kept_on_demand_where_they_can_be_a_name() -> None:
    assert kept({"$Forwarded", "a/b"}, "INBOX", keywords=True) == {"$Forwarded"}
    assert kept({"$Forwarded", "a/b"}, "INBOX", keywords=False) == frozenset()


@given(_FLAGS, st.sampled_from(["INBOX", "SENT", DRAFT, ARCHIVE, "Label_1"]))
def test_what_is_said_to_be_kept_is_what_the_labels_say(flags: frozenset[str], label: str) -> None:
    held = kept(flags, label, keywords=False)
    assert held <= flags
    assert flags_of(labels_for(held, label), {}) - {"\\Draft"} == held - {"\\Draft"}


@given(_FLAGS, _FLAGS, _FLAGS)
def test_a_change_brings_the_flags_that_it_names(
    before: frozenset[str], add: frozenset[str], remove: frozenset[str]
) -> None:
    remove -= add
    labels = set(labels_for(kept(before, "INBOX", keywords=False), "INBOX"))
    on, off = label_change(add, remove)
    after = flags_of((labels | on) - off, {})
    known = {"\\Seen", "\\Flagged"}
    assert after & known == ((before & known) | (add & known)) - (remove & known)
