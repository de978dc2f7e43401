"""The names that folders get on a target: one proposal for the preview and for the copy."""

from __future__ import annotations

import tracemalloc
import unicodedata
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from threading import Event

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.contract import Folder, Reason, Role, Target
from connectors.folder_names import EXCHANGE, GMAIL_LABELS, FolderPath, NameRules
from connectors.memory import MemorySettings
from migrate.copy.naming import Proposed, Wanted, propose
from migrate.copy.placement import Placement
from plans.folder_rules import FolderRules
from tests.unit.passes.world import ACCOUNT, EverythingGoes, Sides, mail, new_sides, when

ANY_CASE = NameRules(folds_case=True, normal_form="NFC", ignored_end=" .")
NFD = unicodedata.normalize("NFD", "Été")


def wanted(*paths: str, **recorded: str) -> list[Wanted]:
    return [
        Wanted(path, Placement(path), recorded=tuple(there.split("/")) if there else None)
        for path, there in ((tuple(text.split("/")), recorded.get(text)) for text in paths)
    ]


def places(found: dict[FolderPath, Proposed]) -> dict[str, str]:
    return {"/".join(source): "/".join(one.path) for source, one in found.items()}


@pytest.mark.parametrize(
    ("names", "folders", "expected"),
    [
        (NameRules(), ["Reports", "reports"], {}),
        (ANY_CASE, ["Reports", "reports"], {"reports": "reports (2)"}),
        (ANY_CASE, ["reports", "reports/2024", "Reports", "Reports/2024"],
         {"reports": "reports (2)", "reports/2024": "reports (2)/2024"}),
        (ANY_CASE, ["Reports/a", "reports/b"], {"reports/b": "reports (2)/b"}),
        (ANY_CASE, ["Été", NFD], {"Été": "Été (2)"}),
        (ANY_CASE, ["Work", "Work ", "Work."], {"Work ": "Work (2)", "Work.": "Work (3)"}),
        (ANY_CASE, ["Reports", "reports", "reports (2)"],
         {"reports": "reports (2)", "reports (2)": "reports (2) (2)"}),
        (NameRules(forbidden="/."), ["v1.2", "v1_2"], {"v1.2": "v1_2 (2)"}),
        (NameRules(beyond_bmp=False), ["Fête 🎉"], {"Fête 🎉": "Fête _"}),
        (NameRules(), ["..", "a/.", "a/\x07b"], {"..": "__", "a/.": "a/_", "a/\x07b": "a/_b"}),
        (NameRules(reserved_anywhere=frozenset({"cur", "new", "tmp"})), ["cur", "a/TMP"],
         {"cur": "cur_", "a/TMP": "a/TMP_"}),
        (NameRules(nests_in_inbox=False), ["INBOX", "INBOX/Sent", "Sent", "INBOX/INBOX", "INBOX/Work"],
         {"INBOX/Sent": "Sent (2)", "INBOX/INBOX": "INBOX_", "INBOX/Work": "Work"}),
        (NameRules(), ["INBOX", "INBOX/Sent", "Sent", "INBOX/INBOX"], {}),
        (NameRules(deepest=2), ["a/b/c", "a/b_c", "a/b"], {"a/b/c": "a/b_c (2)"}),
        (NameRules(deepest=1), ["a", "a/b", "INBOX"], {"a/b": "a_b"}),
        (NameRules(longest_name=10), ["abcdefghijkl", "abcdefghijkm"],
         {"abcdefghijkl": "abcdefghij", "abcdefghijkm": "abcdef (2)"}),
        (NameRules(longest_name=9), ["éééééé"], {"éééééé": "éééé"}),
        (NameRules(longest_path=40), ["aaaaaaaaaaaaaaaaaaaa/b"], {"aaaaaaaaaaaaaaaaaaaa/b": "b"}),
        (GMAIL_LABELS, ["Starred", "a/starred", "Chats"], {"Starred": "Starred_", "Chats": "Chats_"}),
        (NameRules(inbox_in_inbox=False), ["INBOX/INBOX", "INBOX/Inbox/x", "INBOX/a/INBOX", "a/INBOX"],
         {"INBOX/INBOX": "INBOX/INBOX_", "INBOX/Inbox/x": "INBOX/Inbox_/x"}),
        (EXCHANGE, ["Calendar", "C:\\old", "Notes.", "Notes.x", "a/Notes."],
         {"Calendar": "Calendar_", "C:\\old": "C:_old", "Notes.": "Notes._"}),
    ],
)  # fmt: skip
def test_names_that_the_target_cannot_tell_apart_or_hold(
    names: NameRules, folders: list[str], expected: dict[str, str]
) -> None:
    found = places(propose(wanted(*folders), names))
    said = {source: to for source, to in found.items() if source != to}
    if names is ANY_CASE and NFD in folders:  # which of the two spellings sorts first does not matter to anybody
        assert sorted(found.values()) in ([NFD, "Été (2)"], sorted(["Été", f"{NFD} (2)"]))
        return
    assert said == expected


