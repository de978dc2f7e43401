"""The judge over what probes were sent and what arrived, and the gates over its verdicts.  Pure."""

from __future__ import annotations

import pytest

from migrate.delivery.judging import Patience, Proof, authentication, hop, is_decided, judge, loops
from migrate.delivery.probes import Arrived, Leg, Person, Probe, ProbeRun, Route, routes

ANNA = "anna@d.example"
OLD, NEW = Leg(side="old", mailbox=ANNA), Leg(side="new", mailbox=ANNA)
MOVED = Route(sender="outside", whom="moved", address=ANNA, legs=(OLD, NEW))
UNKNOWN = Route(sender="outside", whom="unknown", address="nobody@d.example", legs=())
PATIENCE = Patience(600.0, 60.0)


def copy(leg: Leg, at: float = 5.0, *path: str, key: str = "1", **more: object) -> Arrived:
    """``path``: the hosts that took it, the first one first."""
    hops = tuple({"by": host} for host in reversed(path))
    values = {"side": leg.side, "mailbox": leg.mailbox, "folder": ("INBOX",), "key": key, "at": at, "hops": hops}
    return Arrived.model_validate(values | more)


def verdict(
    *arrived: Arrived, now: float = 1000.0, route: Route = MOVED, state: str = "accepted", unseen: tuple[str, ...] = ()
) -> tuple[Proof, tuple[str, ...]]:
    sent = None if state in ("pending", "unsendable") else 0.0
    probe = Probe.model_validate({"token": "t", "route": route, "state": state, "sent_at": sent, "arrived": arrived})
    run = ProbeRun(site="paris", mode="dual", began=0.0, probes=(probe,), unseen=unseen)
    (one,) = judge(run, now, PATIENCE)
    return one.proof, one.where


def test_one_copy_on_each_side_proves_the_route() -> None:
    assert verdict(copy(OLD), copy(NEW, 9.0)) == (Proof.PROVED, ())


def test_a_second_copy_is_waited_for_a_while() -> None:
    assert verdict(copy(OLD), copy(NEW, 9.0), now=68.0)[0] is Proof.WAITING
    assert verdict(copy(OLD), copy(NEW, 9.0), now=70.0)[0] is Proof.PROVED
    assert verdict(copy(OLD), copy(NEW), copy(NEW, 8.0, key="2"), now=9.0) == (Proof.DOUBLED, (f"new {ANNA}",))


def test_a_copy_that_does_not_come_is_missing_after_a_while() -> None:
    assert verdict(copy(OLD), now=599.0) == (Proof.WAITING, (f"new {ANNA}",))
    assert verdict(copy(OLD), now=600.0) == (Proof.MISSING, (f"new {ANNA}",))
    assert verdict(copy(OLD), now=600.0, unseen=(f"new {ANNA}",)) == (Proof.UNSEEN, (f"new {ANNA}",))


def test_a_probe_that_may_have_left_when_the_machine_stopped_is_judged_by_what_arrived() -> None:
    assert verdict(copy(OLD), copy(NEW), state="sending")[0] is Proof.PROVED
    assert verdict(state="sending")[0] is Proof.MISSING
    assert verdict(state="pending")[0] is Proof.WAITING


def test_a_late_copy_is_late() -> None:
    assert verdict(copy(OLD), copy(NEW, 301.0)) == (Proof.LATE, (f"new {ANNA}",))


def test_a_copy_where_none_may_be_strays() -> None:
    stays = Route(sender="new", whom="not-moved", address=ANNA, legs=(OLD,))
    assert verdict(copy(NEW), route=stays, now=9.0) == (Proof.STRAYED, (f"new {ANNA}",))
    assert verdict(copy(NEW), route=UNKNOWN, now=9.0)[0] is Proof.STRAYED


def test_nobody_is_to_be_refused_and_everybody_else_is_not() -> None:
    assert verdict(route=UNKNOWN, state="refused")[0] is Proof.PROVED
    assert verdict(route=UNKNOWN)[0] is Proof.PROVED
    assert verdict(state="refused")[0] is Proof.REFUSED
    assert verdict(state="failed")[0] is Proof.NOT_SENT
    assert verdict(state="unsendable")[0] is Proof.UNSENDABLE


