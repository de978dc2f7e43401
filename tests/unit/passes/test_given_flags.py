"""Flags that a target takes with a message and forgets."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from connectors.contract import Capabilities, Receipt
from connectors.memory import MemorySettings
from connectors.memory.faults import Cut
from connectors.memory.store import Stored
from connectors.memory.target import MemoryTarget
from migrate.copy.halt import Halt
from migrate.copy.run import run_pass
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


@pytest.fixture
def late(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sides]:
    """A target that takes the flag only when the message is there, and says so."""
    knows, tells = MemoryTarget.capabilities, MemoryTarget._receipt

    def capabilities(self: MemoryTarget) -> Capabilities:
        return replace(knows(self), late_flags=frozenset({FLAGGED}))

    def receipt(self: MemoryTarget, ordinal: int, stored: Stored, asked: frozenset[str] | None = None) -> Receipt:
        return replace(tells(self, ordinal, stored, asked), kept_flags=stored.flags)

    monkeypatch.setattr(MemoryTarget, "capabilities", capabilities)
    monkeypatch.setattr(MemoryTarget, "_receipt", receipt)
    sides = forgetful(batch=1)
    yield sides
    sides.close()


def test_a_pass_that_is_interrupted_leaves_late_flags_to_the_next(late: Sides) -> None:
    halt = Halt()
    late.worlds[1].faults.at("stored", lambda _: halt.stop.set(), skip=3)
    assert run_pass([late.job()], late.ledger, halt).interrupted
    late.clock.advance(60)
    assert late.run().flagged == 3
    assert flags(late) == expected()
    assert late.run().flagged == 0


def test_a_message_that_was_found_again_is_given_its_late_flags(late: Sides) -> None:
    late.worlds[1].faults.at("stored", Cut(), skip=1)
    assert late.run().complete
    assert flags(late) == expected()


def test_a_late_flag_that_a_person_took_off_or_had_set_stays_as_it_is(late: Sides) -> None:
    late.run()
    late.clock.advance(60)
    halt = Halt()
    late.source.deliver(mail(9), received=when(9), flags={FLAGGED})
    late.worlds[1].faults.at("stored", lambda _: halt.stop.set())
    run_pass([late.job()], late.ledger, halt)
    for state in late.worlds[1].reader("anna@example.org").folders():
        for message in state.messages:
            late.target.set_flags(state.path, message.key, {FLAGGED} if message.data == mail(9) else set())
    late.run()
    assert {data: kept for data, kept in flags(late).items() if kept} == {mail(9): {FLAGGED}}
    assert late.run().flagged == 0
