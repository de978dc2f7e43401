"""A site's people file: where it is, how a new one is written, how people are added to one that was edited."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from connectors.language import _
from plans.addresses import cleaned
from plans.cells import split
from plans.csv_file import Row, read_table
from plans.csv_writing import columns_in, new_table, with_rows
from plans.exports import Found
from plans.people import COLUMNS
from plans.problems import PlanError, Problem
from plans.yaml_file import read_yaml

#: The columns of a new people file: passwords have a file of their own, which only its owner can read; a name in
#: two parts is for those who have it so, and a language for those who do not read their site's.
_NEW = {
    name: heading
    for name, heading in COLUMNS.items()
    if not name.endswith("_password") and name not in ("first_name", "last_name", "language")
}
_YES = {"en": "yes", "fr": "oui"}


class NoPeopleFile(Exception):
    """The site has no people file of its own.  The text says why and what to do."""


def people_file(folder: Path, site: str) -> Path:
    """The people file that a site's plan names, whether it is there or not; nothing else of the plan is checked.

    Raises :class:`NoPeopleFile` when there is no such site, or when its people stand in its plan.
    """
    named = _named_files(folder)
    if site not in named:
        known = ", ".join(sorted(named)) or _("none yet")
        message = _('There is no site "{site}" in {folder}. Sites: {known}.')
        raise NoPeopleFile(message.format(site=site, folder=folder / "sites", known=known))
    path = named[site]
    if path is None:
        message = _('The plan of "{site}" names no people file. Write into it: people: {file}')
        raise NoPeopleFile(message.format(site=site, file=f"{site}.csv"))
    return path


def addresses_elsewhere(folder: Path, site: str) -> dict[str, str]:
    """By address (in small letters), the other site whose people file has it."""
    found: dict[str, str] = {}
    for other, path in _named_files(folder).items():
        if other == site or path is None or not path.is_file():
            continue
        for row in read_table(path.read_bytes(), path.name, COLUMNS).rows:
            found.setdefault(cleaned(row.cells.get("address", "")).lower(), other)
    return found


def template(language: str) -> bytes:
    """A people file with headings alone."""
    return with_people((), language)


def with_people(people: Sequence[Found], language: str) -> bytes:
    """A new people file."""
    rows = [[cells.get(name, "") for name in _NEW] for cells in (_cells(one, language) for one in people)]
    return new_table([heading.written(language) for heading in _NEW.values()], rows, language)


@dataclass(frozen=True, slots=True)
class Merge:
    """What an export brings to a people file."""

    #: The file with the new people below; what was there is untouched.
    data: bytes
    added: Sequence[Found]
    #: People of the export whom the file has, by their address or by an alias.
    kept: Sequence[str]
    #: Addresses of the file that the export does not have.
    not_in_export: Sequence[str]
    #: Columns that new people have something for, and that the file has no heading for.
    lacking: Sequence[str]


def merged(data: bytes, file: str, found: Sequence[Found], language: str) -> Merge:
    """Add who is new to an edited people file.  Raises :class:`PlanError` when it cannot be read."""
    table = read_table(data, file, COLUMNS)
    if table.problems:
        raise PlanError(_in_order(table.problems))
    known = {address for row in table.rows for address in _addresses(row)}
    exported = {address for person in found for address in _addresses_found(person)}
    added = [person for person in found if not known & _addresses_found(person)]
    cells = [_cells(person, language) for person in added]
    names = columns_in(data, COLUMNS)
    return Merge(
        with_rows(data, COLUMNS, cells) if added else data,
        added,
        [person.address for person in found if known & _addresses_found(person)],
        [row.cells["address"] for row in table.rows if "address" in row.cells and not exported & _addresses(row)],
        [name for name in _NEW if name not in names and any(name in one for one in cells)],
    )


def _named_files(folder: Path) -> dict[str, Path | None]:
    named: dict[str, Path | None] = {}
    for path in sorted((folder / "sites").glob("*.yaml")):
        try:
            document, _problems = read_yaml(path.read_bytes(), path.name)
        except OSError:
            continue
        value = document.value
        site = value.get("site") if isinstance(value, dict) else None
        if isinstance(value, dict) and isinstance(site, str):
            people = value.get("people")
            named.setdefault(site, path.parent / people if isinstance(people, str) and people else None)
    return named


def _addresses(row: Row) -> set[str]:
    """All by which the mailbox of a row is known."""
    listed = (row.cells.get("address", ""), *split(row.cells.get("aliases", "")))
    return {cleaned(one).lower() for one in listed if one}


def _addresses_found(person: Found) -> set[str]:
    return {one.lower() for one in (person.address, *person.aliases)}


def _cells(person: Found, language: str) -> Mapping[str, str]:
    cells = {
        "address": person.address,
        "name": person.name,
        "aliases": _joined(person.aliases),
        "groups": _joined(person.groups),
        "licence": person.licence,
        "shared": _YES[language] if person.shared else "",
    }
    return {name: cell for name, cell in cells.items() if cell}


def _joined(texts: Sequence[str]) -> str:
    """One cell; a comma inside a text separates nothing once there is a ``|``."""
    cell = "|".join(text.replace("|", " ") for text in texts)
    return f"{cell}|" if "|" not in cell and any(char in cell for char in ",;") else cell


def _in_order(problems: Sequence[Problem]) -> list[Problem]:
    return sorted(problems, key=lambda problem: problem.line or 0)
