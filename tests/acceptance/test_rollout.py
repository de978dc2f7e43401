"""A rollout by the installed command: what it says is next is done, and it goes on; what it refuses, it explains."""

from __future__ import annotations

import signal
import time
from pathlib import Path

import pytest

from tests.acceptance.organisation import LIMIT, SITE, Ended, Organisation, finished, running
from tests.acceptance.schemas import valid


@pytest.fixture
def plan(place: Path, tmp_path: Path) -> Organisation:
    """A site whose mail lies in Maildirs on both sides, with a day for its switch that has come."""
    people = [
        {"address": "anna@example.org", "uses": "webmail"},
        {"address": "bruno@example.org", "uses": "Outlook 2016 (POP) | téléphone"},
    ]
    for side in ("old", "new"):
        for person in people:
            for part in ("cur", "new", "tmp"):
                (tmp_path / side / person["address"] / part).mkdir(parents=True)
            if side == "old":
                _deliver(tmp_path / side / person["address"], 3)
    systems: dict[str, dict[str, object]] = {
        side: {"connector": "maildir", "path": str(tmp_path / side / "{address}")} for side in ("old", "new")
    }
    made = Organisation(
        place, systems, people, {}, site={"switch": "2026-01-13", "correspondent": {"name": "Claire M."}}
    )
    made.write()
    return made


def _deliver(mailbox: Path, count: int, first: int = 0) -> None:
    for number in range(first, first + count):
        mail = f"Message-ID: <{number}@example.org>\nSubject: {number}\n\nbody\n"
        (mailbox / "cur" / f"150000000{number}.M1.x:2,S").write_text(mail)


def _phase_of(plan: Organisation) -> str:
    (site,) = valid(plan.run("rollout", "status", "--json").json, "rollout-status")["sites"]
    return str(site["phase"])


def _code(plan: Organisation) -> str:
    return str(valid(plan.run("rollout", "next", SITE, "--json").json, "rollout-next")["next"]["code"])


def _advance(plan: Organisation) -> Ended:
    return plan.run("rollout", "advance", SITE, "--by", "Karim", "--json")


def _confirm(plan: Organisation, gate: str) -> None:
    ended = plan.run("rollout", "confirm", SITE, gate, "--by", "Claire M.", "--json")
    assert ended.code == 0, ended.err
    valid(ended.json, "rollout-confirm")


def _followed(plan: Organisation, command: tuple[str, ...], code: str) -> None:
    """``rollout next`` asks for this; the command is run, and it is asked for no more."""
    assert _code(plan) == code
    ended = plan.run(*command)
    assert ended.code == 0, ended.out + ended.err
    assert _code(plan) != code


def test_a_site_is_moved_by_following_what_is_next(plan: Organisation, tmp_path: Path) -> None:
    refused = _advance(plan)
    assert refused.code == 3
    assert {gate["gate"] for gate in valid(refused.json, "rollout-advance")["gates"]} == {"sign-in", "scope"}
    _followed(plan, ("check", SITE), "sign-in")
    _confirm(plan, "scope")
    assert _advance(plan).json["phase"] == "prepare"
    # The same look had shown that everybody has an account.
    _followed(plan, ("backup", SITE), "backup")
    # The pilot meets the cases; they are not asked for before.
    assert _advance(plan).json["phase"] == "pre-copy"
    _followed(plan, ("copy", SITE), "copied")
    _confirm(plan, "space")
    assert _advance(plan).json["phase"] == "dual-delivery"
    # Nobody tells this rollout of routes: that is forced, and stays on the record.
    forced = plan.run("rollout", "force", SITE, "--because", "no dual delivery here", "--by", "Karim", "--json")
    assert valid(forced.json, "rollout-advance")["phase"] == "switch"
    _confirm(plan, "at-work")
    assert _advance(plan).json["phase"] == "delta"
    _deliver(tmp_path / "old" / "anna@example.org", 1, first=7)
    _followed(plan, ("copy", SITE), "delta")
    assert _advance(plan).json["phase"] == "verify"
    _followed(plan, ("verify", SITE), "verified")
    assert _advance(plan).json["phase"] == "acceptance"
    for case in ("webmail", "outlook-2016-pop", "phone"):
        ended = plan.run("cases", "tested", case, "--site", SITE, "--by", "Karim", "--json")
        valid(ended.json, "cases-tested")
    _confirm(plan, "accepted")
    assert _advance(plan).json["phase"] == "hypercare"
    _confirm(plan, "settled-in")
    assert _advance(plan).json["phase"] == "done"
    status = plan.run("rollout", "status")
    assert "forced into the phase switch" in status.out
    assert "no dual delivery here" in status.out
    assert plan.run("rollout", "next").out == "Everything is done: every site, and every domain.\n"


