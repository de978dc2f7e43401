"""Looking at one mailbox on both sides, on systems in memory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from threading import Event

import pytest

from connectors.contract import AuthFailed, Entry, Folder, Reason, Target
from connectors.memory import MemorySettings
from connectors.wrappers import TargetWrapper
from migrate.check.survey import Survey, survey
from migrate.copy.halt import Halt
from plans import SecretError
from tests.unit.passes.world import ACCOUNT, EverythingGoes, Sides, mail, new_sides, when


@pytest.fixture
def sides() -> Iterator[Sides]:
    made = new_sides(source=MemorySettings(), target=MemorySettings(max_message=500))
    for number in range(5):
        made.source.deliver(mail(number), received=when(number))
    made.source.deliver(mail(5, "x" * 1000), received=when(5))
    yield made
    made.close()


class NotTheFirst(EverythingGoes):
    def leaves_out(self, entry: Entry) -> Reason | None:
        return Reason.RULE_DATE if entry.received == when(0) else None


def looked(sides: Sides, rules: EverythingGoes | None = None, halt: Halt | None = None) -> Survey:
    return survey([sides.job(rules=rules or EverythingGoes())], halt or Halt())


def test_what_would_travel_is_counted_apart_from_what_would_not(sides: Sides) -> None:
    found = looked(sides, NotTheFirst())
    assert (found.messages, found.travelling) == (6, 4)
    assert found.travelling_size == sum(len(mail(number)) for number in range(1, 5))
    (inbox,) = found.folders
    assert (inbox.too_large, inbox.left_out[Reason.RULE_DATE]) == (1, 1)
    assert (found.max_message, found.quota, found.on_target) == (500, None, 0)


class ByFolder(TargetWrapper):
    """A target that states the longest message of each folder, and none for all."""

    def __init__(self, inner: Target, limits: Mapping[str, int]) -> None:
        super().__init__(inner)
        self._limits = limits

    def folders(self) -> Iterator[Folder]:
        for folder in super().folders():
            yield replace(folder, max_message=self._limits.get(folder.path[-1]))


@pytest.mark.parametrize(
    ("limits", "too_large"),
    [
        ({"INBOX": 500, "Work": 900}, {"INBOX": 500, "New": 500}),
        ({"INBOX": 900, "Work": 500}, {"Work": 500}),
        # Of the inbox nothing is said, so nothing is known of folders that are not there yet.
        ({"Work": 500}, {"Work": 500}),
        ({"INBOX": 500}, {"INBOX": 500, "New": 500}),
    ],
)
def test_a_folder_takes_what_it_says_and_a_new_one_what_the_inbox_takes(
    limits: Mapping[str, int], too_large: Mapping[str, int]
) -> None:
    sides = new_sides()
    for name in ("INBOX", "Work", "New"):
        sides.source.create((name,))
        sides.source.deliver(mail(0, "x" * 500), (name,), received=when(0))
    sides.target.create(("Work",))

    def open_target(stop: Event) -> Target:
        return ByFolder(sides.connectors[1].open_target(ACCOUNT, stop), limits)

    found = survey([sides.job(open_target=open_target)], Halt())
    sides.close()
    assert {one.mapped.folder.path[-1]: one.max_message for one in found.folders if one.too_large} == too_large
    assert {path[-1] for path, _entry in found.too_large} == set(too_large)
    assert found.max_message == limits.get("INBOX")


def test_what_is_too_large_is_named_whichever_source_it_is_in(sides: Sides) -> None:
    found = survey([sides.job(), sides.job(source="older")], Halt())
    assert len(found.too_large) == sum(facts.too_large for facts in found.folders) == 2


def test_nothing_is_written(sides: Sides) -> None:
    looked(sides)
    assert sum(sides.on_target().values()) == 0
    assert [state.path for state in sides.worlds[1].reader(ACCOUNT.user).folders()] == [("INBOX",)]


@pytest.mark.parametrize("trouble", [AuthFailed("no"), SecretError("no password")])
@pytest.mark.parametrize("side", ["source", "target"])
def test_one_side_is_looked_at_whatever_the_other_answers(sides: Sides, side: str, trouble: Exception) -> None:
    def fail(_stop: Event) -> Target:
        raise trouble

    found = survey([sides.job(**{f"open_{side}": fail})], Halt())
    if side == "source":
        assert (found.source_error, found.target_error) == (trouble, None)
        assert found.on_target == 0
    else:
        assert (found.source_error, found.target_error) == (None, trouble)
        assert found.messages == 6


def test_a_folder_that_is_left_out_is_not_listed(sides: Sides) -> None:
    class Nothing(EverythingGoes):
        def place(self, folder: Folder) -> None:  # type: ignore[override]  # leaves out every folder
            return None

        def why_left_out(self, folder: Folder) -> Reason:
            return Reason.RULE_FOLDER

    sides.worlds[0].faults.at("entries", AuthFailed("must not be asked"), times=None)
    found = looked(sides, Nothing())
    assert found.source_error is None
    assert found.travelling == 0


def test_an_interruption_ends_the_listing_and_is_told(sides: Sides) -> None:
    halt = Halt()
    halt.stop.set()
    found = looked(sides, halt=halt)
    assert found.interrupted
    assert found.travelling == 0


def test_both_sessions_are_closed(sides: Sides) -> None:
    looked(sides)
    assert [world.open_sessions(ACCOUNT.user) for world in sides.worlds] == [0, 0]
