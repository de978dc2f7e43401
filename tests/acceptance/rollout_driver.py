"""Somebody who does what ``bascule rollout next`` says, step by step, and nothing else."""

from __future__ import annotations

import os
import shlex
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from threading import Event
from typing import Any
from unittest.mock import patch

import time_machine

from migrate.copy.job import SystemClock
from tests.acceptance.organisation import Ended, Organisation
from tests.acceptance.schemas import valid

#: Set the clock of a command in a process of its own, before anything of it runs.
_CLOCK = """\
import os
import time_machine
time_machine.travel(float(os.environ["BASCULE_TEST_CLOCK"]), tick=True).start()
"""
#: Commands whose exit code 3 says what there is still to do, and not that they failed.
_MAY_FIND = {
    ("dns", "check"), ("cases",), ("delivery", "probe"), ("folders",), ("secrets", "status"), ("check",), ("verify",),
}  # fmt: skip
#: How often one step may be named again: what the first time found out may be what the second time is about.
_PATIENCE = 3


class NothingHelps(AssertionError):
    """``next`` names something that cannot be done, or that helps nothing."""


@dataclass
class Driver:
    """``acts``: by code of a step, what its person does outside Bascule.  ``words``: what stands for a placeholder."""

    folder: Path
    clock: time_machine.Traveller
    acts: Mapping[str, Callable[[str], None]]
    #: By the first words of a command, what is added to it here: name servers, how long probes may take.
    additions: Mapping[tuple[str, ...], tuple[str, ...]]
    words: Mapping[str, Callable[[str], str]]
    #: Called after each step: subject, code.
    after: Callable[[str, str], None] = lambda _subject, _code: None
    #: Each command in a process of its own, as installed.
    installed: bool = False
    #: Every step that was done: subject, phase, code.
    done: list[tuple[str, str, str]] = field(default_factory=list)

    def run(self, *arguments: str) -> Ended:
        if not self.installed:
            # The mail servers here deliver while they are spoken to: nothing more comes while a command waits.
            with patch.object(SystemClock, "wait", lambda clock, seconds, stop: self._turned(seconds, stop)):
                return Organisation(self.folder, {}, [], {})._inside(*arguments)
        start = self.folder.parent / "clock"
        start.mkdir(exist_ok=True)
        (start / "sitecustomize.py").write_text(_CLOCK)
        paths = [str(start), os.environ.get("PYTHONPATH", "")]
        environment = {"PYTHONPATH": os.pathsep.join(filter(None, paths)), "BASCULE_TEST_CLOCK": str(time.time())}
        return Organisation(self.folder, {}, [], {}, environment).run_installed(*arguments)

    def _turned(self, seconds: float, stop: Event) -> bool:
        self.clock.shift(timedelta(seconds=seconds))
        return stop.is_set()

    def next(self) -> dict[str, Any] | None:
        told = valid(self.run("rollout", "next", "--json").json, "rollout-next")
        return None if told["next"] is None else told

    def follow(self, until: Callable[[dict[str, Any]], bool] = lambda _told: False) -> None:
        """Until everything is done, or ``until`` says so of what is next."""
        seen: Counter[tuple[str, ...]] = Counter()
        while (told := self.next()) is not None and not until(told):
            step, subject, phase = told["next"], str(told["subject"]), str(told["phase"])
            if step["until"] is not None:
                self._wait(datetime.fromisoformat(step["until"]))
                continue
            key = (subject, phase, step["code"], step["why"])
            seen[key] += 1
            if step["waits_for"] is not None or seen[key] > _PATIENCE:
                raise NothingHelps(f"{subject} in {phase}: {step}\n{self._standing()}")
            self._do(subject, step)
            self.done.append((subject, phase, step["code"]))
            self.after(subject, step["code"])

    def _wait(self, until: datetime) -> None:
        ahead = until.timestamp() - time.time()
        if ahead < 0:
            raise NothingHelps(f"it waits for what has passed: {until}")
        self.clock.shift(timedelta(seconds=ahead + 60))

    def _do(self, subject: str, step: Mapping[str, Any]) -> None:
        acted = False
        for line in step["do"]:
            if line.startswith("bascule "):
                self._command(subject, step, line)
            elif not acted and step["code"] in self.acts:
                self.acts[step["code"]](subject)
                acted = True

    def _command(self, subject: str, step: Mapping[str, Any], line: str) -> None:
        words = shlex.split(line)[1:]
        if "CASE" in words:
            for case in self._untested(subject):
                self._command(subject, step, line.replace("CASE", case))
            return
        filled = [self.words[word](subject) if word in self.words else word for word in words]
        left = [word for word in filled if word.isupper() and len(word) > 2]
        if left:
            raise NothingHelps(f"nobody knows what stands for {left}: {line}")
        more = next((added for first, added in self.additions.items() if tuple(filled[: len(first)]) == first), ())
        ended = self.run(*filled, *more)
        may_find = any(tuple(filled[: len(first)]) == first for first in _MAY_FIND)
        if ended.code != 0 and not (may_find and ended.code == 3):
            raise NothingHelps(f"{line}: {ended.code}\n{ended.out}{ended.err}\n{step}\n{self._standing()}")

    def _untested(self, site: str) -> list[str]:
        cases = valid(self.run("cases", "--json").json, "cases")["cases"]
        return [one["case"] for one in cases if site in one["people"] and not one["tested"]]

    def _standing(self) -> str:
        return self.run("rollout", "status").out
