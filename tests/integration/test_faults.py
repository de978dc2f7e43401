"""Every fault of a line at every phase of a FETCH and of an APPEND: nothing is lost, nothing is doubled.

The engine's own passes run through a proxy that does the harm; what arrived is counted on the servers, by content.
"""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic

import pytest

from connectors.contract import AuthFailed, ConnectorError, Transient
from migrate.engine.resting import BackOffs
from migrate.ledger.limits import Whom
from tests.integration.passes import TIMEOUT, Copy, struck
from tests.servers.faults import Effect, Fault
from tests.servers.phases import ON_APPEND, ON_FETCH, Phase
from tests.servers.server import ImapServer

#: Where more than a cut is tried by day.
BY_DAY = {Phase.IN_BODY, Phase.FETCHED, Phase.IN_LITERAL, Phase.LAST_BYTE, Phase.STORED}
ENDS = [
    pytest.param(phase, effect, marks=() if phase in BY_DAY or effect is Effect.CUT else pytest.mark.nightly)
    for phase in (*ON_FETCH, *ON_APPEND)
    for effect in (Effect.CUT, Effect.SILENCE, Effect.BYE)
]


@pytest.mark.parametrize(("phase", "effect"), ENDS, ids=lambda one: one.name)
def test_a_line_that_ends(copying: Callable[..., Copy], phase: Phase, effect: Effect) -> None:
    copy = copying()
    copy.arrives(struck(copy, Fault(phase, effect, nth=3)))


@pytest.mark.parametrize("phase", [Phase.BODY_LINE, Phase.IN_BODY, Phase.FETCHED, Phase.LITERAL_BEGINS, Phase.STORED])
def test_garbage_on_the_line(copying: Callable[..., Copy], phase: Phase) -> None:
    """In the middle of a body it is part of the body for all that anybody can tell, so it goes between lines."""
    copy = copying()
    copy.arrives(struck(copy, Fault(phase, Effect.GARBAGE, nth=2)))


@pytest.mark.parametrize("phase", [Phase.FETCH, Phase.IN_BODY, Phase.IN_LITERAL, Phase.LAST_BYTE, Phase.STORED])
@pytest.mark.parametrize("seconds", [TIMEOUT / 2, 2 * TIMEOUT], ids=["within the timeout", "beyond it"])
def test_a_line_that_stalls(copying: Callable[..., Copy], phase: Phase, seconds: float) -> None:
    """What it carries arrives late, as long as the target may take to settle at the most."""
    copy = copying(settle=2 * TIMEOUT)
    result = struck(copy, Fault(phase, Effect.STALL, nth=2, seconds=seconds))
    assert seconds > TIMEOUT or result.complete
    copy.arrives(result)


@pytest.mark.parametrize("phase", [Phase.BODY_LINE, Phase.IN_BODY, Phase.FETCHED, Phase.APPEND, Phase.STORED])
def test_a_byte_now_and_then(copying: Callable[..., Copy], phase: Phase) -> None:
    copy = copying()
    copy.arrives(struck(copy, Fault(phase, Effect.DRIP, seconds=0.3)))


@pytest.mark.parametrize(
    "phase",
    [
        Phase.IN_LITERAL,
        pytest.param(Phase.APPEND, marks=pytest.mark.nightly),
        pytest.param(Phase.LITERAL_BEGINS, marks=pytest.mark.nightly),
    ],
)
@pytest.mark.parametrize("size", [1200, 100_000], ids=["while it is waited for", "while it is sent to"])
def test_a_target_that_reads_a_byte_now_and_then_is_given_up_in_time(
    copying: Callable[..., Copy], verdicts: list[ConnectorError], phase: Phase, size: int
) -> None:
    """Ten messages of 1200 bytes are on their way before anybody reads them, of longer ones the line is soon full."""
    copy, began = copying(size=size), monotonic()
    result = struck(copy, Fault(phase, Effect.TRICKLE, nth=2, seconds=0.3))
    assert monotonic() - began < 20 * TIMEOUT, "at this pace a batch takes an hour"
    assert {error.detail for error in verdicts if isinstance(error, Transient)} == {"ETIMEDOUT"}
    copy.arrives(result)


@pytest.fixture
def verdicts(monkeypatch: pytest.MonkeyPatch) -> list[ConnectorError]:
    """What the sessions of a run told of their systems."""
    told: list[ConnectorError] = []
    note = BackOffs.note

    def listened(back_offs: BackOffs, whom: Whom, error: ConnectorError) -> None:
        told.append(error)
        note(back_offs, whom, error)

    monkeypatch.setattr(BackOffs, "note", listened)
    return told


