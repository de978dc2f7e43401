"""The further pairs of a first pass copy while the source is still being listed."""

from __future__ import annotations

from collections.abc import Iterator
from threading import Event

import pytest

from connectors.contract import Fatal
from connectors.memory import Moment
from tests.unit.passes.world import Sides, mail, new_sides, when


@pytest.fixture
def sides() -> Iterator[Sides]:
    one = new_sides(pairs=2)
    for number, path in enumerate([("INBOX",), ("Work",), ("Play",)]):
        if path != ("INBOX",):
            one.source.create(path)
        one.source.deliver(mail(number), path, received=when(number))
    yield one
    one.close()


def test_the_first_folder_is_written_while_the_second_is_listed(sides: Sides) -> None:
    stored, in_time = Event(), []
    sides.worlds[1].faults.at("stored", lambda _: stored.set())
    sides.worlds[0].faults.at("entries", lambda _: in_time.append(stored.wait(timeout=30)), skip=1)
    assert sides.run().complete
    assert in_time == [True]
    assert sides.on_target() == sides.on_source()


def test_a_folder_that_holds_mail_already_is_adopted_before_it_is_written_to(sides: Sides) -> None:
    sides.target.create(("Work",))
    sides.target.deliver(mail(1), ("Work",), received=when(1))
    result = sides.run()
    assert result.complete
    assert (result.adopted, result.copied) == (1, 2)
    assert sides.on_target() == sides.on_source()


def test_what_was_listed_is_copied_although_the_listing_fails(sides: Sides) -> None:
    sides.worlds[0].faults.at("entries", Fatal("no more"), skip=1)
    result = sides.run()
    assert not result.complete
    assert [str(error) for error in result.errors] == ["no more"]
    assert result.copied == 1
    assert sides.run().complete
    assert sides.on_target() == sides.on_source()


def test_a_defect_in_a_helping_thread_ends_the_pass(sides: Sides) -> None:
    def break_down(_moment: Moment) -> None:
        raise AssertionError("a defect")

    sides.worlds[1].faults.at("ensure", break_down)
    with pytest.raises(AssertionError, match="a defect"):
        sides.run()


@pytest.mark.parametrize("pairs", [1, 2])
def test_what_nothing_works_with_any_more_is_not_tried_a_second_time(pairs: int) -> None:
    """A system that says once that it destroys mail may say the next time that all is well."""
    one = new_sides(pairs=pairs)
    one.source.create(("Work",))
    for path in (("INBOX",), ("Work",)):
        one.source.deliver(mail(1), path)
    one.worlds[1].faults.at("ensure", Fatal("two folders are one"))
    result = one.run()
    assert not result.complete
    assert [type(error) for error in result.errors] == [Fatal]
    assert not one.on_target()
    one.close()