def test_who_has_the_name_is_told() -> None:
    found = propose(wanted("Reports", "reports"), ANY_CASE)
    assert found["reports",].collides_with == ("Reports",)
    assert found["Reports",].collides_with is None


def test_only_the_plan_merges() -> None:
    one = Wanted(("Reports",), Placement(("Archive",), merge=True))
    other = Wanted(("reports",), Placement(("Archive",), merge=True))
    owner = Wanted(("Archive",), Placement(("Archive",)))
    found = propose([one, other, owner], ANY_CASE)
    assert set(places(found).values()) == {"Archive"}
    assert not any(one.collides_with for one in found.values())


def test_what_the_plan_maps_gets_just_that_name() -> None:
    mapped = Wanted(("x",), Placement(("reports",), merge=True))
    found = propose([mapped, *wanted("Reports")], ANY_CASE)
    assert places(found) == {"x": "reports", "Reports": "Reports (2)"}


def test_a_folder_with_a_role_takes_the_targets_own_and_its_namesake_gets_a_number() -> None:
    sent = Wanted(("Sent",), Placement(("Sent",), Role.SENT), by_role=("Gesendet",))
    found = propose([*wanted("Gesendet", "Gesendet/2024", "Sent/2024"), sent], NameRules())
    assert places(found) == {
        "Sent": "Gesendet",
        "Gesendet": "Gesendet (2)",
        "Gesendet/2024": "Gesendet (2)/2024",
        "Sent/2024": "Sent/2024",
    }
    assert found["Sent",].role is Role.SENT


def test_two_folders_of_one_role_stay_apart() -> None:
    both = [Wanted((name,), Placement((name,), Role.SENT), by_role=("Sent",)) for name in ("Sent", "Sent Items")]
    found = propose(both, NameRules())
    assert places(found) == {"Sent": "Sent", "Sent Items": "Sent Items"}
    assert found["Sent Items",].role is None


def test_a_recorded_place_stays_when_a_better_claim_comes_later() -> None:
    found = propose(wanted("reports", "Reports", "reports/2024", reports="reports"), ANY_CASE)
    assert places(found) == {"reports": "reports", "Reports": "Reports (2)", "reports/2024": "reports/2024"}


def test_a_recorded_place_gives_way_to_a_plan_that_says_another() -> None:
    one = Wanted(("A",), Placement(("Old", "A")), recorded=("A",))
    assert places(propose([one], NameRules())) == {"A": "Old/A"}


def test_a_target_that_refuses_a_name_is_asked_before_anything_is_made() -> None:
    asked: list[FolderPath] = []

    def refuses(paths: Sequence[FolderPath]) -> Collection[FolderPath]:
        asked.extend(paths)
        return [path for path in paths if path[-1].startswith("~") or path[-1] in ("cur", "a%b", "a_b")]

    found = propose(wanted("~home", "x/cur", "a%b", "R&D", "plain"), NameRules(), refuses)
    assert places(found) == {"~home": "_home", "x/cur": "x/cur_", "a%b": "a_b_", "R&D": "R&D", "plain": "plain"}
    assert ("plain",) not in asked


_names = st.text(st.sampled_from("aAéÉ. _/~🎉"), min_size=1, max_size=4) | st.sampled_from(
    ["INBOX", "inbox", "Reports", "reports", "cur", "é", "é", "a (2)", "A (2)", "x" * 30]
)
_folders = st.lists(st.lists(_names, min_size=1, max_size=3).map(tuple), unique=True, max_size=12)
_rules = st.builds(
    NameRules,
    forbidden=st.sampled_from(["", "/", "./"]),
    beyond_bmp=st.booleans(),
    forbidden_end=st.sampled_from(["", " "]),
    ignored_end=st.sampled_from(["", " ."]),
    longest_name=st.sampled_from([None, 12]),
    longest_path=st.sampled_from([None, 60]),
    deepest=st.sampled_from([None, 1, 2]),
    folds_case=st.booleans(),
    normal_form=st.sampled_from([None, "NFC"]),
    reserved_anywhere=st.sampled_from([frozenset[str](), frozenset({"cur"})]),
    nests_in_inbox=st.booleans(),
)


