"""A new organisation's folder, written from the templates of its language."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.resources import files
from pathlib import Path
from string import Template
from types import MappingProxyType
from typing import Literal

import yaml

from connectors.language import _
from plans import examples
from plans.csv_writing import write_new
from plans.exports import Found
from plans.passwords_file import with_lines
from plans.people_file import with_people
from plans.problems import Worded
from plans.schema import schema_of
from plans.shapes import checked_domain, checked_name, checked_time_zone

Language = Literal["fr", "en"]

_SCHEMAS = "schemas"


class NotWritten(Exception):
    """The folder was left as it was.  ``existing`` are the files that are there already, if they are the reason."""

    def __init__(self, what: str, existing: Sequence[Path] = ()) -> None:
        super().__init__(what)
        self.existing = tuple(existing)


@dataclass(frozen=True, slots=True)
class Answers:
    """What a new organisation's files say."""

    language: Language
    name: str
    site: str
    time_zone: str
    domain: str
    source_host: str = examples.SOURCE_HOST
    target_host: str = examples.TARGET_HOST

    @classmethod
    def defaults(cls, language: Language, **known: str) -> Answers:
        """What stands there until somebody says better, with what is ``known``; else name and site are empty."""
        zone = {"en": "UTC", "fr": "Europe/Paris"}[language]
        answers = {"name": "", "site": "", "time_zone": zone, "domain": examples.DOMAINS[language], **known}
        return cls(language, **answers)


_CHECKS: Mapping[str, Callable[[str], object]] = MappingProxyType(
    {"site": checked_name, "time_zone": checked_time_zone, "domain": checked_domain}
)


def fault_of(question: str, answer: str) -> str | None:
    """What is wrong with the answer to one question (a field of :class:`Answers`), None when it can be written."""
    if not answer.strip():
        return _("Something must stand here.")
    try:
        _CHECKS.get(question, str)(answer)
    except Worded as error:
        return f"{error.message} {error.hint}"
    return None


def write_organisation(folder: Path, answers: Answers, *, schemas: bool = False) -> list[Path]:
    """Write ``organisation.yaml`` and a first site with its people file and its passwords file (mode 0600).

    The folder is made when it is missing.  ``schemas`` writes JSON Schemas beside them, and names them in the YAML.
    Returns the files in the order a person fills them.  Raises :class:`NotWritten` when one of them exists, or when an
    answer cannot be written.
    """
    for question in Answers.__dataclass_fields__:
        if fault := fault_of(question, getattr(answers, question)):
            raise NotWritten(fault)
    answers = replace(answers, domain=checked_domain(answers.domain))
    site = answers.site
    local, name = examples.PEOPLE[answers.language]
    example = Found(f"{local}@{answers.domain}", name)
    contents = {
        folder / "organisation.yaml": _filled("organisation.yaml", answers, schemas=schemas),
        folder / "sites" / f"{site}.yaml": _filled("site.yaml", answers, schemas=schemas),
        folder / "sites" / f"{site}.csv": with_people([example], answers.language),
        folder / "secrets" / f"{site}.csv": with_lines([example.address], answers.language),
    }
    written = list(contents)
    if schemas:
        contents[folder / _SCHEMAS / "organisation.json"] = _as_json(schema_of("organisation"))
        contents[folder / _SCHEMAS / "site.json"] = _as_json(schema_of("site"))
    existing = [path for path in contents if path.exists()]
    if existing:
        raise NotWritten(_("{file} is there already, and nothing was changed.").format(file=existing[0]), existing)
    (folder / "sites").mkdir(parents=True, exist_ok=True)
    (folder / "secrets").mkdir(mode=0o700, exist_ok=True)
    if schemas:
        (folder / _SCHEMAS).mkdir(exist_ok=True)
    for path, data in contents.items():
        mode = 0o600 if path.parent.name == "secrets" else 0o666
        write_new(path, data, mode=mode)
    return written


def _filled(template: str, answers: Answers, *, schemas: bool) -> bytes:
    text = files("plans").joinpath("templates", answers.language, template).read_text(encoding="utf-8")
    words = {
        "name": answers.name, "site": answers.site, "time_zone": answers.time_zone, "domain": answers.domain,
        "source_host": answers.source_host, "target_host": answers.target_host,
        "people_file": f"{answers.site}.csv", "passwords_file": f"file:secrets/{answers.site}.csv",
    }  # fmt: skip
    text = Template(text).substitute({key: _yaml_text(value) for key, value in words.items()})
    if schemas:
        where = f"{_SCHEMAS}/organisation.json" if template == "organisation.yaml" else f"../{_SCHEMAS}/site.json"
        text = f"# yaml-language-server: $schema={where}\n{text}"
    return text.encode()


def _as_json(schema: Mapping[str, object]) -> bytes:
    return (json.dumps(schema, ensure_ascii=False, indent=2) + "\n").encode()


def _yaml_text(value: str) -> str:
    """The value as a YAML scalar on one line, in quotes only where YAML needs them."""
    style = None if value.isprintable() else '"'
    dumped: str = yaml.safe_dump(value, allow_unicode=True, width=100_000, default_style=style)
    return dumped.removesuffix("...\n").strip()
