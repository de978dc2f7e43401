"""The JSON Schemas: what an editor calls right and wrong is what a plan may hold."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from connectors import registry
from plans import loading
from plans.schema import schema_of
from plans.template import Answers, write_organisation
from plans.yaml_file import read_yaml
from tests.unit.plans.conftest import ORGANISATION, SITE
from tests.unit.plans.test_mistakes_around_a_site import RIGHT, RIGHT_SITE


@pytest.fixture(autouse=True)
def shipped_connectors(stand_in_connectors: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loading, "connector_class", registry.connector_class)


def faults(which: Any, text: str) -> list[str]:
    schema = schema_of(which)
    document, problems = read_yaml(text.encode(), "a.yaml")
    assert not problems
    return [error.message for error in jsonschema.Draft202012Validator(schema).iter_errors(document.value)]


@pytest.mark.parametrize("which", ["organisation", "site"])
def test_a_schema_is_a_schema_and_every_key_has_its_words(which: Any) -> None:
    schema = schema_of(which)

    jsonschema.Draft202012Validator.check_schema(schema)
    assert json.loads(json.dumps(schema)) == schema
    assert all(described(schema["properties"]))
    assert "](" not in json.dumps(schema)


def described(properties: dict[str, Any]) -> list[bool]:
    return [bool(one.get("description")) for one in properties.values()]


def test_a_whole_plan_is_right_for_the_editor_too(tmp_path: Path) -> None:
    assert faults("organisation", ORGANISATION + RIGHT) == []
    assert faults("site", SITE + RIGHT_SITE) == []
    people = SITE.replace("people: lyon.csv", "people: [a@b.example, {address: c@b.example, source_user: 12}]")
    assert faults("site", people) == []
    answers = replace(Answers.defaults("fr"), name="Méridional", site="lyon")
    organisation, site, *_ = write_organisation(tmp_path, answers)
    assert faults("organisation", organisation.read_text()) == faults("site", site.read_text()) == []


def test_a_system_with_a_preset_need_not_say_what_that_fills_in() -> None:
    head = "name: Try\nlanguage: en\ntime_zone: Europe/Paris\nsystems:\n  old: "
    for right in ("{preset: ovh}", "{preset: free, connector: pop3}", "{preset: gmail, sessions: 2}"):
        assert faults("organisation", head + right) == []
    for wrong in ("{preset: gmial}", "{preset: ovh, hots: mail.example}", "{}"):
        assert faults("organisation", head + wrong) != []


@pytest.mark.parametrize(
    ("which", "change"),
    [
        ("organisation", lambda text: text.replace("language: fr", "language: french")),
        ("organisation", lambda text: text.replace("name: M", "nmae: M")),
        ("organisation", lambda text: text.replace("host: mail.old", "hots: mail.old")),
        ("organisation", lambda text: text.replace("connector: imap", "connector: imapp")),
        ("organisation", lambda text: text.replace("env:NEW_MASTER", "hunter2")),
        ("organisation", lambda text: text.replace("mx_first: old", "mx_first: odl")),
        ("site", lambda text: text.replace("wave: 2", "wave: two")),
        ("site", lambda text: text.replace("private: ask", "private: aks")),
        ("site", lambda text: text.replace("file:secrets", "secrets")),
        ("site", lambda text: text.replace("switch:", "swich:")),
        ("site", lambda text: text.replace("people: lyon.csv", "people: [{adress: a@b.example}]")),
    ],
)
def test_what_is_wrong_is_wrong_for_the_editor_too(which: str, change: Callable[[str], str]) -> None:
    text = ORGANISATION + RIGHT if which == "organisation" else SITE + RIGHT_SITE
    assert change(text) != text

    assert faults(which, change(text))
