"""Cases: how people work with their mail, so that each way is tried once before anybody depends on it.  Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from connectors.language import _, mark
from migrate.rollout.history import Tested
from plans import Organisation, Person
from plans.uses import case_code

#: What the columns of a people file say, as people read it.
_TITLES = {
    "webmail": mark("webmail"),
    "phone": mark("telephone"),
    "shared-mailbox": mark("shared mailbox"),
    "aliases": mark("several addresses"),
    "groups": mark("groups"),
    "private-gmail": mark("private Gmail account"),
    "further-sources": mark("mail from several accounts"),
}


@dataclass(frozen=True, slots=True)
class Case:
    """One way of working: who has it, and where it was tried."""

    #: As commands take it: small letters, digits and hyphens.
    code: str
    title: str
    #: How many people of each site.
    people: Mapping[str, int]
    tested: tuple[Tested, ...]


def cases_of(person: Person) -> Iterator[tuple[str, str]]:
    """The cases of one person: code and title."""
    for program in person.uses:
        code = case_code(program)
        if code:
            yield code, _(_TITLES[code]) if code in _TITLES else program.strip()
    told = {
        "shared-mailbox": person.shared,
        "aliases": bool(person.aliases),
        "groups": bool(person.groups),
        "private-gmail": person.gmail is not None,
        "further-sources": bool(person.further_sources),
    }
    for code, has in told.items():
        if has:
            yield code, _(_TITLES[code])
    for archive in person.archives:
        kind = PurePosixPath(archive.path.replace("\\", "/")).suffix.lstrip(".").lower()
        code = f"archive-{case_code(kind)}" if case_code(kind) else "archive"
        yield code, _("archive ({kind})").format(kind=kind.upper()) if kind else _("archive")


def all_cases(organisation: Organisation, tested: Mapping[str, Iterable[Tested]]) -> list[Case]:
    """The cases of everybody, by code."""
    titles: dict[str, str] = {}
    counts: dict[str, dict[str, int]] = {}
    for name in sorted(organisation.sites):
        for person in organisation.sites[name].people:
            for code, title in dict(cases_of(person)).items():
                titles.setdefault(code, title)
                of_case = counts.setdefault(code, {})
                of_case[name] = of_case.get(name, 0) + 1
    return [Case(code, titles[code], counts[code], tuple(tested.get(code, ()))) for code in sorted(counts)]
