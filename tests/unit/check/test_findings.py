"""What a survey means."""

from __future__ import annotations

from collections import Counter

import pytest

from connectors.contract import AuthFailed, Folder, Quota, Reason, Refused
from migrate.check.findings import Finding, judge
from migrate.check.mapping import Mapped
from migrate.check.survey import FolderFacts, Survey


def facts(*path: str, to: tuple[str, ...] | None = None, **more: object) -> FolderFacts:
    mapped = Mapped(Folder(path, None, "1"), to or path, wanted=path, doubtful=bool(more.pop("doubtful", False)))
    one = FolderFacts(mapped, messages=1, size=10, travelling=1, travelling_size=10)
    for name, value in more.items():
        setattr(one, name, value)
    return one


def survey(*folders: FolderFacts, **more: object) -> Survey:
    made = Survey("anna@example.org", list(folders or [facts("INBOX")]), on_target=0)
    for name, value in more.items():
        setattr(made, name, value)
    return made


def codes(findings: list[Finding]) -> list[str]:
    return [finding.code for finding in findings]


def test_a_mailbox_that_is_ready_has_no_finding() -> None:
    assert judge(survey()) == []


def test_both_sides_are_judged_and_the_error_is_kept() -> None:
    wrong = AuthFailed("does not let this account in")
    found = judge(survey(source_error=wrong, target_error=wrong))
    assert codes(found) == ["source-sign-in", "target-sign-in"]
    assert all(finding.kind == "problem" and finding.error is wrong for finding in found)


@pytest.mark.parametrize(("used", "short"), [(0, False), (90, False), (91, True), (1000, True)])
def test_more_than_the_room_that_is_left_is_a_problem(used: int, short: bool) -> None:
    found = judge(survey(quota=Quota(limit=100, used=used)))
    assert codes(found) == (["quota-short"] if short else [])


def test_what_we_brought_before_needs_no_room_again() -> None:
    full = Quota(limit=10, used=10, messages_limit=1, messages_used=1)
    assert judge(survey(quota=full), copied=1, copied_size=10) == []
    assert codes(judge(survey(quota=full))) == ["quota-short", "quota-short"]


def test_a_quota_that_is_not_known_is_no_finding() -> None:
    assert judge(survey(quota=None)) == []
    assert judge(survey(quota=Quota())) == []


def test_folders_that_meet_are_named_with_what_becomes_of_them() -> None:
    second = FolderFacts(
        Mapped(Folder(("v1.2",), None, "1"), ("v1_2 (2)",), wanted=("v1_2",), collides_with=("v1_2",)), messages=1
    )
    (finding,) = judge(survey(facts("v1_2"), second))
    assert finding.code == "folders-meet"
    assert finding.text == '"v1.2" and "v1_2" would both be "v1_2" on the target; "v1.2" becomes "v1_2 (2)"'
    assert "map" in finding.to_do


def test_a_name_that_the_target_spells_otherwise_is_named() -> None:
    (finding,) = judge(survey(facts("v1.2", to=("v1_2",))))
    assert (finding.code, finding.kind) == ("name-changed", "attention")


def test_a_name_is_told_once_for_all_folders_below_it() -> None:
    below = [facts("v1.2", f"{number}", to=("v1_2", f"{number}")) for number in range(50)]
    (finding,) = judge(survey(*below))
    assert finding.text == 'the target cannot hold the name "v1.2"; it becomes "v1_2"'


@pytest.mark.parametrize("name", ["Fête 🎉", "100 %", "a*b"])
def test_a_name_that_only_creating_shows_is_a_note_that_says_so(name: str) -> None:
    (finding,) = judge(survey(facts(name, doubtful=True)))
    assert (finding.code, finding.kind) == ("name-doubtful", "note")
    assert "only when the folder is made" in finding.text


def test_messages_over_the_limit_are_counted() -> None:
    (finding,) = judge(survey(facts("INBOX", too_large=2, max_message=10_000_000)))
    assert (finding.code, finding.kind) == ("too-large", "attention")
    assert finding.text == "2 messages are over the 10.0 MB that the target takes"


def test_where_folders_take_different_lengths_the_lowest_that_was_met_is_named() -> None:
    lengths = {"INBOX": (20_000_000, 1), "Work": (10_000_000, 2), "Old": (5_000_000, 0)}
    folders = [facts(name, max_message=limit, too_large=count) for name, (limit, count) in lengths.items()]
    (finding,) = judge(survey(*folders))
    assert finding.text == "3 messages are over the 10.0 MB that the target takes"


def test_what_is_left_out_is_counted_by_rule() -> None:
    left_out = Counter({Reason.RULE_DATE: 1, Reason.RULE_FOLDER: 0})
    (finding,) = judge(survey(facts("INBOX", left_out=left_out)))
    assert finding.text == "1 message is left out by date"


def test_a_folder_that_cannot_be_listed_is_named() -> None:
    (finding,) = judge(survey(facts("Broken", error=Refused("FETCH: refused", Reason.REFUSED))))
    assert finding.code == "folder-unreadable"
    assert '"Broken"' in finding.text


def test_an_empty_mailbox_asks_whether_it_is_the_right_one() -> None:
    assert codes(judge(survey(facts("INBOX", messages=0)))) == ["empty"]


def test_what_others_put_on_the_target_is_worth_knowing() -> None:
    assert codes(judge(survey(on_target=3))) == ["target-not-empty"]
    assert judge(survey(on_target=3), copied=3) == []


def test_the_worst_comes_first() -> None:
    found = judge(
        survey(facts("😀", too_large=1, max_message=10, doubtful=True), quota=Quota(limit=0, used=0), on_target=3)
    )
    assert [finding.kind for finding in found] == ["problem", "attention", "note", "note"]


def test_shared_folders_that_are_left_out_are_told_with_how_to_ask_for_them() -> None:
    (finding,) = judge(survey(shared=[("Public", "News"), ("Public", "Old")]))
    assert (finding.code, finding.kind) == ("shared-left-out", "note")
    assert finding.text == '2 shared folders are left out ("Public/News", for one)'
    assert "shared_folders: true" in finding.to_do
