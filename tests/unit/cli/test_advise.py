"""``bascule advise``: asks once, goes on after Ctrl-C, and says of no figure more than is known."""

from __future__ import annotations

import json
import os
import pty
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from connectors.memory import MemoryWorld
from migrate.cli.exit_codes import Exit
from migrate.cli.main import bascule
from migrate.ledger.store import Ledger
from plans.choice import CHOICE_FILE, QUESTIONS, read_choice
from tests.acceptance.schemas import valid
from tests.unit.cli.memory_site import site_in_memory

PRICES = """prices:
  google_workspace: {looked_up: 2026-11-20, from: an offer, mailbox: 10, storage: 30 GB, hours: 1, hour: 60}
"""


@pytest.fixture
def worlds(tmp_path: Path, in_english: None) -> Iterator[tuple[MemoryWorld, MemoryWorld]]:
    with site_in_memory(tmp_path, messages=3) as made:
        yield made


def run(folder: Path, *arguments: str) -> Result:
    return CliRunner().invoke(bascule, ["-C", str(folder), "advise", *arguments])


def told(folder: Path) -> dict[str, Any]:
    done = run(folder, "--json")
    assert done.exit_code == 0, done.output
    return valid(json.loads(done.stdout), "advise")


def test_before_anything_is_known_everything_is_unknown(tmp_path: Path, worlds: tuple[Any, Any]) -> None:
    found = told(tmp_path)
    assert found["verdict"]["kind"] == "open"
    assert found["inventory"]["mailboxes"]["value"] == 2
    for option in found["options"]:
        assert set(option["duration"]) == set(option["cost"]["years"]) == set(option["cost"]["total"]) == {"how"}
        assert option["cost"]["ask"]
    assert not (tmp_path / CHOICE_FILE).exists()
    assert not (tmp_path / ".bascule" / "ledger.sqlite").exists(), "looking makes no ledger"


def test_sizes_prices_and_keywords_make_figures(tmp_path: Path, worlds: tuple[MemoryWorld, MemoryWorld]) -> None:
    assert CliRunner().invoke(bascule, ["-C", str(tmp_path), "estimate"]).exit_code == 0
    (tmp_path / CHOICE_FILE).write_text("growth: 0\nbudget: 900\n" + PRICES)
    found = told(tmp_path)
    google, microsoft, _own = found["options"]
    assert google["cost"]["years"]["value"][0]["amount"] == 2 * 10 * 12
    assert google["cost"]["total"]["value"] == {"amount": 3 * (240 + 720), "whole": True}
    assert "20 November 2026" in google["cost"]["years"]["source"]
    assert [one["stance"] for one in google["grounds"] if one["code"] == "budget"] == ["against"]
    assert set(microsoft["cost"]["years"]) == {"how"}
    assert 0 < google["duration"]["value"]["typical"] <= google["duration"]["value"]["slow"]
    assert "Google" in google["duration"]["source"]
    assert set(found["inventory"]["keywords"]) == {"how"}
    assert CliRunner().invoke(bascule, ["-C", str(tmp_path), "copy", "paris", "--now"]).exit_code == 0
    with closing(Ledger(tmp_path / ".bascule" / "ledger.sqlite")) as ledger, ledger.write() as connection:
        connection.exec_driver_sql("UPDATE message SET flags_seen = '\\Seen work' WHERE id = 1")
        connection.exec_driver_sql("UPDATE message SET flags_seen = '?' WHERE id = 2")
    assert told(tmp_path)["inventory"]["keywords"]["value"] == 1


def test_the_note_is_written_in_every_form_and_no_other(tmp_path: Path, worlds: tuple[Any, Any]) -> None:
    files = [tmp_path / f"note{form}" for form in (".md", ".html", ".pdf", ".docx")]
    done = run(tmp_path, *[word for file in files for word in ("--out", str(file))])
    assert done.exit_code == 0, done.output
    assert [file.read_bytes()[:4] for file in files] == [b"# Ch", b"<!do", b"%PDF", b"PK\x03\x04"]
    wrong = run(tmp_path, "--out", str(tmp_path / "note.xls"))
    assert wrong.exit_code == Exit.USAGE
    assert ".pdf" in wrong.output
    nowhere = run(tmp_path, "--out", str(tmp_path / "none" / "note.md"))
    assert nowhere.exit_code == Exit.USAGE
    assert "cannot be written" in nowhere.output