def test_a_host_that_took_it_twice_with_another_in_between_makes_a_loop() -> None:
    assert verdict(copy(OLD, 5.0, "a", "b", "a"), copy(NEW), now=6.0) == (Proof.LOOP, ("a",))
    # A filter of its own is no other host.
    assert loops(copy(OLD, 5.0, "a", "a", "b", "b")) == set()
    assert loops(copy(OLD, 5.0, "a", delivered_to=("u@d", "U@D"))) == {"u@d"}


def test_only_faults_and_open_questions_keep_a_run_from_being_proved() -> None:
    run = ProbeRun(
        site="paris",
        mode="dual",
        began=0.0,
        probes=(
            Probe(token="a", route=UNKNOWN, state="refused", sent_at=0.0),
            Probe(token="b", route=MOVED, state="unsendable"),
        ),
    )
    verdicts = judge(run, 1.0, PATIENCE)
    assert is_decided(verdicts)
    assert [one.proof for one in verdicts] == [Proof.PROVED, Proof.UNSENDABLE]


@pytest.mark.parametrize(
    ("field", "by", "source"),
    [
        ("from a.example (a [1.2.3.4])\r\n\tby MX.example (Postfix) with ESMTP id X; Mon", "mx.example", "a.example"),
        ("by 2002:a05:6a10 with SMTP id x; Mon", "2002:a05:6a10", ""),
        ("(qmail 123 invoked by uid 0); Mon", "uid", ""),
        ("garbage", None, ""),
    ],
)  # fmt: skip
def test_received_fields_name_their_hosts(field: str, by: str | None, source: str) -> None:
    found = hop(field)
    assert (found.by if found else None, found.source if found else "") == (by, source)


def test_authentication_results_are_read_and_matter_where_dkim_does_not_pass() -> None:
    field = "mx.new.example; dkim=pass header.d=x.example; spf=softfail (why) smtp.mailfrom=x; dmarc=fail (p=NONE)"
    found = authentication(field)
    assert found == {"dkim": "pass", "spf": "softfail", "dmarc": "fail"}
    run = ProbeRun(
        site="paris",
        mode="dual",
        began=0.0,
        probes=(
            Probe(
                token="t",
                route=MOVED,
                state="accepted",
                sent_at=0.0,
                arrived=(copy(OLD), copy(NEW, authentication=found)),
            ),
        ),
    )
    assert judge(run, 1000.0, PATIENCE)[0].failed_checks == ("dmarc",)


def test_the_matrix_has_every_sender_and_every_recipient_there_is() -> None:
    anna = Person(mailbox=ANNA, address=ANNA, aliases=("boss@d.example",))
    ben = Person(mailbox="ben@d.example", address="ben@d.example")
    cells = routes("dual", [anna], [ben], group="all@d.example", unknown="x@d.example")
    assert len(cells) == 15
    legs = {(one.sender, one.whom): [(leg.side, leg.must) for leg in one.legs] for one in cells}
    assert legs["outside", "moved"] == [("old", True), ("new", True)]
    # Mail from the new side to somebody there stays there.
    assert legs["new", "alias"] == [("old", False), ("new", True)]
    assert legs["new", "not-moved"] == [("old", True)]
    assert legs["old", "group"] == [("old", True), ("new", True), ("old", True)]
    assert legs["old", "unknown"] == []
    split = routes("split", [anna], [], group="all@d.example", unknown="x@d.example")
    assert {one.whom for one in split} == {"moved", "alias", "unknown"}
    assert {leg.side for one in split for leg in one.legs} == {"new"}


def test_each_who_stays_is_sent_to_from_the_new_side_and_may_get_what_a_group_gets() -> None:
    anna, eve, ben, tim = (Person(mailbox=f"{one}@d.example", address=f"{one}@d.example") for one in "aebt")
    cells = routes("dual", [anna, eve], [ben, tim], group="all@d.example", unknown="x@d.example")
    to_who_stays = [(one.sender, one.address) for one in cells if one.whom == "not-moved"]
    assert to_who_stays == [
        ("outside", "b@d.example"),
        ("old", "b@d.example"),
        ("new", "b@d.example"),
        ("new", "t@d.example"),
    ]
    group = next(one for one in cells if one.whom == "group" and one.sender == "outside")
    assert {(leg.side, leg.mailbox[0]) for leg in group.legs if leg.must} == {("old", "a"), ("new", "a"), ("old", "b")}
    assert {(leg.side, leg.mailbox[0]) for leg in group.legs if not leg.must} == {
        ("old", "e"),
        ("new", "e"),
        ("old", "t"),
    }
