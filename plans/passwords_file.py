"""Making a site's passwords file, and finding lines in it that nobody needs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from pathlib import Path

from connectors.language import _
from plans.addresses import cleaned
from plans.csv_file import read_table
from plans.csv_writing import new_table, replace, with_rows, write_new
from plans.model import Organisation, Site
from plans.passwords import COLUMNS
from plans.problems import PlanError, Problem
from plans.secrets import SecretRef, read_private

#: How alike each part of two addresses is, when one was mistyped for the other.
_NEAR = 0.7
#: Lines that are compared with every address.
_COMPARED = 20


@dataclass(frozen=True, slots=True)
class Filled:
    """A passwords file with a line for everybody.  ``added`` are those whose line is new."""

    path: Path
    added: Sequence[str]


def wanted_lines(site: Site) -> list[str]:
    """What stands in the first column: an address for each person, ``system:user`` for each further source."""
    return [line for person in site.people for line in (person.address, *map(str, person.further_sources))]


def with_lines(lines: Sequence[str], language: str) -> bytes:
    """A new passwords file with these lines, whose passwords are to be filled in."""
    headings = [heading.written(language) for heading in COLUMNS.values()]
    return new_table(headings, [(line, "", "") for line in lines], language)


def fill(ref: SecretRef, folder: Path, site: Site, language: str) -> Filled:
    """Write the passwords file (mode 0600), or add the lines that are missing; what is there stays.

    Raises :class:`SecretError` when others can read the file that is there, :class:`PlanError` when it is not right,
    OSError when it cannot be written.
    """
    path = folder / Path(ref.value).expanduser()
    if not path.exists():
        lines = wanted_lines(site)
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_new(path, with_lines(lines, language), mode=0o600)
        return Filled(path, lines)
    data = read_private(ref, folder)
    table = read_table(data, ref.value, COLUMNS, strip=False)
    if table.problems:
        raise PlanError(table.problems)
    there = {cleaned(row.cells.get("address", "")).lower() for row in table.rows}
    added = [line for line in wanted_lines(site) if line.lower() not in there]
    if added:
        replace(path, with_rows(data, COLUMNS, [{"address": line} for line in added]))
    return Filled(path, added)


def strangers(ref: SecretRef, organisation: Organisation) -> list[Problem]:
    """Lines of the passwords file that hold a password and belong to nobody of its sites: often a mistyped address.

    What stands on a line is not shown: in a file whose columns were mixed up it may be a password.  Raises
    :class:`SecretError` when the file cannot be read.
    """
    sites = (site for site in organisation.sites.values() if site.passwords == ref)
    known = {line.lower(): line for site in sites for line in wanted_lines(site)}
    table = read_table(read_private(ref, organisation.folder), ref.value, COLUMNS, strip=False)
    problems: list[Problem] = []
    for row in table.rows:
        line = cleaned(row.cells.get("address", "")).lower()
        if line and line not in known and len(row.cells) > 1:
            message = _("Nobody of this site has the address on this line.")
            # Some are mistyped; a long list is somebody else's, and comparing each with everybody takes hours.
            near = _nearest(line, known) if len(problems) < _COMPARED else None
            hint = _('Did you mean "{word}"?').format(word=known[near]) if near else ""
            problems.append(Problem(ref.value, row.line, None, message, hint))
    return problems


def _nearest(line: str, known: Iterable[str]) -> str | None:
    near = max(known, key=lambda one: _likeness(line, one), default="")
    return near if near and _likeness(line, near) >= _NEAR else None


def _likeness(one: str, other: str) -> float:
    """Of the less alike part: those of one company share their domain, and with it half of their letters."""
    pairs = zip(one.split("@"), other.split("@"), strict=False)
    return min(SequenceMatcher(None, *pair).ratio() for pair in pairs)