#: The first APPEND asks whether its literal may follow, as its keywords are new to the server; the third does not ask.
REFUSABLE = [(Phase.FETCH, 1), (Phase.APPEND, 1), (Phase.APPEND, 3), (Phase.LOGIN, 1)]
NOT_NOW = [
    pytest.param(phase, nth, code, marks=pytest.mark.nightly if code == "INUSE" else ())
    for phase, nth in REFUSABLE
    for code in ("UNAVAILABLE", "INUSE", "LIMIT", "THROTTLED")
    # Said of keywords that are new to the server, LIMIT means that a folder has too many of them.
    if (phase, nth, code) != (Phase.APPEND, 1, "LIMIT")
]


@pytest.mark.parametrize(("phase", "nth"), REFUSABLE)
def test_a_server_that_asks_for_a_pause_is_left_alone_for_so_long(
    copying: Callable[..., Copy], verdicts: list[ConnectorError], phase: Phase, nth: int
) -> None:
    """What was sent before the refusal was heard is no question."""
    copy, seconds, heard = copying(), 2.0, 0.5
    words = "Request is throttled. Suggested Backoff Time: 2000 milliseconds"
    throttle = Fault(phase, Effect.REFUSE, nth=nth, times=2, words=words)
    result = struck(copy, throttle)
    assert {error.retry_after for error in verdicts if isinstance(error, Transient)} == {seconds}
    side = copy.before_old if phase is Phase.FETCH else copy.before_new
    asked = [at - throttle.struck_at for at in side.asked_at]
    assert [at for at in asked if heard <= at < seconds] == []
    assert max(asked) >= seconds
    assert result.complete
    copy.arrives(result)


@pytest.mark.parametrize(("phase", "nth", "code"), NOT_NOW)
def test_a_server_that_says_not_now_is_asked_again(
    copying: Callable[..., Copy], verdicts: list[ConnectorError], phase: Phase, nth: int, code: str
) -> None:
    copy = copying()
    result = struck(copy, Fault(phase, Effect.REFUSE, nth=nth, times=2, words=f"[{code}] not now"))
    assert {error.detail for error in verdicts if isinstance(error, Transient)} == {code}
    assert result.complete
    copy.arrives(result)


@pytest.mark.parametrize(("phase", "nth"), REFUSABLE)
def test_a_refusal_that_asks_for_nothing_is_not_waited_out(
    copying: Callable[..., Copy], verdicts: list[ConnectorError], phase: Phase, nth: int
) -> None:
    struck(copying(), Fault(phase, Effect.REFUSE, nth=nth, times=2, words="no"))
    assert not any(isinstance(error, Transient) for error in verdicts)


@pytest.mark.parametrize(("phase", "nth"), [(Phase.IN_LITERAL, 25), (Phase.LAST_BYTE, 25), (Phase.STORED, 3)])
@pytest.mark.parametrize("words", ["[AUTHENTICATIONFAILED] expired", "[EXPIRED] the token has expired"])
def test_a_sign_in_that_expires_in_an_append(copying: Callable[..., Copy], phase: Phase, nth: int, words: str) -> None:
    """The session is ended in the middle, and nobody is let in again until a person has done something."""
    copy = copying()
    ends = Fault(phase, Effect.BYE, nth=nth, words=words)
    result = struck(copy, ends, Fault(Phase.LOGIN, Effect.REFUSE, times=10**6, words=words, after=ends))
    assert not result.complete
    assert any(isinstance(error, AuthFailed) for error in result.errors), result.errors
    copy.has_no_double()
    copy.before_new.faults = []
    copy.arrives(copy.run())


@pytest.mark.parametrize("effect", [Effect.CUT, pytest.param(Effect.TRICKLE, marks=pytest.mark.nightly)])
def test_a_line_that_breaks_again_and_again_ends_the_pass_and_no_more(
    copying: Callable[..., Copy], effect: Effect
) -> None:
    copy = copying()
    result = struck(copy, Fault(Phase.LAST_BYTE, effect, times=10**6, seconds=TIMEOUT))
    assert any(isinstance(error, Transient) for error in result.errors)
    copy.before_new.faults = []
    copy.arrives(copy.run())


def test_a_line_that_breaks_before_every_answer_brings_everything_all_the_same(copying: Callable[..., Copy]) -> None:
    copy = copying()
    copy.arrives(struck(copy, Fault(Phase.STORED, Effect.CUT, times=10**6)))


@pytest.mark.parametrize("phase", ON_APPEND, ids=lambda phase: phase.name)
def test_a_line_to_courier_that_ends(copying: Callable[..., Copy], phase: Phase, standing_courier: ImapServer) -> None:
    copy = copying(new=standing_courier)
    copy.arrives(struck(copy, Fault(phase, Effect.CUT, nth=3)))


@pytest.mark.parametrize("phase", ON_FETCH, ids=lambda phase: phase.name)
def test_a_line_from_courier_that_ends(
    copying: Callable[..., Copy], phase: Phase, standing_courier: ImapServer
) -> None:
    copy = copying(old=standing_courier)
    copy.arrives(struck(copy, Fault(phase, Effect.CUT, nth=3)))