def test_nobody_switches_while_something_grave_is_open(plan: Organisation) -> None:
    opened = plan.run(
        "rollout", "incident", SITE, "the copiers send nothing", "--open", "P1", "--by", "Claire", "--json"
    )
    (one,) = valid(opened.json, "rollout-incident")["incidents"]
    assert (one["severity"], one["number"]) == ("P1", 1)
    for _phase in ("prepare", "pre-copy", "dual-delivery"):
        assert plan.run("rollout", "force", SITE, "--because", "a test").code == 0
    gates = _advance(plan).json["gates"]
    assert "the copiers send nothing" in next(one["missing"] for one in gates if one["gate"] == "incidents")
    assert plan.run("rollout", "incident", SITE, "--solved", "1").code == 0
    assert "incidents" not in {one["gate"] for one in _advance(plan).json["gates"]}
    assert plan.run("rollout", "incident", SITE, "--solved", "1").code == 2


def test_cases_and_notes_go_from_the_pilot_to_the_next_site(plan: Organisation) -> None:
    cases = plan.run("cases", "--json")
    assert cases.code == 3
    found = {one["case"]: one["people"] for one in valid(cases.json, "cases")["cases"]}
    assert found == {"outlook-2016-pop": {SITE: 1}, "phone": {SITE: 1}, "webmail": {SITE: 1}}
    assert plan.run("cases", "tested", "webmial", "--site", SITE).code == 2
    noted = plan.run("note", "sign-in", "Ask the host to lift its limit first", "--by", "Karim", "--json")
    assert valid(noted.json, "note")["notes"][0]["sites"] == "all"
    told = plan.run("rollout", "next", SITE).out
    assert "Noted by Karim" in told
    assert "Ask the host to lift its limit first" in told
    wrong = plan.run("note", "signin", "x")
    assert (wrong.code, 'Did you mean "sign-in"?' in wrong.err) == (2, True)


def test_the_way_back_is_a_plan_before_it_is_gone(plan: Organisation) -> None:
    for _phase in ("prepare", "pre-copy", "dual-delivery", "switch"):
        assert plan.run("rollout", "force", SITE, "--because", "a test").code == 0
    shown = plan.run("rollout", "back", SITE, "--json")
    assert f"bascule copy {SITE} --back" in valid(shown.json, "rollout-back")["way_back"]["do"]
    assert _phase_of(plan) == "switch"
    gone = plan.run("rollout", "back", SITE, "--because", "the telephones do not sign in", "--json")
    assert valid(gone.json, "rollout-back")["phase"] == "dual-delivery"
    assert _phase_of(plan) == "dual-delivery"


def test_of_two_processes_at_once_one_goes_on(plan: Organisation) -> None:
    assert plan.run("rollout", "status").code == 0
    plan.run("check", SITE)
    _confirm(plan, "scope")
    both = [plan.start("rollout", "advance", SITE, "--by", name) for name in ("Karim", "Sophie")]
    ended = sorted(finished(process).code for process in both)
    # The other one was overtaken, or found the next phase and its gates.
    assert ended[0] == 0
    assert ended[1] in (3, 4)
    assert _phase_of(plan) == "prepare"


def test_a_pack_that_is_interrupted_is_made_by_the_same_command(plan: Organisation, tmp_path: Path) -> None:
    for number in range(1500):
        (plan.folder / f"{number}.md").write_text("x")
    file, draft = tmp_path / "pack.zip", tmp_path / ".pack.zip.part"
    with running(plan.start("handover", "pack", "--to", "Sophie", "--file", str(file))) as process:
        until = time.monotonic() + LIMIT
        while process.poll() is None and not (draft.exists() and draft.stat().st_size) and time.monotonic() < until:
            time.sleep(0.001)
        process.send_signal(signal.SIGINT)
        ended = finished(process)
    assert (ended.code, "Traceback" in ended.err) == (130, False)
    assert list(tmp_path.glob("*.zip*")) == []
    assert plan.run("handover", "pack", "--to", "Sophie", "--file", str(file)).code == 0


@pytest.mark.parametrize(
    "arguments",
    [
        ("rollout", "status", "pariss"),
        ("rollout", "advance", "nowhere"),
        ("rollout", "confirm", SITE, "going"),
        ("rollout", "force", SITE, "--because", "  "),
        ("rollout", "back", SITE, "--because", "first phase"),
        ("rollout", "incident", SITE, "something"),
        ("note", "go"),
        ("cases", "tested", "nothing", "--site", SITE),
    ],
)
def test_a_mistake_is_told_in_a_sentence(plan: Organisation, arguments: tuple[str, ...]) -> None:
    ended = plan.run(*arguments)
    assert ended.code == 2
    assert ended.out == ""
    assert ended.err.startswith("Error: ")
    assert "Traceback" not in ended.err


def test_next_is_told_to_people_as_one_thing(plan: Organisation) -> None:
    told = plan.run_installed("rollout", "next", SITE).out.splitlines()
    assert told[0] == f"{SITE} · 2 people · assess · switch Tuesday 13 January"
    assert [line.split(" (")[0].split(":")[0] for line in told if line[0] != " "][1:] == [
        "TO DO",
        "WHY NOW",
        told[-2],
        "THEN",
    ]
    assert told[-2].startswith("✓ people 2")
