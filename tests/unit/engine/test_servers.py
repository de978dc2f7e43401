"""What the systems of a run allow, of a system and of each mailbox."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from pydantic import BaseModel

from connectors.contract import Stopped, TooManySessions, Transient, Unavailable
from connectors.imap.settings import ImapSettings
from connectors.wrappers import RetryPolicy
from migrate.copy.run import PassResult
from migrate.engine.hours import in_turn
from migrate.engine.remembered import Remembered
from migrate.engine.resting import Manner
from migrate.engine.servers import Servers
from migrate.ledger import limits
from migrate.ledger.counts import Tally
from plans import System
from plans.model import Rates


class Plain(BaseModel):
    """A connector that names no server."""


def system(name: str, settings: BaseModel | None = None, **more: Any) -> System:
    return System(name, "imap", settings or Plain(), 4, more.pop("bandwidth", None), None, None, **more)


def servers(*systems: System, remembered: Remembered | None = None) -> Servers:
    return Servers({one.name: one for one in systems}, remembered or Remembered(), Manner())


def host(name: str, **more: object) -> ImapSettings:
    return ImapSettings.model_validate({"host": name, **more})


def test_systems_of_one_host_and_port_are_one_server() -> None:
    assert system("a", host("mail.example")).server == system("b", host("mail.example", port=993)).server
    assert system("a", host("mail.example")).server != system("b", host("mail.example", tls="starttls")).server
    assert system("a").server != system("b").server


def test_a_mailbox_has_a_rate_of_its_own_that_its_sessions_share() -> None:
    old = system("old", bandwidth=1000, each_mailbox=Rates(messages_per_second=2))
    all_of_it = servers(old)
    ann, again, ben = (all_of_it.rates(old, user) for user in ("ann", "ann", "ben"))
    assert [len(ann), len(ben)] == [2, 2]
    assert [one is other for one, other in zip(ann, again, strict=True)] == [True, True]
    assert [one is other for one, other in zip(ann, ben, strict=True)] == [True, False]


def test_nothing_is_limited_that_no_limit_was_set_for() -> None:
    old = system("old")
    assert servers(old).rates(old, "ann") == []
    assert servers(old).rations(old, "ann", "read") == []


def test_bytes_a_day_of_a_system_are_shared_by_its_mailboxes() -> None:
    old = system("old", read_a_day=5000, each_mailbox=Rates(read_a_day=1000))
    all_of_it = servers(old)
    ann, ben = (all_of_it.rations(old, user, "read") for user in ("ann", "ben"))
    assert len(ann) == len(ben) == 2
    assert ann[0] is ben[0]
    assert ann[1] is not ben[1]
    assert all_of_it.rations(old, "ann", "written") == []


def test_what_was_learnt_bounds_the_run_and_the_plan_bounds_what_was_learnt(tmp_path: Path) -> None:
    remembered = Remembered(tmp_path / "ledger.sqlite")
    old, new = system("old"), system("new")
    now = Manner().now()
    remembered.write(lambda connection: limits.note_cap(connection, ("old", ""), 2, now))
    remembered.write(lambda connection: limits.note_cap(connection, ("new", ""), 50, now))
    remembered.write(lambda connection: limits.note_cap(connection, ("new", "ann"), 1, now))
    run = servers(old, new, remembered=remembered)
    assert (run.most("old"), run.most("new")) == (2, 4)
    run.admit([("old", "ann"), ("new", "ann")], Event(), wait=False)
    with pytest.raises(Unavailable):
        run.admit([("new", "ann")], Event(), wait=False)
    run.admit([("old", "ben"), ("new", "ben")], Event(), wait=False)
    with pytest.raises(Unavailable):
        run.admit([("old", "eva")], Event(), wait=False)
    remembered.close()


def test_a_server_on_both_sides_that_granted_one_session_is_asked_for_two_all_the_same(tmp_path: Path) -> None:
    remembered = Remembered(tmp_path / "ledger.sqlite")
    old, new = system("old", host("mail.example")), system("new", host("mail.example"))
    now = Manner().now()
    remembered.write(lambda connection: limits.note_cap(connection, (old.server, ""), 1, now))
    run = servers(old, new, remembered=remembered)
    stopped = Event()
    stopped.set()
    permit = run.admit([("old", "ann"), ("new", "ben")], stopped, wait=True)
    with pytest.raises(Unavailable):
        run.admit([("old", "eva")], Event(), wait=False)
    permit.release()
    run.admit([("old", "eva"), ("new", "kim")], stopped, wait=True)
    remembered.close()


def test_a_session_that_never_was_open_is_not_asked_for_again_while_we_hold_others() -> None:
    run = servers(system("old"))
    first, further = run.seat("old", "ann"), run.seat("old", "ann")
    refusal = TooManySessions("takes no further session")

    def refuse() -> Any:
        raise refusal

    policy = further.policy(RetryPolicy())
    with pytest.raises(TooManySessions):
        further.source(refuse, Event())
    assert policy.gives_another_try(refusal), "somebody else holds them, and may sign out"
    first.source(lambda: object(), Event())  # type: ignore[arg-type,return-value]  # it is only counted
    assert not policy.gives_another_try(refusal)
    assert policy.gives_another_try(Transient("the connection was lost"))
    assert first.policy(RetryPolicy()).gives_another_try(refusal), "it was cut, and may still count at the server"


def test_what_a_sign_in_is_told_holds_for_the_next() -> None:
    run = servers(system("old"))
    seat = run.seat("old", "ann")

    def throttled() -> Any:
        raise Transient("asks to be left alone for a while", retry_after=250)

    with pytest.raises(Transient):
        seat.source(throttled, Event())
    stop = Event()
    stop.set()
    with pytest.raises(Stopped):
        run.seat("old", "ben").source(lambda: pytest.fail("it was asked"), stop)


def result(copied: int, *errors: Any) -> PassResult:
    return PassResult("ann", Tally(Counter(), Counter(), 0), 0, errors, False, copied)


def test_a_pass_that_got_no_session_waits_for_its_turn_and_counts_as_one() -> None:
    results = [result(1, TooManySessions("no")), result(2, TooManySessions("no")), result(4)]
    told = in_turn(lambda: results.pop(0), Event())
    assert (told.copied, told.errors, results) == (7, (), [])


def test_nobody_takes_turns_for_ever_or_after_a_stop() -> None:
    runs: list[int] = []

    def refused() -> PassResult:
        runs.append(1)
        return result(0, TooManySessions("no"))

    assert in_turn(refused, Event()).errors
    assert len(runs) == 4
    stop = Event()
    stop.set()
    in_turn(refused, stop)
    assert len(runs) == 5
