"""Whatever people do in whatever order: no gate that is not met is passed, but by force, which stays on the record."""

from __future__ import annotations

import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from migrate.rollout.moves import GatesOpen, Refused
from migrate.rollout.phases import order_of
from migrate.rollout.steps import judged, next_step
from runbooks.facts import DomainFacts
from tests.unit.rollout.company import DAY, SITES, company

_DOMAINS = ("old-first.example", "new-first.example")
_subjects = st.sampled_from((*sorted(SITES), *_DOMAINS))
_sites = st.sampled_from(sorted(SITES))


def _kind(name: str) -> Literal["site", "domain"]:
    return "site" if name in SITES else "domain"


class Machine(RuleBasedStateMachine):
    @initialize()
    def begin(self) -> None:
        self.folder = TemporaryDirectory()
        self.context = company(Path(self.folder.name))
        self.one = self.context.__enter__()
        #: What this machine saw happen: the rollout's own record must say the same.
        self.forces: list[tuple[str, str]] = []
        self.phases = {name: order_of(_kind(name))[0] for name in (*SITES, *_DOMAINS)}
        self.lowered: dict[str, float] = {}
        self.troubles: dict[str, set[int]] = {}
        self.at_work: set[str] = set()

    def teardown(self) -> None:
        self.context.__exit__(None, None, None)
        self.folder.cleanup()

    @rule(name=_subjects, times=st.integers(1, 12))
    def follow(self, name: str, times: int) -> None:
        """Some steps as they are told, so that late phases are reached too."""
        for _time in range(times):
            step = next_step(self.one.subject(name))
            if step is None or step.waits_for is not None:
                return
            if step.code == "advance":
                self.advance(name)
            else:
                self.one.do(name, step)
                self._watch(name, step.code)

    def _watch(self, name: str, code: str) -> None:
        if code == "ttl":
            self.lowered[name] = self.one.now
        if code == "at-work":
            self.at_work.add(name)
        if code in ("incidents", "all-solved"):
            sites = [one for one in SITES if SITES[one][0] == name] if name in _DOMAINS else []
            for one in (name, *sites):
                self.troubles.pop(one, None)

    @rule(name=_subjects)
    def advance(self, name: str) -> None:
        facts = self.one.subject(name)
        unmet = [gate.code for gate, verdict in judged(facts) if not verdict.met]
        if unmet or next_step(facts) is None:
            with pytest.raises(GatesOpen if unmet else Refused):
                self.one.rollout.advance(_kind(name), name, "Karim")
            assert self.one.subject(name).phase == facts.phase
            return
        event = self.one.rollout.advance(_kind(name), name, "Karim")
        self.phases[name] = str(event.to_phase)
        kept = json.loads((self.one.folder / str(event.evidence)).read_text())
        assert {gate["state"] for gate in kept["gates"]} <= {"met"}
        if event.to_phase == "cutover":
            self._may_cut_over(facts)

    def _may_cut_over(self, facts: object) -> None:
        """What has to be so, in other words than the gates'."""
        assert isinstance(facts, DomainFacts)
        sites = [one for one in SITES if SITES[one][0] == facts.name]
        assert self.one.now - self.lowered[facts.name] >= DAY, "the old TTL was a day"
        assert not any(self.troubles.get(one) for one in (*sites, facts.name)), "a P1 was open"
        if "split-delivery" not in facts.confirmed:
            assert facts.mx_first == "old"
            assert all(self._went_on(one, "delta") for one in sites), "somebody has not switched"
        assert "go" in facts.confirmed

    def _went_on(self, site: str, phase: str) -> bool:
        order = order_of("site")
        return order.index(self.one.subject(site).phase) >= order.index(phase)

    @rule(name=_subjects)
    def force(self, name: str) -> None:
        facts = self.one.subject(name)
        unmet = {gate.code for gate, verdict in judged(facts) if not verdict.met}
        try:
            event = self.one.rollout.force(_kind(name), name, "Karim", "no time")
        except Refused:
            assert not unmet or facts.phase in ("done", "settled", "decommission")
            return
        assert set(event.detail["unmet"]) == unmet
        assert event.to_phase != "decommission"
        self.forces.append((name, str(event.to_phase)))
        self.phases[name] = str(event.to_phase)
        if event.to_phase == "ttl-lowered":
            self.lowered.setdefault(name, self.one.now)

    @rule(name=_subjects)
    def back(self, name: str) -> None:
        facts = self.one.subject(name)
        try:
            self.one.rollout.back(_kind(name), name, "Karim", "it does not work")
        except Refused:
            assert facts.phase == order_of(_kind(name))[0] or facts.phase == "switch"
            if facts.phase == "switch":
                domain = self.one.subject(SITES[name][0])
                assert domain.phase in ("cutover", "settled", "decommission")
                assert "split-delivery" not in domain.confirmed
            return
        after = self.one.subject(name)
        order = order_of(_kind(name))
        assert order.index(after.phase) == order.index(facts.phase) - 1
        self.phases[name] = after.phase
        assert not any(
            code in after.confirmed for code in ("go", "at-work") if after.phase in ("dual-delivery", "ttl-lowered")
        )

    @rule(name=_sites)
    def trouble(self, name: str) -> None:
        number = self.one.rollout.open_incident("site", name, "Claire", "P1", "nobody can send")
        self.troubles.setdefault(name, set()).add(number)

    @rule(days=st.integers(1, 20))
    def wait(self, days: int) -> None:
        self.one.now += days * DAY

    @invariant()
    def force_stays_on_the_record(self) -> None:
        if not hasattr(self, "one"):
            return
        told = [(one.name, forced.to_phase) for one in self.one.facts().subjects for forced in one.forced]
        assert sorted(told) == sorted(self.forces)

    @invariant()
    def everybody_is_where_their_last_event_brought_them(self) -> None:
        if hasattr(self, "one"):
            assert {one.name: one.phase for one in self.one.facts().subjects} == self.phases


Machine.TestCase.settings = settings(max_examples=8, stateful_step_count=25, deadline=None)
TestMachine = Machine.TestCase
