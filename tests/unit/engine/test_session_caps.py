"""Caps on sessions: learnt from refusals, kept for the next run, and loosened with time."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from threading import Barrier, Event, Thread
from typing import Any, Literal, cast

import pytest

from connectors.contract import Source, TooManySessions, Unavailable
from migrate.engine.admission import Admission
from migrate.engine.remembered import Remembered
from migrate.engine.session_caps import SessionCaps, learnt
from migrate.ledger.limits import Whom

SERVER = "mail.old.example:993"
ANN: Whom = (SERVER, "ann")
BEN: Whom = (SERVER, "ben")
ALL: Whom = (SERVER, "")
HOUR = 3600.0


def granted() -> Source:
    return cast("Source", object())


def refused(of: Literal["account", "system"] = "account") -> Any:
    def refuse() -> Source:
        raise TooManySessions("takes no further session", of)

    return refuse


@pytest.fixture
def remembered(tmp_path: Path) -> Iterator[Remembered]:
    made = Remembered(tmp_path / "ledger.sqlite")
    yield made
    made.close()


def test_what_was_granted_is_the_cap_at_once_and_for_the_next_run(remembered: Remembered) -> None:
    admission = Admission({})
    caps = SessionCaps(remembered, admission, lambda: 0.0)
    for _ in range(2):
        caps.sign_in(ANN, granted)
    permits = [admission.enter([ANN], Event(), wait=False) for _ in range(2)]
    with pytest.raises(TooManySessions):
        caps.sign_in(ANN, refused())
    with pytest.raises(Unavailable):
        admission.enter([ANN], Event(), wait=False)
    admission.enter([BEN], Event(), wait=False)
    permits[0].release()
    admission.enter([ANN], Event(), wait=False)
    assert learnt(remembered, 0.0) == {ANN: 2}


def test_a_refusal_for_the_sake_of_all_accounts_caps_the_server(remembered: Remembered) -> None:
    caps = SessionCaps(remembered, Admission({}), lambda: 0.0)
    for whom in (ANN, ANN, BEN):
        caps.sign_in(whom, granted)
    with pytest.raises(TooManySessions):
        caps.sign_in(BEN, refused("system"))
    assert learnt(remembered, 0.0) == {ALL: 3}


def test_a_refusal_without_a_session_of_ours_teaches_nothing(remembered: Remembered) -> None:
    """Somebody else holds them all; none at all would be no cap to work with."""
    caps = SessionCaps(remembered, Admission({}), lambda: 0.0)
    with pytest.raises(TooManySessions) as caught:
        caps.sign_in(ANN, refused())
    assert learnt(remembered, 0.0) == {}
    assert not caps.others(ANN, caught.value)


def test_sessions_that_have_ended_do_not_count(remembered: Remembered) -> None:
    caps = SessionCaps(remembered, Admission({}), lambda: 0.0)
    for _ in range(3):
        caps.sign_in(ANN, granted)
    caps.ended(ANN)
    with pytest.raises(TooManySessions) as caught:
        caps.sign_in(ANN, refused())
    assert learnt(remembered, 0.0) == {ANN: 2}
    assert caps.others(ANN, caught.value)


def test_those_that_are_let_in_while_one_is_refused_count_too(remembered: Remembered) -> None:
    caps = SessionCaps(remembered, Admission({}), lambda: 0.0)
    caps.sign_in(ANN, granted)
    together, over = Barrier(3), Event()

    def late() -> Source:
        together.wait(10)
        assert over.wait(10)
        return granted()

    threads = [Thread(target=caps.sign_in, args=(ANN, late)) for _ in range(2)]
    for thread in threads:
        thread.start()
    together.wait(10)
    with pytest.raises(TooManySessions):
        caps.sign_in(ANN, refused())
    assert learnt(remembered, 0.0) == {}, "not before it is known how many are let in"
    over.set()
    for thread in threads:
        thread.join(10)
    assert learnt(remembered, 0.0) == {ANN: 3}


def test_a_cap_is_loosened_with_time_and_learnt_anew(remembered: Remembered) -> None:
    now = 0.0
    caps = SessionCaps(remembered, Admission({}), lambda: now)
    caps.sign_in(ANN, granted)
    with pytest.raises(TooManySessions):
        caps.sign_in(ANN, refused())
    assert [learnt(remembered, hours * HOUR)[ANN] for hours in (0, 5, 6, 12, 24)] == [1, 1, 2, 3, 5]
    now = 6 * HOUR
    with pytest.raises(TooManySessions):
        caps.sign_in(ANN, refused())
    assert learnt(remembered, 7 * HOUR) == {ANN: 1}


def test_a_clock_that_was_put_back_loosens_nothing(remembered: Remembered) -> None:
    caps = SessionCaps(remembered, Admission({}), lambda: 10 * HOUR)
    caps.sign_in(ANN, granted)
    with pytest.raises(TooManySessions):
        caps.sign_in(ANN, refused())
    assert learnt(remembered, 0.0) == {ANN: 1}
