"""A folder that the target does not make keeps its mail to itself: accounted for, tried again, and in nobody's way."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from threading import Event

import pytest

from connectors.contract import ConnectorError, FolderNotMade, Reason, Refused, Target, Transient
from connectors.memory import Moment
from connectors.wrappers import RetryingTarget, RetryPolicy
from migrate.copy.run import PassResult
from migrate.ledger.schema import Outcome
from tests.unit.passes.world import ACCOUNT, Sides, mail, new_sides, when

ODD, WORK = ("subscriptions",), ("Work",)
NOT_NOW = FolderNotMade("the folder cannot be made", detail="SERVERBUG")


@pytest.fixture(params=[1, 2], ids=["one pair", "two pairs"])
def sides(request: pytest.FixtureRequest) -> Iterator[Sides]:
    one = new_sides(pairs=request.param)
    for number, path in enumerate((ODD, WORK, ("INBOX",))):
        one.source.create(path)
        one.source.deliver(mail(number), path, received=when(number))
    yield one
    one.close()


def run(sides: Sides) -> PassResult:
    """A pass whose target opens a new session after each trouble, as the engine's do."""
    policy = RetryPolicy(tries=2, first=0.0)

    def open_target(stop: Event) -> Target:
        return RetryingTarget(lambda: sides.connectors[1].open_target(ACCOUNT, stop), policy, stop)

    return sides.run(open_target=open_target)


def not_making(trouble: ConnectorError) -> Callable[[Moment], None]:
    def refuse(moment: Moment) -> None:
        if moment.folder == ODD:
            raise trouble

    return refuse


@pytest.mark.parametrize("trouble", [NOT_NOW, Refused("the folder cannot be made", Reason.FOLDER_REFUSED)])
def test_the_other_folders_travel_and_the_next_pass_tries_again(sides: Sides, trouble: ConnectorError) -> None:
    sides.worlds[1].faults.at("ensure", not_making(trouble), times=None)
    for _ in range(2):
        result = run(sides)
        assert result.errors == ()
        assert result.tally.outcomes == {Outcome.STORED: 2, Outcome.REFUSED: 1}
        assert result.tally.reasons == {Reason.FOLDER_REFUSED: 1}
    sides.worlds[1].faults.clear()
    assert run(sides).tally.outcomes == {Outcome.STORED: 3}
    assert sides.on_target() == sides.on_source()


def test_a_line_that_is_lost_at_a_folder_says_nothing_about_the_folder(sides: Sides) -> None:
    sides.worlds[1].faults.at("ensure", not_making(Transient("the connection was lost")), times=None)
    result = run(sides)
    assert [type(error) for error in result.errors] == [Transient]
    assert not result.tally.reasons
