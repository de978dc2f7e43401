"""The people of a site: a list in the site's file, or a CSV beside it."""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import ValidationError

from plans.csv_file import read_table
from plans.files import PersonEntry
from plans.model import Person
from plans.problems import Problem
from plans.wording import problems_of, words
from plans.yaml_file import Document, Value

#: Headings of a people file, beside the names of the columns themselves.
COLUMNS = {
    "address": (
        "adresse", "mail", "email", "e-mail", "courriel", "mail address", "email address", "adresse mail",
        "adresse email", "adresse e-mail", "adresse de messagerie", "adresse électronique",
    ),
    "name": ("nom", "full name", "display name", "nom complet", "nom affiché", "nom et prénom", "prénom et nom"),
    "source_user": ("utilisateur source", "user source", "source login", "identifiant source", "compte source"),
    "target_user": ("utilisateur cible", "user target", "target login", "identifiant cible", "compte cible"),
    "source_password": ("mot de passe source", "password source"),
    "target_password": ("mot de passe cible", "password target"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Placed:
    """A person, the system that takes their mail, and where the plan names them."""

    person: Person
    target: str
    file: str
    line: int | None
    column: int | None


def people_in_yaml(people: list[Value], document: Document, target: str) -> tuple[list[Placed], list[Problem]]:
    """People listed under ``people:``, each an address or a group of keys."""
    placed: list[Placed] = []
    problems: list[Problem] = []
    for index, entry in enumerate(people):
        here = ("people", index)
        try:
            person = _person(PersonEntry.model_validate({"address": entry} if isinstance(entry, str) else entry))
        except ValidationError as error:
            problems += problems_of(error, document, here, PersonEntry)
        else:
            line, column = document.values[here]
            placed.append(Placed(person, target, document.file, line, column))
    return placed, problems


def people_in_csv(data: bytes, file: str, target: str) -> tuple[list[Placed], list[Problem]]:
    """People of a people file, one a row."""
    table = read_table(data, file, COLUMNS)
    placed: list[Placed] = []
    problems = list(table.problems)
    for row in table.rows:
        try:
            person = _person(PersonEntry.model_validate(row.cells))
        except ValidationError as error:
            for detail in error.errors(include_url=False):
                if detail["type"] == "missing":
                    message, hint = "This line has no address.", ""
                else:
                    message, hint = words(detail, (table.headings[str(detail["loc"][0])],))
                problems.append(Problem(file, row.line, None, message, hint))
        else:
            placed.append(Placed(person, target, file, row.line, None))
    return placed, problems


def sharing_a_target(everyone: list[Placed]) -> list[Problem]:
    """A problem for each person whose target account is another's too: two passes would write into one mailbox."""
    first: dict[tuple[str, str], Placed] = {}
    problems: list[Problem] = []
    for placed in everyone:
        earlier = first.setdefault((placed.target, placed.person.target_user.lower()), placed)
        if earlier.person.mailbox != placed.person.mailbox:
            message = f"{placed.person.address} and {earlier.person.address} have the same user on the target."
            hint = f"The other is in {earlier.file}, line {earlier.line}."
            problems.append(Problem(placed.file, placed.line, placed.column, message, hint))
    return problems


def repeated(everyone: list[Placed]) -> list[Problem]:
    """A problem for each address that the plan names more than once: a mailbox is one person's, in one site."""
    first: dict[str, Placed] = {}
    problems: list[Problem] = []
    for placed in everyone:
        earlier = first.setdefault(placed.person.mailbox, placed)
        if earlier is not placed:
            message = f"{placed.person.address} is named twice."
            hint = f"The first is in {earlier.file}, line {earlier.line}; keep one of the two."
            problems.append(Problem(placed.file, placed.line, placed.column, message, hint))
    return problems


def _person(entry: PersonEntry) -> Person:
    return Person(
        address=entry.address,
        name=entry.name,
        source_user=entry.source_user or entry.address,
        target_user=entry.target_user or entry.address,
        source_password=entry.source_password,
        target_password=entry.target_password,
    )
