"""Looking at one mailbox on both sides, on systems in memory."""

from __future__ import annotations

from collections.abc import Iterator
from threading import Event

import pytest

from connectors.contract import AuthFailed, Entry, Folder, Reason, Target
from connectors.memory import MemorySettings
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
