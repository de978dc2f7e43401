"""Reading an organisation's folder: every file is read, and every problem told at once."""

from __future__ import annotations

import posixpath
from datetime import datetime, time
from pathlib import Path, PurePath
from typing import TypeVar
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ValidationError

from connectors.registry import BrokenConnector, UnknownConnector, connector_class, names
from plans.files import LeaveOutEntry, OrganisationFile, SiteFile, SystemEntry
from plans.message_rules import MessageRules
from plans.model import Master, Organisation, Site, System
from plans.people import Placed, people_in_csv, people_in_yaml
from plans.people_checks import across_sites
from plans.problems import PlanError, Problem, did_you_mean, suggestion
from plans.wording import problems_of
from plans.yaml_file import Document, Value, read_yaml

ORGANISATION_FILE = "organisation.yaml"
SITES_FOLDER = "sites"

_Shape = TypeVar("_Shape", bound=BaseModel)


def load(folder: Path) -> Organisation:
    """Read ``organisation.yaml`` and ``sites/*.yaml`` with the people files they name.

    The name of a people file is relative to the site's file that names it; ``file:`` references are relative to
    ``folder``.  Both may lead anywhere: who writes a plan may read what the program may read.

    Raises :class:`PlanError` with all problems.  Secrets are not looked at.
    """
    return _Loading(folder).organisation()


class _Loading:
    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._problems: list[Problem] = []
        #: The systems that organisation.yaml names, whether they are right or not; None when it cannot be read.
        self._system_names: list[str] | None = None
        self._zone = ZoneInfo("UTC")
        self._everyone: list[Placed] = []

    def organisation(self) -> Organisation:
        document = self._document(self._folder / ORGANISATION_FILE)
        shape = self._shape(document, OrganisationFile)
        systems = self._systems(document)
        if shape is not None:
            self._zone = shape.time_zone
        sites = self._sites()
        self._problems += across_sites(self._everyone, self._system_names)
        if self._problems or shape is None:
            raise PlanError(sorted(self._problems, key=_reading_order))
        return Organisation(shape.name, shape.language, shape.time_zone, systems, sites, self._folder)

    def _bytes(self, path: Path) -> bytes | None:
        try:
            return path.read_bytes()
        except FileNotFoundError:
            self._problems.append(
                Problem(self._shown(path), None, None, "This file does not exist.", _hint_for_missing(path))
            )
        except OSError as error:
            self._problems.append(Problem(self._shown(path), None, None, f"Cannot be read: {error.strerror}."))
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
            hint = "Write lines such as name: Example."
            self._problems.append(document.problem((), "This file must hold a group of keys.", hint))
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

    def _system(self, name: str, keys: dict[str, Value], document: Document) -> System | None:
        root = ("systems", name)
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
            for key in own:
                if hint := did_you_mean(key, ["connector"]):
                    self._problems.append(
                        document.problem((*root, key), f'Unknown key "{key}" in "{name}".', hint, at_key=True)
                    )
            return None
        try:
            model = connector_class(connector).Settings
        except UnknownConnector:
            hint = suggestion(connector, names(), "Known connectors")
            message = f'There is no connector "{connector}".'
            self._problems.append(document.problem((*root, "connector"), message, hint))
            return None
        except BrokenConnector as error:
            message = f'The connector "{connector}" cannot be used: {error.why}.'
            hint = f"Install the package {error.distribution} again."
            self._problems.append(document.problem((*root, "connector"), message, hint))
            return None
        try:
            settings = self._at_home(model.model_validate(own))
        except ValidationError as error:
            self._problems += problems_of(error, document, root, model, also_known=SystemEntry.model_fields)
            return None
        if entry is None:
            return None
        return System(
            name=name,
            connector=connector,
            settings=settings,
            max_sessions=entry.max_sessions,
            bandwidth=entry.bandwidth,
            messages_per_second=entry.messages_per_second,
            master=Master(entry.master.user, entry.master.password) if entry.master else None,
        )

    def _at_home(self, settings: BaseModel) -> BaseModel:
        """The settings with their relative paths resolved against the organisation's folder, as a plan means them."""
        values = ((key, getattr(settings, key)) for key in type(settings).model_fields)
        return settings.model_copy(
            update={key: self._folder / value for key, value in values if isinstance(value, Path)}
        )

    def _sites(self) -> dict[str, Site]:
        sites: dict[str, Site] = {}
        for path in sorted((self._folder / SITES_FOLDER).glob("*")):
            if path.suffix.lower() not in (".yaml", ".yml"):
                continue
            if path.suffix != ".yaml":
                message = "This file is not read, as its name does not end in .yaml."
                self._problems.append(Problem(self._shown(path), None, None, message, "Rename it."))
                continue
            document = self._document(path)
            shape = self._shape(document, SiteFile)
            if document is None or shape is None:
                continue
            if shape.site in sites:
                message = f'Another file has the site "{shape.site}" already.'
                self._problems.append(document.problem(("site",), message, "Give each site a name of its own."))
                continue
            sites[shape.site] = self._site(shape, document, path)
        return sites

    def _site(self, shape: SiteFile, document: Document, path: Path) -> Site:
        for side, system in (("source", shape.source), ("target", shape.target)):
            if self._system_names is not None and system not in self._system_names:
                message = f'There is no system "{system}" in {ORGANISATION_FILE}.'
                hint = suggestion(system, self._system_names, "Its systems are")
                self._problems.append(document.problem((side,), message, hint))
        placed = self._people(shape, document, path)
        self._everyone += placed
        people = tuple(one.person for one in placed)
        if shape.source == shape.target and any(one.source_user == one.target_user for one in people):
            message = "Source and target are the same system, and the same user signs in on both."
            self._problems.append(document.problem(("target",), message, "A mailbox cannot be copied onto itself."))
        rules = self._message_rules(shape.leave_out)
        return Site(shape.site, shape.source, shape.target, people, shape.folders, rules, shape.passwords)

    def _people(self, shape: SiteFile, document: Document, path: Path) -> list[Placed]:
        placed: list[Placed] = []
        problems: list[Problem] = []
        if isinstance(shape.people, list):
            placed, problems = people_in_yaml(shape.people, document, shape.target)
        elif isinstance(shape.people, str) and shape.people:
            try:
                data = (path.parent / shape.people).read_bytes()
            except FileNotFoundError:
                message = f'There is no people file "{shape.people}" in the folder {SITES_FOLDER}.'
                hint = did_you_mean(shape.people, (other.name for other in path.parent.glob("*.csv")))
                problems = [document.problem(("people",), message, hint)]
            except OSError as error:
                message = f'The people file "{shape.people}" cannot be read: {error.strerror}.'
                problems = [document.problem(("people",), message)]
            else:
                file = posixpath.normpath(PurePath(SITES_FOLDER, shape.people).as_posix())
                placed, problems = people_in_csv(data, file, shape.target)
        else:
            message = '"people" must be a list of people, or the name of a CSV file.'
            problems = [document.problem(("people",), message)]
        self._problems += problems
        return placed

    def _message_rules(self, entry: LeaveOutEntry) -> MessageRules:
        before = None if entry.before is None else datetime.combine(entry.before, time(), self._zone)
        return MessageRules(before, entry.larger_than)


def _hint_for_missing(path: Path) -> str:
    if path.with_suffix(".yml").exists():
        return f"There is {path.stem}.yml: rename it."
    return "Make one with: bascule init" if path.name == ORGANISATION_FILE else ""


def _reading_order(problem: Problem) -> tuple[bool, str, int, int]:
    return problem.file != ORGANISATION_FILE, problem.file, problem.line or 0, problem.column or 0
