"""Who holds the new MX, who is waited for, and when it is worth looking again."""

from __future__ import annotations

import pytest

from migrate.dns.arrival import Held, arrived, held, next_look
from migrate.dns.facts import Answer, Facts, Kind, Mx, Outcome, Question, View
from migrate.dns.findings import Look
from migrate.dns.providers import GOOGLE_BEFORE, expected_provider

_MX = Question("example.org", "MX")
_GOOGLE = expected_provider("google")


def _held(kind: Kind, answer: Answer | None, address: str | None = "192.0.2.1") -> Held:
    view = View(kind, "server", address, {} if answer is None else {_MX: answer})
    (one,) = held(Look(Facts("example.org", "example.org", [view])), _GOOGLE)
    return one


def _mx(*hosts: str, ttl: int = 300, own_zone: bool = False) -> Answer:
    return Answer(Outcome.RECORDS, tuple(Mx(1, host) for host in hosts), ttl, (), own_zone)


@pytest.mark.parametrize(
    ("answer", "state"),
    [
        (_mx("smtp.google.com"), "new"),
        (_mx(*GOOGLE_BEFORE), "new"),
        (_mx("aspmx.l.google.com"), "old"),
        (_mx("smtp.google.com", "mail.example.org"), "old"),
        (_mx("mail.example.org"), "old"),
        (Answer(Outcome.NODATA), "old"),
        (Answer(Outcome.NXDOMAIN), "old"),
        (Answer(Outcome.TIMEOUT), "silent"),
        (None, "silent"),
        (Answer(Outcome.SERVFAIL), "fails"),
        (Answer(Outcome.LAME), "fails"),
    ],
)
def test_only_the_whole_new_mx_and_nothing_else_is_new(answer: Answer | None, state: str) -> None:
    assert _held("resolver", answer).state == state


_NEW, _OLD = _held("resolver", _mx("smtp.google.com")), _held("resolver", _mx("mail.example.org"))


@pytest.mark.parametrize(
    ("other", "over"),
    [
        (_NEW, True),
        (_OLD, False),
        (_held("inside", _mx("mail.example.org")), False),
        (_held("resolver", Answer(Outcome.TIMEOUT)), True),
        (_held("authoritative", Answer(Outcome.TIMEOUT)), False),
        (_held("authoritative", None, address=None), True),
        (_held("authoritative", Answer(Outcome.LAME)), True),
        (_held("resolver", Answer(Outcome.SERVFAIL)), False),
    ],
)
def test_the_wait_is_over_when_all_who_count_hold_it(other: Held, over: bool) -> None:
    assert arrived([_NEW, other]) is over


def test_nobody_who_counts_is_not_everybody() -> None:
    assert not arrived([])
    assert not arrived([_held("resolver", Answer(Outcome.TIMEOUT))])


@pytest.mark.parametrize(("ttls", "seconds"), [([], 60), ([40], 40), ([900, 30], 30), ([0], 2), ([900], 60)])
def test_the_next_look_is_when_the_first_forgets_and_once_a_minute(ttls: list[int], seconds: float) -> None:
    assert next_look([_NEW, *(_held("resolver", _mx("mail.example.org", ttl=ttl)) for ttl in ttls)]) == seconds


def test_a_zone_that_is_old_itself_forgets_nothing() -> None:
    one = _held("authoritative", _mx("mail.example.org", own_zone=True))
    assert (one.state, one.left, next_look([one])) == ("old", None, 60)
