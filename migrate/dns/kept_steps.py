"""The steps of a cutover as they were worked out before anything was changed: the old records are known from them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from shutil import copyfile
from typing import Any, Literal

from connectors.language import _
from migrate.dns.facts import Facts, Mx, Outcome
from migrate.dns.providers import Expected
from migrate.dns.records import LOW, CannotWrite, Line, Step
from migrate.dns.snapshots import Snapshot, folder_of, written

#: The step that the zone's MX shows to be the last that was done; ``nothing`` when it is as it was.
Stage = Literal["nothing", "before", "cutover", "after"]
_FILE = "steps.json"


@dataclass(frozen=True, slots=True)
class KeptSteps:
    """``expected``: who is to receive the mail, as the plan or the command called it."""

    made: datetime
    expected: str
    steps: Sequence[Step]

    @property
    def hosts(self) -> frozenset[str]:
        """The new MX."""
        lines = (line for one in self.steps if one.when == "cutover" for line in _mx(one))
        return frozenset(line.data.split()[-1].rstrip(".") for line in lines)

    def fits(self, expected: Expected, hosts: Sequence[str] = ()) -> bool:
        """Whether they lead to this system, and to these hosts where such are named."""
        return bool(self.steps) and self.expected == expected.title and (not hosts or set(hosts) == self.hosts)


def keep(organisation: Path, domain: str, told: KeptSteps) -> Path:
    """Write them.  Older ones stay beside them, under their date.  Raises OSError."""
    path = folder_of(organisation, domain) / _FILE
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists():
        # Copied, so that there is one at any moment: without it the way back would be what is now.
        copyfile(path, path.with_name(f"steps-{datetime.now(UTC):%Y-%m-%dT%H-%M-%S-%f}.json"))
    content = {"made": told.made.isoformat(), "expected": told.expected, "steps": [asdict(one) for one in told.steps]}
    return written(path, content)


def kept(organisation: Path, domain: str) -> KeptSteps | None:
    """Those that were kept; None when there are none.  Raises OSError, and CannotWrite for a file that is spoilt."""
    path = folder_of(organisation, domain) / _FILE
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        steps = [_step(one) for one in told["steps"]]
        return KeptSteps(datetime.fromisoformat(told["made"]), told["expected"], steps)
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError):
        what = _("{file} cannot be read as it was written. Put back a copy of it: it holds the way back.")
        raise CannotWrite(what.format(file=path)) from None


def stage(steps: Sequence[Step], facts: Facts) -> Stage | None:
    """Where the zone stands, by what all its name servers say of the MX; None when it is none of the steps' states.

    The TTL tells a step from the one before it, as short or not: who changes a zone by hand may enter another one.
    """
    answers = [view.answer(facts.domain, "MX") for view in facts.of("authoritative")]
    said = {(one.ttl, frozenset(one.values)) for one in answers if one.outcome is Outcome.RECORDS}
    if len(said) != 1 or any(one.definite and one.outcome is not Outcome.RECORDS for one in answers):
        return None
    ttl, values = said.pop()
    now = {f"{one.preference} {one.host}." for one in values if isinstance(one, Mx)}
    short = ttl is not None and ttl <= LOW
    by_name = {one.when: one for one in steps}
    if {line.data for line in by_name["cutover"].enter if line.type == "MX"} == now:
        return "cutover" if short else "after"
    if {line.data for line in by_name["back"].enter if line.type == "MX"} == now:
        return "before" if short else "nothing"
    return None


def cut_over(told: KeptSteps, looks: Sequence[Snapshot]) -> bool:
    """Whether a look since then saw the new MX: from there on, the records as they are now are no way back."""
    return any(one.at >= told.made and stage(told.steps, one.facts) in ("cutover", "after") for one in looks)


def _mx(step: Step) -> list[Line]:
    return [line for line in step.enter if line.type == "MX"]


def _step(told: dict[str, Any]) -> Step:
    remove, enter = (tuple(Line(**line) for line in told[key]) for key in ("remove", "enter"))
    return Step(told["when"], told["wait"], remove, enter)