@given(_folders, _rules, st.randoms())
def test_no_two_folders_ever_share_a_place_and_the_order_of_the_listing_does_not_count(
    paths: list[FolderPath], names: NameRules, random: object
) -> None:
    asked = [Wanted(path, Placement(path)) for path in paths]
    found = propose(asked, names)
    keys = [names.key(one.path) for one in found.values()]
    assert len(set(keys)) == len(keys) == len(paths)
    random.shuffle(asked)  # type: ignore[attr-defined]
    assert propose(asked, names) == found


@given(_folders, _folders, _rules)
def test_a_later_pass_keeps_every_place_that_is_recorded(
    paths: list[FolderPath], more: list[FolderPath], names: NameRules
) -> None:
    first = propose([Wanted(path, Placement(path)) for path in paths], names)
    recorded = {source: one.path for source, one in first.items()}
    again = [Wanted(path, Placement(path), recorded=recorded.get(path)) for path in dict.fromkeys([*paths, *more])]
    second = propose(again, names)
    assert {source: second[source].path for source in first} == recorded
    assert len({names.key(one.path) for one in second.values()}) == len(second)


@given(_folders, _rules)
def test_what_is_proposed_is_held_as_it_is(paths: list[FolderPath], names: NameRules) -> None:
    for one in propose([Wanted(path, Placement(path)) for path in paths], names).values():
        for depth, name in enumerate(one.path):
            assert replace(names, reserved_anywhere=frozenset()).spelt(name, at_top=depth == 0) == name
            assert names.longest_name is None or names.measure(name) <= names.longest_name
        assert names.deepest is None or len(one.path) <= names.deepest


def test_a_target_that_knows_no_case_gets_both_folders_apart_pass_after_pass() -> None:
    """Also when a better claim appears later, and when the ledger is lost."""
    sides = new_sides(target=MemorySettings(folds_case=True))
    for number, path in enumerate([("reports",), ("reports", "2024")]):
        sides.source.create(path)
        sides.source.deliver(mail(number), path, received=when(number))
    assert sides.run().copied == 2
    sides.source.create(("Reports",))
    sides.source.deliver(mail(7), ("Reports",), received=when(7))
    sides.source.deliver(mail(8), ("reports",), received=when(8))
    assert sides.run().copied == 2
    expected = {("reports",): 2, ("reports", "2024"): 1, ("Reports (2)",): 1}
    assert Counter(path for path, _ in sides.on_target()) == expected
    assert sides.run().copied == 0
    sides.close()


def test_the_same_names_come_of_a_lost_ledger() -> None:
    sides = new_sides(target=MemorySettings(folds_case=True))
    for number, path in enumerate([("reports",), ("Reports",), ("REPORTS", "x")]):
        sides.source.create(path)
        sides.source.deliver(mail(number), path, received=when(number))
    assert sides.run().copied == 3
    before = sides.on_target()
    sides.lose_ledger()
    again = sides.run()
    assert (again.copied, again.adopted) == (0, 3)
    assert sides.on_target() == before
    assert {path for path, _ in before} == {("Reports",), ("reports (2)",), ("REPORTS (3)", "x")}
    sides.close()


class Spelling:
    """A target that makes a folder under a name that nobody foresaw."""

    def __init__(self, sides: Sides, spelt: Callable[[str], str]) -> None:
        self._sides = sides
        self._spelt = spelt

    def __call__(self, stop: Event) -> Target:
        target = self._sides.connectors[1].open_target(ACCOUNT, stop)
        ensure = target.ensure

        def spelling(path: FolderPath, role: Role | None, *, subscribed: bool = True) -> Folder:
            return ensure(tuple(map(self._spelt, path)), role, subscribed=subscribed)

        target.ensure = spelling  # type: ignore[method-assign]
        return target


@pytest.mark.parametrize("pairs", [1, 2])
@pytest.mark.parametrize("names", [["R%D", "R_D"], ["R_D", "R%D"], ["R%D", "R_D", "R_D (2)"]])
def test_two_folders_never_become_one_whatever_the_target_makes_of_their_names(names: list[str], pairs: int) -> None:
    """Also when they come pass by pass."""
    sides = new_sides(pairs=pairs)
    target = Spelling(sides, lambda name: name.replace("%", "_"))
    for number, name in enumerate([*names, "R?D"]):
        sides.source.create((name,))
        sides.source.deliver(mail(number), (name,), received=when(number))
    assert sides.run(open_target=target).copied == len(names) + 1
    assert set(Counter(path for path, _ in sides.on_target()).values()) == {1}
    before = sides.on_target()
    sides.source.create(("R:D",))
    sides.source.deliver(mail(8), ("R:D",), received=when(8))
    sides.source.deliver(mail(9), (names[0],), received=when(9))
    later = Spelling(sides, lambda name: name.replace("%", "_").replace(":", "_"))
    assert sides.run(open_target=later).copied == 2
    assert sides.on_target() > before
    assert sorted(Counter(path for path, _ in sides.on_target()).values()) == [1] * (len(names) + 1) + [2]
    assert sides.run(open_target=later).copied == 0
    sides.close()


