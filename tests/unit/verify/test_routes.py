"""Routes: where on the target a source folder's messages must be."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from connectors.contract import Entry, Folder, Reason, Role
from migrate.copy.placement import Placement
from migrate.verify.routes import Routes, find_routes

Path = tuple[str, ...]


class Rules:
    """Leaves out ``Private``; ``moves`` are the plan's map."""

    def __init__(self, moves: Mapping[Path, Path]) -> None:
        self._moves = moves

    def place(self, folder: Folder) -> Placement | None:
        if folder.path == ("Private",):
            return None
        to = self._moves.get(folder.path)
        return Placement(to, None, merge=True) if to else Placement(folder.path, folder.role)

    def leaves_out(self, entry: Entry) -> Reason | None:
        return None

    def digest(self) -> str:
        return ""


def folder(*path: str, role: Role | None = None) -> Folder:
    return Folder(path, role, "1")


def routed(
    sources: list[Folder],
    targets: list[Folder],
    moves: Mapping[Path, Path] | None = None,
    recorded: Mapping[Path, Path] | None = None,
) -> tuple[dict[Path, Path | None], Routes]:
    routes = find_routes(sources, targets, Rules(moves or {}), recorded or {})
    return {route.source.path: route.target and route.target.path for route in routes.routes}, routes


def test_a_folder_is_looked_for_under_its_own_name_and_the_inbox_in_any_case() -> None:
    where, _ = routed([folder("Inbox"), folder("A", "B")], [folder("INBOX"), folder("A", "B")])
    assert where == {("Inbox",): ("INBOX",), ("A", "B"): ("A", "B")}


def test_a_role_leads_to_the_targets_own_folder_and_a_mapped_one_just_there() -> None:
    sources = [folder("Envoyés", role=Role.SENT), folder("Old", role=Role.TRASH)]
    targets = [folder("Sent", role=Role.SENT), folder("Trash", role=Role.TRASH), folder("Archive")]
    where, _ = routed(sources, targets, {("Old",): ("Archive",)})
    assert where == {("Envoyés",): ("Sent",), ("Old",): ("Archive",)}


def test_what_a_rule_leaves_out_and_what_only_the_target_has_are_told() -> None:
    _, routes = routed([folder("Private"), folder("INBOX")], [folder("INBOX"), folder("Theirs")])
    assert [one.path for one in routes.left_out] == [("Private",)]
    assert [one.path for one in routes.others] == [("Theirs",)]


def test_merged_folders_are_compared_together() -> None:
    _, routes = routed([folder("A"), folder("B")], [folder("B")], {("A",): ("B",)})
    assert [(path, len(some)) for path, some in routes.groups()] == [(("B",), 2)]


def test_a_name_that_the_target_could_not_hold_is_known_by_its_underscores() -> None:
    where, routes = routed([folder("Großes 📁 & mehr", "été")], [folder("Großes _ _ mehr", "été"), folder("x")])
    assert where == {("Großes 📁 & mehr", "été"): ("Großes _ _ mehr", "été")}
    assert not routes.routes[0].renamed


def test_a_folder_that_two_names_fit_is_not_guessed() -> None:
    where, _ = routed([folder("a&b")], [folder("a_b"), folder("_&b")])
    assert where == {("a&b",): None}


@pytest.mark.parametrize("recorded", [{}, {("Sent Mail",): ("Sent (2)",)}])
def test_the_ledger_is_asked_only_for_a_folder_that_is_not_where_it_should_be(recorded: Mapping[Path, Path]) -> None:
    targets = [folder("INBOX"), folder("Sent (2)")]
    where, routes = routed([folder("INBOX"), folder("Sent Mail")], targets, recorded={("INBOX",): ("x",), **recorded})
    assert where == {("INBOX",): ("INBOX",), ("Sent Mail",): recorded.get(("Sent Mail",))}
    assert [route.renamed for route in routes.routes] == [False, bool(recorded)]


def test_of_two_folders_of_one_place_the_ledger_knows_where_the_other_went() -> None:
    sources = [folder("Sent", role=Role.SENT), folder("Envoyés")]
    targets = [folder("Envoyés", role=Role.SENT), folder("Envoyés (2)")]
    where, _ = routed(sources, targets, recorded={("Envoyés",): ("Envoyés (2)",)})
    assert where == {("Sent",): ("Envoyés",), ("Envoyés",): ("Envoyés (2)",)}
