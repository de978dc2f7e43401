"""Reading an organisation's folder: every file is read, and every problem told at once."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePath
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from connectors.language import _
from connectors.os_errors import os_error_text
from connectors.registry import BrokenConnector, UnknownConnector, connector_class, names
from plans.archive_checks import archives_of_several
from plans.files import OrganisationFile
from plans.group_checks import groups_and_licences, licences_of_systems
from plans.joining import organisation_of, site_of, system_of, wrong_secrets
from plans.model import Organisation, Site, System
from plans.onto_itself import onto_itself
from plans.people import Placed, people_in_csv, people_in_yaml
from plans.people_checks import across_sites
from plans.preset_keys import filled, preset_of, wrong_preset_of
from plans.problems import PlanError, Problem, did_you_mean, suggestion
from plans.session_checks import one_session_for_both_sides
from plans.shapes import domain_name
from plans.site_checks import ORGANISATION_FILE, site_problems
from plans.site_file import SiteFile
from plans.system_file import SystemEntry
from plans.wording import problems_of, unknown_key
from plans.x500 import x500_addresses
from plans.yaml_file import Document, Value, read_yaml

SITES_FOLDER = "sites"

_Shape = TypeVar("_Shape", bound=BaseModel)


def load(folder: Path) -> Organisation:
    """Read ``organisation.yaml`` and ``sites/*.yaml`` with the people files they name.

    The name of a people file is relative to the site's file that names it; ``file:`` references are relative to
    ``folder``.  Both may lead anywhere: who writes a plan may read what the program may read.

    Raises :class:`PlanError` with all problems.  Secrets are not looked at.
    """
    return _Loading(folder).organisation()


def load_with_places(folder: Path) -> tuple[Organisation, Sequence[Placed]]:
    """As :func:`load`, with the place of each person in the plan."""
    loading = _Loading(folder)
    return loading.organisation(), loading.everyone


class _Loading:
    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._problems: list[Problem] = []
        #: The systems that organisation.yaml names, whether they are right or not; None when it cannot be read.
        self._system_names: list[str] | None = None
        #: Those of them that are right.
        self._found_systems: dict[str, System] = {}
        #: The domains that organisation.yaml names; None when it cannot be read.
        self._domain_names: list[str] | None = None
        self._shape_of_organisation: OrganisationFile | None = None
        self._everyone: list[Placed] = []

    def organisation(self) -> Organisation:
        document = self._document(self._folder / ORGANISATION_FILE)
        shape = self._shape_of_organisation = self._shape(document, OrganisationFile)
        systems = self._found_systems = self._systems(document)
        self._domain_names = _domains(document)
        x500 = self._x500_addresses(shape, document)
        sites = self._sites()
        self._problems += across_sites(self._everyone, self._system_names)
        self._problems += archives_of_several(sites.values(), self._everyone, self._folder)
        if shape is not None and document is not None:
            self._problems += groups_and_licences(shape, document, self._everyone)
            licences = {name: system.accounts.licence for name, system in systems.items()}
            self._problems += licences_of_systems(shape.licences, licences, document)
            self._problems += one_session_for_both_sides(sites.values(), systems, document)
        if self._problems or shape is None:
            raise PlanError(sorted(self._problems, key=_reading_order))
        return organisation_of(shape, systems, sites, self._folder, x500)

    @property
    def everyone(self) -> Sequence[Placed]:
        """All people, with the places that name them."""
        return self._everyone

    def _x500_addresses(self, shape: OrganisationFile | None, document: Document | None) -> Mapping[str, str]:
        if shape is None or document is None or shape.x500_addresses is None:
            return {}
        path = self._folder / shape.x500_addresses
        try:
            data = path.read_bytes()
        except OSError as error:
            message = _('The table "{file}" cannot be read: {why}.').format(
                file=shape.x500_addresses, why=os_error_text(error)
            )
            hint = did_you_mean(path.name, (other.name for other in path.parent.glob("*.csv")))
            self._problems.append(document.problem(("x500_addresses",), message, hint))
            return {}
        found, problems = x500_addresses(data, posixpath.normpath(shape.x500_addresses))
        self._problems += problems
        return found

    def _bytes(self, path: Path) -> bytes | None:
        try:
            return path.read_bytes()
        except FileNotFoundError:
            message = _("This file does not exist.")
            self._problems.append(Problem(self._shown(path), None, None, message, _hint_for_missing(path)))
        except OSError as error:
            message = _("Cannot be read: {why}.").format(why=os_error_text(error))
            self._problems.append(Problem(self._shown(path), None, None, message))
        return None

    def _shown(self, path: Path) -> str:
        return path.relative_to(self._folder).as_posix()

    def _document(self, path: Path) -> Document | None:
        """The file, None when it is missing or its YAML is broken."""
        data = self._bytes(path)
        if data is None:
            return None
        document, problems = read_yaml(data, self._shown(path))
        self._problems += problems
        if problems:
            return None
        if not isinstance(document.value, dict):
            hint = _("Write lines such as name: Example.")
            self._problems.append(document.problem((), _("This file must hold a group of keys."), hint))
            return None
        return document

    def _shape(self, document: Document | None, model: type[_Shape]) -> _Shape | None:
        if document is None:
            return None
        try:
            return model.model_validate(document.value)
        except ValidationError as error:
            self._problems += problems_of(error, document, (), model)
            return None

    def _systems(self, document: Document | None) -> dict[str, System]:
        value = document.value.get("systems") if document and isinstance(document.value, dict) else None
        if document is None or not isinstance(value, dict):
            return {}
        self._system_names = list(value)
        found = ((name, self._system(name, keys, document)) for name, keys in value.items() if isinstance(keys, dict))
        return {name: system for name, system in found if system is not None}

    def _system(self, name: str, written: dict[str, Value], document: Document) -> System | None:
        root = ("systems", name)
        wrong_preset = wrong_preset_of(written)
        if wrong_preset is not None:
            key, error = wrong_preset
            self._problems.append(document.problem((*root, key), error.message, error.hint))
            return None
        whole = filled(written, preset_of(written))
        keys = whole.keys
        common = {key: value for key, value in keys.items() if key in SystemEntry.model_fields}
        own = {key: value for key, value in keys.items() if key not in common}
        entry: SystemEntry | None = None
        try:
            entry = SystemEntry.model_validate(common)
        except ValidationError as error:
            self._problems += problems_of(error, document, root, SystemEntry)
        connector = keys.get("connector")
        if not isinstance(connector, str) or not connector:
            # The other keys mean nothing without it, but one of them may be it, misspelt.
            self._problems += (
                document.problem((*root, key), unknown_key(key, name), hint, at_key=True)
                for key in own
                if (hint := did_you_mean(key, ["connector"]))
            )
            return None
        model = self._settings_of(connector, document, root)
        if model is None:
            return None
        try:
            settings = model.model_validate(own)
        except ValidationError as error:
            self._problems += problems_of(error, document, root, model, also_known=SystemEntry.model_fields)
            return None
        wrong = [
            document.problem(
                (*root, key), f'"{key}" {error.message}' if error.message[0].islower() else error.message, error.hint
            )
            for key, error in wrong_secrets(settings)
        ]
        self._problems += wrong
        return system_of(name, connector, entry, settings, self._folder, whole) if entry and not wrong else None

    def _settings_of(self, connector: str, document: Document, root: tuple[str, ...]) -> type[BaseModel] | None:
        try:
            return connector_class(connector).Settings
        except UnknownConnector as error:
            message, hint = str(error), suggestion(connector, names(), _("Known connectors"))
        except BrokenConnector as error:
            message = _('The connector "{name}" cannot be used: {why}.').format(name=connector, why=error.why)
            hint = _("Install the package {name} again.").format(name=error.distribution)
        self._problems.append(document.problem((*root, "connector"), message, hint))
        return None

    def _sites(self) -> dict[str, Site]:
        sites: dict[str, Site] = {}
        for path in sorted((self._folder / SITES_FOLDER).glob("*")):
            if path.suffix.lower() not in (".yaml", ".yml"):
                continue
            if path.suffix != ".yaml":
                message = _("This file is not read, as its name does not end in .yaml.")
                self._problems.append(Problem(self._shown(path), None, None, message, _("Rename it.")))
                continue
            document = self._document(path)
            shape = self._shape(document, SiteFile)
            if document is None or shape is None:
                continue
            if shape.site.casefold() in map(str.casefold, sites):
                message = _('Another file has the site "{site}" already.').format(site=shape.site)
                self._problems.append(document.problem(("site",), message, _("Give each site a name of its own.")))
                continue
            sites[shape.site] = self._site(shape, document, path)
        return sites

    def _site(self, shape: SiteFile, document: Document, path: Path) -> Site:
        placed = self._people(shape, document, path)
        self._everyone += placed
        self._problems += site_problems(shape, document, placed, self._system_names, self._domain_names)
        self._problems += onto_itself(shape, document, placed, self._found_systems)
        people = tuple(one.person for one in placed)
        return site_of(shape, people, self._shape_of_organisation, self._folder)

    def _people(self, shape: SiteFile, document: Document, path: Path) -> list[Placed]:
        placed: list[Placed] = []
        problems: list[Problem] = []
        if isinstance(shape.people, list):
            placed, problems = people_in_yaml(shape.people, document, shape.target)
        elif isinstance(shape.people, str) and shape.people:
            try:
                data = (path.parent / shape.people).read_bytes()
            except FileNotFoundError:
                message = _('There is no people file "{file}" in the folder {folder}.').format(
                    file=shape.people, folder=SITES_FOLDER
                )
                hint = did_you_mean(shape.people, (other.name for other in path.parent.glob("*.csv")))
                problems = [document.problem(("people",), message, hint)]
            except OSError as error:
                message = _('The people file "{file}" cannot be read: {why}.').format(
                    file=shape.people, why=os_error_text(error)
                )
                problems = [document.problem(("people",), message)]
            else:
                file = posixpath.normpath(PurePath(SITES_FOLDER, shape.people).as_posix())
                placed, problems = people_in_csv(data, file, shape.target)
        else:
            message = _('"people" must be a list of people, or the name of a CSV file.')
            problems = [document.problem(("people",), message)]
        self._problems += problems
        return placed


def _domains(document: Document | None) -> list[str] | None:
    """The domains that the file names, whether they are right or not."""
    if document is None or not isinstance(document.value, dict):
        return None
    domains = document.value.get("domains", {})
    return [domain_name(name.strip()) for name in domains] if isinstance(domains, dict) else None


def _hint_for_missing(path: Path) -> str:
    if path.with_suffix(".yml").exists():
        return _("There is {name}.yml: rename it.").format(name=path.stem)
    return (
        _("Go to the organisation's folder, or name it with -C; a new one is made by: bascule init")
        if path.name == ORGANISATION_FILE
        else ""
    )


def _reading_order(problem: Problem) -> tuple[bool, str, int, int]:
    return problem.file != ORGANISATION_FILE, problem.file, problem.line or 0, problem.column or 0
