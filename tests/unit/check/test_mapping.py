"""Where folders would go, as a pass would place them."""

from __future__ import annotations

from connectors.contract import Entry, Folder, NameRules, Reason, Role
from migrate.check.mapping import Mapped, Path, There, map_folders
from migrate.copy.placement import Placement


class Rules:
    """Leaves out, and maps, what it is told to."""

    def __init__(self, left_out: frozenset[Path] = frozenset(), mapped: dict[Path, Path] | None = None) -> None:
        self._left_out = left_out
        self._mapped = mapped or {}

    def place(self, folder: Folder) -> Placement | None:
        if folder.path in self._left_out:
            return None
        if folder.path in self._mapped:
            return Placement(self._mapped[folder.path], None, merge=True)
        return Placement(folder.path, folder.role)

    def why_left_out(self, folder: Folder) -> Reason:
        return Reason.RULE_PRIVATE if folder.path == ("Private",) else Reason.RULE_FOLDER

    def leaves_out(self, entry: Entry) -> Reason | None:
        return None

    def digest(self) -> str:
        return ""


def folder(*path: str, role: Role | None = None) -> Folder:
    return Folder(path, role, "1")


def places(found: list[Mapped]) -> dict[Path, Path | None]:
    return {one.folder.path: one.to for one in found}


def test_a_folder_keeps_its_path() -> None:
    assert places(map_folders([folder("A", "B")], Rules())) == {("A", "B"): ("A", "B")}


def test_a_folder_that_is_left_out_has_no_place_and_a_reason() -> None:
    left_out = frozenset({("A",), ("Private",)})
    one, other = map_folders([folder("A"), folder("Private")], Rules(left_out))
    assert one.to is other.to is None
    assert (one.left_out, other.left_out) == (Reason.RULE_FOLDER, Reason.RULE_PRIVATE)


def test_a_folder_with_a_role_goes_to_the_targets_own_whatever_it_is_called() -> None:
    (one,) = map_folders([folder("Sent Items", role=Role.SENT)], Rules(), There(roles={Role.SENT: ("Gesendet",)}))
    assert one.to == ("Gesendet",)
    assert one.collides_with is None


def test_an_unrelated_folder_of_the_same_name_gets_a_number() -> None:
    """The role comes first, whatever the order of the listing."""
    there = There(roles={Role.SENT: ("Gesendet",)})
    found = map_folders([folder("Gesendet"), folder("Sent", role=Role.SENT)], Rules(), there)
    assert places(found) == {("Sent",): ("Gesendet",), ("Gesendet",): ("Gesendet (2)",)}
    second = next(one for one in found if one.folder.path == ("Gesendet",))
    assert second.collides_with == ("Sent",)


def test_names_that_the_target_spells_alike_meet() -> None:
    there = There(NameRules(forbidden="."))
    found = map_folders([folder("v1_2"), folder("v1.2"), folder("v1.2 (2)")], Rules(), there)
    assert places(found) == {("v1_2",): ("v1_2",), ("v1.2",): ("v1_2 (2)",), ("v1.2 (2)",): ("v1_2 (2) (2)",)}


def test_folders_that_the_plan_sends_to_one_place_do_not_meet() -> None:
    found = map_folders([folder("A"), folder("B")], Rules(mapped={("A",): ("C",), ("B",): ("C",)}))
    assert places(found) == {("A",): ("C",), ("B",): ("C",)}
    assert all(one.merged and one.collides_with is None for one in found)