def test_a_wrong_file_and_a_missing_terminal_are_mistakes_with_a_way_out(tmp_path: Path, worlds: object) -> None:
    (tmp_path / CHOICE_FILE).write_text("strategy: best\n")
    wrong = run(tmp_path)
    assert wrong.exit_code == Exit.USAGE
    assert "choice.yaml:1:11" in wrong.output
    (tmp_path / CHOICE_FILE).write_text("years: 3\n")
    assert run(tmp_path, "--ask").exit_code == Exit.USAGE


class Terminal:
    """The command with a terminal of its own."""

    def __init__(self, folder: Path) -> None:
        self._side, other = pty.openpty()
        script = "from migrate.cli.main import main; main()"
        command = [sys.executable, "-c", script, "-C", str(folder), "advise"]
        environment = {**os.environ, "LANGUAGE": "en", "TERM": "dumb"}
        self._process = subprocess.Popen(
            command, stdin=other, stdout=other, stderr=other, start_new_session=True, env=environment
        )
        os.close(other)
        self.seen = ""

    def until(self, text: str) -> None:
        """Read until ``text`` was seen anew."""
        begin = len(self.seen)
        while text not in self.seen[begin:]:
            self.seen += os.read(self._side, 65536).decode()

    def answer(self, text: str) -> None:
        self.until("> ")
        os.write(self._side, f"{text}\n".encode())

    def interrupt(self) -> None:
        """As a person does: once more when nothing happens, for a signal may come just before readline waits."""
        self.until("> ")
        self._process.send_signal(signal.SIGINT)
        while not select.select([self._side], [], [], 10)[0]:
            self._process.send_signal(signal.SIGINT)

    def end(self) -> int:
        try:
            while data := os.read(self._side, 65536):
                self.seen += data.decode()
        except OSError:  # the other side is closed
            pass
        os.close(self._side)
        return self._process.wait(60)


def test_questions_are_gone_on_with_after_ctrl_c(tmp_path: Path, worlds: tuple[Any, Any]) -> None:
    first = Terminal(tmp_path)
    first.answer("growth")
    first.answer("nonsense")
    first.answer("public")
    first.interrupt()
    assert first.end() == Exit.INTERRUPTED
    assert "Traceback" not in first.seen
    choice = read_choice(tmp_path)
    assert choice is not None
    assert choice.model_fields_set == {"strategy", "owner", "years"}
    second = Terminal(tmp_path)
    for _left in range(len(QUESTIONS) - 2):
        second.answer("")
    assert second.end() == 0
    assert "1/12" in second.seen
    assert "three years about" not in second.seen.partition("12/12")[0]
    choice = read_choice(tmp_path)
    assert choice is not None
    assert (choice.strategy, choice.owner, choice.skills, choice.growth) == ("growth", "public", "open", None)
    third = Terminal(tmp_path)
    assert third.end() == 0
    assert "1/" not in third.seen, "what was answered with open is not asked again"


def test_the_note_can_be_in_words_of_ones_own(tmp_path: Path, worlds: object) -> None:
    listed = CliRunner().invoke(bascule, ["-C", str(tmp_path), "runbook", "template", "choice", "--facts", "--json"])
    assert "verdict.kind" in {one["name"] for one in json.loads(listed.stdout)["facts"]}
    assert CliRunner().invoke(bascule, ["-C", str(tmp_path), "runbook", "template", "choice"]).exit_code == 0
    (own,) = (tmp_path / "runbooks").rglob("choice.md.j2")
    own.write_text("# {{ organisation }}: {{ verdict.kind }}\n", encoding="utf-8")
    note = tmp_path / "note.md"
    assert run(tmp_path, "--out", str(note)).exit_code == 0
    assert note.read_text(encoding="utf-8").endswith(": open\n")
    own.write_text("{{ verdict.nothing }}\n", encoding="utf-8")
    assert "choice.md.j2:1: " in run(tmp_path, "--out", str(note)).stderr
