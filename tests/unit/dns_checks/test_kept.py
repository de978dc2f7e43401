"""What is kept of looks and of the steps of a cutover, and what follows from it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from migrate.cli.dns_apply import _check_time
from migrate.cli.dns_keeping import _steps_of, with_takers
from migrate.cli.organisation import Trouble
from migrate.dns import kept_steps, snapshots
from migrate.dns.arrival import held
from migrate.dns.asking import Inquiry
from migrate.dns.facts import Facts, Policy, Question
from migrate.dns.findings import Look
from migrate.dns.kept_steps import KeptSteps, stage
from migrate.dns.providers import expected_host, expected_provider
from migrate.dns.records import CannotWrite, Step
from migrate.dns.snapshots import Lowered, Snapshot, lowered
from plans import Organisation
from tests.unit.dns_checks.test_records import _OLD, _steps
from tests.unit.dns_checks.world import World

_GOOGLE = expected_provider("google")
_AT = datetime(2026, 11, 22, 15, tzinfo=UTC)
_QUESTIONS = [Question("example.org", kind) for kind in ("MX", "TXT", "SOA", "NS")]


def _facts(zone: str, ttl: int = 7200) -> Facts:
    return World(zone, ttl=ttl).facts(_QUESTIONS)


def _mx(step: Step, *, entered: bool = True) -> str:
    return "".join(f"{line.name} {line.type} {line.data}\n" for line in (step.enter if entered else step.remove))


def _looks(*ttls: int) -> list[Snapshot]:
    return [Snapshot(_AT + timedelta(hours=hour), "check", _facts(_OLD, ttl)) for hour, ttl in enumerate(ttls)]


def test_a_look_is_read_as_it_was_kept(tmp_path: Path) -> None:
    world = World(
        _OLD + "_imaps._tcp.example.org SRV 0 1 993 mail.example.org.\n_25._tcp.mail.example.org TLSA 3 1 0 ab\n"
    )
    asked = [*_QUESTIONS, Question("_imaps._tcp.example.org", "SRV"), Question("_25._tcp.mail.example.org", "TLSA")]
    found = world.facts(asked)
    looks = [
        Snapshot(_AT, "check", Facts(found.domain, found.zone, found.views, Policy("version: STSv1"))),
        Snapshot(_AT + timedelta(seconds=1), "wait", found),
    ]
    for look in reversed(looks):
        snapshots.keep(tmp_path, look)
    (snapshots.folder_of(tmp_path, "example.org") / "2026-01-01T00-00-00-000000Z-check.json").write_text("{half")
    assert snapshots.kept(tmp_path, "example.org") == looks
    assert snapshots.kept(tmp_path, "other.example") == []


@pytest.mark.parametrize(
    ("ttls", "found"),
    [
        ([], None),
        ([7200], None),
        ([300], None),
        ([7200, 300], Lowered(_AT + timedelta(hours=1), 7200)),
        ([7200, 300, 300], Lowered(_AT + timedelta(hours=1), 7200)),
        ([7200, 300, 3600], None),
        ([7200, 300, 3600, 60], Lowered(_AT + timedelta(hours=3), 3600)),
        # In two steps: who asked before the first one may remember it for longer than the second.
        ([86400, 3600, 300], Lowered(_AT + timedelta(hours=1), 86400)),
        ([600, 300], Lowered(_AT + timedelta(hours=1), 600)),
    ],
)
def test_the_ttl_is_lowered_since_the_first_look_of_the_last_stretch(
    ttls: Sequence[int], found: Lowered | None
) -> None:
    assert lowered(_looks(*ttls)) == found


@pytest.mark.parametrize(
    ("ttls", "ago", "told"),
    [
        ([7200, 300], timedelta(hours=2), r"was 7200 seconds"),
        ([7200, 300], timedelta(hours=4), None),
        # Who lowered it may have done so a moment before the first look.
        ([300], timedelta(hours=1), "Nobody saw"),
        ([600, 300], timedelta(hours=20), "Nobody saw"),
        ([300], timedelta(hours=49), None),
    ],
)
def test_the_cutover_waits_for_what_may_be_remembered(
    ttls: Sequence[int], ago: timedelta, told: str | None, tmp_path: Path
) -> None:
    organisation = cast("Organisation", SimpleNamespace(folder=tmp_path))
    for hour, ttl in enumerate(ttls):
        at = datetime.now(UTC) - ago + timedelta(hours=hour)
        snapshots.keep(tmp_path, Snapshot(at, "check", _facts(_OLD, ttl)))
    with nullcontext() if told is None else pytest.raises(Trouble, match=told):
        _check_time(organisation, "example.org")


def test_the_cutover_may_come_when_the_old_ttl_is_over() -> None:
    assert Lowered(_AT, 7200).earliest == _AT + timedelta(hours=2)


def test_steps_are_read_as_they_were_kept_and_older_ones_stay(tmp_path: Path) -> None:
    steps = _steps(World(_OLD, ttl=7200), _GOOGLE)
    told = KeptSteps(_AT, _GOOGLE.title, steps)
    assert kept_steps.kept(tmp_path, "example.org") is None
    file = kept_steps.keep(tmp_path, "example.org", told)
    assert kept_steps.kept(tmp_path, "example.org") == told
    kept_steps.keep(tmp_path, "example.org", KeptSteps(_AT, _GOOGLE.title, steps[:1]))
    assert len(list(file.parent.glob("steps-*.json"))) == 1
    file.write_text("{half")
    with pytest.raises(CannotWrite, match=r"steps\.json"):
        kept_steps.kept(tmp_path, "example.org")


def test_kept_steps_fit_the_system_and_the_hosts_that_they_lead_to() -> None:
    told = KeptSteps(_AT, _GOOGLE.title, _steps(World(_OLD), _GOOGLE))
    assert told.fits(_GOOGLE, [])
    assert told.fits(_GOOGLE, ["smtp.google.com"])
    assert not told.fits(_GOOGLE, ["aspmx.l.google.com"])
    assert not told.fits(expected_provider("microsoft365"), [])
    assert not KeptSteps(_AT, _GOOGLE.title, []).fits(_GOOGLE, [])


def test_the_zone_shows_which_step_was_the_last() -> None:
    steps = _steps(World(_OLD, ttl=7200), _GOOGLE)
    before, cutover, after, _back = steps
    assert stage(steps, _facts(_OLD)) == "nothing"
    assert stage(steps, _facts(_mx(before), 300)) == "before"
    assert stage(steps, _facts(_mx(cutover), 300)) == "cutover"
    assert stage(steps, _facts(_mx(after), 3600)) == "after"
    # By hand, with another TTL.
    assert stage(steps, _facts(_mx(cutover), 600)) == "cutover"
    assert stage(steps, _facts(_mx(before), 120)) == "before"
    # Half of it, and somebody else's.
    assert stage(steps, _facts(_mx(cutover) + _mx(cutover, entered=False), 300)) is None
    assert stage(steps, _facts("example.org MX 10 elsewhere.example.\n")) is None
    assert stage(steps, _facts('example.org TXT "nothing"\n')) is None


class _Inquiry:
    """Asks a world of records."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._asked: set[Question] = set()

    @property
    def facts(self) -> Facts:
        return self._world.facts(self._asked)

    def follow(self, judging: Callable[[Look], Any]) -> Any:
        while True:
            look = Look(self.facts)
            found = judging(look)
            if look.missing <= self._asked:
                return found
            self._asked |= look.missing


