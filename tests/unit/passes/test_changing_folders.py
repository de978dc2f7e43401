"""Folders that change under a pass: one pass copes with one change, and says so when it cannot."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from connectors.contract import Fatal, FolderMissing, Transient
from connectors.memory import MemorySettings, Moment
from tests.unit.passes.world import Sides, mail, new_sides, when

WORK = ("Work",)


@pytest.fixture
def sides() -> Iterator[Sides]:
    one = new_sides()
    one.source.create(WORK)
    for number in range(3):
        one.source.deliver(mail(number), WORK, received=when(number))
    yield one
    one.close()


def test_a_target_folder_made_anew_before_the_first_message_is_written_in_the_same_pass(sides: Sides) -> None:
    def make_anew(moment: Moment) -> None:
        sides.target.delete_folder(moment.folder)
        sides.target.create(moment.folder)

    sides.worlds[1].faults.at("fence", make_anew)
    result = sides.run()
    assert result.complete
    assert result.copied == 3
    assert sides.on_target() == sides.on_source()


def test_a_source_folder_renamed_while_it_is_listed_is_seen_under_its_new_name(sides: Sides) -> None:
    sides.worlds[0].faults.at("entries", lambda _: sides.source.rename_folder(WORK, ("Works",)))
    result = sides.run()
    assert result.complete
    assert result.tally.seen == 3
    assert sides.on_target() == sides.on_source()


def test_a_source_folder_whose_identity_changes_while_it_is_listed_is_seen(sides: Sides) -> None:
    sides.run()
    sides.source.deliver(mail(7), WORK)
    sides.worlds[0].faults.at("entries", lambda _: sides.source.bump_epoch(WORK))
    result = sides.run()
    assert result.complete
    assert result.copied == 1
    assert sides.on_target() == sides.on_source()


def test_a_folder_made_anew_whose_listing_broke_off_is_known_again_message_by_message() -> None:
    """Its first window is written by then, and with it that what was listed before has other keys now."""
    sides = new_sides(source=MemorySettings(window=2))
    sides.source.create(WORK)
    for number in range(5):
        sides.source.deliver(mail(number), WORK, received=when(number))
    sides.run()
    sides.source.bump_epoch(WORK)
    sides.worlds[0].faults.at("window", Fatal("no more"), skip=2)
    assert not sides.run().complete
    result = sides.run()
    assert (result.complete, result.copied) == (True, 0)
    assert sides.on_target() == sides.on_source()
    sides.close()


def test_a_source_folder_that_is_never_the_same_leaves_the_pass_incomplete_and_is_named(sides: Sides) -> None:
    sides.source.deliver(mail(9))
    sides.worlds[0].faults.at("entries", lambda _: sides.source.bump_epoch(WORK), times=None)
    result = sides.run()
    assert not result.complete
    (error,) = result.errors
    assert isinstance(error, FolderMissing)
    assert '"Work"' in str(error)
    assert [path for path, _ in sides.on_target()] == [("INBOX",)]
    sides.worlds[0].faults.clear()
    assert sides.run().complete
    assert sides.on_target() == sides.on_source()


@pytest.mark.parametrize("again", [False, True], ids=["and nothing more", "and made anew by somebody"])
def test_a_batch_that_arrived_in_a_target_folder_renamed_at_that_moment_is_not_sent_twice(
    sides: Sides, again: bool
) -> None:
    def rename(moment: Moment) -> None:
        sides.target.rename_folder(moment.folder, ("Kept",))
        if again:
            sides.target.create(moment.folder)
        raise Transient("the answer is lost")

    sides.worlds[1].faults.at("stored", rename)
    assert sides.run().in_flight == 0
    assert sorted(sides.on_target().values()) == [1, 1, 1]
    assert {path for path, _ in sides.on_target()} == {("Kept",)}
    again_run = sides.run()
    assert (again_run.complete, again_run.copied) == (True, 0)
