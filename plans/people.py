"""The people of a site: a list in the site's file, or a CSV beside it.  :mod:`plans.people_checks` compares them."""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from connectors.language import _
from plans.cells import split
from plans.csv_file import Heading, Row, Table, read_table
from plans.files import PersonEntry
from plans.model import Person
from plans.problems import Problem
from plans.wording import problems_of, words
from plans.yaml_file import Document, Value

#: The columns of a people file, in the order of a new one.
COLUMNS = {
    "address": Heading("address", "adresse", (
        "mail", "email", "e-mail", "courriel", "mail address", "email address", "adresse mail", "adresse email",
        "adresse e-mail", "adresse de messagerie", "adresse électronique",
    )),
    "name": Heading("name", "nom", (
        "full name", "display name", "nom complet", "nom affiché", "nom et prénom", "prénom et nom",
    )),
    "first_name": Heading("first name", "prénom", ("given name", "firstname", "prenom", "forename")),
    "last_name": Heading("last name", "nom de famille", ("family name", "surname", "lastname", "nom patronymique")),
    "source_user": Heading("source user", "utilisateur source", (
        "user source", "source login", "identifiant source", "compte source",
    )),
    "target_user": Heading("target user", "utilisateur cible", (
        "user target", "target login", "identifiant cible", "compte cible",
    )),
    "source_password": Heading("source password", "mot de passe source", ("password source",)),
    "target_password": Heading("target password", "mot de passe cible", ("password target",)),
    "archives": Heading("archives", "archives", (
        "archive", "archive files", "fichiers d'archives", "fichiers archives",
    )),
    "gmail": Heading("gmail", "gmail", (
        "gmail personnel", "gmail privé", "adresse gmail", "private gmail", "personal gmail", "compte gmail",
    )),
    "aliases": Heading("aliases", "alias", ("autres adresses", "other addresses")),
    "groups": Heading("groups", "groupes", ("groupe", "group", "listes")),
    "licence": Heading("licence", "licence", ("license", "licences", "licenses")),
    "shared": Heading("shared", "partagée", (
        "boîte partagée", "shared mailbox", "boîte aux lettres partagée", "bal partagée",
    )),
    "sources": Heading("sources", "autres sources", ("further sources", "sources supplémentaires")),
    "uses": Heading("uses", "programmes", (
        "programs", "mail programs", "devices", "utilise", "logiciels", "appareils", "outils",
    )),
    "language": Heading("language", "langue", ("preferred language", "langue préférée", "lang")),
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
            problems += [_in_row(detail, table, row, file) for detail in error.errors(include_url=False)]
        else:
            placed.append(Placed(person, target, file, row.line, None))
    return placed, problems


def _in_row(detail: ErrorDetails, table: Table, row: Row, file: str) -> Problem:
    column, *item = detail["loc"]
    if detail["type"] == "missing":
        return Problem(file, row.line, None, _("This line has no address."))
    several = len(split(row.cells.get(str(column), ""))) > 1
    message, hint = words(detail, (table.headings[str(column)], *(item if several else ())))
    return Problem(file, row.line, None, message, hint)


def _person(entry: PersonEntry) -> Person:
    return Person(
        address=entry.address,
        name=entry.name,
        source_user=entry.source_user or entry.address,
        target_user=entry.target_user or entry.address,
        source_password=entry.source_password,
        target_password=entry.target_password,
        archives=entry.archives,
        gmail=entry.gmail,
        aliases=entry.aliases,
        groups=entry.groups,
        licence=entry.licence,
        shared=entry.shared,
        further_sources=entry.sources,
        first_name=entry.first_name,
        last_name=entry.last_name,
        uses=entry.uses,
        language=entry.language,
    )
