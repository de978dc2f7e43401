"""``bascule estimate``: sizes are found once, passes are remembered, and the calendar keeps to the plan."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from click.testing import CliRunner, Result

from connectors.memory import MemoryWorld
from migrate.cli.exit_codes import Exit
from migrate.cli.main import bascule
from tests.acceptance.schemas import valid
from tests.unit.cli.memory_site import site_in_memory
from tests.unit.passes.world import mail, when

PLAN = 'wave: 2\nswitch: 2027-02-09\ncopy: {window: "19:00-07:00"}\n'


@pytest.fixture
def worlds(tmp_path: Path, in_english: None) -> Iterator[tuple[MemoryWorld, MemoryWorld]]:
    with site_in_memory(tmp_path, messages=30, more=PLAN) as made:
        yield made


def run(folder: Path, *arguments: str) -> Result:
    return CliRunner().invoke(bascule, ["-C", str(folder), *arguments])


def told(folder: Path, *arguments: str) -> dict[str, Any]:
    done = run(folder, "estimate", *arguments, "--json")
    (site,) = valid(json.loads(done.stdout), "estimate")["sites"]
    return dict(site)


def test_a_first_estimate_lists_the_sources_and_says_what_it_rests_on(
    tmp_path: Path, worlds: tuple[MemoryWorld, MemoryWorld]
) -> None:
    done = run(tmp_path, "estimate", "--from", "2027-01-12")
    assert done.exit_code == 0, done.output
    assert "2027-01-12 19:00" in done.stdout, "the plan's hours"
    assert "nothing was measured yet; this is a cautious guess" in done.stdout
    found = told(tmp_path, "--from", "2027-01-12")
    assert (found["wave"], found["messages"], found["mailboxes"], found["late"]) == (2, 60, 2, False)
    assert datetime.fromisoformat(found["begin"]) < datetime.fromisoformat(found["p50"])
    assert datetime.fromisoformat(found["p50"]) < datetime.fromisoformat(found["p90"])
    assert not any(worlds[0].touched_by_sessions(f"{person}@x.example") for person in ("anna", "bruno"))
    assert not any(worlds[1].touched_by_sessions(f"{person}@x.example") for person in ("anna", "bruno"))


def test_sizes_are_remembered_until_one_asks_again(tmp_path: Path, worlds: tuple[MemoryWorld, MemoryWorld]) -> None:
    assert told(tmp_path)["messages"] == 60
    worlds[0].mailbox("anna@x.example").deliver(mail(99), received=when(99))
    assert told(tmp_path)["messages"] == 60
    assert told(tmp_path, "--look")["messages"] == 61


def test_what_was_copied_is_not_copied_again_and_tells_how_fast_it_goes(
    tmp_path: Path, worlds: tuple[MemoryWorld, MemoryWorld]
) -> None:
    before = told(tmp_path)
    assert run(tmp_path, "copy", "paris", "--now").exit_code == 0
    after = told(tmp_path)
    assert (before["messages"], after["messages"]) == (60, 0)
    assert after["pace"]["measured_passes"] == 2
    assert after["pace"]["messages_per_second"] > before["pace"]["messages_per_second"]
    assert after["pace"]["documented"] == ""
    assert "as measured on 2 passes" in run(tmp_path, "estimate").stdout


def test_who_cannot_be_looked_at_is_named_and_the_others_are_estimated(
    tmp_path: Path, worlds: tuple[MemoryWorld, MemoryWorld]
) -> None:
    worlds[0].add_user("anna@x.example", "another")
    done = run(tmp_path, "estimate")
    assert done.exit_code == Exit.AUTH
    assert "paris: anna@x.example: not in the estimate" in done.stdout
    found = told(tmp_path)
    assert [one["mailbox"] for one in found["unknown"]] == ["anna@x.example"]
    assert found["messages"] == 30
    assert _row(done)[2] == "≥", "there is another mailbox"


def test_what_nobody_could_look_at_has_no_size_and_no_day(
    tmp_path: Path, worlds: tuple[MemoryWorld, MemoryWorld]
) -> None:
    for person in ("anna", "bruno"):
        worlds[0].add_user(f"{person}@x.example", "another")
    done = run(tmp_path, "estimate")
    assert _row(done) == ["2", "paris", "-", "-", "-", "-"]
    (reason,) = [line for line in done.stdout.splitlines() if "not in the estimate" in line]
    assert reason.startswith("paris: 2 mailboxes: not in the estimate: ")
    assert "\n  anna@x.example, bruno@x.example\n" in done.stdout
    found = told(tmp_path)
    assert (found["mailboxes"], found["begin"], found["p50"], found["p90"]) == (0, None, None, None)
    assert not found["late"]


def _row(done: Result) -> list[str]:
    """The one site's in the table."""
    (row,) = [line.split() for line in done.stdout.splitlines() if line.split()[1:2] == ["paris"]]
    return row


def test_a_copy_that_ends_after_the_switch_is_told(tmp_path: Path, worlds: tuple[MemoryWorld, MemoryWorld]) -> None:
    done = run(tmp_path, "estimate", "--from", "2027-02-10")
    assert "may not be done before the switch on 2027-02-09" in " ".join(done.stdout.split())


def test_the_calendar_is_written_for_other_programs(tmp_path: Path, worlds: tuple[MemoryWorld, MemoryWorld]) -> None:
    ics, svg = tmp_path / "copies.ics", tmp_path / "copies.svg"
    assert run(tmp_path, "estimate", "paris", "--ics", str(ics), "--svg", str(svg)).exit_code == 0
    assert b"Copy of paris" in ics.read_bytes()
    assert ET.fromstring(svg.read_text()).attrib["role"] == "img"
    done = run(tmp_path, "estimate", "paris", "--svg", str(tmp_path / "not" / "there.svg"))
    assert done.exit_code == Exit.USAGE
    assert "cannot be written" in done.output


def test_mistakes_are_told_without_a_traceback(tmp_path: Path, worlds: tuple[MemoryWorld, MemoryWorld]) -> None:
    for wrong, said in ((["lyon"], 'no site "lyon"'), (["--from", "soon"], "is not a date")):
        done = run(tmp_path, "estimate", *wrong)
        assert done.exit_code == Exit.USAGE
        assert said in done.output
