"""JSON Schemas of a plan's files, for editors that complete and check while a person writes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Literal

from pydantic import BaseModel

from connectors.presets import presets
from connectors.registry import BrokenConnector, connector_class, names
from plans.files import OrganisationFile, PersonEntry
from plans.site_file import SiteFile
from plans.system_file import SystemEntry

Which = Literal["organisation", "site"]

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_TITLES = {"organisation": "Bascule: organisation.yaml", "site": "Bascule: sites/*.yaml"}


def schema_of(which: Which) -> dict[str, Any]:
    """The schema of ``organisation.yaml``, with the keys of every installed connector, or of ``sites/*.yaml``.

    A help while writing: whether the files are right, and fit together, :func:`plans.load` alone can tell.
    """
    schema: dict[str, Any] = _for_editors(_organisation() if which == "organisation" else _site())
    return {"$schema": _DIALECT, **schema, "title": _TITLES[which]}


def _organisation() -> dict[str, Any]:
    schema = OrganisationFile.model_json_schema()
    definitions = schema.setdefault("$defs", {})
    systems = []
    for name, model in _connectors():
        definitions[f"system-{name}"] = _system(name, model, definitions)
        systems.append({"$ref": f"#/$defs/system-{name}"})
        if any(preset.speaks(name) for preset in presets().values()):
            definitions[f"preset-{name}"] = _with_preset(name, definitions[f"system-{name}"])
            systems.append({"$ref": f"#/$defs/preset-{name}"})
    schema["properties"]["systems"]["additionalProperties"] = {"anyOf": systems}
    return schema


def _connectors() -> Iterator[tuple[str, type[BaseModel]]]:
    for name in names():
        try:
            yield name, connector_class(name).Settings
        except BrokenConnector:  # a plan that names it is told so when it is read
            continue


def _system(name: str, model: type[BaseModel], definitions: dict[str, Any]) -> dict[str, Any]:
    """A system of one connector: the keys of all systems, and its own beside them."""
    parts = [SystemEntry.model_json_schema(), model.model_json_schema()]
    for part in parts:
        definitions.update(part.pop("$defs", {}))
    properties = {key: value for part in parts for key, value in part["properties"].items()}
    properties["connector"] = {**properties["connector"], "const": name}
    required = [key for part in parts for key in part.get("required", [])]
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}


def _with_preset(name: str, system: dict[str, Any]) -> dict[str, Any]:
    """The same for a system that names a preset: what that is known to fill in need not be said."""
    known = {key: preset for key, preset in presets().items() if preset.speaks(name)}
    need_connector = any(preset.connector != name for preset in known.values())
    properties = {**system["properties"], "preset": {**system["properties"]["preset"], "enum": list(known)}}
    properties["preset"].pop("anyOf", None)
    required = ["preset", "connector"] if need_connector else ["preset"]
    return {**system, "properties": properties, "required": required}


def _site() -> dict[str, Any]:
    schema = SiteFile.model_json_schema()
    person = PersonEntry.model_json_schema()
    schema.setdefault("$defs", {}).update(person.pop("$defs", {}))
    schema["$defs"]["PersonEntry"] = person
    people = schema["properties"]["people"]
    del people["type"]
    people["anyOf"] = [
        {"type": "string"},
        {"type": "array", "items": {"anyOf": [{"type": "string"}, {"$ref": "#/$defs/PersonEntry"}]}},
    ]
    return schema


def _for_editors(value: Any) -> Any:
    """The schema as an editor needs it: links of docs/ lead nowhere there, and 42 is a text too, as plans are read."""
    if isinstance(value, list):
        return [_for_editors(inner) for inner in value]
    if isinstance(value, str):
        return re.sub(r"\[([^\]]+)\]\([^)]+\)", r"\1", value)
    if not isinstance(value, dict):
        return value
    whole = {key: _for_editors(inner) for key, inner in value.items()}
    if whole.get("type") == "string" and not whole.keys() & {"enum", "const", "pattern", "format"}:
        whole["type"] = ["string", "number"]
    return whole
