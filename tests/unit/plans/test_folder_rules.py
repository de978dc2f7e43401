"""Which folders travel, and where to."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plans.folder_rules import FolderRules

names = st.text(min_size=1).filter(lambda name: name.strip() and "/" not in name)
paths = st.lists(st.text(), max_size=5).map(tuple)
written = st.lists(names, min_size=1, max_size=3).map("/".join)
patterns = st.lists(st.one_of(written, st.text("ab*?[]", min_size=1, max_size=6)), max_size=3).map(tuple)
rules = st.builds(
    FolderRules.model_construct, exclude=patterns, include=patterns, map=st.dictionaries(written, written)
)


@given(rules, paths)
def test_every_rule_decides_about_every_path(rule: FolderRules, path: tuple[str, ...]) -> None:
    decided = rule.decide(path)

    assert decided is None or all(isinstance(name, str) for name in decided)
    assert rule.decide(path) == decided


@given(paths)
def test_without_rules_every_folder_keeps_its_path(path: tuple[str, ...]) -> None:
    assert FolderRules().decide(path) == path


@given(rules, paths, names)
def test_what_lies_under_a_folder_that_is_excluded_is_excluded_too(
    rule: FolderRules, path: tuple[str, ...], child: str
) -> None:
    only_exclude = rule.model_copy(update={"include": ()})
    if path and only_exclude.decide(path) is None:
        assert only_exclude.decide((*path, child)) is None


@pytest.mark.parametrize(
    ("pattern", "path", "left_out"),
    [
        ("Corbeille", ("Corbeille",), True),
        ("corbeille", ("CORBEILLE",), True),
        ("Corbeille", ("Corbeille", "2019"), True),
        ("Corbeille", ("Corbeille 2",), False),
        ("Corbeille", ("Clients", "Corbeille"), False),
        ("*/Corbeille", ("Clients", "Corbeille"), True),
        ("*Perso*", ("Clients", "Dossier personnel"), True),
        ("Clients/Dupont", ("Clients", "Dupont", "Devis"), True),
        ("201?", ("2019",), True),
        ("201?", ("20190",), False),
        ("[Gmail]/*", ("[Gmail]", "Tous"), True),
        ("[Gmail]/*", ("G", "Tous"), False),
        ("privé", (unicodedata.normalize("NFD", "Privé"),), True),
        ("a*", ("a\nb",), True),
        ("*", ("INBOX",), True),
    ],
)
def test_a_pattern_stands_for_a_folder_and_all_under_it(pattern: str, path: tuple[str, ...], left_out: bool) -> None:
    assert (FolderRules(exclude=(pattern,)).decide(path) is None) is left_out
    assert (FolderRules(include=(pattern,)).decide(path) is not None) is left_out


def test_exclude_wins_over_include() -> None:
    rule = FolderRules(include=("Clients",), exclude=("Clients/Perso",))

    assert rule.decide(("Clients",)) == ("Clients",)
    assert rule.decide(("Clients", "Perso")) is None
    assert rule.decide(("INBOX",)) is None


def test_a_mapped_folder_takes_along_what_lies_under_it_and_the_longest_path_decides() -> None:
    rule = FolderRules(map={"Envoyés": "Sent", "Envoyés/2019": "Archive/Sent 2019", "A/B": "C"})

    assert rule.decide(("ENVOYÉS",)) == ("Sent",)
    assert rule.decide(("Envoyés", "2020", "Q1")) == ("Sent", "2020", "Q1")
    assert rule.decide(("Envoyés", "2019", "Q1")) == ("Archive", "Sent 2019", "Q1")
    assert rule.decide(("A/B", "x")) == ("C", "x")
    assert rule.decide(("Envoyés2",)) == ("Envoyés2",)


def test_the_digest_follows_the_meaning_of_the_rules_and_not_their_writing() -> None:
    rule = FolderRules(exclude=("Trash", "Junk"), map={"A": "B"})

    assert rule.digest() == FolderRules(exclude=("junk", "TRASH", "Trash"), map={"a": "B"}).digest()
    others = (FolderRules(), FolderRules(include=("Trash", "Junk"), map={"A": "B"}), FolderRules(map={"A": "b"}))
    assert len({rule.digest(), *(other.digest() for other in others)}) == 4


def test_the_digest_is_the_same_tomorrow() -> None:
    digest = FolderRules(exclude=("Trash",), map={"Envoyés": "Sent"}).digest()

    assert digest == "408b0c8a655698a65199c7f676c0edb054ba97e08056c4204c4660ed8dd54162"


def test_everything_can_go_below_one_folder() -> None:
    rule = FolderRules(put_under="Old mail/Lyon", map={"Envoyés": "Sent"}, exclude=("Corbeille",))

    assert rule.decide(("INBOX",)) == ("Old mail", "Lyon", "INBOX")
    assert rule.decide(("Clients", "A")) == ("Old mail", "Lyon", "Clients", "A")
    assert rule.decide(("Envoyés", "2019")) == ("Old mail", "Lyon", "Sent", "2019")
    assert rule.decide(("Corbeille",)) is None
    assert not rule.keeps_roles(("INBOX",))


def test_what_lies_below_the_inbox_stays_there_or_goes_beside_it() -> None:
    path = ("INBOX", "Clients", "A")
    lift = FolderRules(inbox_children="lift", map={"INBOX/Clients/B": "B"})

    assert FolderRules().decide(path) == path
    assert lift.decide(path) == ("Clients", "A")
    assert lift.decide(("INBOX",)) == ("INBOX",)
    assert lift.decide(("INBOX", "Clients", "B", "x")) == ("B", "x")
    assert lift.keeps_roles(("INBOX", "Sent"))


@pytest.mark.parametrize("rule", [FolderRules(put_under="A"), FolderRules(inbox_children="lift")])
def test_the_digest_follows_the_newer_rules_too(rule: FolderRules) -> None:
    assert rule.digest() != FolderRules().digest()