class Merging(EverythingGoes):
    """Rules that put what begins with R into one folder."""

    def place(self, folder: Folder) -> Placement | None:
        if folder.path[0].startswith("R"):
            return Placement(("R%D",), merge=True)
        return super().place(folder)


def test_what_the_plan_merges_is_one_folder_also_under_a_name_that_nobody_foresaw() -> None:
    sides = new_sides()
    for number, name in enumerate(["R_D", "Reports", "Other"]):
        sides.source.create((name,))
        sides.source.deliver(mail(number), (name,), received=when(number))
    target = Spelling(sides, lambda name: name.replace("%", "_"))
    assert sides.run(open_target=target, rules=Merging()).copied == 3
    assert Counter(path for path, _ in sides.on_target()) == {("R_D",): 2, ("Other",): 1}
    sides.close()


def test_a_target_that_makes_one_folder_of_all_gets_one_and_refuses_the_others() -> None:
    sides = new_sides()
    for number, name in enumerate(["a", "b"]):
        sides.source.create((name,))
        sides.source.deliver(mail(number), (name,), received=when(number))
    done = sides.run(open_target=Spelling(sides, lambda _name: "all"))
    assert done.copied == 1
    assert done.tally.reasons == {Reason.FOLDER_REFUSED: 1}
    sides.close()


class Measured:
    """The length of a name in bytes, and how much was measured in all."""

    def __init__(self) -> None:
        self.characters = 0

    def __call__(self, name: str) -> int:
        self.characters += len(name)
        return len(name.encode())


LIMITS = [{"longest_name": 250}, {"longest_name": 250, "longest_path": 250}]


@pytest.mark.parametrize("limits", LIMITS)
@pytest.mark.parametrize("letter", ["a", "é"])
def test_a_very_long_name_is_cut_without_measuring_it_again_and_again(limits: dict[str, int], letter: str) -> None:
    measured = Measured()
    (name,) = NameRules(measure=measured, **limits).fitted((), letter * 20_000, " (12)")  # type: ignore[arg-type]
    assert len(name.encode()) in (249, 250)
    assert measured.characters < 20 * 250


@pytest.mark.parametrize("limits", LIMITS)
def test_many_long_names_that_begin_alike_get_their_numbers_one_after_the_other(limits: dict[str, int]) -> None:
    measured = Measured()
    paths = [f"{'x' * 260}{number}" for number in range(400)]
    found = propose(wanted(*paths), NameRules(measure=measured, **limits))  # type: ignore[arg-type]
    ends = {one.path[0].lstrip("x") for one in found.values()}
    assert ends == {"", *(f" ({number})" for number in range(2, 401))}
    assert measured.characters < 400 * 40 * 250


def test_many_names_that_differ_only_by_case_are_numbered_without_gaps() -> None:
    measured = Measured()
    rules = replace(ANY_CASE, longest_name=250, measure=measured)
    names = ["".join("xX"[number >> bit & 1] for bit in range(10)) for number in range(1024)]
    found = propose(wanted(*names), rules)
    numbers = [one.path[0][11:] for one in found.values()]
    assert sorted(numbers) == sorted(["", *(f"({number})" for number in range(2, 1025))])
    assert measured.characters < 1024 * 5 * 20


@pytest.mark.parametrize("limits", [{}, *LIMITS])
def test_no_path_is_so_deep_that_naming_it_costs_the_square_of_its_depth(limits: dict[str, int]) -> None:
    measured = Measured()
    rules = NameRules(measure=measured, **limits)  # type: ignore[arg-type]
    path = ("a",) * 4_000
    tracemalloc.start()
    try:
        found = propose([Wanted(path, Placement(path))], rules)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    place = found[path].path
    assert place[:99] == ("a",) * 99
    assert len(place) == 100
    assert most < 5 << 20
    assert measured.characters < 200_000
    assert propose([Wanted(path, Placement(path), recorded=place)], rules) == found


def test_one_line_of_the_plan_merges_both_and_two_lines_name_each() -> None:
    both = FolderRules(map={"reports": "Archive"})
    assert both.decide(("Reports",)) == both.decide(("reports",)) == ("Archive",)
    each = FolderRules(map={"reports": "Old reports", "Reports": "Reports"})
    assert (each.decide(("Reports", "x")), each.decide(("reports",))) == (("Reports", "x"), ("Old reports",))
    assert each.decide(("REPORTS",)) == ("Old reports",)
    assert each.digest() != FolderRules(map={"reports": "Reports", "Reports": "Old reports"}).digest()
