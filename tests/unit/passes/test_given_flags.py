"""Flags that a target takes with a message and forgets."""

from __future__ import annotations

from connectors.memory import MemorySettings
from tests.unit.passes.world import Sides, mail, new_sides, when

FLAGGED, SEEN = "\\Flagged", "\\Seen"


def forgetful(**manners: object) -> Sides:
    settings = MemorySettings.model_validate({"forgets": frozenset({FLAGGED}), **manners})
    sides = new_sides(target=settings)
    for number in range(6):
        path = ("INBOX",) if number < 4 else ("Work",)
        if number == 4:
            sides.source.create(path)
        flags = {FLAGGED, SEEN} if number % 2 else {SEEN}
        sides.source.deliver(mail(number), path, received=when(number), flags=flags)
    return sides


def flags(sides: Sides) -> dict[bytes, frozenset[str]]:
    reader = sides.worlds[1].reader("anna@example.org")
    return {message.data: message.flags for state in reader.folders() for message in state.messages}


def expected() -> dict[bytes, frozenset[str]]:
    return {mail(number): frozenset({FLAGGED, SEEN} if number % 2 else {SEEN}) for number in range(6)}


def test_a_flag_that_the_target_forgets_is_set_once_more() -> None:
    for manners in ({}, {"returns_keys": False}, {"atomic_batch": False}):
        sides = forgetful(**manners)
        result = sides.run()
        assert (result.complete, result.flagged) == (True, 3)
        assert flags(sides) == expected()
        assert sides.run().flagged == 0
        sides.close()


def test_what_a_person_took_off_after_the_pass_stays_off() -> None:
    sides = forgetful()
    sides.run()
    sides.clock.advance(60)
    for state in sides.worlds[1].reader("anna@example.org").folders():
        for message in state.messages:
            sides.target.set_flags(state.path, message.key, set())
    sides.source.deliver(mail(9), received=when(9), flags={FLAGGED})
    assert sides.run().flagged == 1
    assert {data: kept for data, kept in flags(sides).items() if kept} == {mail(9): {FLAGGED}}
    sides.close()


def test_a_target_that_forgets_nothing_is_not_written_to() -> None:
    sides = forgetful(forgets=frozenset())
    assert sides.run().flagged == 0
    assert not [touch for touch in sides.worlds[1].touched_by_sessions("anna@example.org") if touch.what == "flags"]
    assert flags(sides) == expected()
    sides.close()
