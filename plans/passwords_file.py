"""Making a site's passwords file, and finding lines in it that nobody needs."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from connectors.language import _
from plans.addresses import cleaned
from plans.csv_file import read_table
from plans.csv_writing import new_table, with_rows, write_whole
from plans.model import Site
from plans.passwords import COLUMNS
from plans.problems import PlanError, Problem, did_you_mean
from plans.secrets import SecretRef, read_private

_HEADINGS = {
    "en": ("address", "source password", "target password"),
    "fr": ("adresse", "mot de passe source", "mot de passe cible"),
}


@dataclass(frozen=True, slots=True)
class Filled:
    """A passwords file with a line for everybody.  ``added`` are those whose line is new."""

    path: Path
    added: Sequence[str]


def wanted_lines(site: Site) -> list[str]:
    """What stands in the first column: an address for each person, ``system:user`` for each further source."""
    return [line for person in site.people for line in (person.address, *map(str, person.further_sources))]


def fill(ref: SecretRef, folder: Path, site: Site, language: str) -> Filled:
    """Write the passwords file (mode 0600), or add the lines that are missing; what is there stays.

    Raises :class:`SecretError` when others can read the file that is there, :class:`PlanError` when it is not right,
    OSError when it cannot be written.
    """
    path = folder / Path(ref.value).expanduser()
    if not path.exists():
        lines = wanted_lines(site)
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        data = new_table(_HEADINGS[language], [(line, "", "") for line in lines], language)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(data)
        return Filled(path, lines)
    data = read_private(ref, folder)
    table = read_table(data, ref.value, COLUMNS, strip=False)
    if table.problems:
        raise PlanError(table.problems)
    there = {cleaned(row.cells.get("address", "")).lower() for row in table.rows}
    added = [line for line in wanted_lines(site) if line.lower() not in there]
    if added:
        write_whole(path, with_rows(data, COLUMNS, [{"address": line} for line in added]))
    return Filled(path, added)


def strangers(ref: SecretRef, folder: Path, site: Site) -> list[Problem]:
    """Lines of the passwords file that belong to nobody of the site: often an address that was mistyped.

    Empty when the file cannot be read, which is told elsewhere.  What stands on a line is not shown: in a file whose
    columns were mixed up it may be a password.
    """
    known = wanted_lines(site)
    folded = {line.lower() for line in known}
    table = read_table(read_private(ref, folder), ref.value, COLUMNS, strip=False)
    problems: list[Problem] = []
    for row in table.rows:
        line = cleaned(row.cells.get("address", ""))
        if line and line.lower() not in folded:
            message = _("Nobody of this site has the address on this line.")
            hint = did_you_mean(line, known) if "@" in line else ""
            problems.append(Problem(ref.value, row.line, None, message, hint))
    return problems
