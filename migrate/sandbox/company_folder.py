"""The organisation's folder of the company, as the demo and a sandbox to learn with write it alike."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from connectors.private_file import write_private
from migrate.sandbox.company import PEOPLE

_ABOUT = "ABOUT.txt"


class ForeignFolder(Exception):
    """There is something in the folder that we did not write."""


def is_ours(folder: Path, about: str) -> bool:
    """Whether the folder tells ``about`` itself what :func:`begin` had it tell: only such a folder is ever replaced."""
    file = folder / _ABOUT
    return file.is_file() and file.read_text(encoding="utf-8", errors="replace") == about


def begin(folder: Path, about: str) -> None:
    """Make the folder, where neither sites nor secrets may be; what a kill leaves of it is ours."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / _ABOUT).write_text(about, encoding="utf-8")
    (folder / "sites").mkdir()
    (folder / "secrets").mkdir(mode=0o700)


def write_sites(folder: Path, target: str, old: Mapping[str, str], new: Mapping[str, str]) -> None:
    """The plan of each site, from the system ``old`` to ``target``, its people and their passwords on both."""
    for site in sorted({person.site for person in PEOPLE}):
        people = [person for person in PEOPLE if person.site == site]
        plan = {
            "site": site, "source": "old", "target": target, "people": f"{site}.csv",
            "passwords": f"file:secrets/{site}.csv",
        }  # fmt: skip
        write_yaml(folder / "sites" / f"{site}.yaml", plan)
        names = _csv([("address", "name"), *((person.login, person.name) for person in people)])
        (folder / "sites" / f"{site}.csv").write_text(names, encoding="utf-8")
        passwords = ((person.login, old[person.login], new.get(person.login, "")) for person in people)
        table = _csv([("address", "source password", "target password"), *passwords])
        write_private(folder / "secrets" / f"{site}.csv", table)


def write_yaml(path: Path, value: Mapping[str, Any]) -> None:
    path.write_text(yaml.safe_dump(value, allow_unicode=True, sort_keys=False), encoding="utf-8")


def _csv(rows: Iterable[Sequence[str]]) -> str:
    written = io.StringIO()
    csv.writer(written, lineterminator="\n").writerows(rows)
    return written.getvalue()