def test_who_changes_the_mx_after_the_cutover_does_not_make_the_way_back_forgotten(tmp_path: Path) -> None:
    organisation = cast("Organisation", SimpleNamespace(folder=tmp_path, domains={"example.org": None}))

    def told(zone: str, ttl: int = 300, *, afresh: bool = False) -> tuple[KeptSteps, str | None]:
        inquiry = cast("Inquiry", _Inquiry(World(zone, ttl=ttl)))
        found = _steps_of(organisation, inquiry, _GOOGLE, [], afresh=afresh)
        snapshots.keep(tmp_path, Snapshot(datetime.now(UTC), "check", inquiry.facts))
        return found

    first, stands = told(_OLD, 7200)
    assert stands == "nothing"
    # Before the cutover the hoster may change its MX: the way back is what is there then.
    second, _stands = told(_OLD.replace("20 backup", "30 backup"), 7200)
    assert second.steps != first.steps
    cutover = _mx(second.steps[1])
    assert told(cutover) == (second, "cutover")
    with pytest.raises(CannotWrite, match="not by a step"):
        told(cutover + "example.org MX 50 relay.example.net.\n")
    assert kept_steps.kept(tmp_path, "example.org") == second
    assert told(cutover) == (second, "cutover")
    # Gone back, by the step: what is now is what was before.
    assert told(_OLD.replace("20 backup", "30 backup"), 7200)[1] == "nothing"
    afresh, _stands = told(cutover + "example.org MX 50 relay.example.net.\n", afresh=True)
    assert kept_steps.kept(tmp_path, "example.org") == afresh != second


def test_the_hosts_that_were_told_to_take_mail_are_waited_for(tmp_path: Path) -> None:
    organisation = cast("Organisation", SimpleNamespace(folder=tmp_path, domains={"example.org": None}))
    new = expected_host("new", "imap.example.net")
    told = KeptSteps(_AT, new.title, _steps(World(_OLD), new, "mx.example.net"))
    kept_steps.keep(tmp_path, "example.org", told)
    world = World("example.org MX 10 mx.example.net.\n")
    for expected, state in ((new, "old"), (with_takers(organisation, "example.org", new), "new")):
        found = _Inquiry(world).follow(lambda look, expected=expected: held(look, expected))
        assert {one.state for one in found} == {state}
    assert with_takers(None, "example.org", new) == new
    assert with_takers(organisation, "example.org", _GOOGLE) == _GOOGLE
