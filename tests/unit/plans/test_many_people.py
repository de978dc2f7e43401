"""Twice the people are twice the work, right or wrong: nothing is compared with everything else."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

import plans

ORGANISATION = """\
name: Example
language: en
time_zone: Europe/Paris
systems:
  old: {connector: imap, host: old.example.org}
  new: {connector: imap, host: new.example.org}
"""
SITE = "site: paris\nsource: old\ntarget: new\npeople: "


def _csv(row: Callable[[int], str]) -> Callable[[int], dict[str, str]]:
    return lambda many: {
        "paris.yaml": f"{SITE}paris.csv\n",
        "paris.csv": "address,name,target_user\n" + "".join(f"{row(number)}\n" for number in range(many)),
    }


def _yaml(entry: Callable[[int], str]) -> Callable[[int], dict[str, str]]:
    return lambda many: {"paris.yaml": f"{SITE}\n" + "".join(f"- {entry(number)}\n" for number in range(many))}


FILES = {
    "a people file": _csv(lambda number: f"u{number}@example.org,Name,"),
    "wrong addresses": _csv(lambda number: f"u{number} example.org,Name,"),
    "one address in every line": _csv(lambda number: "u@example.org,Name,"),
    "one account for everybody": _csv(lambda number: f"u{number}@example.org,Name,shared"),
    "cells without a heading": _csv(lambda number: f"u{number}@example.org,Name,,x"),
    "people in YAML": _yaml(lambda number: f"u{number}@example.org"),
    "unknown keys": _yaml(lambda number: f"{{adress: u{number}@example.org, nam: x}}"),
    "keys that repeat": _yaml(lambda number: f"{{address: u{number}@example.org, address: x}}"),
}


@pytest.mark.parametrize("files", FILES.values(), ids=FILES.keys())
def test_the_work_grows_with_the_people(tmp_path: Path, files: Callable[[int], dict[str, str]]) -> None:
    few, many = (_calls(tmp_path / str(count), files(count)) for count in (200, 800))
    assert many < 5 * few


def _calls(folder: Path, files: dict[str, str]) -> int:
    """How many functions reading the folder calls: the same on every machine."""
    (folder / "sites").mkdir(parents=True)
    (folder / "organisation.yaml").write_text(ORGANISATION)
    for name, text in files.items():
        (folder / "sites" / name).write_text(text)
    _load(folder)  # what is done once a process does not count
    count = 0

    def call(_frame: object, event: str, _argument: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(call)
    try:
        _load(folder)
    finally:
        sys.setprofile(before)
    return count


def _load(folder: Path) -> None:
    with suppress(plans.PlanError):
        plans.load(folder)
